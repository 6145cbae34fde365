"""Two hundred buyers want capacity of one pool held: our operation against the bare statement it is made of.

Bare: one conditional UPDATE and one INSERT in a single statement (CTE), committed by itself, with none of our checks,
no lock order over several pools and no Python in between. Rounds alternate; the rates' medians are compared.
"""

import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections

from providers import operations as providers
from providers.capacity import operations, queries
from providers.models import CapacityHold, CapacityPool
from tests import factories

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

BUYERS, ROUNDS, UNITS = 200, 50, 150  # in each round a quarter comes too late
NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
BARE = """
    WITH taken AS (
        UPDATE partner_capacitypool SET held = held + 1
        WHERE id = %s AND total >= allocated + held + reserved + 1 RETURNING id
    )
    INSERT INTO partner_capacityhold (pool_id, reference, purpose, quantity, status, held_at, expires_at)
    SELECT id, %s, 'checkout', 1, 'held', %s, %s FROM taken
"""


def test_holds_against_the_bare_statement() -> None:
    centre = factories.data_centre(factories.hongshan(), vcpu=UNITS)
    pool = CapacityPool.objects.get(data_centre=centre, resource="vcpu")
    expires_at = NOW + timedelta(minutes=15)

    def bare(reference: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(BARE, [pool.pk, reference, NOW, expires_at])
            return bool(cursor.rowcount)

    def ours(reference: str) -> bool:
        try:
            operations.hold(
                reference=reference,
                purpose="checkout",
                wanted={(centre.pk, "vcpu"): Decimal(1)},
                expires_at=expires_at,
                now=NOW,
            )
        except providers.OutOfCapacity:
            return False
        return True

    rates: dict[str, list[float]] = {"bare": [], "ours": []}
    with ThreadPoolExecutor(BUYERS) as crowd:
        for number in range(ROUNDS):
            for name, ask in (("bare", bare), ("ours", ours)):
                rates[name].append(run_round(crowd, ask, f"{name}:{number}"))
                assert CapacityHold.objects.filter(status="held").count() == UNITS
                assert CapacityPool.objects.get(pk=pool.pk).held == UNITS
                assert queries.unreconciled_holds() == []
                CapacityHold.objects.all().delete()
                CapacityPool.objects.filter(pk=pool.pk).update(held=0)
        meet(crowd, lambda _number: connections.close_all())
    slow, fast = (statistics.median(rates[name]) for name in ("ours", "bare"))
    print(
        f"\ncapacity: {BUYERS} buyers, one pool of {UNITS}, {ROUNDS} rounds: "
        f"ours {slow:.0f}, bare {fast:.0f} requests/s: {slow / fast:.2f} x (aim 0.5 or more); never oversold"
    )


def run_round(crowd: ThreadPoolExecutor, ask: Callable[[str], bool], name: str) -> float:
    """Requests per second of a round in which every buyer asks once."""
    spans = meet(crowd, lambda number: timed(lambda: ask(f"{name}:{number}")))
    assert sum(got for got, _start, _end in spans) == UNITS
    return BUYERS / (max(end for _got, _start, end in spans) - min(start for _got, start, _end in spans))


def timed(call: Callable[[], bool]) -> tuple[bool, float, float]:
    start = time.perf_counter()
    got = call()
    return got, start, time.perf_counter()


def meet(crowd: ThreadPoolExecutor, call: Callable[[int], Any]) -> list[Any]:
    """Every thread of the crowd makes one call, all at once; each keeps its connection for the next round."""
    start = threading.Barrier(BUYERS)

    def one(number: int) -> Any:
        connection.ensure_connection()
        start.wait(timeout=120)
        return call(number)

    return list(crowd.map(one, range(BUYERS)))
