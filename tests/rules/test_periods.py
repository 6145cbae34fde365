"""Civil months and days of Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import periods
from billing.rules.periods import Month


@pytest.mark.parametrize(
    ("text", "days", "first", "end", "start_at", "end_at"),
    [
        ("2026-02", 28, "2026-02-01", "2026-03-01", "2026-01-31T16:00", "2026-02-28T16:00"),
        ("2028-02", 29, "2028-02-01", "2028-03-01", "2028-01-31T16:00", "2028-02-29T16:00"),
        ("2026-09", 30, "2026-09-01", "2026-10-01", "2026-08-31T16:00", "2026-09-30T16:00"),
        ("2026-12", 31, "2026-12-01", "2027-01-01", "2026-11-30T16:00", "2026-12-31T16:00"),
        # Summer time ruled in Shanghai in 1986 to 1991; months still meet at midnight.
        ("1988-07", 31, "1988-07-01", "1988-08-01", "1988-06-30T15:00", "1988-07-31T15:00"),
        ("9998-12", 31, "9998-12-01", "9999-01-01", "9998-11-30T16:00", "9998-12-31T16:00"),
    ],
)
def test_a_month(text, days, first, end, start_at, end_at):
    month = Month.parse(text)
    assert str(month) == text
    assert month.days == days
    assert month.first_date == date.fromisoformat(first)
    assert month.end_date == date.fromisoformat(end)
    assert month.start_at == datetime.fromisoformat(start_at).replace(tzinfo=UTC)
    assert month.end_at == datetime.fromisoformat(end_at).replace(tzinfo=UTC)
    assert month.start_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "month", "day"),
    [
        ("2026-09-30T15:59:59+00:00", "2026-09", "2026-09-30"),
        ("2026-09-30T16:00:00+00:00", "2026-10", "2026-10-01"),
        ("2026-09-30T16:00:01+00:00", "2026-10", "2026-10-01"),
        ("2026-09-30T23:59:59.999999+08:00", "2026-09", "2026-09-30"),
        ("2026-10-01T00:00:00+08:00", "2026-10", "2026-10-01"),
        ("2026-10-01T05:59:59+14:00", "2026-09", "2026-09-30"),
        ("2026-09-30T04:00:00-12:00", "2026-10", "2026-10-01"),
    ],
)
def test_the_boundary_belongs_to_the_later_month(moment, month, day):
    instant = datetime.fromisoformat(moment)
    assert str(Month.of(instant)) == month
    assert periods.civil_date(instant) == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text",
    ["2026-13", "2026-00", "2026-1", "26-10", "2026/10", "2026-10-01", "2026-10\n", " 2026-10",
     "２０２６-10", "", "1969-12", "9999-01", "0000-01"],
)  # fmt: skip
def test_text_that_is_no_month(text):
    with pytest.raises(periods.InvalidMonth):
        Month.parse(text)


def test_what_has_no_day_in_shanghai():
    with pytest.raises(periods.NaiveDatetime, match="time zone"):
        periods.civil_date(datetime(2026, 10, 1))
    with pytest.raises(periods.InvalidMonth):
        periods.civil_date(datetime.max.replace(tzinfo=UTC))
    with pytest.raises(periods.InvalidMonth):
        periods.civil_date(datetime.min.replace(tzinfo=timezone(timedelta(hours=9))))
    with pytest.raises(TypeError):
        periods.civil_date(date(2026, 10, 1))
    with pytest.raises(TypeError):
        Month.of_date(datetime(2026, 10, 1, tzinfo=UTC))
    with pytest.raises(TypeError):
        Month(2026.0, 10)


def test_order_and_neighbours():
    assert Month(2026, 12).next() == Month(2027, 1)
    assert Month(2027, 1).previous() == Month(2026, 12)
    assert Month(2026, 9) < Month(2026, 10) < Month(2027, 1)
    assert Month.of_date(date(2026, 10, 31)) == Month(2026, 10)
    with pytest.raises(periods.InvalidMonth):
        Month(1970, 1).previous()


@pytest.mark.parametrize(
    ("active_from", "active_until", "days"),
    [
        ("2026-10-01", None, 31),
        ("2025-01-01", None, 31),
        ("2026-10-15", None, 17),
        ("2026-10-31", None, 1),
        ("2026-11-01", None, 0),
        ("2026-10-01", "2026-11-01", 31),
        ("2026-10-01", "2026-10-31", 30),
        ("2026-10-01", "2026-10-02", 1),
        ("2026-10-10", "2026-10-10", 0),
        ("2026-09-01", "2026-10-01", 0),
        ("2026-09-01", "2026-10-02", 1),
        ("2026-09-01", "2027-09-01", 31),
    ],
)
def test_active_days(active_from, active_until, days):
    until = date.fromisoformat(active_until) if active_until else None
    assert periods.active_days(Month(2026, 10), active_from=date.fromisoformat(active_from), active_until=until) == days


def test_an_interval_never_ends_before_it_begins():
    with pytest.raises(periods.InvalidInterval):
        periods.active_days(Month(2026, 10), active_from=date(2026, 10, 2), active_until=date(2026, 10, 1))
    with pytest.raises(TypeError):
        periods.active_days(Month(2026, 10), active_from=datetime(2026, 10, 2, tzinfo=UTC), active_until=None)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-01-31", 2, "2026-03-31"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-01-15", -1, "2025-12-15"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-10-15", 0, "2026-10-15"),
        ("2026-10-15", 12, "2027-10-15"),
        ("2026-08-31", 1, "2026-09-30"),
    ],
)
def test_add_months_clamps_to_the_month_end(day, n, expected):
    assert periods.add_months(date.fromisoformat(day), n) == date.fromisoformat(expected)


_instants = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9990, 1, 1), timezones=st.just(UTC))
_days = st.dates(min_value=date(1971, 1, 1), max_value=date(2200, 1, 1))


@given(_instants)
def test_every_instant_lies_in_exactly_one_month(moment):
    month = Month.of(moment)
    assert month.start_at <= moment < month.end_at
    assert month.end_at == month.next().start_at
    assert month.previous().end_at == month.start_at
    assert Month.parse(str(month)) == month


@given(_days, st.integers(0, 1000))
def test_the_months_of_an_interval_hold_all_of_its_days(first, length):
    end = first + timedelta(days=length)
    total, month = 0, Month.of_date(first)
    while month.first_date < end:
        total += periods.active_days(month, active_from=first, active_until=end)
        month = month.next()
    assert total == length


@given(_days, st.integers(-12, 240))
def test_add_months_lands_in_the_right_month(day, n):
    moved = periods.add_months(day, n)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == n
    assert moved.day == min(day.day, Month.of_date(moved).days)


def test_a_period_of_days_ends_at_midnight_after_its_last_day():
    assert periods.end_of_day(date(2026, 11, 9)) == datetime(2026, 11, 9, 16, tzinfo=UTC)  # 24:00 in Shanghai
    assert periods.civil_date(periods.end_of_day(date(2026, 12, 31))) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("day", "n", "expected"),
    [
        (date(2026, 11, 2), 0, date(2026, 11, 2)),  # a Monday
        (date(2026, 11, 2), 1, date(2026, 11, 3)),
        (date(2026, 11, 2), 5, date(2026, 11, 9)),
        (date(2026, 11, 6), 1, date(2026, 11, 9)),  # Friday, Saturday and Sunday are followed by Monday
        (date(2026, 11, 7), 1, date(2026, 11, 9)),
        (date(2026, 11, 8), 1, date(2026, 11, 9)),
        (date(2026, 11, 8), 0, date(2026, 11, 8)),
    ],
)
def test_weekdays_leave_out_saturday_and_sunday(day, n, expected):
    assert periods.add_weekdays(day, n) == expected


@given(_days, st.integers(0, 60))
def test_as_many_weekdays_lie_between_as_were_added(day, n):
    end = periods.add_weekdays(day, n)
    between = [day + timedelta(days=offset) for offset in range(1, (end - day).days + 1)]
    assert sum(one.weekday() < 5 for one in between) == n
