"""Until when each party has to act. All periods end at 24:00 in Shanghai of their last day."""

from datetime import date, datetime
from typing import Final

from django.db.models import Q

from billing.rules import periods
from providers.fulfilment.models import Delivery

# The offering is a binding offer and its capacity is held, so a provider that means it needs no longer than a day.
ACCEPT_DAYS: Final = 1

# Civil Code of the PRC, art. 621: where the parties agreed on an inspection period, a buyer who stays silent in it
# is taken to have found number and quality in order. The terms of the marketplace agree on seven days: what is
# delivered runs in a data centre and can be looked at the same day, and a week holds five working days of an agency.
INSPECTION_DAYS: Final = 7

Status = Delivery.Status


def accept_due_at(*, now: datetime) -> datetime:
    """The provider says yes or no by the end of the next day."""
    return _after(now, ACCEPT_DAYS)


def deliver_due_at(*, now: datetime, lead_time_days: int) -> datetime:
    """Offerings promise working days; Saturdays and Sundays are left out, public holidays are not known."""
    return periods.end_of_day(periods.add_weekdays(periods.civil_date(now), lead_time_days))


def inspect_due_at(*, now: datetime) -> datetime:
    """The buyer accepts or rejects by then, or is taken to have accepted."""
    return _after(now, INSPECTION_DAYS)


def due_at(*, delivery: Delivery) -> datetime | None:
    """The deadline that runs now; None if nobody has to act."""
    if delivery.status == Status.WAITING:
        return delivery.accept_due_at
    if delivery.status in (Status.ACCEPTED, Status.PROVISIONING):
        return delivery.deliver_due_at
    return delivery.inspect_due_at if delivery.status == Status.DELIVERED else None


def last_day(due_at: datetime) -> date:
    """The last day of a period that ends at `due_at`, which is the midnight after it."""
    return date.fromordinal(periods.civil_date(due_at).toordinal() - 1)


def overdue(*, now: datetime) -> Q:
    """Deliveries whose provider has let a deadline pass."""
    return Q(status=Status.WAITING, accept_due_at__lte=now) | Q(
        status__in=[Status.ACCEPTED, Status.PROVISIONING], deliver_due_at__lte=now
    )


def _after(now: datetime, days: int) -> datetime:
    return periods.end_of_day(date.fromordinal(periods.civil_date(now).toordinal() + days))
