"""Writes: load the dictionary, take the snapshots of ended months."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Min

from billing.contracts.models import Contract
from billing.rules import periods
from marketplace.statistics.indicators import DEFINITIONS
from marketplace.statistics.models import Indicator, Snapshot


@transaction.atomic
def load_indicators() -> int:
    """Bring the dictionary up to date. Returns how many indicators were new; a second run changes nothing."""
    before = Indicator.objects.count()
    Indicator.objects.bulk_create(
        [
            Indicator(code=one.code, name=one.name, name_en=one.name_en, unit=one.unit, definition=one.definition)
            for one in DEFINITIONS
        ],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en", "unit", "definition"],
    )
    return Indicator.objects.count() - before


def take_snapshots(*, now: datetime, limit: int) -> int:
    """Measure what is missing of the ended months, from the first one with an order, oldest first.

    Returns how many snapshots were taken, at most `limit`. A snapshot is taken once; two workers at once leave one.
    """
    months = list(_ended_months(now))
    if not months:
        return 0
    indicators = {one.code: one.pk for one in Indicator.objects.all()}
    if any(one.code not in indicators for one in DEFINITIONS):
        load_indicators()
        indicators = {one.code: one.pk for one in Indicator.objects.all()}
    taken = set(Snapshot.objects.values_list("indicator_id", "period_start_date"))
    missing = [
        (month, one) for month in months for one in DEFINITIONS if (indicators[one.code], month.first_date) not in taken
    ]
    # By the unique constraint a snapshot of another worker stays; ours is then left out.
    Snapshot.objects.bulk_create(
        [
            Snapshot(
                indicator_id=indicators[one.code],
                period_start_date=month.first_date,
                value=one.measure(month),
                taken_at=now,
            )
            for month, one in missing[:limit]
        ],
        ignore_conflicts=True,
    )
    return len(missing[:limit])


def _ended_months(now: datetime) -> Iterator[periods.Month]:
    first = Contract.objects.aggregate(first=Min("placed_at"))["first"]
    if first is None:
        return
    month, present = periods.Month.of(first), periods.Month.of(now)
    while month < present:
        yield month
        month = month.next()
