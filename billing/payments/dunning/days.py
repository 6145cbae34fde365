"""Working days: weekdays, but for holidays, and weekends that are worked to make up for them."""

from collections.abc import Mapping
from datetime import date, timedelta

SATURDAY = 5
MOST_DAYS = 60


def is_workday(day: date, *, exceptions: Mapping[date, bool]) -> bool:
    """`exceptions` says of a day whether it is worked, whatever its weekday."""
    return exceptions.get(day, day.weekday() < SATURDAY)


def effective_due_date(due_date: date, *, exceptions: Mapping[date, bool]) -> date:
    """The next working day if a due date is none: banks do not book on holidays."""
    day = due_date
    for _ in range(MOST_DAYS):
        if is_workday(day, exceptions=exceptions):
            return day
        day += timedelta(days=1)
    return day


def days_overdue(due_date: date, *, today: date, exceptions: Mapping[date, bool]) -> int:
    """Calendar days since the effective due date; 0 on it and before it."""
    return max(0, (today - effective_due_date(due_date, exceptions=exceptions)).days)
