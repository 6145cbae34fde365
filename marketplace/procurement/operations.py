"""Writes: approvals of orders, decided by a second person; comparison reports and estimates, which never change."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.rules import periods
from listings.comparison import queries as comparisons
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.procurement import estimates, reports
from marketplace.procurement.models import Approval, ComparisonReport, Estimate

LONGEST_REASON = 300
FEWEST_COMPARED: Final = 2


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


class NothingToCompare(errors.Refused):
    """A report on fewer than two offerings, or on one that is not listed any more."""


class EmptyEstimate(errors.Refused):
    """An estimate without lines, or with a line that cannot be priced."""


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


@transaction.atomic
def make_report(*, chosen: comparisons.Chosen, actor: actors.Actor, now: datetime) -> ComparisonReport:
    """Put a comparison on file, at the prices that the actor's organisation sees at `now`.

    Raises NothingToCompare, and what `comparisons.compare_offerings` raises.
    """
    if actor.user_id is None or actor.organisation_id is None:
        raise ValueError("A person makes a report for an organisation.")
    found = comparisons.compare_offerings(
        chosen=chosen, organisation_id=actor.organisation_id, on=periods.civil_date(now)
    )
    if found.missing:
        raise NothingToCompare(
            _("Of the offerings compared, some are not listed any more. Remove them, then make the report."),
            field="offering",
        )
    if len(found.offers) < FEWEST_COMPARED:
        raise NothingToCompare(_("Compare at least two offerings, then make the report."), field="offering")
    if not found.term_is_offered:
        raise NothingToCompare(
            _("None of these offerings is sold for %(months)s months. Choose another term, then make the report.")
            % {"months": chosen.term_months},
            field="term",
        )
    number = organisations.random_number(prefix="BX")
    content = reports.build_content(
        number=number,
        comparison=found,
        organisation=actor.organisation_name,
        made_by=actor.user_name,
        made_at=now,
    )
    report = ComparisonReport.objects.create(
        organisation_id=actor.organisation_id,
        number=number,
        made_by_id=actor.user_id,
        made_at=now,
        quantity=chosen.quantity,
        term_months=chosen.term_months,
        formula_version=found.table.formula_version,
        content=content,
        sha256=reports.hash_content(content),
    )
    organisations.record(
        actor=actor,
        action="comparison.reported",
        object_type="comparison_report",
        object_id=number,
        now=now,
        details={
            "sha256": report.sha256,
            "versions": [[one.code, one.version, one.price_book] for one in found.table.columns],
        },
    )
    return report


@transaction.atomic
def save_estimate(*, lines: Sequence[estimates.Line], actor: actors.Actor, now: datetime) -> Estimate:
    """Keep an estimate under a link that cannot be guessed. Raises EmptyEstimate."""
    if actor.user_id is None:
        raise ValueError("A person keeps an estimate.")
    priced = estimates.price_lines(lines=lines, organisation_id=actor.organisation_id)
    if not priced.lines:
        raise EmptyEstimate(_("The estimate is empty. Add an offering first."))
    if not priced.is_complete:
        raise EmptyEstimate(_("Correct or remove the lines that are marked, then save the estimate."))
    estimate = Estimate.objects.create(
        token=secrets.token_urlsafe(16), made_by_id=actor.user_id, made_at=now, lines=estimates.to_json(lines)
    )
    organisations.record(
        actor=actor,
        action="estimate.saved",
        object_type="estimate",
        object_id=estimate.pk,
        now=now,
        details={"lines": len(lines)},
    )
    return estimate
