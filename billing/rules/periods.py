"""Civil months and days of Asia/Shanghai, as half-open intervals.

A month begins at 00:00 in Shanghai on its first day and ends where the next one
begins; an instant on the boundary belongs to the later month. Instants are aware
datetimes, kept in UTC; days are dates in Shanghai. Years 1970 to 9998.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998

_MONTH_TEXT: Final = re.compile(r"([0-9]{4})-([0-9]{2})")


class InvalidMonth(ValueError):
    """Not a month of the calendar, or out of the years that are kept."""


class NaiveDatetime(ValueError):
    """An instant came without a time zone, so its day in Shanghai is unknown."""


class InvalidInterval(ValueError):
    """An interval ends before it begins."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One civil month in Shanghai; months compare in the order of the calendar."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if type(self.year) is not int or type(self.month) is not int:
            raise TypeError("year and month must be ints.")
        if not (FIRST_YEAR <= self.year <= LAST_YEAR and 1 <= self.month <= 12):
            raise InvalidMonth(f"{self.year}-{self.month} is not a month from {FIRST_YEAR}-01 to {LAST_YEAR}-12.")

    @classmethod
    def of(cls, moment: datetime) -> Month:
        """The month that holds the aware instant `moment`."""
        return cls.of_date(civil_date(moment))

    @classmethod
    def of_date(cls, day: date) -> Month:
        """The month that holds the civil day `day`; a datetime is refused (use `of`)."""
        _require_date(day, name="day")
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `2026-10`; raises InvalidMonth for anything else."""
        match = _MONTH_TEXT.fullmatch(text)
        if match is None:
            raise InvalidMonth(f"{text!r} is not a month; write it like 2026-10.")
        return cls(int(match[1]), int(match[2]))

    @property
    def first_date(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end_date(self) -> date:
        """The first day that is no longer in the month."""
        return date(self.year + self.month // 12, self.month % 12 + 1, 1)

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def start_at(self) -> datetime:
        """00:00 in Shanghai on the first day, in UTC; the first instant of the month."""
        return midnight(self.first_date)

    @property
    def end_at(self) -> datetime:
        """00:00 in Shanghai after the last day, in UTC; the first instant after the month."""
        return midnight(self.end_date)

    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> Month:
        return Month(self.year, self.month - 1) if self.month > 1 else Month(self.year - 1, 12)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def civil_date(moment: datetime) -> date:
    """The day in Shanghai of the aware instant `moment`. Raises NaiveDatetime."""
    if not isinstance(moment, datetime):
        raise TypeError(f"moment must be a datetime, not {type(moment).__name__}.")
    if moment.utcoffset() is None:
        raise NaiveDatetime(f"{moment.isoformat()} has no time zone; give one, such as +08:00.")
    try:
        return moment.astimezone(SHANGHAI).date()
    except OverflowError:
        raise InvalidMonth(f"{moment.isoformat()} has no civil day in Shanghai.") from None


def active_days(month: Month, *, active_from: date, active_until: date | None) -> int:
    """Days of `month` within [active_from, active_until); no end means still active."""
    _require_date(active_from, name="active_from")
    if active_until is not None:
        _require_date(active_until, name="active_until")
        if active_until < active_from:
            raise InvalidInterval(f"active_until {active_until} lies before active_from {active_from}.")
    first = max(active_from, month.first_date)
    end = month.end_date if active_until is None else min(active_until, month.end_date)
    return max(0, (end - first).days)


def add_months(day: date, n: int) -> date:
    """The same day `n` months on (or back); a day the month lacks becomes its last day.

    Always count from the original anchor: 31 January plus 2 is 31 March, though
    plus 1 is 28 February.
    """
    _require_date(day, name="day")
    year, month0 = divmod(day.year * 12 + day.month - 1 + n, 12)
    month = Month(year, month0 + 1)
    return date(month.year, month.month, min(day.day, month.days))


def end_of_day(day: date) -> datetime:
    """24:00 in Shanghai on `day`, in UTC: when a period that is counted in days is over.

    Civil Code of the PRC, arts. 201 and 203: the day on which a period begins is not counted, and it ends at 24:00
    of its last day.
    """
    _require_date(day, name="day")
    return midnight(day + timedelta(days=1))


def add_weekdays(day: date, n: int) -> date:
    """The n-th day from Monday to Friday after `day`; `day` itself for 0. Public holidays are not known here."""
    _require_date(day, name="day")
    for _ in range(n):
        # Friday, Saturday and Sunday are all followed by Monday
        day += timedelta(days=max(1, 7 - day.weekday()) if day.weekday() >= 4 else 1)
    return day


def midnight(day: date) -> datetime:
    """00:00 in Shanghai at the beginning of `day`, in UTC."""
    return datetime.combine(day, time(), tzinfo=SHANGHAI).astimezone(UTC)


def _require_date(day: date, *, name: str) -> None:
    # A datetime is a date in Python, but its day depends on a time zone.
    if isinstance(day, datetime) or not isinstance(day, date):
        raise TypeError(f"{name} must be a date, not {type(day).__name__}.")
