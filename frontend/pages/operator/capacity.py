"""The platform's look at capacity: whether the sums are right, and what is for sale in the region."""

from collections import defaultdict
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.contracts import queries as contracts
from listings import wording
from marketplace.organisations import gate
from providers import queries
from providers.capacity import queries as capacity


@gate.page(permission="capacity.view", side="platform")
def show_capacity(request: HttpRequest) -> HttpResponse:
    """Every pool against what contracts and holds say of it, and the sums of the region by resource."""
    pools = queries.list_pools()
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for pool in pools:
        total, sold, free = sums[pool.resource, pool.unit]
        sums[pool.resource, pool.unit] = [total + pool.total, sold + pool.allocated, free + pool.available]
    by_pool = {pool.pk: pool for pool in pools}
    context = {
        "pools": len(pools),
        "sold_wrong": [{"row": one, "pool": by_pool[one.pool_id]} for one in contracts.unreconciled_pools()],
        "held_wrong": capacity.unreconciled_holds(),
        "sums": [
            {
                "name": wording.RESOURCES.get(resource, resource),
                "unit": unit,
                "total": total,
                "sold": sold,
                "free": free,
                "percent": int((total - free) * 100 / total) if total else 0,
            }
            for (resource, unit), (total, sold, free) in sums.items()
        ],
    }
    return render(request, "operator/capacity.html", context)
