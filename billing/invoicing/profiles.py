"""Writes and reads: the address, telephone and bank of a party as invoices freeze them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing.models import TaxProfile
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

LENGTHS: Final = {"address": 200, "phone": 30, "bank_name": 100, "bank_account": 40}
FIELDS: Final = tuple(LENGTHS)


class TooLong(errors.Refused):
    """A value is longer than an invoice has room for."""


@transaction.atomic
def save_profile(*, actor: actors.Actor, now: datetime, **values: str) -> TaxProfile:
    """Keep `address`, `phone`, `bank_name` and `bank_account` of one's own organisation for invoices from now on.

    Needs `tax_profile.edit`. Raises TooLong.
    """
    actor.require("tax_profile.edit")
    if actor.organisation_id is None:
        raise ValueError("A profile belongs to an organisation.")
    kept = {name: values[name].strip() for name in FIELDS}
    for name, value in kept.items():
        if len(value) > LENGTHS[name]:
            raise TooLong(_("Shorten this to %(most)s characters.") % {"most": LENGTHS[name]}, field=name)
    profile, _is_new = TaxProfile.objects.update_or_create(
        organisation_id=actor.organisation_id, defaults={**kept, "changed_at": now}
    )
    organisations.record(
        actor=actor, action="tax_profile.saved", object_type="tax_profile", object_id=profile.pk, now=now
    )
    return profile


def get_profile(*, organisation_id: int) -> dict[str, str]:
    """The four values of an organisation; blank where nothing was entered."""
    return _read([organisation_id])[organisation_id]


def particulars_of(*, buyer_ids: Collection[int], issuer_id: int) -> dict[int, dict[str, Any]]:
    """Buyer → what its invoice freezes: both parties' particulars, the payee's bank, and the days to pay. One query."""
    found = _read([*buyer_ids, issuer_id])
    payee = {"bank_name": settings.CLIENT_MONEY_BANK, "bank_account": settings.CLIENT_MONEY_ACCOUNT}
    return {
        buyer_id: {
            "buyer": found[buyer_id],
            "issuer": found[issuer_id],
            "payee": payee,
            "due_days": settings.INVOICE_DUE_DAYS,
        }
        for buyer_id in buyer_ids
    }


def _read(organisation_ids: Collection[int]) -> dict[int, dict[str, str]]:
    rows = TaxProfile.objects.filter(organisation__in=organisation_ids).values("organisation_id", *FIELDS)
    found = {row.pop("organisation_id"): row for row in rows}
    return {pk: found.get(pk, dict.fromkeys(FIELDS, "")) for pk in organisation_ids}
