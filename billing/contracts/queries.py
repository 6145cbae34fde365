"""Reads: contracts and orders for the side that asks, bindings for metering, what rating has to rate.

An order is Oscar's row; whose it is stands in its contracts, one for each line.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.paginator import Page, Paginator
from django.db.models import Count, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from billing.contracts import orders
from billing.contracts.locks import NoSuchContract, scope
from billing.contracts.models import ChangeRequest, Contract, ContractCapacity
from billing.contracts.orders import get_order, list_orders
from billing.rules.money import Money
from billing.rules.periods import Month
from listings.prices import pricing
from marketplace.procurement import queries as procurement
from marketplace.procurement.models import Approval
from providers.fulfilment.models import Delivery
from providers.fulfilment.queries import TO_DO
from providers.models import CapacityPool

__all__ = [
    "committed_of",
    "contracts_by_number",
    "contracts_by_subject",
    "contracts_in_month",
    "count_contracts",
    "find_approval_of",
    "get_contract",
    "get_order",
    "list_contracts",
    "list_deliveries",
    "list_orders",
    "monthly_of",
    "open_change_of",
    "price_of_part",
    "unreconciled_pools",
]

PAGE_SIZE: Final = 50
PAYMENT_METHODS: Final = Contract.PaymentMethod.choices
STATUSES: Final = Contract.Status.choices
RATABLE: Final = (Contract.Status.ACTIVE, Contract.Status.SUSPENDED, Contract.Status.ENDED)


@dataclass(frozen=True, slots=True)
class ContractBinding:
    """What metering must know of a contract: which meters it has and when it ran."""

    id: int
    meters: frozenset[str]
    start_date: date | None
    end_date: date | None
    status: str


@dataclass(frozen=True, slots=True)
class PoolDifference:
    """A pool whose `allocated` is not what the contracts hold of it."""

    pool_id: int
    resource: str
    allocated: Decimal
    held: Decimal


def list_contracts(
    *,
    buyer_id: int | None = None,
    provider_organisation_id: int | None = None,
    status: str | None = None,
    page: int | str = 1,
) -> Page:
    """A side's contracts, newest first, 50 a page, in 2 queries. With neither side named: all, for the platform."""
    contracts = _of(buyer_id=buyer_id, provider_organisation_id=provider_organisation_id)
    if status:
        contracts = contracts.filter(status=status)
    rows = contracts.select_related("buyer", "provider", "plan", "offering", "offering_version")
    rows = rows.order_by("-placed_at", "-pk")
    return Paginator(rows, PAGE_SIZE).get_page(page)


def count_contracts(*, buyer_id: int | None = None, provider_organisation_id: int | None = None) -> dict[str, int]:
    """How many contracts a side has, by status; one query."""
    contracts = _of(buyer_id=buyer_id, provider_organisation_id=provider_organisation_id)
    return dict(contracts.order_by().values_list("status").annotate(Count("pk")))


def list_deliveries(*, provider_organisation_id: int, is_cleared: bool = True, page: int | str = 1) -> Page:
    """What a provider has to deliver, oldest first; or (`is_cleared=False`) what its buyers have yet to approve."""
    deliveries = Delivery.objects.filter(status__in=TO_DO if is_cleared else [Delivery.Status.HELD])
    rows = _of(buyer_id=None, provider_organisation_id=provider_organisation_id).filter(status=Contract.Status.PENDING)
    rows = rows.filter(number__in=deliveries.values("number"))
    rows = rows.select_related("buyer", "plan", "offering__data_centre").order_by("placed_at", "pk")
    return Paginator(rows, PAGE_SIZE).get_page(page)


def get_contract(*, number: str, organisation_id: int | None, side: str) -> Contract:
    """A contract with its plan, components, capacity and transitions. Raises NoSuchContract for another's."""
    contract = (
        Contract.objects.filter(scope(side=side, organisation_id=organisation_id), number=number)
        .select_related(
            "buyer",
            "provider",
            "plan__price_book",
            "offering__data_centre",
            "offering_version",
            "order_line",
            "predecessor",
            "successor",
        )
        .prefetch_related("plan__components", "capacity__pool", "transitions")
        .first()
    )
    if contract is None:
        raise NoSuchContract(number)
    return contract


def committed_of(*, contract: Contract) -> Money | None:
    """What a contract commits its buyer to, with tax: as ordered, or for the part that was accepted.

    None for one that follows another: of it, the price of a month is known (`monthly_of`).
    """
    if contract.order_line is None:
        return None
    if contract.quantity == contract.order_line.quantity:
        return Money.from_decimal(contract.order_line.line_price_incl_tax, contract.currency)
    return price_of_part(contract=contract, quantity=contract.quantity)


def monthly_of(*, contract: Contract) -> Money:
    """What a whole month of a contract costs with tax; measured use comes on top."""
    quote = pricing.quote(plan=contract.plan, quantity=contract.quantity, term_months=contract.term_months)
    return quote.monthly.gross


def open_change_of(*, contract: Contract) -> ChangeRequest | None:
    """The change that waits for the provider or for its day."""
    rows = ChangeRequest.objects.filter(contract=contract, status__in=["requested", "confirmed"])
    return rows.select_related("plan").first()


def price_of_part(*, contract: Contract, quantity: int) -> Money:
    """What a part of what was ordered would commit the buyer to, with tax, at the prices that were agreed."""
    return pricing.quote(plan=contract.plan, quantity=quantity, term_months=contract.term_months).term.gross


def find_approval_of(*, contract: Contract, side: str) -> Approval | None:
    """The approval of a contract's order; None if it needed none. A provider sees only its state."""
    approval = procurement.approvals_of(order_numbers=[contract.order_number]).get(contract.order_number)
    return orders.discreet(approval, side=side)


def contracts_by_number(*, provider_id: int, numbers: Collection[str]) -> dict[str, ContractBinding]:
    """A provider's (Partner id) contracts by number, in one query; another provider's are missing."""
    metered = Q(plan__components__kind="metered")
    rows = (
        Contract.objects.filter(provider_id=provider_id, number__in=numbers)
        .order_by()
        .annotate(meters=ArrayAgg("plan__components__meter", filter=metered, default=Value([])))
        .values("number", "pk", "meters", "start_date", "end_date", "status")
    )
    return {
        row["number"]: ContractBinding(
            id=row["pk"],
            meters=frozenset(row["meters"]),
            start_date=row["start_date"],
            end_date=row["end_date"],
            status=row["status"],
        )
        for row in rows
    }


def contracts_by_subject(*, provider_id: int, subjects: Collection[str]) -> dict[str, tuple[ContractBinding, ...]]:
    """A provider's contracts by number or by its own resource id, earliest first, in at most 2 queries.

    A number comes first. A resource that a changed contract has kept belongs to several, each in its own days.
    """
    found: dict[str, tuple[ContractBinding, ...]] = {
        number: (binding,) for number, binding in contracts_by_number(provider_id=provider_id, numbers=subjects).items()
    }
    missing = [subject for subject in subjects if subject not in found]
    if not missing:
        return found
    rows = Contract.objects.filter(provider_id=provider_id, resource_id__in=missing).exclude(resource_id="")
    named = list(rows.order_by("start_date", "pk").values_list("number", "resource_id"))
    bindings = contracts_by_number(provider_id=provider_id, numbers=[number for number, _ in named]) if named else {}
    for number, resource_id in named:
        found[resource_id] = (*found.get(resource_id, ()), bindings[number])
    return found


def contracts_in_month(*, month: Month, after_id: int = 0, limit: int) -> list[Contract]:
    """Contracts that ran on at least one day of a month, by id from `after_id` on, with plan and components."""
    return list(
        Contract.objects.filter(
            Q(end_date=None) | Q(end_date__gt=month.first_date),
            status__in=RATABLE,
            start_date__lt=month.end_date,
            pk__gt=after_id,
        )
        .exclude(end_date=F("start_date"))
        .select_related("plan__price_book", "provider", "buyer")
        .prefetch_related("plan__components")
        .order_by("pk")[:limit]
    )


def unreconciled_pools() -> list[PoolDifference]:
    """Pools whose `allocated` differs from what contracts hold of them; none, if all is well."""
    held = (
        ContractCapacity.objects.filter(pool=OuterRef("pk"), released_at=None)
        .order_by()
        .values("pool")
        .annotate(total=Sum("quantity"))
        .values("total")
    )
    zero = Value(Decimal(0), output_field=DecimalField(max_digits=18, decimal_places=3))
    pools = (
        CapacityPool.objects.annotate(in_contracts=Coalesce(Subquery(held), zero))
        .exclude(in_contracts=F("allocated"))
        .order_by("pk")
    )
    return [
        PoolDifference(pool_id=pool.pk, resource=pool.resource, allocated=pool.allocated, held=pool.in_contracts)
        for pool in pools
    ]


def _of(*, buyer_id: int | None, provider_organisation_id: int | None) -> QuerySet[Contract, Any]:
    contracts = Contract.objects.all()
    if buyer_id is not None:
        contracts = contracts.filter(buyer_id=buyer_id)
    if provider_organisation_id is not None:
        contracts = contracts.filter(provider__organisation_id=provider_organisation_id)
    return contracts
