"""Months in addresses and selects: `?month=2026-10`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest
from django.utils.formats import date_format

from billing.rules import periods


def choose_month(request: HttpRequest, months: Sequence[periods.Month], *, now: datetime) -> periods.Month:
    """The month of the address, else the newest with settlements, else the one that ended last."""
    try:
        return periods.Month.parse(request.GET.get("month", ""))
    except periods.InvalidMonth:
        return months[0] if months else periods.Month.of(now).previous()


def month_options(months: Iterable[periods.Month]) -> list[tuple[str, str]]:
    """Months for a select, newest first."""
    return [(str(month), month_name(month)) for month in sorted(months, reverse=True)]


def month_name(month: periods.Month) -> str:
    return date_format(month.first_date, "YEAR_MONTH_FORMAT")
