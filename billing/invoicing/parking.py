"""Writes: accounts that could not be invoiced are parked with the reason, and drafts that finance holds back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from billing.invoicing.claims import Group
from billing.invoicing.models import HeldBack, ParkedAccount
from billing.rules.periods import Month
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

RETRY_AFTER: Final = timedelta(hours=1)
LONGEST: Final = 500


class NothingParked(errors.NotFound):
    """No account is parked under this id, or no draft is held back."""


class AlreadyHeld(errors.Conflict):
    """The draft is held back already."""


class InvalidReason(errors.Refused):
    """The reason is missing or too long."""


@transaction.atomic
def park(*, group: Group, month: Month, reason: str, now: datetime) -> ParkedAccount:
    """Note why the account could not be invoiced for the month; it is tried again in an hour, or at once by finance."""
    key = {
        "buyer_id": group.buyer_id,
        "provider_id": group.provider_id,
        "currency": group.currency,
        "period_start_date": month.first_date,
    }
    fields = {"reason": reason[:LONGEST], "parked_at": now, "retry_at": now + RETRY_AFTER}
    parked, is_new = ParkedAccount.objects.get_or_create(**key, defaults=fields)
    if not is_new:
        ParkedAccount.objects.filter(pk=parked.pk).update(**fields, attempts=F("attempts") + 1)
    return parked


def parked_groups(*, month: Month, now: datetime) -> set[Group]:
    """Those whose time to be tried again has not come."""
    rows = ParkedAccount.objects.filter(period_start_date=month.first_date, retry_at__gt=now)
    return {Group(*row) for row in rows.values_list("buyer_id", "provider_id", "currency")}


def held_groups() -> set[Group]:
    """Those that finance holds back."""
    rows = HeldBack.objects.filter(released_at=None)
    return {Group(*row) for row in rows.values_list("buyer_id", "provider_id", "currency")}


def forget(*, groups: Sequence[Group], month: Month) -> None:
    """They were invoiced after all."""
    parked = ParkedAccount.objects.filter(
        period_start_date=month.first_date, buyer__in={group.buyer_id for group in groups}
    )
    done = set(groups)
    rows = parked.values_list("pk", "buyer_id", "provider_id", "currency")
    ids = [pk for pk, buyer_id, provider_id, currency in rows if Group(buyer_id, provider_id, currency) in done]
    if ids:
        ParkedAccount.objects.filter(pk__in=ids).delete()


@transaction.atomic
def retry(*, parked_id: int, actor: actors.Actor, now: datetime) -> None:
    """Have a parked account tried again at the next run. Needs `invoices.hold`. Raises NothingParked."""
    actor.require("invoices.hold")
    if not ParkedAccount.objects.filter(pk=parked_id).update(retry_at=now):
        raise NothingParked(_("This account is not parked any more."))
    organisations.record(
        actor=actor, action="invoices.retried", object_type="parked_account", object_id=parked_id, now=now
    )


@transaction.atomic
def hold_back(*, group: Group, reason: str, actor: actors.Actor, now: datetime) -> HeldBack:
    """Keep the draft of a buyer and provider from being issued. Needs `invoices.hold`. Raises AlreadyHeld."""
    actor.require("invoices.hold")
    if actor.user_id is None:
        raise ValueError("Only a person holds an invoice back.")
    reason = errors.check_reason(reason, refusal=InvalidReason)
    try:
        with transaction.atomic():
            held = HeldBack.objects.create(
                buyer_id=group.buyer_id,
                provider_id=group.provider_id,
                currency=group.currency,
                reason=reason,
                held_at=now,
                held_by_id=actor.user_id,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "held_back_once"):
            raise
        raise AlreadyHeld(_("This draft is held back already. Release it first.")) from error
    organisations.record(actor=actor, action="invoices.held_back", object_type="held_back", object_id=held.pk, now=now)
    return held


@transaction.atomic
def release(*, held_id: int, actor: actors.Actor, now: datetime) -> None:
    """Let a draft be issued again. Needs `invoices.hold`. Raises NothingParked."""
    actor.require("invoices.hold")
    held = HeldBack.objects.filter(pk=held_id, released_at=None)
    if not held.update(released_at=now, released_by_id=actor.user_id):
        raise NothingParked(_("This draft is not held back any more."))
    organisations.record(actor=actor, action="invoices.released", object_type="held_back", object_id=held_id, now=now)
