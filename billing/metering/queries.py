"""Reads: what was used, and how far files of events have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth

from billing.contracts.models import Contract
from billing.metering.events import REASONS
from billing.metering.models import RollUp, UsageDay, UsageImport
from billing.rules import periods
from listings.models import PriceComponent
from marketplace.organisations import errors

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """What one contract used of one meter in one month. `last_batch` is the roll-up that touched it last."""

    contract_id: int
    month: date
    meter: str
    quantity: Decimal
    event_count: int
    last_batch: int


def usage_of_month(*, contract_ids: Sequence[int], month: periods.Month) -> dict[tuple[int, str], tuple[Decimal, int]]:
    """(contract, meter) → (quantity, last roll-up) of one month, in one query; nothing for a meter without usage."""
    found = usage_by_month(contract_ids=contract_ids, first=month.first_date, end=month.end_date)
    return {(row.contract_id, row.meter): (row.quantity, row.last_batch) for row in found}


def usage_by_month(*, contract_ids: Sequence[int], first: date, end: date) -> list[MonthOfUse]:
    """The sums of whole months within [first, end), by contract, month and meter, in one query."""
    rows = (
        UsageDay.objects.filter(contract_id__in=contract_ids, day__gte=first, day__lt=end)
        .values("contract_id", "meter", month=TruncMonth("day"))
        .annotate(total=Sum("quantity"), events=Sum("event_count"), last=Max("batch"))
        .order_by("contract_id", "month", "meter")
    )
    return [
        MonthOfUse(row["contract_id"], row["month"], row["meter"], row["total"], int(row["events"]), row["last"])
        for row in rows
    ]


def usage_by_day(*, contract_id: int, month: periods.Month) -> list[UsageDay]:
    """One contract's days of a month, by day and meter."""
    days = UsageDay.objects.filter(contract_id=contract_id, day__gte=month.first_date, day__lt=month.end_date)
    return list(days.order_by("day", "meter"))


def usage_of_provider(*, provider_id: int, month: periods.Month, page: int) -> Page:
    """A page of rows {number, offering_title, meter, quantity, event_count} of a provider's contracts in a month."""
    rows = (
        UsageDay.objects.filter(contract__provider_id=provider_id, day__gte=month.first_date, day__lt=month.end_date)
        .values("contract__number", "contract__offering_title", "meter")
        .annotate(total=Sum("quantity"), events=Sum("event_count"), last_day=Max("day"))
        .order_by("contract__number", "meter")
    )
    return Paginator(rows, PAGE_SIZE).get_page(page)


def months_of_provider(*, provider_id: int) -> list[periods.Month]:
    """The months in which any of a provider's contracts had usage, latest first."""
    firsts = (
        UsageDay.objects.filter(contract__provider_id=provider_id).values_list(TruncMonth("day"), flat=True).distinct()
    )
    return sorted((periods.Month.of_date(first) for first in firsts), reverse=True)


def last_batch() -> int:
    """The number of the last roll-up that changed a day."""
    row = RollUp.objects.filter(pk=1).first()
    return row.batch if row else 0


def list_imports(*, provider_id: int, page: int) -> Page:
    """A page of a provider's files, newest first, without their errors."""
    files = UsageImport.objects.filter(provider_id=provider_id).defer("errors").order_by("-created_at", "-id")
    return Paginator(files, PAGE_SIZE).get_page(page)


def get_import(*, provider_id: int, number: str) -> UsageImport:
    """One file of a provider. Raises NotFound."""
    upload = UsageImport.objects.filter(provider_id=provider_id, number=number).first()
    if upload is None:
        raise errors.NotFound
    return upload


@dataclass(frozen=True, slots=True)
class RowError:
    """What was wrong with a row of a file, in the reader's language; row 0 is the file as a whole."""

    row: int
    column: str
    code: str
    reason: str


def list_errors(*, upload: UsageImport) -> list[RowError]:
    """The errors kept of a file: at most 1,000, while `rows_rejected` counts all."""
    return [
        RowError(error["row"], error["column"], error["code"], str(REASONS[error["code"]])) for error in upload.errors
    ]


@dataclass(frozen=True, slots=True)
class Gap:
    """A running contract with metered prices of which no usage was reported lately; `last_day` None: never."""

    number: str
    offering_title: str
    last_day: date | None


def gaps_of(*, provider_id: int, now: datetime, limit: int) -> list[Gap]:
    """Contracts of a provider that ran a whole day and more, without usage since 24 hours ago, by day; one query.

    Days are those of the roll-up in Shanghai, so a contract counts as silent once the day of 24 hours ago has none.
    """
    since = periods.civil_date(now - timedelta(hours=24))
    rows = (
        Contract.objects.filter(
            Exists(PriceComponent.objects.filter(plan=OuterRef("plan"), kind="metered")),
            provider_id=provider_id,
            status=Contract.Status.ACTIVE,
            start_date__lte=since,
        )
        .annotate(last_day=Subquery(_last_day_of()))
        .filter(Q(last_day=None) | Q(last_day__lt=since))
        .order_by("last_day", "number")
    )
    return [Gap(*row) for row in rows.values_list("number", "offering_title", "last_day")[:limit]]


def _last_day_of() -> QuerySet[UsageDay, Any]:
    days = UsageDay.objects.filter(contract=OuterRef("pk")).order_by().values("contract")
    return days.annotate(last=Max("day")).values("last")
