"""Writes: charges, worked out from what was agreed and what was used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from django.db import transaction

from billing.contracts.models import Contract
from billing.metering import queries as metering
from billing.rating import queries
from billing.rating.models import Charge, RatedPeriod
from billing.rules import decimals, periods, pricing
from listings.prices import pricing as price_books

STORED_STEP: Final = Decimal(1).scaleb(-18)
_STORE: Final = Context(prec=80, rounding=ROUND_HALF_EVEN)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Due:
    """What one component comes to for one month, whatever was charged before."""

    quantity: Decimal
    amount: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The measured quantities of one contract and month, and the last roll-up that touched them."""

    quantities: dict[str, Decimal]
    batch: int


@transaction.atomic
def rate_pending(*, now: datetime, limit: int) -> int:
    """Rate the closed months of up to `limit` contracts. Returns the number of contract months rated.

    A month is rated once; again, as a further revision with the difference, when late usage has come in. The
    contracts are locked, so two workers never rate the same one, and `charge_unique` keeps what a lock might
    not. The number of queries does not depend on the number of contracts.
    """
    contract_ids = queries.claim_contracts(now=now, limit=limit)
    if not contract_ids:
        return 0
    # Asked again now that they are locked: another worker may have rated some of them in the meantime.
    months = queries.waiting_months(contract_ids=contract_ids, now=now)
    if months:
        _rate(months, now)
    return len(months)


def _rate(months: Sequence[queries.WaitingMonth], now: datetime) -> None:
    ids = sorted({month.contract_id for month in months})
    first = min(month.first_date for month in months)
    end = periods.Month.of_date(max(month.first_date for month in months)).end_date
    contracts = {
        contract.pk: contract
        for contract in Contract.objects.filter(pk__in=ids).select_related("plan").prefetch_related("plan__components")
    }
    usage = _usage_by_month(ids, first, end)
    so_far = queries.rated_so_far(contract_ids=ids, first=first, end=end)
    charges: list[Charge] = []
    periods_rated: list[RatedPeriod] = []
    for month in months:
        used = usage.get((month.contract_id, month.first_date), Usage({}, 0))
        charges += _charges(contracts[month.contract_id], month.first_date, used, so_far, now)
        periods_rated.append(
            RatedPeriod(
                contract_id=month.contract_id,
                period_start_date=month.first_date,
                usage_batch=used.batch,
                rated_at=now,
            )
        )
    Charge.objects.bulk_create(charges)
    RatedPeriod.objects.bulk_create(
        periods_rated,
        update_conflicts=True,
        unique_fields=["contract", "period_start_date"],
        update_fields=["usage_batch", "rated_at"],
    )


def _usage_by_month(ids: Sequence[int], first: date, end: date) -> dict[tuple[int, date], Usage]:
    found: dict[tuple[int, date], Usage] = {}
    for row in metering.usage_by_month(contract_ids=ids, first=first, end=end):
        key = (row.contract_id, row.month)
        before = found.get(key, Usage({}, 0))
        found[key] = Usage({**before.quantities, row.meter: row.quantity}, max(before.batch, row.last_batch))
    return found


def _charges(
    contract: Contract,
    first_date: date,
    used: Usage,
    so_far: dict[tuple[int, date, int], queries.Rated],
    now: datetime,
) -> Iterator[Charge]:
    """The charges that bring a contract's month to what it is due; none where nothing has changed."""
    for row, component in price_books.components_of(plan=contract.plan):
        due = _due(contract, component, periods.Month.of_date(first_date), used.quantities)
        before = so_far.get((contract.pk, first_date, row.pk))
        quantity = due.quantity - (before.quantity if before else _ZERO)
        amount = due.amount - (before.amount if before else _ZERO)
        if not quantity and not amount:
            continue
        yield Charge(
            contract=contract,
            component=row,
            period_start_date=first_date,
            revision=before.revision + 1 if before else 0,
            quantity=quantity,
            amount=amount,
            vat_rate=row.vat_rate,
            explanation=_explain(component, due, before),
            rated_at=now,
        )


def _due(contract: Contract, component: pricing.Component, month: periods.Month, quantities: dict[str, Decimal]) -> Due:
    if contract.start_date is None:
        raise ValueError(f"Contract {contract.number} was never delivered, so it cannot be rated.")
    nothing = Due(_ZERO, _ZERO, "")
    if component.kind == pricing.METERED:
        quantity = quantities.get(component.meter or "", _ZERO)
        return _store(pricing.rate_metered(component, quantity=quantity)) if quantity else nothing
    quantity = Decimal(contract.quantity)
    if component.kind == pricing.ONE_TIME:
        is_first = periods.Month.of_date(contract.start_date) == month
        return _store(pricing.rate_one_time(component, quantity=quantity)) if is_first else nothing
    if not periods.active_days(month, active_from=contract.start_date, active_until=contract.end_date):
        return nothing
    return _store(
        pricing.rate_recurring(
            component,
            quantity=quantity,
            month=month,
            active_from=contract.start_date,
            active_until=contract.end_date,
            term_discount=contract.term_discount,
        )
    )


def _store(rated: pricing.Rated) -> Due:
    """The amount at the 18 decimals of the column, half to even: products are exact, only a quotient is cut."""
    return Due(rated.quantity, _STORE.quantize(rated.amount, STORED_STEP), rated.formula)


def _explain(component: pricing.Component, due: Due, before: queries.Rated | None) -> dict[str, Any]:
    """What a person with a calculator needs: the formula, its inputs, and what was charged before."""
    explanation: dict[str, Any] = {
        "formula": f"{due.formula} = {decimals.format_plain(due.amount)}" if due.formula else "0",
        "kind": component.kind,
        "unit": component.unit,
        "unit_price": decimals.format_plain(component.unit_price),
        "quantity": decimals.format_plain(due.quantity),
        "amount": decimals.format_plain(due.amount),
    }
    if before is not None:
        explanation["charged_before"] = {
            "quantity": decimals.format_plain(before.quantity),
            "amount": decimals.format_plain(before.amount),
        }
    return explanation
