"""One compared offering: which of its plans is compared, and what that costs per month and per normalised unit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from listings.models import Plan, Product
from listings.prices import normalised, pricing

FEN: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """An offering with the plan that is compared. Without a `quote` the plan has no committed price for this term."""

    product: Product
    plans: tuple[Plan, ...]
    plan: Plan | None
    quote: pricing.Quote | None

    @property
    def has_total(self) -> bool:
        """Whether a total can be compared: something is committed."""
        return self.quote is not None and not self.quote.is_metered_only

    @property
    def unit(self) -> str:
        """The unit of the plan's listed price, as in the price book."""
        if self.plan is None:
            return ""
        return pricing.list_price(plan=self.plan, currency=self.plan.price_book.currency).unit

    @property
    def total(self) -> Decimal | None:
        """The term with tax, with what metered prices ask at the least, in major units."""
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
    *, product: Product, plans: Sequence[Plan], chosen: Collection[int], quantity: int, term_months: int
) -> Offer:
    """The offering at the plan among `chosen`, else at its best match.

    The best match is the cheapest committed total for this quantity and term; then a plan that is paid by use; then,
    where none is offered for this term, the first plan, without a price. Raises pricing.InvalidQuantity.
    """
    wanted = [plan for plan in plans if plan.pk in chosen]
    offers = [
        _offer(product, plans, plan, quantity=quantity, term_months=term_months) for plan in (wanted[:1] or plans)
    ]
    if not offers:
        return Offer(product=product, plans=(), plan=None, quote=None)
    return min(offers, key=lambda one: (one.total is None, one.total or Decimal(0), one.quote is None))


def _offer(product: Product, plans: Sequence[Plan], plan: Plan, *, quantity: int, term_months: int) -> Offer:
    try:
        quote = pricing.quote(plan=plan, quantity=quantity, term_months=term_months)
    except pricing.UnknownTerm:
        quote = None
    return Offer(product=product, plans=tuple(plans), plan=plan, quote=quote)


def list_terms(*, plans: Collection[Plan]) -> list[int]:
    """The months that at least one of the plans is offered for."""
    return sorted({term.months for plan in plans for term in plan.terms.all()})
