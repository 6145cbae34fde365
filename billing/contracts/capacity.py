"""What contracts hold of pools: given back when they end or become smaller (`opening` takes it)."""

import itertools
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Sum

from billing.contracts.models import Contract, ContractCapacity
from providers import operations as providers


def give_back(*, contracts: Collection[Contract], now: datetime) -> None:
    """Release what locked contracts hold: summed by pool, so that the pools are locked once and in their order."""
    held = ContractCapacity.objects.filter(contract__in=contracts, released_at=None)
    totals = held.order_by("pool_id").values("pool_id").annotate(total=Sum("quantity"))
    allocations = [providers.Allocation(pool_id=row["pool_id"], quantity=row["total"]) for row in totals]
    held.update(released_at=now)
    providers.release(allocations=allocations)


def shrink(*, contract: Contract, quantity: int) -> None:
    """Release what a locked contract holds for more than `quantity` of its units."""
    freed = []
    for held in ContractCapacity.objects.filter(contract=contract, released_at=None).order_by("pool_id"):
        per_unit = held.quantity / contract.quantity  # exact: it was a multiple of what one unit draws
        surplus = held.quantity - per_unit * quantity
        freed.append(providers.Allocation(pool_id=held.pool_id, quantity=surplus))
        ContractCapacity.objects.filter(pk=held.pk).update(quantity=held.quantity - surplus)
    providers.release(allocations=freed)


def grow(*, contract: Contract, quantity: int) -> None:
    """Take for a locked contract what `quantity` of its units draw more than its own. Raises OutOfCapacity."""
    held = list(ContractCapacity.objects.filter(contract=contract, released_at=None).select_related("pool"))
    more: dict[int, dict[str, Decimal]] = {}
    for one in held:
        surplus = one.quantity / contract.quantity * (quantity - contract.quantity)
        more.setdefault(one.pool.data_centre_id, {})[one.pool.resource] = surplus
    draws = [providers.Draw(data_centre_id, quantities) for data_centre_id, quantities in more.items()]
    for taken in itertools.chain.from_iterable(providers.allocate(draws=draws) if draws else []):
        rows = ContractCapacity.objects.filter(contract=contract, pool_id=taken.pool_id, released_at=None)
        rows.update(quantity=F("quantity") + taken.quantity)


def hand_on(*, contract: Contract, successor: Contract, now: datetime) -> None:
    """What a locked contract holds is its successor's from now on; the pools do not move."""
    held = list(ContractCapacity.objects.filter(contract=contract, released_at=None).order_by("pool_id"))
    ContractCapacity.objects.filter(pk__in=[one.pk for one in held]).update(released_at=now)
    ContractCapacity.objects.bulk_create(
        ContractCapacity(contract=successor, pool_id=one.pool_id, quantity=one.quantity) for one in held
    )
