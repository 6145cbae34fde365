"""Two at once: of one contract there is one review; of two contracts, both count. Controls take the guards away."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from listings.models import Product
from listings.reviews import operations
from listings.reviews.models import ProductReview
from tests import factories, reviews
from tests.concurrency.test_last_units import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3
TABLE = "reviews_productreview"


@pytest.fixture
def host() -> Any:
    factories.platform()
    return factories.offering(factories.data_centre(factories.hongshan()))


@pytest.fixture
def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*, delivery: Any) -> Product:
        return Product.objects.get(code=delivery.offering_code)

    monkeypatch.setattr(operations, "lock_offering", find)


@pytest.fixture
def without_the_constraint() -> Iterator[None]:
    """Nothing says that a delivery has one review, until the test has ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u' AND conkey = "
            "(SELECT array_agg(attnum) FROM pg_attribute WHERE attrelid = conrelid AND attname = 'delivery_id')",
            [TABLE],
        )
        ((name,),) = cursor.fetchall()
        cursor.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {name}")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(f"TRUNCATE {TABLE} CASCADE")
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT {name} UNIQUE (delivery_id)")


def meet(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Both have come as far as `name` before one goes on, if nothing keeps them apart."""
    together, act = threading.Barrier(2), getattr(operations, name)

    def wait(*args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.5)
        return act(*args, **kwargs)

    monkeypatch.setattr(operations, name, wait)


def race(contracts: list[Any]) -> list[Any]:
    """Two people of the buyer review at once, in different words."""
    people = [factories.actor(contracts[0].buyer, "buyer") for _ in contracts]
    return at_once(
        [
            lambda contract=contract, who=who, place=place: reviews.write(contract, who, title=f"第 {place} 人")
            for place, (contract, who) in enumerate(zip(contracts, people, strict=True))
        ]
    )


@pytest.mark.parametrize("has_lock", [True, False], ids=["lock and constraint", "constraint alone"])
def test_one_contract_has_one_review(
    host: Any, has_lock: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_lock:
        request.getfixturevalue("without_the_lock")
        meet(monkeypatch, "_save_once")
    foods = factories.foods()
    for done in range(1, ROUNDS + 1):
        outcomes = race([reviews.accepted(foods, host)] * 2)
        assert sorted(type(one).__name__ for one in outcomes) == ["ProductReview", "ReviewChanged"], outcomes
        assert ProductReview.objects.count() == done
    host.refresh_from_db()
    assert host.review_count == ROUNDS


def test_control_without_both_there_are_two(
    host: Any, without_the_lock: None, without_the_constraint: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet(monkeypatch, "_save_once")
    race([reviews.accepted(factories.foods(), host)] * 2)
    assert ProductReview.objects.count() == 2


def count_two(host: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    meet(monkeypatch, "count_again")
    foods = factories.foods()
    outcomes = race([reviews.accepted(foods, host) for _ in range(2)])
    assert [type(one).__name__ for one in outcomes] == ["ProductReview"] * 2, outcomes
    host.refresh_from_db()
    return int(host.review_count)


def test_two_contracts_count_twice(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count_two(host, monkeypatch) == 2


def test_control_without_the_lock_one_is_not_counted(
    host: Any, without_the_lock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_two(host, monkeypatch) == 1
