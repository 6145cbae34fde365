"""Reads: which orders wait for a second person, comparison reports on file, estimates by their link."""

from collections.abc import Collection

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Value, When

from marketplace.organisations import errors
from marketplace.procurement import reports
from marketplace.procurement.models import Approval, ComparisonReport, Estimate
from marketplace.procurement.operations import NoSuchApproval

PAGE_SIZE = 50


class NoSuchReport(errors.NotFound):
    """The organisation has no report of this number."""


class NoSuchEstimate(errors.NotFound):
    """No estimate has this link."""


def is_cleared(*, order_number: str) -> bool:
    """Whether an order may be delivered: it needed no approval, or it was approved."""
    return not Approval.objects.filter(order_number=order_number).exclude(status=Approval.Status.APPROVED).exists()


def list_approvals(*, organisation_id: int, status: str = "", page: int | str = 1) -> Page:
    """An organisation's approvals, those that wait first, then the newest; 50 a page, 2 queries."""
    approvals = Approval.objects.filter(organisation_id=organisation_id).select_related("requested_by", "decided_by")
    if status:
        approvals = approvals.filter(status=status)
    waiting_first = Case(When(status=Approval.Status.WAITING, then=Value(0)), default=Value(1))
    return Paginator(approvals.order_by(waiting_first, "-requested_at", "-pk"), PAGE_SIZE).get_page(page)


def count_approvals(*, organisation_id: int) -> dict[str, int]:
    """How many approvals an organisation has, by status."""
    rows = (
        Approval.objects.filter(organisation_id=organisation_id).order_by().values_list("status").annotate(Count("pk"))
    )
    return dict(rows)


def find_approval(*, order_number: str, organisation_id: int) -> Approval:
    """The approval of an organisation's order. Raises NoSuchApproval."""
    approval = (
        Approval.objects.filter(order_number=order_number, organisation_id=organisation_id)
        .select_related("requested_by", "decided_by")
        .first()
    )
    if approval is None:
        raise NoSuchApproval(order_number)
    return approval


def approvals_of(*, order_numbers: Collection[str]) -> dict[str, Approval]:
    """The approvals of several orders, by order number; orders that needed none are missing."""
    approvals = Approval.objects.filter(order_number__in=order_numbers).select_related("requested_by", "decided_by")
    return {approval.order_number: approval for approval in approvals}


def list_reports(*, organisation_id: int, page: int | str = 1) -> Page:
    """An organisation's comparison reports, the newest first; 50 a page, 2 queries."""
    rows = ComparisonReport.objects.filter(organisation_id=organisation_id).select_related("made_by")
    return Paginator(rows, PAGE_SIZE).get_page(page)


def find_report(*, number: str, organisation_id: int) -> ComparisonReport:
    """A comparison report of the organisation. Raises NoSuchReport."""
    report = (
        ComparisonReport.objects.filter(number=number, organisation_id=organisation_id)
        .select_related("made_by", "organisation")
        .first()
    )
    if report is None:
        raise NoSuchReport(number)
    return report


def is_intact(*, report: ComparisonReport) -> bool:
    """Whether a report's content still has the hash it was filed with."""
    return reports.hash_content(report.content) == report.sha256


def find_estimate(*, token: str) -> Estimate:
    """The estimate behind a link; whoever has the link may see it. Raises NoSuchEstimate."""
    estimate = Estimate.objects.filter(token=token).select_related("made_by").first()
    if estimate is None:
        raise NoSuchEstimate
    return estimate


def list_estimates(*, user_id: int, most: int = 10) -> list[Estimate]:
    """The newest estimates that a person has kept; one query."""
    return list(Estimate.objects.filter(made_by_id=user_id)[:most])
