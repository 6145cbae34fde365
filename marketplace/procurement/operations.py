"""Writes: an order's approval is asked for when the order is placed, and decided by a second person."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.procurement.models import Approval

LONGEST_REASON = 300


class NoSuchApproval(errors.NotFound):
    """The organisation has no order of this number that waits or waited for approval."""


class OwnRequest(errors.Conflict):
    """The person who ordered may not be the one who approves."""


class AlreadyDecided(errors.Conflict):
    """The order was decided the other way."""


class ReasonMissing(errors.Refused):
    """A rejection without a reason, or one that is too long to keep."""


def request_approval(
    *, organisation_id: int, order_number: str, amount_minor: int, currency: str, actor: actors.Actor, now: datetime
) -> Approval:
    """Ask for a second person's yes to an order, in the transaction that places it.

    `amount_minor` is the committed amount with tax, in minor units. Asking twice returns the first request.
    """
    if actor.user_id is None:
        raise ValueError("A person places an order that needs approval, not a key.")
    with transaction.atomic():
        approval, is_new = Approval.objects.get_or_create(
            order_number=order_number,
            defaults={
                "organisation_id": organisation_id,
                "amount_minor": amount_minor,
                "currency": currency,
                "requested_by_id": actor.user_id,
                "requested_at": now,
            },
        )
        if is_new:
            organisations.record(
                actor=actor,
                action="approval.requested",
                object_type="order",
                object_id=order_number,
                now=now,
                details={"amount_minor": amount_minor, "currency": currency},
            )
    return approval


@transaction.atomic
def decide(
    *, order_number: str, organisation_id: int, approve: bool, reason: str, actor: actors.Actor, now: datetime
) -> Approval:
    """Approve or reject an order. The same decision again changes nothing.

    Raises NoSuchApproval, OwnRequest (four eyes), AlreadyDecided, ReasonMissing (field `reason`).
    Orders are decided through `billing.contracts.operations.decide_order`, which also frees what a rejected one held.
    """
    reason = reason.strip()
    approval = lock_approval(order_number=order_number, organisation_id=organisation_id)
    wanted = Approval.Status.APPROVED if approve else Approval.Status.REJECTED
    if approval.status == wanted:
        return approval
    if approval.status != Approval.Status.WAITING:
        raise AlreadyDecided(
            _("This order is decided already: %(status)s. It stays so; place a new order if it was wrong.")
            % {"status": approval.get_status_display()}
        )
    if actor.user_id is None or actor.user_id == approval.requested_by_id:
        raise OwnRequest(_("You placed this order yourself. Ask a colleague with the role of approver to decide it."))
    if not approve and not reason:
        raise ReasonMissing(
            _("Give the reason for the rejection, so that the buyer knows what to change."), field="reason"
        )
    if len(reason) > LONGEST_REASON:
        raise ReasonMissing(_("Shorten the reason to %(most)s characters.") % {"most": LONGEST_REASON}, field="reason")
    approval.status, approval.reason = wanted, reason
    approval.decided_by_id, approval.decided_at = actor.user_id, now
    approval.save(update_fields=["status", "reason", "decided_by", "decided_at"])
    organisations.record(
        actor=actor, action=f"approval.{wanted.value}", object_type="order", object_id=order_number, now=now
    )
    return approval


def lock_approval(*, order_number: str, organisation_id: int) -> Approval:
    """The approval's row, locked: the first lock of a decision, before contracts and pools. Raises NoSuchApproval."""
    approval = (
        Approval.objects.select_for_update().filter(order_number=order_number, organisation_id=organisation_id).first()
    )
    if approval is None:
        raise NoSuchApproval(order_number)
    return approval
