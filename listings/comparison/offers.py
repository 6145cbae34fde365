"""One compared offering: which of its plans is compared, and what that costs per month and per normalised unit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from listings.models import Plan, Product
from listings.prices import pricing

FEN: Final = Decimal("0.01")
FINE: Final = Decimal("0.0001")


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
        """The term with tax, in major units."""
        return self.quote.term.gross.to_decimal() if self.quote is not None and self.has_total else None

    @property
    def monthly_unit_price(self) -> Decimal | None:
        """The total spread over quantity and months, with tax, half up to the fen: a reading, not a price."""
        return self._spread(FEN, over=Decimal(1))

    def normal_price(self, *, size: Decimal) -> Decimal | None:
        """The total spread over quantity, months and `size` normalised units, to a hundredth of a fen."""
        return self._spread(FINE, over=size) if size > 0 else None

    def _spread(self, step: Decimal, *, over: Decimal) -> Decimal | None:
        if self.total is None or self.quote is None:
            return None
        exact = self.total / (self.quote.quantity * self.quote.term_months * over)
        return exact.quantize(step, rounding=ROUND_HALF_UP)


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
