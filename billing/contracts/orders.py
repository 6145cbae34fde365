"""Reads: orders, put together from Oscar's order, its contracts and its approval."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.apps import apps
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from billing.contracts import timeline
from billing.contracts.locks import scope
from billing.contracts.models import Contract
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.procurement import queries as procurement
from marketplace.procurement.models import Approval

PAGE_SIZE: Final = 50

STATES: Final[dict[str, tuple[str | Promise, str]]] = {
    # state → (words, tone of its badge)
    "waiting": (gettext_lazy("Waiting for approval"), "warn"),
    "rejected": (gettext_lazy("Rejected"), "bad"),
    "cancelled": (gettext_lazy("Cancelled"), "neutral"),
    "delivering": (gettext_lazy("Being delivered"), "info"),
    "active": (gettext_lazy("Active"), "good"),
    "ended": (gettext_lazy("Ended"), "neutral"),
}


class NoSuchOrder(errors.NotFound):
    """No order of this number for this organisation, on this side."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: its contract and what it commits the buyer to."""

    contract: Contract
    net: Money
    gross: Money

    @property
    def tax(self) -> Money:
        return self.gross - self.net


@dataclass(frozen=True, slots=True)
class Order:
    """An order as one side may see it: a provider gets its own lines, and totals over these only."""

    number: str
    placed_at: datetime
    placed_by: str
    currency: str
    lines: tuple[OrderLine, ...]
    approval: Approval | None

    @property
    def contracts(self) -> list[Contract]:
        return [line.contract for line in self.lines]

    @property
    def net(self) -> Money:
        return sum((line.net for line in self.lines), Money.zero(self.currency))

    @property
    def gross(self) -> Money:
        return sum((line.gross for line in self.lines), Money.zero(self.currency))

    @property
    def tax(self) -> Money:
        return self.gross - self.net

    @property
    def state(self) -> str:
        """A key of STATES, read off the approval and the contracts."""
        statuses = {contract.status for contract in self.contracts}
        if self.approval is not None and self.approval.status == Approval.Status.REJECTED:
            return "rejected"
        if statuses == {Contract.Status.CANCELLED}:
            return "cancelled"
        if self.approval is not None and self.approval.status == Approval.Status.WAITING:
            return "waiting"
        if Contract.Status.PENDING in statuses:
            return "delivering"
        return "active" if statuses & {Contract.Status.ACTIVE, Contract.Status.SUSPENDED} else "ended"

    @property
    def state_words(self) -> str | Promise:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]

    @property
    def milestones(self) -> list[timeline.Milestone]:
        return timeline.of_order(contracts=self.contracts, approval=self.approval, placed_by=self.placed_by)


def list_orders(*, buyer_id: int, page: int | str = 1) -> Page:
    """A buyer's orders, newest first, 50 a page, in 4 queries whatever their number and length."""
    oscar_orders = apps.get_model("order", "Order")
    mine = Contract.objects.filter(buyer_id=buyer_id, order_line__order=OuterRef("pk"))
    rows = oscar_orders.objects.filter(Exists(mine)).select_related("user").order_by("-date_placed", "-pk")
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    found.object_list = _put_together(list(found.object_list), side=actors.BUYER, organisation_id=buyer_id)
    return found


def get_order(*, order_number: str, organisation_id: int | None, side: str) -> Order:
    """An order as one side may see it. Raises NoSuchOrder if no line of it belongs to the organisation."""
    rows = apps.get_model("order", "Order").objects.filter(number=order_number).select_related("user")
    found = _put_together(list(rows), side=side, organisation_id=organisation_id)
    if not found:
        raise NoSuchOrder(order_number)
    return found[0]


def _put_together(rows: Sequence[Any], *, side: str, organisation_id: int | None) -> list[Order]:
    """Orders with those of their lines that the side may see; orders without any are left out. 2 queries."""
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    contracts = (
        Contract.objects.filter(scope(side=side, organisation_id=organisation_id), order_line__order__in=rows)
        .select_related("order_line", "provider", "plan", "buyer", "offering", "offering_version")
        .order_by("pk")
    )
    for contract in contracts:
        line = contract.order_line
        if line is not None:  # what follows a changed contract was not ordered
            lines[line.order_id].append(_line(contract, line=line))
    approvals = procurement.approvals_of(order_numbers=[row.number for row in rows])
    return [
        Order(
            number=row.number,
            placed_at=row.date_placed,
            placed_by=row.user.get_full_name() if row.user and side != actors.PROVIDER else "",
            currency=row.currency,
            lines=tuple(lines[row.pk]),
            approval=discreet(approvals.get(row.number), side=side),
        )
        for row in rows
        if lines[row.pk]
    ]


def _line(contract: Contract, *, line: Any) -> OrderLine:
    currency = contract.currency
    return OrderLine(
        contract=contract,
        net=Money.from_decimal(line.line_price_excl_tax, currency),
        gross=Money.from_decimal(line.line_price_incl_tax, currency),
    )


def discreet(approval: Approval | None, *, side: str) -> Approval | None:
    """An approval as a side may see it: who decided and why is the buyer's own business."""
    if approval is not None and side == actors.PROVIDER:
        approval.decided_by, approval.reason = None, ""
    return approval
