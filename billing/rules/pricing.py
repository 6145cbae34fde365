"""What a component of an offering costs, and the committed price of a plan.

Charges carry full precision: products are exact, the division by the days of the
month comes last (see `decimals.divide`). Only `committed_amount` rounds, at the lines
that will later be invoiced. Prices are net of VAT, in major units (yuan) per unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from billing.rules import decimals, money, periods, tax
from billing.rules.periods import Month

ONE_TIME: Final = "one_time"
RECURRING: Final = "recurring"
METERED: Final = "metered"
KINDS: Final = (ONE_TIME, RECURRING, METERED)

MAX_PRICE_PLACES: Final = 8


class InvalidComponent(ValueError):
    """A price component contradicts itself; the message names the field and the remedy."""


class WrongKind(ValueError):
    """A component was priced by the rule of another kind."""


class InvalidQuantity(ValueError):
    """A quantity is negative or not a finite number."""


class InvalidTerm(ValueError):
    """A term is not a whole, non-negative number of months."""


@dataclass(frozen=True, slots=True)
class Component:
    """One price of a price book: `unit_price` per `unit`, net; `vat_rate` as a fraction.

    `meter` names what is measured and stands on metered components only.
    """

    code: str
    kind: str
    unit_price: Decimal
    vat_rate: Decimal
    unit: str
    meter: str | None

    def __post_init__(self) -> None:
        if not self.code:
            raise InvalidComponent("code is empty; give each component a code.")
        if self.kind not in KINDS:
            raise InvalidComponent(f"kind {self.kind!r} is not known; use one of {', '.join(KINDS)}.")
        decimals.require_decimal(self.unit_price, name="unit_price")
        if self.unit_price < 0:
            raise InvalidComponent(f"unit_price {self.unit_price} is negative; use 0 or more.")
        if decimals.count_places(self.unit_price) > MAX_PRICE_PLACES:
            raise InvalidComponent(
                f"unit_price {self.unit_price} has more than {MAX_PRICE_PLACES} decimals; shorten it."
            )
        tax.require_rate(self.vat_rate, name="vat_rate")
        if self.kind == METERED and not self.meter:
            raise InvalidComponent(f"meter is missing on metered component {self.code!r}; name one.")
        if self.kind != METERED and self.meter:
            raise InvalidComponent(f"meter is set on {self.kind} component {self.code!r}; leave it out.")


@dataclass(frozen=True, slots=True)
class Rated:
    """A charge with what made it: amount = quantity × unit_price × numerator / denominator.

    `formula` spells the same out, factor by factor, for a person with a calculator.
    """

    quantity: Decimal
    unit_price: Decimal
    factor_numerator: int
    factor_denominator: int
    amount: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class CommittedLine:
    """One committed component: `net_minor` per charge, charged `times` over the term."""

    code: str
    kind: str
    vat_rate: Decimal
    net_minor: int
    times: int

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
    """unit price × quantity, unrounded."""
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
    """unit price × quantity × (1 − discount) × active days / days of the month, unrounded."""
    return rate_recurring(
        component,
        quantity=quantity,
        month=month,
        active_from=active_from,
        active_until=active_until,
        term_discount=term_discount,
    ).amount


def metered_charge(component: Component, *, quantity: Decimal) -> Decimal:
    """unit price × measured quantity, unrounded."""
    return rate_metered(component, quantity=quantity).amount


def rate_one_time(component: Component, *, quantity: Decimal) -> Rated:
    """`one_time_charge` with its explanation."""
    return _rate_flat(component, kind=ONE_TIME, quantity=quantity)


def rate_metered(component: Component, *, quantity: Decimal) -> Rated:
    """`metered_charge` with its explanation. A correction is the difference of two charges."""
    return _rate_flat(component, kind=METERED, quantity=quantity)


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
    full = decimals.multiply(component.unit_price, quantity, decimals.complement(discount))
    partial = decimals.divide(decimals.multiply(full, Decimal(days)), month.days)
    kept_numerator, kept_denominator = decimals.complement(discount).as_integer_ratio()
    parts = [_plain_product(quantity, component.unit_price)]
    if discount:
        parts.append(f"(1 − {decimals.format_plain(discount)})")
    parts.append(f"{days}/{month.days}")
    return Rated(
        quantity=quantity,
        unit_price=component.unit_price,
        factor_numerator=kept_numerator * days,
        factor_denominator=kept_denominator * month.days,
        # A full month needs no division, so nothing can be cut.
        amount=full if days == month.days else partial,
        formula=" × ".join(parts),
    )


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
    once, a recurring one per month (after the term discount). Months multiply the
    rounded line, and VAT is rounded once per rate on the sum of the lines. Metered
    components are left out. `months` is 0 for a plan without a term.
    """
    _require_quantity(quantity)
    if isinstance(months, bool) or not isinstance(months, int) or months < 0:
        raise InvalidTerm(f"months must be a whole number, 0 or more, not {months!r}.")
    kept = decimals.complement(tax.require_rate(term_discount, name="term_discount"))
    lines = tuple(
        _committed_line(component, quantity=quantity, months=months, kept=kept, currency=currency)
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
    component: Component, *, quantity: Decimal, months: int, kept: Decimal, currency: str
) -> CommittedLine:
    factors = [component.unit_price, quantity]
    if component.kind == RECURRING:
        factors.append(kept)
    return CommittedLine(
        code=component.code,
        kind=component.kind,
        vat_rate=component.vat_rate,
        net_minor=money.round_to_minor(decimals.multiply(*factors), currency=currency),
        times=months if component.kind == RECURRING else 1,
    )


def _rate_flat(component: Component, *, kind: str, quantity: Decimal) -> Rated:
    _require_kind(component, kind)
    _require_quantity(quantity)
    return Rated(
        quantity=quantity,
        unit_price=component.unit_price,
        factor_numerator=1,
        factor_denominator=1,
        amount=decimals.multiply(component.unit_price, quantity),
        formula=_plain_product(quantity, component.unit_price),
    )


def _plain_product(quantity: Decimal, unit_price: Decimal) -> str:
    return f"{decimals.format_plain(quantity)} × {decimals.format_plain(unit_price)}"


def _require_kind(component: Component, kind: str) -> None:
    if component.kind != kind:
        raise WrongKind(f"Component {component.code!r} is {component.kind}, not {kind}.")


def _require_quantity(quantity: Decimal) -> None:
    if isinstance(quantity, Decimal) and (not quantity.is_finite() or quantity < 0):
        raise InvalidQuantity(f"quantity must be 0 or more, not {quantity}.")
    decimals.require_decimal(quantity, name="quantity")
