"""Reads: settlements with their lines and entries, a month's figures, the last twelve months."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from billing.ledger.models import Entry
from billing.payments.models import LineCollection
from billing.rules import periods
from billing.settlement.models import Settlement, SettlementLine, SettlementPart
from marketplace.organisations import actors, errors

PAGE_ROWS = 50
STATUSES = Settlement.Status.choices
Status = Settlement.Status


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over settlements of one currency, in minor units."""

    currency: str
    count: int = 0
    providers: int = 0
    orders: int = 0
    gross_minor: int = 0
    commission_minor: int = 0
    commission_vat_minor: int = 0
    net_minor: int = 0
    unpaid_minor: int = 0
    unpaid_count: int = 0
    previous_gross_minor: int = 0

    @property
    def fee_minor(self) -> int:
        return self.commission_minor + self.commission_vat_minor


@dataclass(frozen=True, slots=True)
class SettlementList:
    """A page of settlements (each with provider and parts) and the sums over all that match, one per currency."""

    page: Page[Settlement]
    totals: list[Totals]

    @property
    def rows(self) -> list[Settlement]:
        return list(self.page.object_list)


@dataclass(frozen=True, slots=True)
class MonthSummary:
    """A month's settlements: sums per currency, counts by state, and when the steps were taken."""

    month: periods.Month
    totals: list[Totals] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    drafted_at: datetime | None = None
    approved_at: datetime | None = None
    paid_at: datetime | None = None
    due_date: date | None = None

    @property
    def count(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """What was settled in a month by service type, in minor units."""

    month: periods.Month
    by_service_model: dict[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """What waits for finance, in minor units of one currency."""

    currency: str
    drafts: int
    drafts_minor: int
    to_pay: int
    to_pay_minor: int
    overdue: int
    unsettled_minor: int


def list_settlements(
    *,
    provider_organisation_id: int | None = None,
    month: periods.Month | None = None,
    status: str = "",
    page: int | str = 1,
) -> SettlementList:
    """One page of settlements, of one provider's organisation if named, newest month first."""
    rows = _visible(provider_organisation_id, month).select_related("provider").prefetch_related("parts")
    if status:
        rows = rows.filter(status=status)
    return SettlementList(
        page=Paginator(rows.order_by("-period_start_date", "number"), PAGE_ROWS).get_page(page),
        totals=sum_settlements(provider_organisation_id=provider_organisation_id, month=month, status=status),
    )


def sum_settlements(
    *, provider_organisation_id: int | None = None, month: periods.Month | None = None, status: str = ""
) -> list[Totals]:
    """The sums, one per currency, over all that `list_settlements` pages through."""
    rows = _visible(provider_organisation_id, month)
    if status:
        rows = rows.filter(status=status)
    return [Totals(**row) for row in _sum_by_currency(rows)]


def get_settlement(*, number: str, organisation_id: int | None, side: str) -> Settlement:
    """A settlement as its provider or the platform sees it. Raises NotFound for everybody else."""
    rows = Settlement.objects.select_related(
        "provider__organisation", "agreement", "approved_by", "payout__recorded_by"
    )
    if side == actors.PROVIDER and organisation_id is not None:
        rows = rows.filter(provider__organisation_id=organisation_id)
    elif side != actors.PLATFORM:
        rows = rows.none()
    settlement = rows.prefetch_related("parts").filter(number=number).first()
    if settlement is None:
        raise errors.NotFound(number)
    return settlement


def list_lines(*, settlement_id: int, page: int | str = 1) -> Page[SettlementLine]:
    """One page of a settlement's lines, each with collection, invoice line, invoice and contract."""
    return Paginator(_lines().filter(settlement_id=settlement_id).order_by("id"), PAGE_ROWS).get_page(page)


def list_entries(*, number: str) -> list[Entry]:
    """What the settlement and its payout posted to the ledger, with postings and accounts."""
    return list(
        Entry.objects.filter(business_key__in=[f"settlement:{number}", f"payout:{number}"])
        .prefetch_related("postings__account__organisation")
        .order_by("id")
    )


def list_months(*, provider_organisation_id: int | None = None) -> list[periods.Month]:
    """The months that have settlements, newest first."""
    days = (
        _visible(provider_organisation_id, None)
        .order_by("-period_start_date")
        .values_list("period_start_date", flat=True)
        .distinct()
    )
    return [periods.Month.of_date(day) for day in days]


def month_summary(*, month: periods.Month, provider_organisation_id: int | None = None) -> MonthSummary:
    """The figures of one month, with last month's gross beside them. Three queries."""
    rows = _visible(provider_organisation_id, month)
    before = dict(
        _visible(provider_organisation_id, month.previous())
        .order_by()
        .values_list("currency")
        .annotate(gross=Sum("gross_minor"))
    )
    totals = [Totals(**row, previous_gross_minor=before.get(row["currency"], 0)) for row in _sum_by_currency(rows)]
    facts = rows.aggregate(
        **{status: Count("id", filter=Q(status=status)) for status in Status.values},
        drafted_at=Min("drafted_at"),
        approved_at=Max("approved_at"),
        paid_at=Max("paid_at"),
        due_date=Min("due_date"),
    )
    counts = {status: facts.pop(status) for status in Status.values}
    return MonthSummary(month=month, totals=totals, counts=counts, **facts)


def monthly_totals(
    *, until: periods.Month, last: int = 12, currency: str = "CNY", provider_organisation_id: int | None = None
) -> list[MonthTotal]:
    """Gross by service type for the `last` months that end with `until`, oldest first. One query."""
    months = [until]
    while len(months) < last:
        months.insert(0, months[0].previous())
    parts = SettlementPart.objects.filter(
        settlement__currency=currency,
        settlement__period_start_date__gte=months[0].first_date,
        settlement__period_start_date__lte=until.first_date,
    )
    if provider_organisation_id is not None:
        parts = parts.filter(settlement__provider__organisation_id=provider_organisation_id)
    sums: dict[date, dict[str, int]] = {}
    for day, service_model, total in (
        parts.order_by()
        .values_list("settlement__period_start_date", "service_model")
        .annotate(total=Sum("gross_minor"))
    ):
        sums.setdefault(day, {})[service_model] = int(total)
    return [MonthTotal(month, sums.get(month.first_date, {})) for month in months]


def overview(*, today: date, currency: str = "CNY") -> Overview:
    """What waits for approval or payment, and what is collected but not settled."""
    drafts, approved = Q(status=Status.DRAFT), Q(status=Status.APPROVED)
    facts = Settlement.objects.filter(currency=currency).aggregate(
        drafts=Count("id", filter=drafts),
        drafts_minor=Sum("net_minor", filter=drafts, default=0),
        to_pay=Count("id", filter=approved),
        to_pay_minor=Sum("net_minor", filter=approved, default=0),
        overdue=Count("id", filter=(drafts | approved) & Q(due_date__lt=today)),
    )
    # Every line is a collection, settled once: the difference of two sums needs no join of large tables.
    collected = LineCollection.objects.filter(line__invoice__currency=currency).aggregate(
        total=Sum("amount_minor", default=0)
    )["total"]
    settled = Settlement.objects.filter(currency=currency).aggregate(total=Sum("gross_minor", default=0))["total"]
    return Overview(currency=currency, unsettled_minor=int(collected - settled), **facts)


def stream_settlements(
    *, month: periods.Month, provider_organisation_id: int | None = None, chunk_rows: int = 1_000
) -> Iterator[Settlement]:
    """A month's settlements for a file, read by a server-side cursor."""
    rows = _visible(provider_organisation_id, month).select_related("provider__organisation", "payout")
    yield from rows.order_by("number").iterator(chunk_size=chunk_rows)


def sum_lines(*, month: periods.Month, number: str = "", provider_organisation_id: int | None = None) -> list[Totals]:
    """How many lines `stream_lines` gives and their gross, per currency."""
    sums = (
        _lines_of(month, number, provider_organisation_id)
        .order_by()
        .values_list("settlement__currency")
        .annotate(count=Count("id"), gross=Sum("gross_minor"))
        .order_by("settlement__currency")
    )
    return [Totals(currency=currency, count=count, gross_minor=int(gross)) for currency, count, gross in sums]


def stream_lines(
    *, month: periods.Month, number: str = "", provider_organisation_id: int | None = None, chunk_rows: int = 1_000
) -> Iterator[SettlementLine]:
    """The lines of one settlement, or of all of the month, for a file, read by a server-side cursor."""
    rows = _lines_of(month, number, provider_organisation_id).select_related("settlement__provider__organisation")
    yield from rows.order_by("settlement__number", "id").iterator(chunk_size=chunk_rows)


def _lines_of(month: periods.Month, number: str, provider_organisation_id: int | None) -> QuerySet[SettlementLine]:
    rows = _lines().filter(settlement__period_start_date=month.first_date)
    if number:
        rows = rows.filter(settlement__number=number)
    if provider_organisation_id is not None:
        rows = rows.filter(settlement__provider__organisation_id=provider_organisation_id)
    return rows


def _lines() -> QuerySet[SettlementLine]:
    return SettlementLine.objects.select_related("collection__line__invoice", "collection__line__contract")


def _visible(provider_organisation_id: int | None, month: periods.Month | None) -> QuerySet[Settlement]:
    rows = Settlement.objects.all()
    if provider_organisation_id is not None:
        rows = rows.filter(provider__organisation_id=provider_organisation_id)
    if month is not None:
        rows = rows.filter(period_start_date=month.first_date)
    return rows


def _sum_by_currency(rows: QuerySet[Settlement]) -> list[dict[str, Any]]:
    unpaid = ~Q(status=Status.PAID)
    sums = (
        rows.order_by()
        .values("currency")
        .annotate(
            count=Count("id"),
            providers=Count("provider", distinct=True),
            orders=Sum("orders_count"),
            gross=Sum("gross_minor"),
            commission=Sum("commission_minor"),
            commission_vat=Sum("commission_vat_minor"),
            net=Sum("net_minor"),
            unpaid_minor=Sum("net_minor", filter=unpaid, default=0),
            unpaid_count=Count("id", filter=unpaid),
        )
        .order_by("currency")
    )
    # An annotation may not bear a column's name, so the sums are renamed here.
    renamed = {"gross": "gross_minor", "commission": "commission_minor", "net": "net_minor"}
    renamed["commission_vat"] = "commission_vat_minor"
    return [{renamed.get(key, key): value for key, value in row.items()} for row in sums]
