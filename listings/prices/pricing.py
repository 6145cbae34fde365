"""The price of a plan: one function for page, basket, order and contract.

It wraps `billing.rules.pricing`; no other code of the marketplace multiplies a price by a quantity before the order.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from billing.rules import pricing, tax
from billing.rules.money import Money
from marketplace.organisations import errors

if TYPE_CHECKING:
    from listings.models import Plan, PriceComponent

MAX_QUANTITY = 100_000


class UnknownTerm(errors.Refused):
    """The plan is not offered for this length."""


class InvalidQuantity(errors.Refused):
    """A quantity that cannot be ordered."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A price before and with tax; gross = net + tax."""

    net: Money
    tax: Money

    @property
    def gross(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class MeteredRate:
    """What one unit of measured use costs; `unit_gross` = unit_net × (1 + vat_rate), unrounded."""

    component: "PriceComponent"
    unit_net: Decimal
    unit_gross: Decimal
    vat_rate: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """What `quantity` of a plan commits the buyer to over `term_months`; measured use comes on top.

    term.net = one_time.net + term_months × monthly.net. The tax of the term is rounded once per rate on the whole
    term, so it may differ by a few fen from the sum of its months.
    """

    currency: str
    quantity: int
    term_months: int
    discount: Decimal
    one_time: Amount
    monthly: Amount
    term: Amount
    metered: tuple[MeteredRate, ...]

    @property
    def is_metered_only(self) -> bool:
        """Whether nothing is owed unless something is used."""
        return bool(self.metered) and not self.term.net.amount_minor


def quote(*, plan: "Plan", quantity: int, term_months: int) -> Quote:
    """Price `quantity` of `plan` for one of the plan's terms.

    Raises UnknownTerm (field `term_months`) or InvalidQuantity (field `quantity`).
    """
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidQuantity(_("Give a whole quantity from 1 to %(most)s.") % {"most": MAX_QUANTITY}, field="quantity")
    discount = term_discount(plan=plan, term_months=term_months)
    currency = plan.price_book.currency
    pairs = components_of(plan=plan)
    committed = pricing.committed_amount(
        [component for _row, component in pairs],
        quantity=Decimal(quantity),
        months=term_months,
        term_discount=discount,
        currency=currency,
    )
    return Quote(
        currency=currency,
        quantity=quantity,
        term_months=term_months,
        discount=discount,
        one_time=_amount(committed.lines, kind=pricing.ONE_TIME, currency=currency),
        monthly=_amount(committed.lines, kind=pricing.RECURRING, currency=currency),
        term=Amount(net=Money(committed.term_net_minor, currency), tax=Money(committed.tax_minor, currency)),
        metered=tuple(
            MeteredRate(
                component=row,
                unit_net=row.unit_price,
                unit_gross=unit_gross(row=row),
                vat_rate=row.vat_rate,
            )
            for row, component in pairs
            if component.kind == pricing.METERED
        ),
    )


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
    """A component's unit price with tax, exact: for showing beside the net price."""
    return tax.gross_from_net(row.unit_price, row.vat_rate)


def to_component(*, row: "PriceComponent") -> pricing.Component:
    """A price row as the rules know it. Raises billing.rules.pricing.InvalidComponent."""
    return pricing.Component(
        code=row.code,
        kind=row.kind,
        unit_price=row.unit_price,
        vat_rate=row.vat_rate,
        unit=row.unit,
        meter=row.meter or None,
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
            committed = pricing.committed_amount(
                [to_component(row=row) for row in of_kind],
                quantity=Decimal(1),
                months=1,
                term_discount=Decimal(0),
                currency=currency,
            )
            return ListPrice(
                net=Money(committed.term_net_minor, currency).to_decimal(),
                gross=Money(committed.gross_minor, currency).to_decimal(),
                unit=of_kind[0].unit,
                vat_rate=of_kind[0].vat_rate,
                kind=kind,
                currency=currency,
            )
    first = rows[0]
    return ListPrice(
        net=first.unit_price,
        gross=tax.gross_from_net(first.unit_price, first.vat_rate),
        unit=first.unit,
        vat_rate=first.vat_rate,
        kind=first.kind,
        currency=currency,
    )


def _amount(lines: tuple[pricing.CommittedLine, ...], *, kind: str, currency: str) -> Amount:
    """The lines of one kind, charged once, with the tax of one such charge."""
    nets = [(line.net_minor, line.vat_rate) for line in lines if line.kind == kind]
    taxes = tax.tax_by_rate(nets, currency=currency)
    return Amount(
        net=Money(sum(net for net, _rate in nets), currency),
        tax=Money(sum(line.tax_minor for line in taxes), currency),
    )
