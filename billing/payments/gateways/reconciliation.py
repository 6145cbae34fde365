"""Writes: each day, what a service says it took is compared with what we entered.

What we had missed is taken in like any other capture. What is not ours, of another amount, or unknown to the service
becomes a difference, which stays open until somebody of finance has explained it.
"""

import logging
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.payments.gateways import attempts, interface, registry
from billing.payments.gateways.interface import Gateway, Movement, Receipt
from billing.payments.gateways.models import (
    PaymentAttempt,
    ReconciliationDay,
    ReconciliationDifference,
)
from billing.payments.models import Payment
from billing.rules import periods
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

logger = logging.getLogger(__name__)

READY_HOUR: Final = 11  # in Shanghai: Alipay's bill of a day exists from the next morning on
DAYS_BACK: Final = 7  # a day that could not be compared is tried again this long
Kind = ReconciliationDifference.Kind


class NoSuchDifference(errors.NotFound):
    """No difference of this number."""


class AlreadyExplained(errors.Conflict):
    """The difference is explained."""


class NoExplanation(errors.Refused):
    """An explanation is missing or too long."""


def reconcile_due(*, now: datetime, limit: int) -> int:
    """A stage: compare the days of the last week that are not, by service. Returns how many were compared."""
    today = periods.civil_date(now)
    last = today - timedelta(days=1 if now.astimezone(periods.SHANGHAI).hour >= READY_HOUR else 2)
    done = 0
    for service in registry.configured():
        first = _first_day(service)
        if first is None:
            continue
        known = set(
            ReconciliationDay.objects.filter(
                gateway=service.name, mode=service.mode, day_date__gt=last - timedelta(days=DAYS_BACK)
            ).values_list("day_date", flat=True)
        )
        days = [last - timedelta(days=back) for back in range(DAYS_BACK)]
        for day in sorted(one for one in days if one >= first and one not in known)[: limit - done]:
            done += _try(service, day=day, now=now)
    return done


def reconcile(*, service: Gateway, day: date, now: datetime) -> ReconciliationDay:
    """Compare one day. Raises Unavailable or Declined when the service does not tell; then nothing is written."""
    since = datetime.combine(day, time(), tzinfo=periods.SHANGHAI)
    until = since + timedelta(days=1)
    movements = service.movements(since=since, until=until)
    payments = [one for one in movements if one.kind == "payment"]
    taken_in = {one.external_id for one in payments if _take_in_missed(service, one, now=now)}
    return _write(service, day=day, movements=movements, taken_in=taken_in, now=now)


@transaction.atomic
def explain(*, pk: int, explanation: str, actor: actors.Actor, now: datetime) -> ReconciliationDifference:
    """Close a difference with what it was; who does so owns it. Raises NoSuchDifference, AlreadyExplained."""
    explanation = errors.check_reason(explanation, refusal=NoExplanation)
    found = ReconciliationDifference.objects.select_for_update().filter(pk=pk).first()
    if found is None:
        raise NoSuchDifference
    if found.state == ReconciliationDifference.State.EXPLAINED:
        raise AlreadyExplained(_("This difference is explained already."))
    found.state, found.explanation = ReconciliationDifference.State.EXPLAINED, explanation
    found.owner_id = actor.user_id
    found.save(update_fields=["state", "explanation", "owner"])
    organisations.record(
        actor=actor,
        action="reconciliation.explained",
        object_type="reconciliation_difference",
        object_id=found.external_id,
        now=now,
        details={"kind": found.kind, "explanation": explanation},
    )
    return found


def _try(service: Gateway, *, day: date, now: datetime) -> int:
    try:
        reconcile(service=service, day=day, now=now)
    except (interface.Unavailable, interface.Declined) as error:
        logger.warning("%s does not tell what it took on %s: %s", service.name, day, error)
        return 0
    return 1


def _first_day(service: Gateway) -> date | None:
    """The day of the first attempt: before it there is nothing to compare."""
    moments = PaymentAttempt.objects.filter(gateway=service.name, mode=service.mode).order_by("id")
    first = moments.values_list("created_at", flat=True).first()
    return periods.civil_date(first) if first else None


def _take_in_missed(service: Gateway, movement: Movement, *, now: datetime) -> bool:
    """True if this is how we learned of the capture."""
    if Payment.objects.filter(gateway=service.name, reference=_reference(service, movement.external_id)).exists():
        return False
    receipt = Receipt(
        number=movement.number,
        state="paid",
        external_id=movement.external_id,
        amount=movement.amount,
        paid_at=movement.happened_at,
    )
    try:
        attempts.take(gateway=service.name, mode=service.mode, receipt=receipt, now=now)
    except (attempts.Mismatch, errors.Refused):
        return False
    return True


@transaction.atomic
def _write(
    service: Gateway, *, day: date, movements: list[Movement], taken_in: set[str], now: datetime
) -> ReconciliationDay:
    theirs = {one.external_id: one for one in movements if one.kind == "payment"}
    references = {_reference(service, one): one for one in theirs}
    ours = {
        references[payment.reference]: payment
        for payment in Payment.objects.filter(gateway=service.name, reference__in=list(references))
    }
    rows, matched = [], 0
    for external_id, movement in theirs.items():
        payment = ours.get(external_id)
        if payment and (payment.amount_minor, payment.currency) == (
            movement.amount.amount_minor, movement.amount.currency,
        ):  # fmt: skip
            matched += external_id not in taken_in
            continue
        is_ours = PaymentAttempt.objects.filter(number=movement.number, gateway=service.name).exists()
        rows.append(_difference(Kind.AMOUNT if is_ours or payment else Kind.FOREIGN, movement, payment))
    rows += [_difference(Kind.FOREIGN, one, None) for one in movements if one.kind == "refund"]
    rows += [
        ReconciliationDifference(
            kind=Kind.ABSENT,
            external_id=payment.reference.removeprefix(f"{service.mode}:"),
            number=payment.number,
            ours_minor=payment.amount_minor,
            currency=payment.currency,
        )
        for payment in _absent(service, day=day, theirs=theirs)
    ]
    row, is_new = ReconciliationDay.objects.get_or_create(
        gateway=service.name,
        mode=service.mode,
        day_date=day,
        defaults={
            "compared_at": now,
            "matched_count": matched,
            "taken_in_count": len(taken_in),
            "gross_minor": sum(one.amount.amount_minor for one in movements),
            "fees_minor": sum(one.fee_minor for one in movements),
        },
    )
    if is_new:
        for one in rows:
            one.day = row
        ReconciliationDifference.objects.bulk_create(rows)
    return row


def _absent(service: Gateway, *, day: date, theirs: dict[str, Movement]) -> list[Payment]:
    """What we entered for the day and the service does not know of. The edges of the day are left to its neighbours."""
    since = datetime.combine(day, time(), tzinfo=periods.SHANGHAI) + timedelta(minutes=10)
    prefix = "" if service.mode == "live" else f"{service.mode}:"
    entered = Payment.objects.filter(
        gateway=service.name,
        reference__startswith=prefix,
        received_at__gte=since,
        received_at__lt=since + timedelta(hours=23, minutes=40),
    ).exclude(reference__in=[_reference(service, one) for one in theirs])
    if service.mode == "live":
        entered = entered.exclude(reference__startswith="test:")
    return list(entered)


def _difference(kind: str, movement: Movement, payment: Payment | None) -> ReconciliationDifference:
    attempt = PaymentAttempt.objects.filter(number=movement.number).first() if movement.number else None
    ours = payment.amount_minor if payment else attempt.amount_minor if attempt else None
    return ReconciliationDifference(
        kind=kind,
        external_id=movement.external_id[:100],
        number=movement.number[:64],
        theirs_minor=movement.amount.amount_minor,
        ours_minor=ours,
        currency=movement.amount.currency,
    )


def _reference(service: Gateway, external_id: str) -> str:
    return attempts.reference(mode=service.mode, external_id=external_id)
