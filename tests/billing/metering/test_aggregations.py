"""Days and months by each aggregation: PostgreSQL says what `billing.rules.aggregation` says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from billing.metering import events, operations, queries
from billing.metering.models import RollUp, UsageDay, UsageHour
from billing.rules import aggregation, periods
from billing.rules.periods import Month
from tests import factories
from tests.factories import Price

pytestmark = pytest.mark.django_db(transaction=True)

D = Decimal
SEED = 20261125
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
START = OCTOBER.start_at
NOW = datetime(2026, 12, 2, 4, tzinfo=UTC)
METERS = {name: f"m_{name}" for name in aggregation.AGGREGATIONS}


@pytest.fixture
def contract() -> Any:
    RollUp.objects.update(held_until=None)  # the clock of each test begins anew
    plan = [Price("metered", "0.5", meter=meter, unit="GiB", aggregation=name) for name, meter in METERS.items()]
    offering = factories.offering(factories.data_centre(factories.hongshan()), plans={"metered": plan})
    return factories.contract(factories.foods(), offering, plan_code="metered")


def event(contract: Any, id: str, name: str, time: datetime, quantity: str | None, **fields: Any) -> events.UsageInput:
    given = None if quantity is None else D(quantity)
    return events.UsageInput("s", id, contract.number, time, METERS[name], given, **fields)


def record(contract: Any, *given: events.UsageInput, now: datetime = NOW) -> None:
    outcomes = operations.record_usage(provider_id=contract.provider_id, events=given, now=now)
    assert {outcome.status for outcome in outcomes} == {"accepted"}, outcomes


def roll_up(now: datetime = NOW) -> int:
    return operations.roll_up(now=now, limit=500)


def day(name: str, on: date) -> tuple[Decimal, int] | None:
    found = UsageDay.objects.filter(aggregation=name, meter=METERS[name], day=on).first()
    return (found.quantity, found.event_count) if found else None


def month_of(contract: Any, name: str, month: Month = OCTOBER) -> Decimal:
    used = queries.usage_by_month(contract_ids=[contract.pk], first=month.first_date, end=month.end_date)
    return next((row.quantity for row in used if (row.meter, row.aggregation) == (METERS[name], name)), D(0))


def at(on: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, on, hour, minute, tzinfo=periods.SHANGHAI)


def test_the_table_of_the_page(contract: Any) -> None:
    """The readings of docs/usage.md, on 3 October, with a level of 10 from the evening before."""
    readings = [(at(3, 6), "40", "a"), (at(3, 12), "25", "b"), (at(3, 18, 30), "5", "a")]
    for name in METERS:
        given = [event(contract, f"{name}{n}", name, *one[:2], value=one[2]) for n, one in enumerate(readings)]
        if name in aggregation.WEIGHTED:
            given.append(event(contract, f"{name}-", name, at(2, 12), "10"))
        record(contract, *given)
    assert roll_up() == 3 * 7 + 2
    expected = {"sum": "70", "count": "3", "max": "40", "latest": "5", "unique": "2"}
    expected |= {"weighted_sum": "490", "weighted_average": "20.416667"}
    assert {name: day(name, date(2026, 10, 3)) for name in METERS} == {
        name: (D(quantity), 3) for name, quantity in expected.items()
    }
    assert day("weighted_sum", date(2026, 10, 4)) == (D(120), 0)  # nothing was reported: the level is held
    assert day("weighted_average", date(2026, 10, 4)) == (D(5), 0)
    assert day("sum", date(2026, 10, 4)) is None
    assert month_of(contract, "weighted_sum", NOVEMBER) == 5 * 30 * 24
    assert month_of(contract, "weighted_average", NOVEMBER) == 5
    hours = queries.usage_by_hour(contract_id=contract.pk, meter=METERS["weighted_sum"], first=at(3, 17), end=at(3, 20))
    assert [(hour.quantity, hour.event_count) for hour in hours] == [(25, 0), (15, 1), (5, 0)]
    hours = queries.usage_by_hour(contract_id=contract.pk, meter=METERS["sum"], first=at(3), end=at(4))
    assert [(hour.hour, hour.quantity) for hour in hours] == [
        (at(3, 6), 40),
        (at(3, 12), 25),
        (at(3, 18), 5),
    ]
    assert not UsageHour.objects.filter(meter=METERS["max"]).exists()


def test_a_correction_brings_the_second_best_back(contract: Any) -> None:
    for name in METERS:
        record(
            contract,
            event(contract, f"{name}1", name, at(3, 6), "4", value="a"),
            event(contract, f"{name}2", name, at(3, 12), "9", value="b"),
            event(contract, f"{name}3", name, at(5, 12), "9", value="b"),
        )
    roll_up()
    assert month_of(contract, "unique") == 2
    for name in METERS:
        void = {"supersedes": ("s", f"{name}2"), "reason": "measured twice"}
        record(contract, event(contract, f"{name}v", name, at(8), None, **void))
    roll_up()
    expected = {"sum": "4", "count": "1", "max": "4", "latest": "4", "unique": "1"}
    expected |= {"weighted_sum": "72", "weighted_average": "3"}
    assert {name: day(name, date(2026, 10, 3)) for name in METERS} == {
        name: (D(quantity), 1) for name, quantity in expected.items()
    }
    assert month_of(contract, "unique") == 2  # the value of the one that went is new on the 5th
    assert day("max", date(2026, 10, 8)) is None  # a void counts nowhere, nor on its own day
    assert day("weighted_sum", date(2026, 10, 4)) == (D(4 * 24), 0)


def test_a_level_is_carried_on_from_hour_to_hour_until_the_contract_ends(contract: Any) -> None:
    name = "weighted_sum"
    assert roll_up(at(10, 8)) == 0
    record(contract, event(contract, "a", name, at(10, 9), "2"), now=at(10, 9, 20))
    roll_up(at(10, 9, 30))
    assert day(name, date(2026, 10, 10)) == (D(1), 1)
    roll_up(at(10, 9, 59))  # nothing new within the hour
    assert day(name, date(2026, 10, 10)) == (D(1), 1)
    roll_up(at(10, 10))
    assert day(name, date(2026, 10, 10)) == (D(2), 1)
    roll_up(at(13, 1))
    assert [day(name, date(2026, 10, on)) for on in (10, 11, 13)] == [(D(30), 1), (D(48), 0), (D(2), 0)]
    roll_up(at(12))  # a clock that was set back takes nothing away
    assert day(name, date(2026, 10, 13)) == (D(2), 0)
    contract.end_date = date(2026, 10, 13)
    contract.save()
    roll_up(at(13, 2))
    assert day(name, date(2026, 10, 13)) == (D(0), 0)
    roll_up(at(16))
    batch = RollUp.objects.get().batch
    roll_up(at(17))
    assert day(name, date(2026, 10, 14)) is None
    assert RollUp.objects.get().batch == batch


def test_a_late_reading_changes_the_days_that_follow(contract: Any) -> None:
    name = "weighted_average"
    record(contract, event(contract, "a", name, at(3), "24"))
    roll_up()
    batches = dict(UsageDay.objects.values_list("day", "batch"))
    record(contract, event(contract, "b", name, at(10, 12), "12"), event(contract, "c", name, at(12), "24"))
    roll_up()
    assert [day(name, date(2026, 10, on))[0] for on in (9, 10, 11, 12)] == [24, 18, 12, 24]  # type: ignore[index]
    changed = {row.day for row in UsageDay.objects.all() if row.batch != batches[row.day]}
    assert changed == {date(2026, 10, 10), date(2026, 10, 11), date(2026, 10, 12)}  # no other month is rated again


_VALUES = st.sampled_from(["", "a", "b", "A"])
_QUANTITIES = st.one_of(
    st.decimals(0, 50, places=6), st.decimals(0, 10**17, places=6), st.sampled_from([D(0), D("0.000001"), D(1)])
)
_TIMES = st.one_of(
    st.integers(0, 61 * 24).map(lambda hours: timedelta(hours=hours)),  # on the hour, so some are at midnight
    st.integers(0, 61 * 86_400 * 10**6 - 1).map(lambda us: timedelta(microseconds=us)),
    st.sampled_from([timedelta(days=30, hours=23, minutes=59, seconds=59, microseconds=999_999), timedelta(days=31)]),
)
_READING = st.tuples(_TIMES, _QUANTITIES, _VALUES, st.booleans(), st.integers(0, 3))


@seed(SEED)
@settings(max_examples=25, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(_READING, min_size=1, max_size=8))
def test_the_database_agrees_with_the_rules(contract: Any, readings: Sequence[Any]) -> None:
    """Readings in four roll-ups, some of them taken back later; every day and both months, all seven ways."""
    readings = [(START + one[0], *one[1:]) for one in readings if START + one[0] < NOVEMBER.end_at]
    contract = factories.contract(contract.buyer, contract.offering, plan_code="metered")
    for turn in range(5):
        given = []
        for n, (time, quantity, value, is_gone, when) in enumerate(readings):
            if when == turn:
                given += [
                    event(contract, f"{contract.pk}{name}{n}", name, time, str(quantity), value=value)
                    for name in METERS
                ]
            elif is_gone and when + 1 == turn:
                given += [
                    event(
                        contract,
                        f"{contract.pk}{name}{n}v",
                        name,
                        time,
                        None,
                        supersedes=("s", f"{contract.pk}{name}{n}"),
                        reason="r",
                    )
                    for name in METERS
                ]
        if given:
            record(contract, *given)
            assert roll_up() == len(given)
    kept = [aggregation.Event(time, quantity, value) for time, quantity, value, is_gone, _ in readings if not is_gone]
    _compare(contract, kept)


def _compare(contract: Any, kept: list[aggregation.Event]) -> None:
    found = {(row.aggregation, row.day): row for row in UsageDay.objects.filter(contract=contract)}
    for name in METERS:
        on = START
        while on < NOVEMBER.end_at:
            end = periods.end_of_day(periods.civil_date(on))
            carried = aggregation.level_at(kept, moment=on)
            right = aggregation.aggregate(name, kept, start=on, end=end, carried=carried)
            row = found.get((name, periods.civil_date(on)))
            assert (row.quantity if row else 0) == right, (SEED, name, on)
            assert (row.event_count if row else 0) == sum(on <= one.time < end for one in kept), (SEED, name, on)
            on = end
        for month in (OCTOBER, NOVEMBER):
            carried = aggregation.level_at(kept, moment=month.start_at)
            right = aggregation.aggregate(name, kept, start=month.start_at, end=month.end_at, carried=carried)
            assert month_of(contract, name, month) == right, (SEED, name, month)
