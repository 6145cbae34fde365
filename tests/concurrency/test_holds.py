"""Fifty buyers at the checkout want the last ten units held; two baskets want two pools crosswise.

The guard is the condition in the one statement of a hold, with the CHECK behind it. The control takes both away.
"""

import contextlib
import threading
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from providers import operations as providers
from providers.capacity import operations, queries
from providers.models import CapacityHold, CapacityPool
from tests import factories
from tests.concurrency.test_last_units import at_once, without_the_check  # noqa: F401
from tests.frontend.trade import NOW

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS, UNITS = 50, 10


def rush() -> tuple[CapacityPool, Counter[str]]:
    centre = factories.data_centre(factories.hongshan(), vcpu=UNITS)

    def ask(number: int) -> int:
        return operations.hold(
            reference=f"basket:{number}",
            purpose="checkout",
            wanted={(centre.pk, "vcpu"): Decimal(1)},
            expires_at=NOW + timedelta(minutes=15),
            now=NOW,
        )

    outcomes = at_once([lambda number=number: ask(number) for number in range(BUYERS)])
    pool = CapacityPool.objects.get(data_centre=centre, resource="vcpu")
    return pool, Counter(type(outcome).__name__ for outcome in outcomes)


def test_exactly_the_last_units_are_held() -> None:
    for number in range(3):
        pool, outcomes = rush()
        print(f"round {number + 1}, no seed (threads): {dict(outcomes)}")
        assert outcomes == {"int": UNITS, "OutOfCapacity": BUYERS - UNITS}
        assert pool.held == UNITS
    assert queries.unreconciled_holds() == []


def read_check_write(*, reference: str, purpose: str, wanted: operations.Wanted, expires_at: Any, now: Any) -> int:
    """What the condition in the statement is there for: look, think, write."""
    for (centre, resource), quantity in wanted.items():
        pool = CapacityPool.objects.get(data_centre_id=centre, resource=resource)
        if pool.available < quantity:
            raise providers.OutOfCapacity(resource=resource, wanted=quantity, available=pool.available)
        time.sleep(0.02)
        CapacityPool.objects.filter(pk=pool.pk).update(held=F("held") + quantity)
        CapacityHold.objects.create(
            pool=pool, reference=reference, purpose=purpose, quantity=quantity, held_at=now, expires_at=expires_at
        )
    return len(wanted)


def test_control_without_the_guard_too_much_is_held(
    without_the_check: None,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "_hold_once", read_check_write)
    pool, outcomes = rush()
    print(f"control, no seed (threads): {dict(outcomes)}")
    assert outcomes["int"] > UNITS
    assert pool.held > pool.total


def test_baskets_that_cross_do_not_deadlock() -> None:
    centres = [factories.data_centre(factories.hongshan(), vcpu=1000) for _ in range(2)]
    start = threading.Barrier(2)

    def ask_often(name: str, order: list[Any]) -> int:
        with contextlib.suppress(threading.BrokenBarrierError):
            start.wait(timeout=5)
        for number in range(40):
            operations.hold(
                reference=f"{name}:{number}",
                purpose="checkout",
                wanted={(centre.pk, "vcpu"): Decimal(1) for centre in order},
                expires_at=NOW + timedelta(minutes=15),
                now=NOW,
            )
            operations.let_go(reference=f"{name}:{number}", now=NOW)
        return 40

    assert at_once([lambda: ask_often("a", centres), lambda: ask_often("b", centres[::-1])]) == [40, 40]
    assert not CapacityPool.objects.exclude(held=0).exists()
