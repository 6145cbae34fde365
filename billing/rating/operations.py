"""Writes: charges, worked out from what was agreed and what was used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from django.db import transaction

from billing.contracts.models import Contract
from billing.metering import queries as metering
from billing.rating import queries
from billing.rating.models import Charge, RatedPeriod
from billing.rules import decimals, periods, pricing, tiers
from billing.rules.tiers import Line
from listings.prices import pricing as price_books

STORED_STEP: Final = Decimal(1).scaleb(-18)
_STORE: Final = Context(prec=80, rounding=ROUND_HALF_EVEN)
_ZERO: Final = Decimal(0)
LIMITS: Final = (tiers.MINIMUM, tiers.MAXIMUM, tiers.EXIT_FEE)


@dataclass(frozen=True, slots=True)
class Usage:
    """The quantities of one contract and month by (meter, aggregation), and the last roll-up that touched them."""

    quantities: dict[tuple[str, str], Decimal]
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
        quantities = {**before.quantities, (row.meter, row.aggregation): row.quantity}
        found[key] = Usage(quantities, max(before.batch, row.last_batch))
    return found


def _charges(
    contract: Contract,
    first_date: date,
    used: Usage,
    so_far: dict[tuple[int, date, int], queries.Rated],
    now: datetime,
) -> Iterator[Charge]:
    """The charges that bring a contract's month to what it is due; none where nothing has changed.

    The rows of one correction share its revision; a row that is due no longer is taken back.
    """
    month = periods.Month.of_date(first_date)
    for place, (price_row, component) in enumerate(price_books.components_of(plan=contract.plan)):
        due = _due(contract, component, month, used.quantities)
        if not place and _is_left_in(contract, month):
            due = [*due, tiers.exit_line(fee=contract.exit_fee or _ZERO)]
        before = so_far.get((contract.pk, first_date, price_row.pk))
        rows_before = before.rows if before else {}
        keys = [line.key for line in due]
        gone = [
            tiers.empty_line(component, key=key, unit_price=one.unit_price)
            for key, one in rows_before.items()
            if key not in keys
        ]
        for position, line in enumerate([*due, *gone]):
            charged = rows_before.get(line.key)
            quantity, unit_price, amount = _difference(line, charged)
            if not quantity and not amount:
                continue
            yield Charge(
                contract=contract,
                component=price_row,
                period_start_date=first_date,
                row=line.key,
                position=position,
                revision=before.revision + 1 if before else 0,
                quantity=quantity,
                unit_price=unit_price,
                amount=amount,
                vat_rate=price_row.vat_rate,
                explanation=_explain(component, line, charged),
                rated_at=now,
            )


def _due(
    contract: Contract, component: pricing.Component, month: periods.Month, quantities: dict[tuple[str, str], Decimal]
) -> list[Line]:
    """The rows that one component comes to for one month, whatever was charged before."""
    if contract.start_date is None:
        raise ValueError(f"Contract {contract.number} was never delivered, so it cannot be rated.")
    days = periods.active_days(month, active_from=contract.start_date, active_until=contract.end_date)
    if component.kind == pricing.METERED:
        quantity = quantities.get((component.meter or "", component.aggregation), _ZERO)
        if not quantity and not days:
            return []
        return _store(pricing.rate_metered(component, quantity=quantity, ran=(days, month.days)))
    quantity = Decimal(contract.quantity)
    if component.kind == pricing.ONE_TIME:
        # What follows another contract was set up with it.
        is_first = periods.Month.of_date(contract.start_date) == month and contract.predecessor_id is None
        return _store(pricing.rate_one_time(component, quantity=quantity)) if is_first else []
    if not days:
        return []
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


def _is_left_in(contract: Contract, month: periods.Month) -> bool:
    """Whether the contract's last day lies in this month and leaving costs something. Taxed as its first component."""
    if not contract.exit_fee or contract.end_date is None:
        return False
    return periods.Month.of_date(contract.end_date - timedelta(days=1)) == month


def _store(rated: pricing.Rated) -> list[Line]:
    """The rows at the 18 decimals of the column, half to even: products are exact, only a quotient is cut.

    The last row takes what the others lose, so that they add up to the amount of the component.
    """
    left = _STORE.quantize(rated.amount, STORED_STEP)
    stored = []
    for line in rated.lines[:-1]:
        amount = _STORE.quantize(line.amount, STORED_STEP)
        left = decimals.add(left, -amount)
        stored.append(replace(line, amount=amount))
    return [*stored, replace(rated.lines[-1], amount=left)] if rated.lines else []


def _difference(line: Line, charged: queries.Row | None) -> tuple[Decimal, Decimal, Decimal]:
    """Quantity, unit price and amount that are still to be charged of a row."""
    if charged is None:
        return line.quantity, line.unit_price, line.amount
    amount = decimals.add(line.amount, -charged.amount)
    if line.key in LIMITS:  # an amount, not a price: the difference is one of its own
        return Decimal(1 if amount else 0), amount, amount
    return decimals.add(line.quantity, -charged.quantity), line.unit_price, amount


def _explain(component: pricing.Component, line: Line, charged: queries.Row | None) -> dict[str, Any]:
    """What a person with a calculator needs: the formula, its inputs, and what was charged before."""
    explanation: dict[str, Any] = {
        "formula": f"{line.formula} = {decimals.format_plain(line.amount)}" if line.formula != "0" else "0",
        "kind": component.kind,
        "unit": component.unit,
        "unit_price": decimals.format_plain(line.unit_price),
        "quantity": decimals.format_plain(line.quantity),
        "amount": decimals.format_plain(line.amount),
    }
    if line.tier or line.part != tiers.UNITS:
        explanation |= {
            "model": component.model,
            "part": line.part,
            "tier": line.tier,
            "above": decimals.format_plain(line.above),
            "up_to": None if line.up_to is None else decimals.format_plain(line.up_to),
        }
    if charged is not None:
        explanation["charged_before"] = {
            "quantity": decimals.format_plain(charged.quantity),
            "amount": decimals.format_plain(charged.amount),
        }
    return explanation
