"""Cases about time: quantities from events, and prices for a part of a period."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from billing.rules import aggregation, decimals, money
from billing.rules.aggregation import Event
from billing.rules.rate.reading import Answer, Case, InvalidCase, Row, plain

_ZERO: Final = Decimal(0)
_QUANTITY_PLACES: Final = 6
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_ALIASES: Final = {"unique_count": aggregation.UNIQUE, "unique_values": aggregation.UNIQUE}
_HOURLY: Final = ("hour", "integral", "level_time", "time_sum")
PRORATION: Final = (
    "amount × part ÷ whole, by civil days (by seconds if asked or if instants are given); the first day counts, the "
    "end does not; each part is rounded once as a line of its own"
)


def aggregate(case: Case) -> Answer:
    """A quantity from events; × unit_price if there is one, else the quantity itself."""
    name = _name(case)
    events, start, end = _events(case)
    carried = case.number(
        "initial", "carried", "carried_in", "opening", "opening_balance", "initial_value", default="0"
    )
    if name in aggregation.WEIGHTED:
        quantity, rule = _weighted(case, name, events, start, end, carried)
    else:
        quantity = aggregation.aggregate(name, events, start=start, end=end)
        rule = f"{name} of the events in [start, end); the level before does not count"
    parts: dict[str, Any] = {"quantity": decimals.format_plain(quantity), "aggregation": name}
    price = case.maybe("unit_price", "price", "unit")
    if price is None:
        return Answer(quantity, rule, parts, places=_QUANTITY_PLACES)
    return Answer(decimals.multiply(quantity, price), f"{rule}; × unit price", parts)


def _name(case: Case) -> str:
    """By `aggregation`, else by the category. What peers call a weighted sum is the average over the period: so is
    ours for them, unless the model asks for level × hours."""
    asked = case.text("aggregation", default="")
    category = case.text("category")
    name = asked or (case.text("model", default="") if category == "aggregation" else category)
    name = _ALIASES.get(name, name)
    if name not in aggregation.AGGREGATIONS:
        raise InvalidCase("aggregation", f"{name!r} is not known; use one of {', '.join(aggregation.AGGREGATIONS)}")
    if asked:
        return name
    model = case.text("model", default="")
    if name == aggregation.WEIGHTED_SUM and not any(word in model for word in _HOURLY):
        return aggregation.WEIGHTED_AVERAGE
    return name


def _weighted(
    case: Case, name: str, events: list[Event], start: datetime, end: datetime, carried: Decimal
) -> tuple[Decimal, str]:
    hours = aggregation.level_hours(events, start=start, end=end, carried=carried)
    if name == aggregation.WEIGHTED_SUM:
        return _to_decimal(hours), "level × hours, the level of before carried in"
    whole = Fraction((end - start) // _MICROSECOND, 3_600_000_000)
    return _to_decimal(hours / whole), "level × time ÷ the time of the period, the level of before carried in"


def _to_decimal(value: Fraction) -> Decimal:
    return decimals.divide(Decimal(value.numerator), value.denominator)


def _events(case: Case) -> tuple[list[Event], datetime, datetime]:
    """The events as readings: differences are added up to levels. Without a period, one around all of them."""
    rows = case.rows("events", "readings", "levels")
    if rows is None:
        raise InvalidCase("events", "is missing; give a list, empty if nothing happened")
    zone = case.zone()
    span = case.span("period")
    found: list[Event] = []
    are_differences = any(row.has("delta", "change") for row in rows)
    level = case.number("initial", "carried", "carried_in", "opening", "opening_balance", "initial_value", default="0")
    timed = [(row, _instant(row.moment("time", "timestamp", "at"), zone)) for row in rows] if span or rows else []
    for row, moment in sorted(timed, key=lambda one: one[1]) if are_differences else timed:
        quantity = (
            row.number("delta", "change", "quantity", "level", "amount", "value", default="1")
            if not (_is_word(row))
            else Decimal(1)
        )
        if are_differences:
            quantity = level = decimals.add(level, quantity)
        value = row.raw("value", "unique_value", "key", "user")
        if are_differences and found and found[-1].time == moment:
            found.pop()  # of one instant the last sum is the level
        found.append(Event(moment, quantity, str(value) if value is not None else ""))
    if span is not None:
        return found, _instant(span[0], zone), _instant(span[1], zone)
    if not found:
        raise InvalidCase("period", "is missing; give its start and its end")
    first, last = min(one.time for one in found), max(one.time for one in found)
    return found, first, last + _SECOND


def _is_word(row: Row) -> bool:
    """Whether the event's value is something that is counted, not a number."""
    if row.has("delta", "change", "quantity", "level", "amount"):
        return False
    value = row.raw("value")
    try:
        Decimal(str(value))
    except ArithmeticError:
        return True
    return False


def _instant(moment: date | datetime, zone: ZoneInfo) -> datetime:
    if isinstance(moment, datetime):
        return moment.astimezone(ZoneInfo("UTC"))
    return datetime.combine(moment, time(), tzinfo=zone).astimezone(ZoneInfo("UTC"))


def prorate(case: Case) -> Answer:
    """A price for a part of a period, or for parts of it at different prices or quantities."""
    segments = case.rows("segments", "parts", "phases", "plans")
    if segments is not None:
        return _segments(case, segments)
    if case.has("old_amount", "old_price", "from_amount"):
        return _switch(case)
    amount = decimals.multiply(
        case.number("plan_amount", "amount", "price", "monthly_amount", "unit_price"),
        case.number("quantity", default="1"),
    )
    part, whole = read_share(case)
    free = case.maybe("trial_days")
    if free is not None:
        part = max(0, part - int(free))
    return Answer(_part(amount, part, whole), PRORATION, _factor(part, whole))


def _factor(part: int, whole: int) -> dict[str, Any]:
    exact = Fraction(part, whole)
    nine = decimals.half_up(decimals.shift(_to_decimal(exact), places=9))
    return {"factor": f"{part}/{whole}", "factor_9dp": f"{decimals.shift(Decimal(nine), places=-9):f}"}


def _part(amount: Decimal, part: int, whole: int) -> Decimal:
    return decimals.divide(decimals.multiply(amount, Decimal(part)), whole)


def _switch(case: Case) -> Answer:
    """Until the day of the switch the old price, from it the new one."""
    old = case.number("old_amount", "old_price", "from_amount")
    new = case.number("new_amount", "new_price", "to_amount")
    span, moment = case.span("period"), case.raw("switch_date", "switch_at", "change_date", "changed_at")
    if span is None or moment is None:
        raise InvalidCase("switch_date", "is missing; give it and the period")
    row = Row({"time": moment}, name="switch_date")
    whole = _length(span[0], span[1], case)
    before = min(whole, max(0, _length(span[0], row.moment("time"), case)))
    lines = [_part(old, before, whole), _part(new, whole - before, whole)]
    return _lines(case, lines)


def _segments(case: Case, rows: list[Row]) -> Answer:
    span = case.span("period")
    if span is None:
        raise InvalidCase("period", "is missing; give its start and its end")
    whole = _length(span[0], span[1], case)
    price = case.number("plan_amount", "amount", "price", "unit_price", default="1")
    lines = []
    for row in rows:
        start = row.moment("start", "from")
        end = row.moment("end", "to") if row.has("end", "to") else span[1]
        _length(start, span[0], case)  # refuses dates among instants
        start, end = max(start, span[0]), end if _length(end, span[1], case) > 0 else span[1]
        amount = decimals.multiply(
            row.number("amount", "plan_amount", "price", default=price), row.number("quantity", default="1")
        )
        lines.append(_part(amount, max(0, _length(start, end, case)), whole))
    return _lines(case, lines)


def _lines(case: Case, lines: list[Decimal]) -> Answer:
    """Parts of one period as lines of their own, each rounded where it is invoiced."""
    currency = case.text("currency", default="CNY")
    rounded = [money.Money(money.round_to_minor(line, currency=currency), currency).to_decimal() for line in lines]
    parts = {"lines": [f"{line:f}" for line in rounded], "exact_lines": plain(lines)}
    return Answer(decimals.add(*rounded), PRORATION, parts)


def read_share(case: Case) -> tuple[int, int]:
    """(part, whole) in days or seconds, from two spans or from two numbers."""
    names = ("active_days", "used_days", "unused_days", "days", "active_seconds", "used_seconds", "seconds")
    wholes = ("period_days", "days_in_period", "total_days", "period_seconds", "seconds_in_period")
    span = case.span("period")
    if span is not None:
        whole = _length(span[0], span[1], case)
        active = case.span("active", "active_period", "service")
        if active is None:
            days = case.maybe(*names)
            return (whole if days is None else _whole(days, case.name_of(*names))), _above(whole)
        if isinstance(active[0], datetime) != isinstance(span[0], datetime):
            zone = case.zone()
            active, span = (tuple(_instant(one, zone) for one in both) for both in (active, span))  # type: ignore[assignment]
            whole = _length(span[0], span[1], case)
        return max(0, _length(max(active[0], span[0]), min(active[1], span[1]), case)), _above(whole)
    whole = _whole(case.number(*wholes), case.name_of(*wholes))
    part = _whole(case.number(*names, default=Decimal(whole)), case.name_of(*names))
    if part > whole:
        raise InvalidCase(case.name_of(*names), f"is more than the {whole} of the period")
    return part, _above(whole)


def _above(whole: int) -> int:
    if whole <= 0:
        raise InvalidCase("period", "is empty; give an end after its start")
    return whole


def _whole(number: Decimal, name: str) -> int:
    if number != int(number) or number < 0:
        raise InvalidCase(name, "must be a whole number, 0 or more")
    return int(number)


def _length(start: Any, end: Any, case: Case) -> int:
    """Days between civil dates; between instants, civil days of the zone if asked, else seconds."""
    if isinstance(start, datetime) != isinstance(end, datetime):
        raise InvalidCase("period", "dates and instants are mixed; give dates everywhere, or instants everywhere")
    unit = case.text("unit_of_time", "proration_unit", "granularity", "proration", default="")
    if not isinstance(start, datetime):
        if unit.startswith("second"):
            zone = case.zone()
            return (_instant(end, zone) - _instant(start, zone)) // _SECOND
        return int((end - start).days)
    if unit.startswith("day"):
        zone = case.zone()
        return int((end.astimezone(zone).date() - start.astimezone(zone).date()).days)
    return (_instant(end, case.zone()) - _instant(start, case.zone())) // _SECOND
