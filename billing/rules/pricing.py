"""What a component of an offering costs for a month, and the committed price of a plan.

Charges carry full precision: products are exact, the division by the days of the
month comes last (see `decimals.divide`). Only `committed_amount` rounds, each component
as it will later be invoiced. `components` says what a price is, `tiers` what each model means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from billing.rules import decimals, money, periods, tax, tiers
from billing.rules.components import (
    KINDS,
    METERED,
    MODELS,
    ONE_TIME,
    RECURRING,
    Component,
    InvalidComponent,
    Tier,
)
from billing.rules.periods import Month
from billing.rules.tiers import Line

__all__ = [
    "KINDS",
    "METERED",
    "MODELS",
    "ONE_TIME",
    "RECURRING",
    "CommittedLine",
    "CommittedQuote",
    "Component",
    "InvalidComponent",
    "InvalidQuantity",
    "InvalidTerm",
    "Line",
    "Rated",
    "Tier",
    "WrongKind",
    "committed_amount",
    "metered_charge",
    "monthly_charge",
    "one_time_charge",
    "rate_metered",
    "rate_one_time",
    "rate_recurring",
    "recurring_charge",
]

WHOLE_MONTH: Final = (1, 1)
_NOTHING: Final = Decimal(0)


class WrongKind(ValueError):
    """A component was priced by the rule of another kind."""


class InvalidQuantity(ValueError):
    """A quantity is negative or not a finite number."""


class InvalidTerm(ValueError):
    """A term is not a whole, non-negative number of months."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A charge with what made it; amount = the sum of `lines`, exactly.

    A line is quantity × unit_price × numerator / denominator; those of minimum and maximum are not discounted.
    `formula` spells the same out, factor by factor, for a person with a calculator.
    """

    quantity: Decimal
    unit_price: Decimal
    factor_numerator: int
    factor_denominator: int
    amount: Decimal
    formula: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class CommittedLine:
    """One committed component: `net_minor` per charge, charged `times` over the term."""

    code: str
    kind: str
    vat_rate: Decimal
    net_minor: int
    times: int
    lines: tuple[Line, ...] = ()

    @property
    def term_net_minor(self) -> int:
        return self.net_minor * self.times


@dataclass(frozen=True, slots=True)
class CommittedQuote:
    """What a plan commits the buyer to, in minor units of `currency`; metered use comes on top.

    term_net = one_time_net + months × monthly_net; gross = term_net + tax.
    """

    currency: str
    months: int
    lines: tuple[CommittedLine, ...]
    one_time_net_minor: int
    monthly_net_minor: int
    term_net_minor: int
    tax_lines: tuple[tax.TaxLine, ...]
    tax_minor: int
    gross_minor: int


def one_time_charge(component: Component, *, quantity: Decimal) -> Decimal:
    """What `quantity` costs once by the component's model, unrounded."""
    return rate_one_time(component, quantity=quantity).amount


def recurring_charge(
    component: Component,
    *,
    quantity: Decimal,
    month: Month,
    active_from: date,
    active_until: date | None,
    term_discount: Decimal,
) -> Decimal:
    """The month's price × (1 − discount), at least the minimum, × active days / days of the month; unrounded."""
    return rate_recurring(
        component,
        quantity=quantity,
        month=month,
        active_from=active_from,
        active_until=active_until,
        term_discount=term_discount,
    ).amount


def monthly_charge(component: Component, *, quantity: Decimal, term_discount: Decimal) -> Decimal:
    """What a recurring component costs for a whole month, unrounded."""
    _require_kind(component, RECURRING)
    return _rate(component, quantity=quantity, discount=tax.require_rate(term_discount, name="term_discount")).amount


def metered_charge(component: Component, *, quantity: Decimal) -> Decimal:
    """What the measured `quantity` of a whole month costs by the component's model, unrounded."""
    return rate_metered(component, quantity=quantity).amount


def rate_one_time(component: Component, *, quantity: Decimal) -> Rated:
    """`one_time_charge` with its explanation."""
    _require_kind(component, ONE_TIME)
    return _rate(component, quantity=quantity)


def rate_metered(component: Component, *, quantity: Decimal, ran: tuple[int, int] = WHOLE_MONTH) -> Rated:
    """`metered_charge` with its explanation. A correction is the difference of two charges.

    `ran` is (days the contract ran, days of the month). A part month shortens the minimum, and nothing else: the
    included quantity, the tiers and the maximum hold for a part month as for a whole one.
    """
    _require_kind(component, METERED)
    return _rate(component, quantity=quantity, minimum_share=ran)


def rate_recurring(
    component: Component,
    *,
    quantity: Decimal,
    month: Month,
    active_from: date,
    active_until: date | None,
    term_discount: Decimal,
) -> Rated:
    """`recurring_charge` with its explanation; `term_discount` is a fraction from 0 to 1."""
    _require_kind(component, RECURRING)
    _require_quantity(quantity)
    discount = tax.require_rate(term_discount, name="term_discount")
    days = periods.active_days(month, active_from=active_from, active_until=active_until)
    return _for_days(_rate(component, quantity=quantity, discount=discount), days=days, month_days=month.days)


def committed_amount(
    components: Sequence[Component],
    *,
    quantity: Decimal,
    months: int,
    term_discount: Decimal,
    currency: str = "CNY",
) -> CommittedQuote:
    """The committed price of `quantity` of a plan over `months` full months.

    Each component is rounded half up where it will be invoiced: a one-time component
    once, a recurring one per month (after the term discount, minimum and maximum). Months multiply the
    rounded line, and VAT is rounded once per rate on the sum of the lines. Metered
    components are left out. `months` is 0 for a plan without a term.
    """
    _require_quantity(quantity)
    if isinstance(months, bool) or not isinstance(months, int) or months < 0:
        raise InvalidTerm(f"months must be a whole number, 0 or more, not {months!r}.")
    discount = tax.require_rate(term_discount, name="term_discount")
    lines = tuple(
        _committed_line(component, quantity=quantity, months=months, discount=discount, currency=currency)
        for component in components
        if component.kind != METERED
    )
    one_time = sum(line.net_minor for line in lines if line.kind == ONE_TIME)
    monthly = sum(line.net_minor for line in lines if line.kind == RECURRING)
    term_net = one_time + months * monthly
    tax_lines = tax.tax_by_rate([(line.term_net_minor, line.vat_rate) for line in lines], currency=currency)
    tax_minor = sum(line.tax_minor for line in tax_lines)
    return CommittedQuote(
        currency=currency,
        months=months,
        lines=lines,
        one_time_net_minor=one_time,
        monthly_net_minor=monthly,
        term_net_minor=term_net,
        tax_lines=tuple(tax_lines),
        tax_minor=tax_minor,
        gross_minor=term_net + tax_minor,
    )


def _committed_line(
    component: Component, *, quantity: Decimal, months: int, discount: Decimal, currency: str
) -> CommittedLine:
    is_recurring = component.kind == RECURRING
    rated = _rate(component, quantity=quantity, discount=discount if is_recurring else _NOTHING)
    return CommittedLine(
        code=component.code,
        kind=component.kind,
        vat_rate=component.vat_rate,
        net_minor=money.round_to_minor(rated.amount, currency=currency),
        times=months if is_recurring else 1,
        lines=rated.lines,
    )


def _rate(
    component: Component,
    *,
    quantity: Decimal,
    discount: Decimal = _NOTHING,
    minimum_share: tuple[int, int] = WHOLE_MONTH,
) -> Rated:
    """One whole charge: the lines of the model, discounted, then lifted to the minimum or cut to the maximum."""
    _require_quantity(quantity)
    lines = [_discount(line, discount) for line in tiers.price_lines(component, quantity=quantity)]
    minimum, shown_as = _share_of_minimum(component, minimum_share)
    limit = tiers.limit_line(
        component, amount=decimals.add(*(line.amount for line in lines)), minimum=minimum, shown_as=shown_as
    )
    if limit is not None:
        lines.append(limit)
    kept_numerator, kept_denominator = decimals.complement(discount).as_integer_ratio()
    return Rated(
        quantity=quantity,
        unit_price=component.unit_price,
        factor_numerator=kept_numerator,
        factor_denominator=kept_denominator,
        amount=decimals.add(*(line.amount for line in lines)),
        formula=_sum_formula(lines),
        lines=tuple(lines),
    )


def _discount(line: Line, discount: Decimal) -> Line:
    if not discount:
        return line
    return replace(
        line,
        amount=decimals.multiply(line.amount, decimals.complement(discount)),
        formula=f"{line.formula} × (1 − {decimals.format_plain(discount)})",
    )


def _share_of_minimum(component: Component, share: tuple[int, int]) -> tuple[Decimal | None, str]:
    """The component's minimum for this part of a month, and how a formula writes it."""
    if component.minimum_amount is None:
        return None, ""
    days, month_days = share
    plain = decimals.format_plain(component.minimum_amount)
    if days == month_days:
        return component.minimum_amount, plain
    part = decimals.divide(decimals.multiply(component.minimum_amount, Decimal(days)), month_days)
    return part, f"{plain} × {days}/{month_days}"


def _for_days(rated: Rated, *, days: int, month_days: int) -> Rated:
    """A whole month's charge cut to its active days. A full month needs no division, so nothing can be cut."""
    lines = [replace(line, formula=f"{_bracket(line)} × {days}/{month_days}") for line in rated.lines]
    amount = rated.amount
    if days != month_days:
        amount = decimals.divide(decimals.multiply(rated.amount, Decimal(days)), month_days)
        parts = [decimals.divide(decimals.multiply(line.amount, Decimal(days)), month_days) for line in lines[:-1]]
        # The last line takes what the divisions cut, so the lines add up to the amount to the last digit.
        parts.append(decimals.add(amount, *(-part for part in parts)))
        lines = [replace(line, amount=part) for line, part in zip(lines, parts, strict=True)] if lines else []
    return replace(
        rated,
        factor_numerator=rated.factor_numerator * days,
        factor_denominator=rated.factor_denominator * month_days,
        amount=amount,
        formula=_sum_formula(lines),
        lines=tuple(lines),
    )


def _bracket(line: Line) -> str:
    return f"({line.formula})" if line.part in (tiers.MINIMUM, tiers.MAXIMUM) else line.formula


def _sum_formula(lines: Sequence[Line]) -> str:
    """The formulas of the lines, as one sum; what is included costs nothing and is left out."""
    shown = [line for line in lines if line.part != tiers.INCLUDED]
    return " + ".join(_bracket(line) if len(shown) > 1 else line.formula for line in shown) or "0"


def _require_kind(component: Component, kind: str) -> None:
    if component.kind != kind:
        raise WrongKind(f"Component {component.code!r} is {component.kind}, not {kind}.")


def _require_quantity(quantity: Decimal) -> None:
    if isinstance(quantity, Decimal) and (not quantity.is_finite() or quantity < 0):
        raise InvalidQuantity(f"quantity must be 0 or more, not {quantity}.")
    decimals.require_decimal(quantity, name="quantity")
