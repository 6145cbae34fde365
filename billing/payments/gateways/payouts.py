"""Writes: what Stripe pays out to our bank, with its fees apart. What it is made of comes from balance transactions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.ledger import operations as ledger
from billing.payments.gateways import attempts
from billing.rules.money import Money
from marketplace.organisations import queries as organisations


@transaction.atomic
def enter(*, payout: Mapping[str, Any], transactions: list[dict[str, Any]], mode: str, now: datetime) -> None:
    """Post a payout, once. Raises Mismatch when its parts do not add up to it: then a person must look."""
    parts = [one for one in transactions if one["type"] != "payout"]
    if any(one["currency"] != payout["currency"] for one in parts):
        raise attempts.Mismatch("the payout is made of several currencies")
    paid, fees = int(payout["amount"]), sum(int(one["fee"]) for one in parts)
    made_of = sum(int(one["net"]) for one in parts)
    if made_of != paid:
        raise attempts.Mismatch(f"the payout is {paid}, its parts are {made_of} minor units")
    currency, platform = str(payout["currency"]).upper(), organisations.get_platform().pk
    ledger.post(
        business_key=f"gateway_payout:{attempts.reference(mode=mode, external_id=payout['id'])}",
        lines=[
            ledger.Line("bank_client_money", platform, Money(paid, currency)),
            ledger.Line("gateway_fees", platform, Money(fees, currency)),
            ledger.Line("stripe_clearing", platform, Money(-paid - fees, currency)),
        ],
        description=f"Stripe {payout['id']}",
        now=now,
    )
