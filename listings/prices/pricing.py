"""The price of a plan: one function for page, basket, order, estimate, comparison, API and contract.

It wraps `billing.rules.pricing`; no other code of the marketplace multiplies a price by a quantity before the order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from billing.rules import decimals, money, pricing, tax
from billing.rules.money import Money
from billing.rules.pricing import Line, Tier
from listings.prices import words
from marketplace.organisations import errors

if TYPE_CHECKING:
    from listings.models import Plan, PriceComponent

MAX_QUANTITY = 100_000
MOST_USAGE: Final = Decimal(10) ** 12
USAGE_PLACES: Final = 6


class UnknownTerm(errors.Refused):
    """The plan is not offered for this length."""


class InvalidQuantity(errors.Refused):
    """A quantity that cannot be ordered."""


class InvalidUsage(errors.Refused):
    """Expected usage of a meter that the plan does not have, or in a quantity that nobody uses."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A price before and with tax; gross = net + tax."""

    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(net=self.net + other.net, tax=self.tax + other.tax)

    def times(self, number: int) -> "Amount":
        """The amount charged `number` times."""
        currency = self.net.currency
        return Amount(Money(self.net.amount_minor * number, currency), Money(self.tax.amount_minor * number, currency))


@dataclass(frozen=True, slots=True)
class MeteredRate:
    """What one unit of measured use costs; `unit_gross` = unit_net × (1 + vat_rate), unrounded.

    With tiers it is the first tier that costs something, with packages one package; `unit` names what it is for.
    """

    component: "PriceComponent"
    unit_net: Decimal
    unit_gross: Decimal
    vat_rate: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One row of what a charge is made of: of a month, or of the one charge of a one-time component.

    `unit_price` is net; `net` is in minor units and, over a component, adds up to its charge on the invoice.
    """

    component: "PriceComponent"
    line: Line
    net: Money

    @property
    def kind(self) -> str:
        return self.component.kind

    @property
    def tier(self) -> str:
        """The tier, or the part of the price, in the reader's words; "" for a plain price."""
        return words.name_line(line=self.line, unit=self.component.unit)

    @property
    def quantity(self) -> Decimal:
        return self.line.quantity

    @property
    def unit_price(self) -> Decimal:
        return self.line.unit_price

    @property
    def formula(self) -> str:
        return self.line.formula

    @property
    def vat_rate(self) -> Decimal:
        return self.component.vat_rate


@dataclass(frozen=True, slots=True)
class Quote:
    """What `quantity` of a plan commits the buyer to over `term_months`; measured use comes on top.

    term.net = one_time.net + term_months × monthly.net. The tax of the term is rounded once per rate on the whole
    term, so it may differ by a few fen from the sum of its months. `usage_monthly` is what the expected usage costs
    in a whole month (without usage: what is due all the same, `least_monthly`), and
    term_total = term + term_months × usage_monthly.
    """

    currency: str
    quantity: int
    term_months: int
    discount: Decimal
    one_time: Amount
    monthly: Amount
    term: Amount
    metered: tuple[MeteredRate, ...]
    least_monthly: Amount
    usage_monthly: Amount
    lines: tuple[QuoteLine, ...]

    @property
    def term_total(self) -> Amount:
        return self.term + self.usage_monthly.times(self.term_months)

    @property
    def is_metered_only(self) -> bool:
        """Whether nothing is owed unless something is used."""
        return bool(self.metered) and not self.term.net.amount_minor and not self.least_monthly.net.amount_minor


def quote(*, plan: "Plan", quantity: int, term_months: int, usage: Mapping[str, Decimal] | None = None) -> Quote:
    """Price `quantity` of `plan` for one of the plan's terms; `usage` is the expected use a month by meter.

    `usage` is that of the whole contract, not of each unit ordered. Raises UnknownTerm (field `term_months`),
    InvalidQuantity (field `quantity`) or InvalidUsage (field `usage.<meter>`).
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidQuantity(_("Give a whole quantity from 1 to %(most)s.") % {"most": MAX_QUANTITY}, field="quantity")
    discount = term_discount(plan=plan, term_months=term_months)
    currency = plan.price_book.currency
    pairs = components_of(plan=plan)
    expected = check_usage(usage=usage or {}, meters=[row.meter for row, _component in pairs if row.meter])
    committed = pricing.committed_amount(
        [component for _row, component in pairs],
        quantity=Decimal(quantity),
        months=term_months,
        term_discount=discount,
        currency=currency,
    )
    lines_of = {line.code: line.lines for line in committed.lines}
    used: list[tuple[int, Decimal]] = []
    for row, component in pairs:
        if component.kind == pricing.METERED:
            rated = pricing.rate_metered(component, quantity=expected.get(row.meter, Decimal(0)))
            lines_of[row.code] = rated.lines
            used.append((money.round_to_minor(rated.amount, currency=currency), row.vat_rate))
    return Quote(
        currency=currency,
        quantity=quantity,
        term_months=term_months,
        discount=discount,
        one_time=_amount(committed.lines, kind=pricing.ONE_TIME, currency=currency),
        monthly=_amount(committed.lines, kind=pricing.RECURRING, currency=currency),
        term=Amount(net=Money(committed.term_net_minor, currency), tax=Money(committed.tax_minor, currency)),
        metered=tuple(_rate(row, component) for row, component in pairs if component.kind == pricing.METERED),
        least_monthly=_sum([_idle(component, currency) for _row, component in pairs], currency=currency),
        usage_monthly=_sum(used, currency=currency),
        lines=tuple(line for row, _c in pairs for line in _quote_lines(row, lines_of[row.code], currency=currency)),
    )


def check_usage(*, usage: Mapping[str, Any], meters: Iterable[str]) -> dict[str, Decimal]:
    """The expected use by meter as given, if it can be. Raises InvalidUsage naming the meter."""
    known = list(meters)
    for meter, quantity in usage.items():
        if meter not in known:
            raise InvalidUsage(
                _("This plan does not measure %(meter)s. It measures: %(meters)s.")
                % {"meter": meter[:40], "meters": ", ".join(known) or "–"},
                field=f"usage.{meter}",
            )
        is_number = isinstance(quantity, Decimal) and quantity.is_finite()
        if not is_number or not 0 <= quantity <= MOST_USAGE or decimals.count_places(quantity) > USAGE_PLACES:
            raise InvalidUsage(
                _("Give the use of %(meter)s a month as a number from 0 to %(most)s, at most %(places)s decimals.")
                % {"meter": meter[:40], "most": f"{MOST_USAGE:,.0f}", "places": USAGE_PLACES},
                field=f"usage.{meter}",
            )
    return dict(usage)


def term_discount(*, plan: "Plan", term_months: int) -> Decimal:
    """The discount (a fraction) of one of the plan's terms. Raises UnknownTerm."""
    terms = {term.months: term.discount for term in plan.terms.all()}
    if term_months not in terms:
        raise UnknownTerm(
            _("This plan is offered for %(terms)s months. Choose one of them.")
            % {"terms": ", ".join(str(months) for months in sorted(terms)) or "0"},
            field="term_months",
        )
    return terms[term_months]


def components_of(*, plan: "Plan") -> list[tuple["PriceComponent", pricing.Component]]:
    """A plan's price rows, each with the component that the rules calculate with, in the order shown."""
    return [(row, to_component(row=row)) for row in plan.components.all()]


def unit_gross(*, row: "PriceComponent") -> Decimal:
    """A component's headline price with tax, exact: for showing beside the net price."""
    return tax.gross_from_net(headline(component=to_component(row=row)), row.vat_rate)


def headline(*, component: pricing.Component) -> Decimal:
    """The net price that stands for a component: per unit, or of the first tier that costs something."""
    if not component.tiers:
        return component.unit_price
    first = next((tier for tier in component.tiers if tier.unit_price or tier.flat), component.tiers[0])
    return first.unit_price or first.flat


def headline_unit(*, row: "PriceComponent") -> str:
    """What the headline price is for, as stored: the unit, or a package of them."""
    return words.name_package(size=row.package_size, unit=row.unit) if row.package_size else row.unit


def to_component(*, row: "PriceComponent") -> pricing.Component:
    """A price row as the rules know it. Raises billing.rules.pricing.InvalidComponent."""
    return pricing.Component(
        code=row.code,
        kind=row.kind,
        unit_price=row.unit_price,
        vat_rate=row.vat_rate,
        unit=row.unit,
        meter=row.meter or None,
        model=row.model,
        tiers=read_tiers(rows=row.tiers),
        package_size=row.package_size,
        included_quantity=row.included_quantity,
        minimum_amount=row.minimum_amount,
        maximum_amount=row.maximum_amount,
        aggregation=row.aggregation,
    )


def read_tiers(*, rows: Iterable[Mapping[str, Any]]) -> tuple[Tier, ...]:
    """Tiers from the column that holds them as text."""
    return tuple(
        Tier(
            up_to=None if row["up_to"] is None else Decimal(row["up_to"]),
            unit_price=Decimal(row["unit_price"]),
            flat=Decimal(row.get("flat", "0")),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class ListPrice:
    """What a card shows of a plan: the price of one unit in major units, undiscounted, and what the unit is."""

    net: Decimal
    gross: Decimal
    unit: str
    vat_rate: Decimal
    kind: str
    currency: str


def list_price(*, plan: "Plan", currency: str) -> ListPrice:
    """The price a plan is listed at: its monthly price, else its one-time price, else its first metered rate.

    Committed prices are rounded as they will be invoiced; a metered rate is shown in full.
    """
    rows = list(plan.components.all())
    for kind in (pricing.RECURRING, pricing.ONE_TIME):
        of_kind = [row for row in rows if row.kind == kind]
        if of_kind:
            amount = price_of(rows=of_kind, currency=currency)
            return ListPrice(
                net=amount.net.to_decimal(),
                gross=amount.gross.to_decimal(),
                unit=headline_unit(row=of_kind[0]),
                vat_rate=of_kind[0].vat_rate,
                kind=kind,
                currency=currency,
            )
    first = rows[0]
    net = headline(component=to_component(row=first))
    return ListPrice(
        net=net,
        gross=tax.gross_from_net(net, first.vat_rate),
        unit=headline_unit(row=first),
        vat_rate=first.vat_rate,
        kind=first.kind,
        currency=currency,
    )


def price_of(*, rows: "Iterable[PriceComponent]", currency: str) -> Amount:
    """What committed components of one plan cost for one unit, charged once, undiscounted."""
    committed = pricing.committed_amount(
        [to_component(row=row) for row in rows],
        quantity=Decimal(1),
        months=1,
        term_discount=Decimal(0),
        currency=currency,
    )
    return Amount(net=Money(committed.term_net_minor, currency), tax=Money(committed.tax_minor, currency))


def _rate(row: "PriceComponent", component: pricing.Component) -> MeteredRate:
    net = headline(component=component)
    return MeteredRate(
        component=row,
        unit_net=net,
        unit_gross=tax.gross_from_net(net, row.vat_rate),
        vat_rate=row.vat_rate,
        unit=headline_unit(row=row),
    )


def _idle(component: pricing.Component, currency: str) -> tuple[int, Decimal]:
    """What a metered component costs in a month in which nothing is used."""
    if component.kind != pricing.METERED:
        return 0, component.vat_rate
    amount = pricing.metered_charge(component, quantity=Decimal(0))
    return money.round_to_minor(amount, currency=currency), component.vat_rate


def _quote_lines(row: "PriceComponent", lines: tuple[Line, ...], *, currency: str) -> Iterable[QuoteLine]:
    nets = money.round_lines([line.amount for line in lines], currency=currency)
    return [QuoteLine(row, line, Money(net, currency)) for line, net in zip(lines, nets, strict=True)]


def _amount(lines: tuple[pricing.CommittedLine, ...], *, kind: str, currency: str) -> Amount:
    """The lines of one kind, charged once, with the tax of one such charge."""
    return _sum([(line.net_minor, line.vat_rate) for line in lines if line.kind == kind], currency=currency)


def _sum(nets: list[tuple[int, Decimal]], *, currency: str) -> Amount:
    """Nets on one document, with their tax rounded once per rate."""
    taxes = tax.tax_by_rate(nets, currency=currency)
    return Amount(
        net=Money(sum(net for net, _rate in nets), currency),
        tax=Money(sum(line.tax_minor for line in taxes), currency),
    )
