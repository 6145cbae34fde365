"""Reads: the newest snapshots, and one indicator's course."""

from billing.rules import periods
from marketplace.statistics.models import Indicator, Snapshot


def list_indicators() -> list[Indicator]:
    """The dictionary, by code."""
    return list(Indicator.objects.all())


def list_latest() -> list[Snapshot]:
    """Every indicator's newest snapshot, with its indicator, by code. One query."""
    return list(
        Snapshot.objects.select_related("indicator")
        .order_by("indicator__code", "-period_start_date")
        .distinct("indicator__code")
    )


def list_course(*, code: str, last: int = 12) -> list[tuple[periods.Month, Snapshot]]:
    """One indicator's newest snapshots by month, oldest first."""
    rows = Snapshot.objects.filter(indicator__code=code).order_by("-period_start_date")[:last]
    return [(periods.Month.of_date(row.period_start_date), row) for row in reversed(rows)]
