"""Fifty buyers order the last ten units at once, through the real placing of orders, on PostgreSQL.

The guard is one conditional UPDATE of the pool (with the lock that puts an order's pools in one order before it) and
a CHECK behind it. The control takes both away and must oversell: so this test can see what it claims to see.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import Sum

from billing.contracts import locks, queries
from billing.contracts.models import Contract, ContractCapacity
from marketplace.organisations import errors
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket.models import Basket
from marketplace.shop.checkout import operations as checkout
from marketplace.shop.checkout import terms
from marketplace.shop.order.models import Order
from providers import operations as providers
from providers.models import CapacityPool
from tests import factories
from tests.frontend.trade import NOW

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS, UNITS, ROUNDS = 50, 10, 3
CHECK = "capacity_allocated_within_total"


def sell_out(*, units: int = UNITS) -> tuple[Any, list[tuple[Any, int, int]]]:
    """A pool of `units`, and BUYERS people with one unit on their lists: (actor, basket, total shown)."""
    factories.platform()
    centre = factories.data_centre(factories.hongshan(), vcpu=units)
    host = factories.offering(centre, draws={"vcpu": 1})
    plan = factories.plan(host)
    company = factories.foods()
    shown = []
    for _ in range(BUYERS):
        actor = factories.actor(company, "buyer")
        line = baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=1, actor=actor, now=NOW)
        shown.append((actor, line.basket_id, 22_546))  # 212.70 and 12.76 of VAT
    return CapacityPool.objects.get(data_centre=centre, resource="vcpu"), shown


def place(actor: Any, basket_id: int, seen_gross_minor: int) -> checkout.PlacedOrder:
    return checkout.place_order(
        basket_id=basket_id,
        seen_gross_minor=seen_gross_minor,
        contact_name="王经办",
        contact_phone="0476-8330000",
        payment_method="bank_transfer",
        accepted_terms=terms.VERSION,
        actor=actor,
        now=NOW,
    )


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all calls in threads that start together; each gives its result or its exception."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def rush(shown: list[tuple[Any, int, int]]) -> Counter[str]:
    """How often each outcome came about."""
    outcomes = at_once([lambda one=one: place(*one) for one in shown])
    return Counter(type(outcome).__name__ for outcome in outcomes)


def held(pool: Any) -> Decimal:
    return ContractCapacity.objects.filter(pool=pool, released_at=None).aggregate(sum=Sum("quantity"))["sum"]


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_exactly_the_last_units_are_sold(round_number: int) -> None:
    pool, shown = sell_out()
    outcomes = rush(shown)
    print(f"round {round_number + 1} of {ROUNDS}, no seed (threads): {dict(outcomes)}")
    pool.refresh_from_db()
    assert outcomes["PlacedOrder"] == UNITS
    assert outcomes["LineOutOfCapacity"] + outcomes["NotOrderable"] == BUYERS - UNITS
    assert pool.allocated == pool.total == UNITS
    assert held(pool) == UNITS
    assert Contract.objects.count() == Order.objects.count() == UNITS
    assert Basket.objects.filter(status="Submitted").count() == UNITS
    assert queries.unreconciled_pools() == []


def test_the_conditional_update_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "lock_pools", lambda **_: None)
    pool, shown = sell_out()
    assert rush(shown)["PlacedOrder"] == UNITS
    pool.refresh_from_db()
    assert pool.allocated == held(pool) == UNITS


@pytest.fixture
def without_the_check(transactional_db: None) -> Iterator[None]:
    """The named CHECK dropped from the test's database, and put back over an emptied table."""
    table = CapacityPool._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [CHECK])
        (definition,) = cursor.fetchone()
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT {CHECK}')
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET allocated = 0, held = 0')  # noqa: S608
        cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT {CHECK} {definition}')


def read_check_write(totals: Mapping[int, Decimal]) -> set[int]:
    """What the conditional UPDATE is there for: look, think, write."""
    taken = set()
    for pool in CapacityPool.objects.filter(pk__in=totals):
        if pool.allocated + totals[pool.pk] <= pool.total:
            time.sleep(0.02)
            pool.allocated += totals[pool.pk]
            pool.save(update_fields=["allocated"])
            taken.add(pool.pk)
    return taken


def test_control_without_the_guard_it_oversells(without_the_check: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_take", read_check_write)
    monkeypatch.setattr(locks, "lock_pools", lambda **_: None)
    pool, shown = sell_out()
    outcomes = rush(shown)
    print(f"control, one round, no seed (threads): {dict(outcomes)}")
    assert set(outcomes) <= {"PlacedOrder", "LineOutOfCapacity", "NotOrderable"}
    assert outcomes["PlacedOrder"] > UNITS
    assert held(pool) > UNITS
    assert queries.unreconciled_pools() != []


def crossing_orders() -> list[tuple[Any, int, int]]:
    """Two people whose lists draw from the same two data centres, in opposite order."""
    factories.platform()
    hosts = [factories.offering(factories.data_centre(factories.hongshan())) for _ in range(2)]
    company = factories.foods()
    shown = []
    for products in (hosts, hosts[::-1]):
        actor = factories.actor(company, "buyer")
        for product in products:
            plan = factories.plan(product)
            line = baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=1, actor=actor, now=NOW)
        shown.append((actor, line.basket_id, 45_092))
    return shown


def pause_after_the_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both orders hold their first data centre's pools before either asks for its second one's, if they can.

    In which order one UPDATE locks its rows is PostgreSQL's to choose: here it is the worst one, that of the lines.
    """
    take, both = providers._take, threading.Barrier(2)

    def take_slowly(totals: Mapping[int, Decimal]) -> set[int]:
        taken = set()
        for position, pool_id in enumerate(totals):
            taken |= take({pool_id: totals[pool_id]})
            if position == 1:  # vcpu and ram_gib of the first line
                with contextlib.suppress(threading.BrokenBarrierError):  # the other one waits for ours, as it should
                    both.wait(timeout=1)
        return taken

    monkeypatch.setattr(providers, "_take", take_slowly)


def test_orders_that_cross_do_not_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = crossing_orders()
    pause_after_the_first_line(monkeypatch)
    assert rush(shown) == {"PlacedOrder": 2}
    assert queries.unreconciled_pools() == []


def test_control_without_the_order_of_locks_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = crossing_orders()
    pause_after_the_first_line(monkeypatch)
    monkeypatch.setattr(locks, "lock_pools", lambda **_: None)
    assert rush(shown) == {"PlacedOrder": 1, "OperationalError": 1}
    assert Order.objects.count() == 1


def double_click(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One person sends the same list twice at once; both read it before either writes, if they can."""
    describe, both = checkout.purchase_lists.describe, threading.Barrier(2)

    def slow_describe(**wanted: Any) -> Any:
        found = describe(**wanted)
        with contextlib.suppress(threading.BrokenBarrierError):  # the other one waits for the first, as it should
            both.wait(timeout=1)
        return found

    factories.platform()
    host = factories.offering(factories.data_centre(factories.hongshan()))
    actor = factories.actor(factories.foods(), "buyer")
    line = baskets.add_offering(plan_id=factories.plan(host).pk, quantity=1, term_months=1, actor=actor, now=NOW)
    monkeypatch.setattr(checkout.purchase_lists, "describe", slow_describe)
    return at_once([lambda: place(actor, line.basket_id, 22_546)] * 2)


def test_a_double_click_orders_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = double_click(monkeypatch)
    assert {outcome.number for outcome in outcomes} == {Order.objects.get().number}
    assert sorted(outcome.is_new for outcome in outcomes) == [False, True]
    assert Contract.objects.count() == 1


def test_control_without_the_persons_lock_it_orders_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "lock_person", lambda **_: None)
    outcomes = double_click(monkeypatch)
    assert [outcome.is_new for outcome in outcomes] == [True, True]
    assert Order.objects.count() == 2


def test_two_first_clicks_make_one_list() -> None:
    factories.platform()
    centre = factories.data_centre(factories.hongshan())
    plans = [factories.plan(factories.offering(centre)) for _ in range(5)]
    actor = factories.actor(factories.foods(), "buyer")
    outcomes = at_once(
        [
            lambda plan=plan: baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=1, actor=actor, now=NOW)
            for plan in plans
        ]
    )
    assert [outcome for outcome in outcomes if isinstance(outcome, (errors.Refused, Exception))] == []
    assert Basket.objects.get().lines.count() == 5
