"""Reads: charges, and which months of which contracts wait to be rated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Sum

from billing.contracts.models import Contract
from billing.rating.models import Charge, RatedPeriod
from billing.rules import periods

# The months of each contract: those in which it ran, and those in which it has usage all the same (a contract
# that was ended early on the first day of a month). A month waits if it was never rated, or if a roll-up has
# touched its usage since.
_WAITING = """
    SELECT month.contract_id, month.first_date, rated.id AS rated_id
      FROM (
            SELECT run.id AS contract_id, first_at::date AS first_date
              FROM contracts_contract run
             CROSS JOIN LATERAL generate_series(
                   date_trunc('month', run.start_date::timestamp),
                   LEAST(run.end_date - 1, %(closed_before)s::date - 1)::timestamp, interval '1 month') AS first_at
             WHERE run.status IN ('active', 'suspended', 'ended')
               AND (run.end_date IS NULL OR run.start_date < run.end_date) {of_contracts_run}
            UNION
            SELECT day.contract_id, date_trunc('month', day.day)::date
              FROM metering_usageday day
             WHERE day.day < %(closed_before)s {of_contracts_day}
           ) month
      LEFT JOIN rating_ratedperiod rated
             ON rated.contract_id = month.contract_id AND rated.period_start_date = month.first_date
     WHERE rated.id IS NULL OR EXISTS (
            SELECT FROM metering_usageday late
             WHERE late.contract_id = month.contract_id AND late.batch > rated.usage_batch
               AND late.day >= month.first_date AND late.day < month.first_date + interval '1 month')
"""


@dataclass(frozen=True, slots=True)
class WaitingMonth:
    """A closed month of a contract that is to be rated, for the first time or again."""

    contract_id: int
    first_date: date
    is_again: bool


def closed_before(*, now: datetime) -> date:
    """The first day that is not yet in a closed month.

    A month is closed `BILLING_GRACE_HOURS` after it has ended in Shanghai; until then late usage is awaited.
    """
    return periods.Month.of(now - timedelta(hours=settings.BILLING_GRACE_HOURS)).first_date


def claim_contracts(*, now: datetime, limit: int) -> list[int]:
    """Ids of contracts with waiting months, locked until the transaction ends; skips those that others hold."""
    waiting = _WAITING.format(of_contracts_run="", of_contracts_day="")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.id FROM contracts_contract contract
             WHERE contract.id IN (SELECT contract_id FROM ({waiting}) waiting)
             ORDER BY contract.id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            """,  # noqa: S608  (two constants)
            {"closed_before": closed_before(now=now), "limit": limit},
        )
        return [contract_id for (contract_id,) in cursor.fetchall()]


def waiting_months(*, contract_ids: Sequence[int], now: datetime) -> list[WaitingMonth]:
    """The waiting months of these contracts, by contract and month."""
    waiting = _WAITING.format(
        of_contracts_run="AND run.id = ANY(%(ids)s)", of_contracts_day="AND day.contract_id = ANY(%(ids)s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"{waiting} ORDER BY 1, 2",
            {"closed_before": closed_before(now=now), "ids": list(contract_ids)},
        )
        return [WaitingMonth(row[0], row[1], row[2] is not None) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of one row of a component's charges of a month, over its revisions."""

    quantity: Decimal
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Rated:
    """What a component was charged for a month, row by row, and its last revision."""

    rows: dict[str, Row]
    revision: int


def rated_so_far(*, contract_ids: Sequence[int], first: date, end: date) -> dict[tuple[int, date, int], Rated]:
    """(contract, month, component) → what is charged already for months within [first, end), in one query."""
    found: dict[tuple[int, date, int], Rated] = {}
    rows = (
        Charge.objects.filter(
            kind=Charge.Kind.PRICE,
            contract_id__in=contract_ids,
            period_start_date__gte=first,
            period_start_date__lt=end,
        )
        .order_by()
        .values("contract_id", "period_start_date", "component_id", "row")
        .annotate(total=Sum("amount"), measured=Sum("quantity"), each=Max("unit_price"), last=Max("revision"))
    )
    for row in rows:
        key = (row["contract_id"], row["period_start_date"], row["component_id"])
        before = found.get(key, Rated({}, 0))
        one = Row(row["measured"], row["each"], row["total"])
        found[key] = Rated({**before.rows, row["row"]: one}, max(before.revision, row["last"]))
    return found


def list_charges(*, contract_id: int, month: periods.Month) -> list[Charge]:
    """The charges of a contract for a month, with their components: their rows, and their revisions after them."""
    return list(
        Charge.objects.filter(contract_id=contract_id, period_start_date=month.first_date)
        .select_related("component")
        .order_by("component__position", "component_id", "revision", "position")
    )


def month_totals(*, contract_ids: Sequence[int], month: periods.Month) -> dict[int, Decimal]:
    """contract → the unrounded sum of its charges for a month."""
    rows = Charge.objects.filter(contract_id__in=contract_ids, period_start_date=month.first_date).order_by()
    return dict(rows.values_list("contract_id").annotate(Sum("amount")))


def parties_not_rated(*, month: periods.Month) -> set[tuple[int, int]]:
    """(buyer organisation, provider partner) of contracts that ran in `month` and are not rated for it yet."""
    rated = RatedPeriod.objects.filter(contract=OuterRef("pk"), period_start_date=month.first_date)
    contracts = Contract.objects.filter(
        ~Exists(rated),
        status__in=[Contract.Status.ACTIVE, Contract.Status.SUSPENDED, Contract.Status.ENDED],
        start_date__lt=month.end_date,
        end_date__gt=month.first_date,
    ).filter(end_date__gt=F("start_date"))
    return set(contracts.order_by().values_list("buyer_id", "provider_id").distinct())


def count_rated(*, month: periods.Month) -> int:
    """How many contracts are rated for a month."""
    return RatedPeriod.objects.filter(period_start_date=month.first_date).aggregate(n=Count("pk"))["n"]
