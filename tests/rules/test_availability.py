"""Monthly availability and credits: a table an operator can check, and properties of every set of interruptions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import availability as rules
from billing.rules.availability import Step
from billing.rules.periods import InvalidInterval, Month

OCTOBER = Month(2026, 10)  # 31 days, 44 640 minutes
STANDARD = (Step(None, Decimal(10)), Step(Decimal(99), Decimal(25)), Step(Decimal(95), Decimal(50)))


def at(day: int, hour: int = 0, minute: int = 0, month: int = 10) -> datetime:
    """An instant by the clock of Shanghai."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


@pytest.mark.parametrize(
    ("interruptions", "maintenance", "expected"),
    [
        pytest.param([], [], "100.000000", id="nothing"),
        pytest.param([(at(3, 10), at(3, 11))], [], "99.865591", id="60 of 44640 minutes"),
        pytest.param([(at(3, 10), at(3, 11)), (at(3, 10, 30), at(3, 11, 30))], [], "99.798387", id="overlap: 90"),
        pytest.param([(at(3, 10), at(3, 11)), (at(3, 11), at(3, 12))], [], "99.731183", id="touching: 120"),
        pytest.param([(at(30, 23, month=9), at(1, 1))], [], "99.865591", id="from September: 60"),
        pytest.param([(at(31, 23), at(1, 5, month=11))], [], "99.865591", id="into November: 60"),
        pytest.param([(at(31, 23), None)], [], "99.865591", id="still lasting: 60"),
        pytest.param([(at(2, month=11), None)], [], "100.000000", id="begins after the month, lasts"),
        pytest.param([(at(1, month=9), None)], [], "0.000000", id="the whole month"),
        pytest.param([(at(3, 10), at(3, 11))], [(at(3, 9), at(3, 12))], "100.000000", id="inside maintenance"),
        pytest.param([(at(3, 10), at(3, 12))], [(at(3, 9), at(3, 11))], "99.865591", id="half of it announced"),
        pytest.param(
            [(at(3, 10), at(3, 12)), (at(3, 11), at(3, 13))],
            [(at(3, 11), at(3, 12))],
            "99.731183",
            id="overlap inside maintenance counts once",
        ),
        pytest.param([(at(3, 10), at(3, 10))], [], "100.000000", id="no length"),
    ],
)
def test_table(interruptions, maintenance, expected) -> None:
    assert str(rules.availability(OCTOBER, interruptions=interruptions, maintenance=maintenance)) == expected


def test_february_has_fewer_minutes() -> None:
    hour = [(datetime(2027, 2, 3, 1, tzinfo=UTC), datetime(2027, 2, 3, 2, tzinfo=UTC))]
    assert rules.availability(Month(2027, 2), interruptions=hour) == Decimal("99.851190")


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(InvalidInterval):
        rules.availability(OCTOBER, interruptions=[(at(3, 11), at(3, 10))])


@pytest.mark.parametrize(
    ("reached", "percent"),
    [
        ("99.95", 0),
        ("100", 0),
        ("99.949999", 10),
        ("99", 10),
        ("98.999999", 25),
        ("95", 25),
        ("94.999999", 50),
        ("0", 50),
    ],
)
def test_credit_by_the_standard_table(reached, percent) -> None:
    assert rules.credit_percent(reached=Decimal(reached), promised=Decimal("99.95"), steps=STANDARD) == percent


def test_a_low_promise_is_only_broken_below_it() -> None:
    """98 % promised: 98.5 % is below the table's 99 but breaks no promise."""
    assert rules.credit_percent(reached=Decimal("98.5"), promised=Decimal(98), steps=STANDARD) == 0
    assert rules.credit_percent(reached=Decimal("97.9"), promised=Decimal(98), steps=STANDARD) == 25


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (Step(Decimal(99), Decimal(10)),),
        (Step(None, Decimal(0)),),
        (Step(None, Decimal(101)),),
        (Step(None, Decimal(25)), Step(Decimal(99), Decimal(10))),
        (Step(None, Decimal(10)), Step(Decimal(95), Decimal(25)), Step(Decimal(99), Decimal(50))),
        (Step(None, Decimal(10)), Step(None, Decimal(25))),
        (Step(None, Decimal(10)), Step(Decimal(100), Decimal(25))),
    ],
)
def test_tables_that_make_no_sense_are_refused(steps) -> None:
    with pytest.raises(rules.InvalidCreditTable):
        rules.check_table(steps)


def test_what_is_shown_never_flatters() -> None:
    assert str(rules.show(Decimal("99.949999"))) == "99.949"


def test_a_credit_is_exact() -> None:
    assert rules.credit_amount(charged=Decimal("212.700000000000000001"), percent=Decimal("12.5")) == Decimal(
        "-26.587500000000000000125"
    )


minutes = st.integers(-5_000, 50_000)
spans = st.lists(st.tuples(minutes, st.integers(0, 3_000)), max_size=8)


def instants(found: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    start = OCTOBER.start_at
    return [(start + timedelta(minutes=a), start + timedelta(minutes=a + length)) for a, length in found]


@given(spans, spans)
def test_the_sum_is_that_of_the_minutes_one_by_one(down, announced) -> None:
    """Counting every minute of the month is the slow way to the same figure."""
    wanted = {minute for a, length in down for minute in range(a, a + length)}
    wanted -= {minute for a, length in announced for minute in range(a, a + length)}
    wanted &= set(range(44_640))
    found = rules.interrupted_between(
        start=OCTOBER.start_at,
        end=OCTOBER.end_at,
        interruptions=instants(down),
        maintenance=instants(announced),
    )
    assert found == timedelta(minutes=len(wanted))


@given(spans, spans)
def test_more_interruption_never_helps_and_months_share_it(down, more) -> None:
    some, all_of_it = instants(down), instants(down + more)
    one = rules.availability(OCTOBER, interruptions=some)
    assert 0 <= rules.availability(OCTOBER, interruptions=all_of_it) <= one <= 100
    parts = [
        rules.interrupted_between(start=month.start_at, end=month.end_at, interruptions=some)
        for month in (Month(2026, 9), OCTOBER, Month(2026, 11))
    ]
    whole = sum((until - since for since, until in rules.merge(some)), timedelta())
    assert sum(parts, timedelta()) == whole
