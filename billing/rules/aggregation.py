"""From events to the one quantity of a period that is priced: what each aggregation means.

An event says `quantity` at an instant, and `value` where a meter counts distinct values. Periods are half-open
[start, end): an event at `start` belongs to the period, one at `end` to the next. `docs/usage.md` states each
definition with a table that the tests compute again.

    sum               the quantities added up
    count             the number of events
    max               the largest quantity reported in the period
    latest            the quantity last reported in the period
    unique            the number of different values reported in the period
    weighted_sum      the level × the hours it held: GiB·hours
    weighted_average  the weighted sum ÷ the hours of the period

For the last two a quantity is a level that holds from its instant until the next reading, however many periods later,
so the level of before the period is carried into it (0 if nothing was ever reported). For the others only what was
reported in the period counts, and nothing reported is 0.

Two readings at one instant contradict each other: of the two, the larger counts. Nothing depends on the order in which
events arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from billing.rules import decimals, periods

SUM: Final = "sum"
COUNT: Final = "count"
MAX: Final = "max"
LATEST: Final = "latest"
UNIQUE: Final = "unique"
WEIGHTED_SUM: Final = "weighted_sum"
WEIGHTED_AVERAGE: Final = "weighted_average"
AGGREGATIONS: Final = (SUM, COUNT, MAX, LATEST, UNIQUE, WEIGHTED_SUM, WEIGHTED_AVERAGE)
WEIGHTED: Final = (WEIGHTED_SUM, WEIGHTED_AVERAGE)
"""Those that carry a level into the period."""

PLACES: Final = 6
"""Decimals of a quantity. The weighted sum of each civil day is rounded to them, half up, and so is an average."""

_ZERO: Final = Decimal(0)
_MICROSECOND: Final = timedelta(microseconds=1)
_HOUR: Final = 3_600_000_000  # in microseconds


class UnknownAggregation(ValueError):
    """The text is not one of AGGREGATIONS."""


@dataclass(frozen=True, slots=True)
class Event:
    """One effective reading: neither corrected nor taken back. `time` is aware, kept in UTC; `value` "" if not counted.

    A level may be negative only where a caller works with differences; the marketplace's events never are.
    """

    time: datetime
    quantity: Decimal
    value: str = ""

    def __post_init__(self) -> None:
        # Two instants of one zone are compared by the clock on the wall, so they are brought to UTC first.
        object.__setattr__(self, "time", _in_utc(self.time))
        decimals.require_decimal(self.quantity, name="quantity")


def aggregate(
    aggregation: str,
    events: Iterable[Event],
    *,
    start: datetime,
    end: datetime,
    carried: Decimal = _ZERO,
) -> Decimal:
    """The quantity of [start, end) by one of AGGREGATIONS; events outside the period are left out.

    `carried` is the level at `start`, read by the weighted ones only: that of the last event before (`level_at`). The
    weighted sum is the sum of the civil days' (Asia/Shanghai), each rounded half up to PLACES, so the days of a month
    always add up to it. Raises UnknownAggregation, and InvalidInterval for a period that is empty.
    """
    start, end = _require_period(start, end)
    inside = _in_order(event for event in events if start <= event.time < end)
    if aggregation in WEIGHTED:
        total = _weighted_sum(inside, start=start, end=end, carried=carried)
        return total if aggregation == WEIGHTED_SUM else average(total, start=start, end=end)
    if aggregation not in _REPORTED:
        raise UnknownAggregation(f"Aggregation {aggregation!r} is not known; use one of {', '.join(AGGREGATIONS)}.")
    return _REPORTED[aggregation](inside)


def average(weighted_sum: Decimal, *, start: datetime, end: datetime) -> Decimal:
    """A weighted sum ÷ the hours of [start, end), half up to PLACES. Of a month: all its hours, run or not."""
    start, end = _require_period(start, end)
    return _rounded(Fraction(weighted_sum) * _HOUR / ((end - start) // _MICROSECOND))


def level_at(events: Iterable[Event], *, moment: datetime) -> Decimal:
    """The level that is carried into a period that starts at `moment`: of the last event before it, else 0."""
    moment = _in_utc(moment)
    before = _in_order(event for event in events if event.time < moment)
    return before[-1].quantity if before else _ZERO


def level_hours(events: Iterable[Event], *, start: datetime, end: datetime, carried: Decimal = _ZERO) -> Fraction:
    """Level × hours over [start, end), exact. Half-open pieces of a period add up to the whole, wherever it is cut."""
    start, end = _require_period(start, end)
    total, level, since = Fraction(0), carried, start
    for event in _in_order(event for event in events if start <= event.time < end):
        total += Fraction(level) * ((event.time - since) // _MICROSECOND)
        level, since = event.quantity, event.time
    total += Fraction(level) * ((end - since) // _MICROSECOND)
    return total / _HOUR


def days_of(*, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) cut at each midnight of Asia/Shanghai."""
    while start < end:
        midnight = periods.end_of_day(periods.civil_date(start))
        yield start, min(midnight, end)
        start = midnight


_REPORTED: Final[Mapping[str, Callable[[Sequence[Event]], Decimal]]] = {
    SUM: lambda inside: decimals.add(*(event.quantity for event in inside)),
    COUNT: lambda inside: Decimal(len(inside)),
    MAX: lambda inside: max((event.quantity for event in inside), default=_ZERO),
    LATEST: lambda inside: inside[-1].quantity if inside else _ZERO,
    UNIQUE: lambda inside: Decimal(len({event.value for event in inside if event.value})),
}


def _weighted_sum(inside: Sequence[Event], *, start: datetime, end: datetime, carried: Decimal) -> Decimal:
    total, level = _ZERO, carried
    left = list(reversed(inside))
    for first, until in days_of(start=start, end=end):
        today: list[Event] = []
        while left and left[-1].time < until:
            today.append(left.pop())
        total = decimals.add(total, _rounded(level_hours(today, start=first, end=until, carried=level)))
        level = today[-1].quantity if today else level
    return total


def _in_order(events: Iterable[Event]) -> list[Event]:
    """By time; of one instant the largest last, since it is the one that counts."""
    return sorted(events, key=lambda event: (event.time, event.quantity))


def _rounded(value: Fraction) -> Decimal:
    """Half up to PLACES; a tie goes away from zero."""
    numerator, denominator = abs(value.numerator) * 10**PLACES, value.denominator
    whole = (2 * numerator + denominator) // (2 * denominator)
    return decimals.shift(Decimal(whole if value >= 0 else -whole), places=-PLACES)


def _require_period(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    start, end = _in_utc(start), _in_utc(end)
    if end <= start:
        raise periods.InvalidInterval(f"The period ends at {end.isoformat()}, not after its start {start.isoformat()}.")
    return start, end


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise periods.NaiveDatetime(f"{moment.isoformat()} has no time zone; give one, such as +08:00.")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise periods.InvalidInterval(f"{moment.isoformat()} lies outside the calendar.") from None
