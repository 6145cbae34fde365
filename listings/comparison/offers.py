"""One compared offering: which of its plans is compared, and what that costs per month and per normalised unit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from listings.models import Plan, PriceComponent, Product
from listings.prices import normalised, pricing

FEN: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """An offering with the plan that is compared. Without a `quote` the plan has no committed price for this term.

    `unstated`: meters of the plan whose expected use was not given; the total reckons with none.
    """

    product: Product
    plans: tuple[Plan, ...]
    plan: Plan | None
    quote: pricing.Quote | None
    unstated: tuple[PriceComponent, ...] = ()

    @property
    def has_total(self) -> bool:
        """Whether a total can be compared: something is committed, or the use of all that is metered is given."""
        return self.quote is not None and not (self.quote.is_metered_only and self.unstated)

    @property
    def usage_total(self) -> Decimal | None:
        """What of the total is for metered use, with tax; None for a plan that measures nothing."""
        if self.quote is None or not self.quote.metered or not self.has_total:
            return None
        return self.quote.usage_monthly.times(self.quote.term_months).gross.to_decimal()

    @property
    def unit(self) -> str:
        """The unit of the plan's listed price, as in the price book."""
        if self.plan is None:
            return ""
        return pricing.list_price(plan=self.plan, currency=self.plan.price_book.currency).unit

    @property
    def total(self) -> Decimal | None:
        """The term with tax, with the expected use, else with what metered prices ask at the least; major units."""
        return self.quote.term_total.gross.to_decimal() if self.quote is not None and self.has_total else None

    @property
    def monthly_unit_price(self) -> Decimal | None:
        """The total spread over quantity and months, with tax, half up to the fen: a reading, not a price."""
        if self.total is None or self.quote is None:
            return None
        return (self.total / (self.quote.quantity * self.quote.term_months)).quantize(FEN, rounding=ROUND_HALF_UP)

    @property
    def normal(self) -> normalised.NormalPrice | None:
        """The plan's price per normalised unit of its category, as in the catalogue."""
        if self.plan is None:
            return None
        return normalised.normal_price(plan=self.plan, specs=self.product.specs, category=self.product.main_category)


def choose(
    *,
    product: Product,
    plans: Sequence[Plan],
    chosen: Collection[int],
    quantity: int,
    term_months: int,
    usage: Mapping[str, Decimal],
) -> Offer:
    """The offering at the plan among `chosen`, else at its best match.

    The best match is the cheapest total for this quantity, term and expected use a month (by meter); then a plan that
    is paid by use; then, where none is offered for this term, the first plan, without a price. Raises
    pricing.InvalidQuantity.
    """
    wanted = [plan for plan in plans if plan.pk in chosen]
    offers = [
        _offer(product, plans, plan, quantity=quantity, term_months=term_months, usage=usage)
        for plan in (wanted[:1] or plans)
    ]
    if not offers:
        return Offer(product=product, plans=(), plan=None, quote=None)
    return min(offers, key=lambda one: (one.total is None, one.total or Decimal(0), one.quote is None))


def _offer(
    product: Product,
    plans: Sequence[Plan],
    plan: Plan,
    *,
    quantity: int,
    term_months: int,
    usage: Mapping[str, Decimal],
) -> Offer:
    meters = [row for row in plan.components.all() if row.meter]
    used = {row.meter: usage[row.meter] for row in meters if row.meter in usage}
    try:
        quote = pricing.quote(plan=plan, quantity=quantity, term_months=term_months, usage=used)
    except pricing.UnknownTerm:
        quote = None
    return Offer(
        product=product,
        plans=tuple(plans),
        plan=plan,
        quote=quote,
        unstated=tuple(row for row in meters if row.meter not in usage),
    )


def list_meters(*, plans: Collection[Plan]) -> list[PriceComponent]:
    """What any of the plans measures: the first component of each meter, in the order of the plans."""
    found: dict[str, PriceComponent] = {}
    for plan in plans:
        for row in plan.components.all():
            if row.meter:
                found.setdefault(row.meter, row)
    return list(found.values())


def list_terms(*, plans: Collection[Plan]) -> list[int]:
    """The months that at least one of the plans is offered for."""
    return sorted({term.months for plan in plans for term in plan.terms.all()})
