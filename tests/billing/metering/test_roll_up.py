"""Events become days exactly once, also when one of them is committed late."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from billing.metering import events, operations
from billing.metering.models import RollUp, UsageDay, UsageEvent
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


def report(contract: Any, id: str, quantity: str, time: str, meter: str = "vcpu_hours") -> None:
    event = events.UsageInput("s", id, contract.number, datetime.fromisoformat(time), meter, Decimal(quantity))
    (outcome,) = operations.record_usage(provider_id=contract.provider_id, events=[event], now=NOW)
    assert outcome.status == "accepted"


def roll_up() -> int:
    return operations.roll_up(now=NOW, limit=500)


def days() -> list[tuple[str, date, Decimal, int]]:
    return list(UsageDay.objects.order_by("meter", "day").values_list("meter", "day", "quantity", "event_count"))


def test_days_change_at_midnight_in_shanghai(contract: Any) -> None:
    report(contract, "last", "1.000001", "2026-10-30T15:59:59.999999+00:00")
    report(contract, "first", "2.000002", "2026-10-30T16:00:00+00:00")
    report(contract, "noon", "0.5", "2026-10-31T12:00:00+08:00")
    report(contract, "memory", "4", "2026-10-31T12:00:00+08:00", meter="gib_hours")
    assert roll_up() == 4
    assert days() == [
        ("gib_hours", date(2026, 10, 31), Decimal(4), 1),
        ("vcpu_hours", date(2026, 10, 30), Decimal("1.000001"), 1),
        ("vcpu_hours", date(2026, 10, 31), Decimal("2.500002"), 2),
    ]


def test_a_day_grows_and_remembers_the_roll_up_that_touched_it_last(contract: Any) -> None:
    report(contract, "a", "1", "2026-10-05T12:00:00+08:00")
    report(contract, "b", "1", "2026-10-06T12:00:00+08:00")
    assert roll_up() == 2
    first_batch = RollUp.objects.get().batch
    report(contract, "c", "2", "2026-10-06T13:00:00+08:00")
    assert roll_up() == 1
    assert days() == [
        ("vcpu_hours", date(2026, 10, 5), Decimal(1), 1),
        ("vcpu_hours", date(2026, 10, 6), Decimal(3), 2),
    ]
    assert list(UsageDay.objects.order_by("day").values_list("batch", flat=True)) == [first_batch, first_batch + 1]


def test_nothing_new_changes_nothing(contract: Any) -> None:
    report(contract, "a", "1", "2026-10-05T12:00:00+08:00")
    assert roll_up() == 1
    before = (days(), RollUp.objects.get().batch)
    assert [roll_up(), roll_up()] == [0, 0]
    assert (days(), RollUp.objects.get().batch) == before


def test_the_row_of_the_roll_up_is_made_when_it_is_missing(contract: Any) -> None:
    RollUp.objects.all().delete()
    report(contract, "a", "1", "2026-10-05T12:00:00+08:00")
    assert roll_up() == 1
    assert RollUp.objects.get().batch == 1


def test_an_event_committed_late_is_not_missed(contract: Any) -> None:
    _report_early_commit_late(contract, between=lambda: roll_up() and None)
    roll_up()
    assert days() == [("vcpu_hours", date(2026, 10, 5), Decimal(111), 3)]


def test_control_a_watermark_of_the_last_one_read_misses_it(contract: Any) -> None:
    """The same course of events, read by the obvious rule: all rows written after the last one read."""
    read: list[Decimal] = []
    last = "0"

    def read_on() -> None:
        nonlocal last
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT written_in::text, quantity FROM metering_usageevent WHERE written_in > %s::xid8 ORDER BY 1",
                [last],
            )
            for last, quantity in cursor.fetchall():  # noqa: B007
                read.append(quantity)

    _report_early_commit_late(contract, between=read_on)
    read_on()
    assert sum(read) == Decimal(101)  # the 10 that were committed late are lost for good
    assert UsageEvent.objects.count() == 3


def _report_early_commit_late(contract: Any, *, between: Callable[[], None]) -> None:
    """1 is reported and committed; 10 is reported, then 100 is reported and committed; `between`; 10 is committed."""
    report(contract, "before", "1", "2026-10-05T09:00:00+08:00")
    written, may_commit = threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def report_slowly() -> None:
        try:
            with transaction.atomic():
                report(contract, "slow", "10", "2026-10-05T10:00:00+08:00")
                written.set()
                assert may_commit.wait(20)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    slow = threading.Thread(target=report_slowly)
    slow.start()
    assert written.wait(20)
    report(contract, "quick", "100", "2026-10-05T11:00:00+08:00")
    between()
    may_commit.set()
    slow.join(20)
    assert not faults


def test_workers_at_the_same_time_add_each_event_once(contract: Any) -> None:
    for n in range(40):
        report(contract, f"e{n}", "0.25", "2026-10-05T12:00:00+08:00")
    totals: list[int] = []

    def work() -> None:
        try:
            for _ in range(5):
                totals.append(roll_up())
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    totals.append(roll_up())
    assert sum(totals) == 40
    assert days() == [("vcpu_hours", date(2026, 10, 5), Decimal(10), 40)]


def test_reporters_of_the_same_events_in_other_orders_wait_for_each_other(contract: Any) -> None:
    given = [
        events.UsageInput("s", f"e{n}", contract.number, NOW - timedelta(days=1), "vcpu_hours", Decimal(1))
        for n in range(300)
    ]
    accepted: list[int] = []
    faults: list[BaseException] = []

    def work(order: list[events.UsageInput]) -> None:
        try:
            outcomes = operations.record_usage(provider_id=contract.provider_id, events=order, now=NOW)
            accepted.append(sum(outcome.status == "accepted" for outcome in outcomes))
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(order,)) for order in (given, given[::-1]) * 4]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert not faults
    assert sum(accepted) == 300 == UsageEvent.objects.count()
