"""Reads: what was used, and how far files of events have come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncMonth

from billing.contracts.models import Contract
from billing.metering.events import REASONS
from billing.metering.models import RollUp, UsageDay, UsageHour, UsageImport
from billing.rules import aggregation, periods
from listings.models import PriceComponent
from marketplace.organisations import errors

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class MonthOfUse:
    """What one contract's events of one meter came to in a month.

    `last_batch` is the roll-up that touched it last, `last_day` the last day with an event.
    """

    contract_id: int
    month: date
    meter: str
    aggregation: str
    quantity: Decimal
    event_count: int
    last_batch: int
    last_day: date | None


# What days come to is defined in docs/usage.md. Σ of an average's days is level × hours, still to be divided.
_BY_MONTH: Final = """
    SELECT contract_id, date_trunc('month', day)::date AS month, meter, aggregation,
           CASE aggregation
                WHEN 'max' THEN max(quantity)
                WHEN 'latest' THEN coalesce((array_agg(quantity ORDER BY day DESC)
                                             FILTER (WHERE aggregation = 'latest' AND event_count > 0))[1], 0)
                ELSE sum(coalesce(month_part, quantity)) END,
           sum(event_count)::bigint, max(batch), max(day) FILTER (WHERE event_count > 0)
      FROM metering_usageday
     WHERE contract_id = ANY(%s) AND day >= %s AND day < %s
     GROUP BY 1, 2, 3, 4
     ORDER BY 1, 2, 3, 4
"""


def usage_by_month(*, contract_ids: Sequence[int], first: date, end: date) -> list[MonthOfUse]:
    """The quantities of whole months within [first, end), by contract, month, meter and aggregation, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_MONTH, [list(contract_ids), first, end])
        rows = [MonthOfUse(*row) for row in cursor.fetchall()]
    return [_averaged(row) if row.aggregation == aggregation.WEIGHTED_AVERAGE else row for row in rows]


def _averaged(row: MonthOfUse) -> MonthOfUse:
    month = periods.Month.of_date(row.month)
    return replace(row, quantity=aggregation.average(row.quantity, start=month.start_at, end=month.end_at))


def usage_by_day(*, contract_id: int, month: periods.Month) -> list[UsageDay]:
    """One contract's days of a month, by day and meter."""
    days = UsageDay.objects.filter(contract_id=contract_id, day__gte=month.first_date, day__lt=month.end_date)
    return list(days.order_by("day", "meter", "aggregation"))


def usage_by_hour(*, contract_id: int, meter: str, first: datetime, end: datetime) -> list[UsageHour]:
    """One contract's hours of a meter within [first, end), in their order; an hour without use has no row."""
    hours = UsageHour.objects.filter(contract_id=contract_id, meter=meter, hour__gte=first, hour__lt=end)
    return list(hours.order_by("hour"))


@dataclass(frozen=True, slots=True)
class ContractUse:
    """A row of a provider's page: what one contract's meter came to in the month, and what for, in its unit."""

    number: str
    offering_title: str
    price: PriceComponent | None
    use: MonthOfUse


def usage_of_provider(*, provider_id: int, month: periods.Month, page: int) -> Page:
    """A page of a provider's contracts with usage in a month, by number and meter, as ContractUse; four queries."""
    keys = (
        UsageDay.objects.filter(contract__provider_id=provider_id, day__gte=month.first_date, day__lt=month.end_date)
        .order_by("contract__number", "meter", "aggregation")
        .values_list("contract_id", "meter", "aggregation", "contract__number")
        .distinct()
    )
    found = Paginator(keys, PAGE_SIZE)
    shown = found.get_page(page)
    ids = sorted({key[0] for key in shown.object_list})
    used = {
        (use.contract_id, use.meter, use.aggregation): use
        for use in usage_by_month(contract_ids=ids, first=month.first_date, end=month.end_date)
    }
    contracts = Contract.objects.filter(pk__in=ids).select_related("plan").prefetch_related("plan__components")
    by_id = {contract.pk: contract for contract in contracts}
    uses = [
        ContractUse(
            by_id[contract_id].number,
            by_id[contract_id].offering_title,
            next((one for one in by_id[contract_id].plan.components.all() if one.meter == meter), None),
            used[contract_id, meter, counted],
        )
        for contract_id, meter, counted, _ in shown.object_list
    ]
    return Page(uses, shown.number, found)


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
    # A held level has days without events; what is asked is when something was reported.
    days = UsageDay.objects.filter(contract=OuterRef("pk"), event_count__gt=0).order_by().values("contract")
    return days.annotate(last=Max("day")).values("last")
