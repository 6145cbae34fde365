"""Aggregations: boundaries, and what holds for all events: any order, any cut."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import aggregation, decimals, periods
from billing.rules.aggregation import Event

MONTH = periods.Month(2026, 3)
START, END = MONTH.start_at, MONTH.end_at
HOUR = timedelta(hours=1)


def of(name, events, *, carried="0", start=START, end=END):
    return aggregation.aggregate(name, events, start=start, end=end, carried=D(carried))


BOUNDARIES = [
    # aggregation, the event's instant, what the month holds of an event of 7 with the level 3 carried in
    ("sum", START, 7),
    ("sum", END, 0),
    ("sum", START - timedelta(microseconds=1), 0),
    ("count", START, 1),
    ("count", END, 0),
    ("max", END, 0),
    ("latest", START, 7),
    ("latest", END, 0),
    ("unique", END, 0),
    ("weighted_sum", START, 7 * 744),
    ("weighted_sum", START + HOUR, 3 + 7 * 743),
    ("weighted_sum", END, 3 * 744),
    ("weighted_average", START, 7),
    ("weighted_average", END, 3),
]


@pytest.mark.parametrize(("name", "time", "quantity"), BOUNDARIES)
def test_an_event_belongs_to_the_period_it_begins(name, time, quantity):
    assert of(name, [Event(time, D(7), "x")], carried="3") == quantity


def test_of_two_readings_at_one_instant_the_larger_counts():
    for events in ([Event(START, D(4)), Event(START, D(9))], [Event(START, D(9)), Event(START, D(4))]):
        assert of("latest", events) == 9
        assert of("weighted_sum", events) == 9 * 744
        assert aggregation.level_at(events, moment=END) == 9


def test_values_are_told_apart_by_case_and_an_empty_one_is_none():
    events = [Event(START, D(1), value) for value in ("a", "A", "a", "", "é")]
    assert of("unique", events) == 3


def test_a_leap_day_and_a_clock_change_elsewhere_change_nothing():
    """February 2028 has 29 days; New York's clocks go forward on 8 March 2026, Shanghai's never."""
    leap = periods.Month(2028, 2)
    assert of("weighted_sum", [], carried="1", start=leap.start_at, end=leap.end_at) == 29 * 24
    assert of("weighted_sum", [], carried="1") == 31 * 24


def test_an_hour_that_a_zone_repeats_is_an_hour():
    """1 November 2026 has 25 hours in New York: 01:30 twice, told apart by `fold`."""
    zone = ZoneInfo("America/New_York")
    start, end = (datetime(2026, 11, day, tzinfo=zone) for day in (1, 2))
    assert of("weighted_sum", [], carried="2", start=start, end=end) == 50
    again = Event(datetime(2026, 11, 1, 1, 30, tzinfo=zone, fold=1), D(0))
    assert of("weighted_sum", [again], carried="2", start=start, end=end) == 5


def test_a_day_rounds_half_up():
    """A third of 0.000001 and more: each day is rounded, the month is their sum."""
    third = [Event(START, D("0.000001")), Event(START + timedelta(minutes=20), D(0))]
    assert of("weighted_sum", third) == 0
    half = [Event(START, D("0.000001")), Event(START + timedelta(minutes=30), D(0))]
    assert of("weighted_sum", half) == D("0.000001")


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: of("median", []), aggregation.UnknownAggregation),
        (lambda: of("sum", [], start=END, end=START), periods.InvalidInterval),
        (lambda: of("sum", [], start=START, end=START), periods.InvalidInterval),
        (lambda: of("sum", [], start=datetime(2026, 3, 1)), periods.NaiveDatetime),
        (lambda: Event(datetime(2026, 3, 1), D(1)), periods.NaiveDatetime),
        (lambda: Event(START, 1.5), TypeError),
        (lambda: Event(START, D("NaN")), ValueError),
    ],
)
def test_what_cannot_be_counted_is_refused(call, problem):
    with pytest.raises(problem):
        call()


seconds = st.integers(0, 31 * 86_400 * 2)
quantities = st.decimals(0, 10**6, places=6)
readings = st.lists(
    st.builds(
        Event,
        seconds.map(lambda s: START - timedelta(days=15) + timedelta(seconds=s)),
        quantities,
        st.sampled_from("abc"),
    ),
    max_size=12,
)


@given(readings.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))), quantities)
def test_no_order_of_arrival_changes_a_quantity(both, carried):
    events, shuffled = both
    for name in aggregation.AGGREGATIONS:
        assert of(name, events, carried=carried) == of(name, shuffled, carried=carried)


@given(readings, st.integers(1, 30), quantities)
def test_days_add_up_to_the_month(events, cut, before):
    """Cut at a midnight: sums, counts and levels add up; a maximum is that of the parts; values are counted once."""
    middle = periods.midnight(MONTH.first_date + timedelta(days=cut))
    earlier = [Event(START - timedelta(days=60), before)]
    events = [*events, *earlier]

    def parts(name):
        return [
            aggregation.aggregate(
                name, events, start=start, end=end, carried=aggregation.level_at(events, moment=start)
            )
            for start, end in ((START, END), (START, middle), (middle, END))
        ]

    for name in ("sum", "count", "weighted_sum"):
        whole, first, second = parts(name)
        assert whole == decimals.add(first, second), name
    whole, first, second = parts("max")
    assert whole == max(first, second)
    whole, first, second = parts("unique")
    assert max(first, second) <= whole <= first + second


@given(readings, st.lists(seconds, max_size=4), quantities)
def test_a_level_adds_up_wherever_it_is_cut(events, cuts, carried):
    """Before rounding, also within a day; and a level is never below the smallest or above the largest reading."""
    within = sorted({START, END, *(moment for s in cuts if (moment := START + timedelta(seconds=s)) < END)})
    pieces, level = Fraction(0), carried
    for start, end in itertools.pairwise(within):
        pieces += aggregation.level_hours(events, start=start, end=end, carried=level)
        inside = [event for event in events if start <= event.time < end]
        level = aggregation.level_at(inside, moment=end) if inside else level
    assert pieces == aggregation.level_hours(events, start=START, end=END, carried=carried)
    levels = [carried, *(event.quantity for event in events)]
    assert min(levels) * 744 <= pieces <= max(levels) * 744
    exact = aggregation.level_hours(events, start=START, end=END, carried=carried)
    assert abs(Fraction(of("weighted_sum", events, carried=carried)) - exact) <= Fraction(31, 2 * 10**6)


def test_offsets_name_the_same_instant():
    event = Event(datetime(2026, 2, 28, 16, tzinfo=UTC), D(1))
    assert of("sum", [event]) == 1
