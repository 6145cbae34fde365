"""Writes: the steps of a delivery that is open. Each locks the row, checks, writes; again, it changes nothing."""

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import actors, errors, notices
from providers.fulfilment import deadlines, steps
from providers.fulfilment.models import Delivery
from providers.fulfilment.opening import first_deadlines
from providers.fulfilment.steps import NotCleared, WrongState

__all__ = ["NotCleared", "WrongState"]

LONGEST_RESOURCE_ID: Final = 100
Status, Method = Delivery.Status, Delivery.Method


class NoSuchDelivery(errors.NotFound):
    """No delivery of this number for this provider."""


class AlreadyDelivered(errors.Conflict):
    """Handed over before, as another resource or in another quantity."""


class DeliveryChanged(errors.Conflict):
    """Not what the buyer saw when they pressed the button."""


class InvalidDelivery(errors.Refused):
    """A reason, a resource id or a quantity that cannot be; `field` says which."""


@transaction.atomic
def clear(*, number: str, actor: actors.Actor, now: datetime) -> Delivery:
    """The buyer's second person said yes: the provider may act, and its deadlines begin."""
    delivery = lock(number=number)
    if not steps.check(delivery=delivery, step="clear"):
        return delivery
    running: dict[str, Any] = first_deadlines(now=now, lead_time_days=delivery.lead_time_days)
    return steps.move(delivery=delivery, step="clear", actor=actor, now=now, **running)


@transaction.atomic
def accept(*, number: str, partner_id: int, actor: actors.Actor, now: datetime) -> Delivery:
    """The provider takes the order. Raises NoSuchDelivery, NotCleared, WrongState."""
    delivery = lock(number=number, partner_id=partner_id)
    if not steps.check(delivery=delivery, step="accept"):
        return delivery
    return steps.move(delivery=delivery, step="accept", actor=actor, now=now)


@transaction.atomic
def start(*, number: str, partner_id: int, method: str = Method.MANUAL, actor: actors.Actor, now: datetime) -> Delivery:
    """The provider begins to set it up, by hand, by its own system or by a cloud connection. Raises as `accept`."""
    delivery = lock(number=number, partner_id=partner_id)
    if not steps.check(delivery=delivery, step="start"):
        return delivery
    return steps.move(delivery=delivery, step="start", actor=actor, now=now, method=method)


@transaction.atomic
def hand_over(
    *,
    number: str,
    partner_id: int,
    resource_id: str,
    quantity: int | None = None,
    actor: actors.Actor,
    now: datetime,
) -> Delivery:
    """What was ordered runs, or `quantity` of it (in all, not on top); the buyer checks it within INSPECTION_DAYS.

    `resource_id` is the provider's own name for it. The same again changes nothing; while the buyer checks a part,
    more of it may be handed over, which begins the check anew.
    Raises NoSuchDelivery, NotCleared, WrongState, AlreadyDelivered, InvalidDelivery (`resource_id`, `quantity`).
    """
    resource_id = resource_id.strip()
    if not 1 <= len(resource_id) <= LONGEST_RESOURCE_ID:
        raise InvalidDelivery(
            _("Give the resource's id in your system, at most %(most)s characters.") % {"most": LONGEST_RESOURCE_ID},
            field="resource_id",
        )
    delivery = lock(number=number, partner_id=partner_id)
    quantity = delivery.quantity if quantity is None else quantity
    if not 1 <= quantity <= delivery.quantity:
        raise InvalidDelivery(
            _("Give how many of the %(ordered)s that were ordered are delivered.") % {"ordered": delivery.quantity},
            field="quantity",
        )
    if delivery.status in (Status.DELIVERED, Status.COMPLETED):
        if (delivery.resource_id, delivery.delivered_quantity) == (resource_id, quantity):
            return delivery
        if delivery.status == Status.COMPLETED or quantity <= delivery.delivered_quantity:
            raise AlreadyDelivered(
                _("Contract %(number)s was delivered already: %(quantity)s, as %(resource)s.")
                % {
                    "number": delivery.number,
                    "quantity": delivery.delivered_quantity,
                    "resource": delivery.resource_id,
                },
                field="resource_id",
            )
    steps.check(delivery=delivery, step="hand_over")
    return steps.move(
        delivery=delivery,
        step="hand_over",
        actor=actor,
        now=now,
        quantity=quantity,
        resource_id=resource_id,
        delivered_quantity=quantity,
        delivered_at=now,
        inspect_due_at=deadlines.inspect_due_at(now=now),
        failure="",
    )


@transaction.atomic
def confirm(
    *,
    number: str,
    partner_id: int,
    resource_id: str,
    quantity: int | None = None,
    method: str = Method.MANUAL,
    actor: actors.Actor,
    now: datetime,
) -> Delivery:
    """Accept, start and hand over in one call, as far as that was not done before. Raises as `hand_over`."""
    common: dict[str, Any] = {"number": number, "partner_id": partner_id, "actor": actor, "now": now}
    accept(**common)
    start(**common, method=method)
    return hand_over(**common, resource_id=resource_id, quantity=quantity)


@transaction.atomic
def fail(*, number: str, partner_id: int, reason: str, actor: actors.Actor, now: datetime) -> Delivery:
    """A try to set it up failed; the delivery stays where it is, with the reason. Raises as `accept`.

    The reason is often a machine's and cut to errors.LONGEST_REASON. The same failure again is not told again.
    """
    reason = _cut(reason.strip()) or _("No reason was given.")
    delivery = lock(number=number, partner_id=partner_id)
    steps.check(delivery=delivery, step="fail")
    if delivery.failure == reason:
        return delivery
    return steps.move(delivery=delivery, step="fail", reason=reason, actor=actor, now=now, failure=reason)


@transaction.atomic
def decline(*, number: str, partner_id: int, reason: str, actor: actors.Actor, now: datetime) -> Delivery:
    """The provider will not deliver. Called by `billing.contracts`, which cancels the contract in the same breath.

    Raises as `accept`, and InvalidDelivery (field `reason`).
    """
    reason = errors.check_reason(reason, refusal=InvalidDelivery)
    delivery = lock(number=number, partner_id=partner_id)
    if not steps.check(delivery=delivery, step="decline"):
        return delivery
    return steps.move(delivery=delivery, step="decline", reason=reason, actor=actor, now=now, remove_at=now)


@transaction.atomic
def complete(*, number: str, quantity: int, is_lapsed: bool = False, actor: actors.Actor, now: datetime) -> Delivery:
    """The buyer accepts `quantity`, all that was handed over; or (`is_lapsed`) let the days to check it pass.

    Called by `billing.contracts`, which begins to bill. Raises WrongState, and DeliveryChanged if another quantity
    was handed over meanwhile.
    """
    delivery = lock(number=number)
    if not steps.check(delivery=delivery, step="complete"):
        return delivery
    if delivery.delivered_quantity != quantity:
        raise DeliveryChanged(
            _("The provider has handed over %(quantity)s meanwhile. Look at the delivery again.")
            % {"quantity": delivery.delivered_quantity},
            field="quantity",
        )
    return steps.move(
        delivery=delivery,
        step="complete",
        kind="lapse" if is_lapsed else "",
        quantity=quantity,
        actor=actor,
        now=now,
        completed_at=delivery.inspect_due_at if is_lapsed else now,
    )


@transaction.atomic
def reject(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Delivery:
    """The buyer sends it back: it is being set up again, and the lead time begins anew.

    Raises WrongState, InvalidDelivery (field `reason`). The same rejection again changes nothing.
    """
    reason = errors.check_reason(reason, refusal=InvalidDelivery)
    delivery = lock(number=number)
    if delivery.status == Status.PROVISIONING and delivery.failure == reason:
        return delivery
    steps.check(delivery=delivery, step="reject")
    return steps.move(
        delivery=delivery,
        step="reject",
        reason=reason,
        quantity=delivery.delivered_quantity,
        actor=actor,
        now=now,
        failure=reason,
        inspect_due_at=None,
        deliver_due_at=deadlines.deliver_due_at(now=now, lead_time_days=delivery.lead_time_days),
        overdue_told="",
    )


@transaction.atomic
def cancel(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Delivery:
    """The contract was cancelled before it was accepted. Called by `billing.contracts`. Raises WrongState."""
    delivery = lock(number=number)
    if not steps.check(delivery=delivery, step="cancel"):
        return delivery
    return steps.move(delivery=delivery, step="cancel", reason=reason, actor=actor, now=now, remove_at=now)


@transaction.atomic
def close(*, number: str, end_date: date, actor: actors.Actor, now: datetime) -> Delivery | None:
    """The contract is over (`end_date` is its first day that is not paid for): what runs may be removed from then on,
    but not before the buyer's days to export data are over. Contracts without a delivery are passed over.
    """
    delivery = _lock_running(number=number)
    if delivery is None or delivery.remove_at is not None:
        return delivery
    last_day = date.fromordinal(end_date.toordinal() - 1 + delivery.export_days)
    delivery.remove_at = max(now, periods.end_of_day(last_day))
    delivery.save(update_fields=["remove_at"])
    steps.write(delivery=delivery, kind="close", before=delivery.status, actor=actor, now=now)
    return delivery


@transaction.atomic
def hand_on(*, number: str, to_number: str, reason: str, actor: actors.Actor, now: datetime) -> Delivery | None:
    """What runs for contract `number` runs for its successor `to_number` from now on; the provider's systems are told.

    Contracts without a delivery are passed over.
    """
    delivery = _lock_running(number=number)
    if delivery is None:
        return None
    delivery.runs_for = to_number
    delivery.save(update_fields=["runs_for"])
    steps.write(delivery=delivery, kind="change", before=delivery.status, reason=reason, actor=actor, now=now)
    return delivery


@transaction.atomic
def tell_overdue(*, now: datetime, limit: int) -> int:
    """Tell both sides once of every deadline that a provider let pass, at most `limit`. Returns how many."""
    late = (
        Delivery.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(deadlines.overdue(now=now))
        .exclude(status=Status.WAITING, overdue_told="accept")
        .exclude(overdue_told="deliver")
        .select_related("partner")
        .order_by("pk")[:limit]
    )
    told = 0
    for delivery in late:
        delivery.overdue_told = "accept" if delivery.status == Status.WAITING else "deliver"
        delivery.save(update_fields=["overdue_told"])
        _tell_overdue(delivery=delivery, now=now)
        told += 1
    return told


def lock(*, number: str, partner_id: int | None = None) -> Delivery:
    """A delivery's row, locked: after its contract's, before the pools'. Raises NoSuchDelivery for another's."""
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("partner").filter(number=number)
    delivery = (rows if partner_id is None else rows.filter(partner_id=partner_id)).first()
    if delivery is None:
        raise NoSuchDelivery(number)
    return delivery


def _lock_running(*, number: str) -> Delivery | None:
    """The delivery that runs for a contract, its own or that of the contract it follows, locked."""
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("partner")
    return rows.filter(runs_for=number).first()


def _cut(reason: str) -> str:
    return reason if len(reason) <= errors.LONGEST_REASON else reason[: errors.LONGEST_REASON - 1] + "…"


def _tell_overdue(*, delivery: Delivery, now: datetime) -> None:
    is_new = delivery.overdue_told == "accept"
    due_at = delivery.accept_due_at if is_new else delivery.deliver_due_at
    if is_new:
        text = gettext_noop("Order %(number)s, %(title)s, was to be accepted by %(day)s and is not yet.")
    else:
        text = gettext_noop("%(number)s, %(title)s, was to be delivered by %(day)s and is not yet.")
    day = deadlines.last_day(due_at or now).isoformat()
    common: dict[str, Any] = {
        "key": f"delivery:{delivery.number}:{delivery.overdue_told}:{day}",
        "text": text,
        "values": {
            "number": delivery.number,
            "title": delivery.offering_title,
            "day": day,
        },
        "is_urgent": True,
        "now": now,
    }
    notices.notify(
        organisation_id=delivery.partner.organisation_id,
        permission="contracts.deliver",
        path=steps.PROVIDER_PATH.format(number=delivery.number),
        **common,
    )
    notices.notify(
        organisation_id=delivery.buyer_id,
        permission="contracts.accept",
        path=steps.BUYER_PATH.format(number=delivery.number),
        **common,
    )
