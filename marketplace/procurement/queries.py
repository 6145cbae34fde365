"""Reads: which orders wait for a second person, and whether one may be delivered."""

from collections.abc import Collection

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Value, When

from marketplace.procurement.models import Approval
from marketplace.procurement.operations import NoSuchApproval

PAGE_SIZE = 50


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
