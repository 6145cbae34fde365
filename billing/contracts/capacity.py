"""What contracts hold of pools: given back when they end or become smaller (`opening` takes it)."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Sum

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
