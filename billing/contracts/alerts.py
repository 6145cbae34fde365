"""Writes: a signed security alert comes in: verified, kept once, listings frozen, the parties told; all or nothing.

It stands here because buyers are found by their contracts; the alert itself belongs to `providers.evidence`, the
freeze to `listings.standing`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_noop

from billing.contracts.models import Contract
from listings import standing
from marketplace.organisations import notices
from providers.evidence import alerts
from providers.evidence.alerts import Unsigned
from providers.models import Alert

__all__ = ["Unsigned", "take_alert"]

RUNNING: Final = (Contract.Status.PENDING, Contract.Status.ACTIVE, Contract.Status.SUSPENDED)
CONTRACTS_NAMED: Final = 5
TO_BUYERS: Final = gettext_noop(
    "Security alert of %(source)s about a service of %(provider)s: %(title)s. Your contracts: %(contracts)s. They go "
    "on; ask the provider what it means for you."
)
TO_PROVIDER: Final = gettext_noop(
    "Security alert of %(source)s: %(title)s. %(frozen)s of your listings are hidden until the platform lifts it."
)


@transaction.atomic
def take_alert(*, body: bytes, message_id: str, timestamp: str, signature: str, now: datetime) -> alerts.Taken:
    """Take a message of an alert source. One that came before changes nothing more.

    Raises Unsigned, alerts.InvalidAlert, alerts.OtherContent, standing.NoSuchListing.
    """
    source = alerts.find_signer(body=body, message_id=message_id, timestamp=timestamp, signature=signature, now=now)
    taken = alerts.take_alert(source=source, message_id=message_id, timestamp=timestamp, body=body, now=now)
    if taken.is_new:
        hit = standing.freeze_for_alert(alert=taken.alert, now=now)
        frozen = standing.count_frozen(subject=taken.alert.number)
        told = _tell_buyers(taken.alert, offering_ids=hit, now=now)
        _tell_provider(taken.alert, frozen=frozen, now=now)
        alerts.note_effect(alert=taken.alert, frozen=frozen, told=told)
    return taken


def _tell_buyers(alert: Alert, *, offering_ids: Collection[int], now: datetime) -> int:
    """One notice to each buyer with a running contract on what the alert is about. Returns how many buyers."""
    rows = Contract.objects.filter(offering_id__in=offering_ids, status__in=RUNNING).order_by("pk")
    by_buyer: dict[int, list[str]] = {}
    for buyer_id, number in rows.values_list("buyer_id", "number"):
        by_buyer.setdefault(buyer_id, []).append(number)
    for buyer_id, numbers in by_buyer.items():
        notices.notify(
            organisation_id=buyer_id,
            key=f"alert:{alert.number}",
            permission="contracts.view",
            text=TO_BUYERS,
            values={
                "source": alert.source.name,
                "provider": alert.partner.name,
                "title": alert.title,
                "contracts": _name(numbers),
            },
            path="/buyer/contracts/",
            is_urgent=True,
            now=now,
        )
    return len(by_buyer)


def _tell_provider(alert: Alert, *, frozen: int, now: datetime) -> None:
    notices.notify(
        organisation_id=alert.partner.organisation_id,
        key=f"alert:{alert.number}",
        permission="listings.view",
        text=TO_PROVIDER,
        values={"source": alert.source.name, "title": alert.title, "frozen": frozen},
        path="/provider/listings/?view=frozen",
        is_urgent=True,
        now=now,
    )


def _name(numbers: Sequence[str]) -> str:
    shown = "、".join(numbers[:CONTRACTS_NAMED])
    return shown if len(numbers) <= CONTRACTS_NAMED else f"{shown} (+{len(numbers) - CONTRACTS_NAMED})"
