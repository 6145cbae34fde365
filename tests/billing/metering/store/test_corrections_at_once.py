"""Two corrections of one event at the same time: exactly one holds, by `usage_event_superseded_once`."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing.metering import events, operations
from billing.metering.models import Supersession, UsageDay, UsageEvent
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
RACERS = 4


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


def event(contract: Any, id: str, **fields: Any) -> events.UsageInput:
    given = {"quantity": Decimal(5), "time": NOW - timedelta(days=9), **fields}
    return events.UsageInput(source="s", id=id, subject=contract.number, meter="vcpu_hours", **given)


def record(contract: Any, *given: events.Read) -> list[tuple[str, str]]:
    outcomes = operations.record_usage(provider_id=contract.provider_id, events=given, now=NOW)
    return [(outcome.status, outcome.code) for outcome in outcomes]


def race(contract: Any, make: Callable[[int], events.UsageInput], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Each racer has looked for what is superseded before the first of them stores anything."""
    from billing.metering.store import postgres

    looked, find = threading.Barrier(RACERS), postgres._find_targets
    found = threading.local()

    def find_together(*given: Any) -> Any:
        targets = find(*given)
        if not getattr(found, "once", False):
            found.once = True
            looked.wait(20)
        return targets

    monkeypatch.setattr(postgres, "_find_targets", find_together)
    outcomes: list[Any] = []

    def work(n: int) -> None:
        try:
            outcomes.extend(record(contract, make(n)))
        except BaseException as fault:
            outcomes.append(fault)
        finally:
            connection.close()

    racers = [threading.Thread(target=work, args=(n,)) for n in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(30)
    return sorted(outcomes, key=str)


def correction(contract: Any) -> Callable[[int], events.UsageInput]:
    return lambda n: event(contract, f"c{n}", quantity=Decimal(1), supersedes=("s", "a"))


def test_one_of_many_corrections_holds(contract: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record(contract, event(contract, "a"))
    outcomes = race(contract, correction(contract), monkeypatch)
    assert outcomes == [("accepted", ""), *[("conflict", "already_superseded")] * (RACERS - 1)]
    assert (Supersession.objects.count(), UsageEvent.objects.count()) == (1, 2)
    operations.roll_up(now=NOW, limit=500)
    assert UsageDay.objects.get().quantity == Decimal(1)


def test_the_same_correction_from_many_is_one_and_its_duplicates(
    contract: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(contract, event(contract, "a"))
    outcomes = race(contract, lambda _: correction(contract)(0), monkeypatch)
    assert outcomes == [("accepted", ""), *[("duplicate", "")] * (RACERS - 1)]


def test_control_without_the_constraint_all_of_them_hold(contract: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record(contract, event(contract, "a"))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE metering_supersession DROP CONSTRAINT usage_event_superseded_once")
        try:
            outcomes = race(contract, correction(contract), monkeypatch)
            assert outcomes == [("accepted", "")] * RACERS
            operations.roll_up(now=NOW, limit=500)
            assert UsageDay.objects.get().quantity == 5 + RACERS - 5 * RACERS  # taken away four times
        finally:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("DELETE FROM metering_supersession")
            cursor.execute("SET session_replication_role = origin")
            cursor.execute(
                "ALTER TABLE metering_supersession ADD CONSTRAINT usage_event_superseded_once "
                "PRIMARY KEY (provider_id, source, event_id)"
            )


def test_a_correction_is_a_duplicate_when_it_comes_again(contract: Any) -> None:
    original, better = event(contract, "a"), correction(contract)(0)
    assert record(contract, original, better, better) == [("accepted", ""), ("accepted", ""), ("duplicate", "")]
    assert record(contract, better, original) == [("duplicate", ""), ("duplicate", "")]
    other = event(contract, "c0", quantity=Decimal(1))
    assert record(contract, other) == [("conflict", "other_content")]


def test_a_refused_correction_says_which_field(contract: Any) -> None:
    void = event(contract, "v", quantity=None, supersedes=("s", "nobody's"), reason="measured twice")
    better = event(contract, "b", supersedes=("s", "nobody's"))
    outcomes = operations.record_usage(provider_id=contract.provider_id, events=[void, better, better], now=NOW)
    assert [(one.status, one.field, one.code) for one in outcomes] == [
        ("rejected", "data.voids", "no_such_event"),
        ("rejected", "data.supersedes", "no_such_event"),
        ("rejected", "data.supersedes", "no_such_event"),
    ]
    assert not UsageEvent.objects.exists()
