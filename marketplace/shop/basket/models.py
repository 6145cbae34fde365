"""Oscar's basket, whose lines are plans over terms: 采购单.

A line's price is the committed amount of its plan, quantity and term, rounded once for the whole line; there is no
unit price that multiplies back to it, so the unit prices Oscar would show or store are left out.
"""

from decimal import Decimal
from typing import Any

from django.utils.functional import cached_property
from oscar.apps.basket.abstract_models import AbstractBasket, AbstractLine
from oscar.apps.partner import prices

from listings import queries as listings
from listings.prices import pricing
from marketplace.organisations import errors
from providers import strategy


class Basket(AbstractBasket):
    """A person's purchase list. Priced for `organisation_id`, for which its owner buys; None: at list prices."""

    _lines: Any
    organisation_id: int | None = None

    def all_lines(self) -> Any:
        """The lines with all that pricing and ordering need, in 7 queries whatever their number."""
        if self.pk is None:
            return self.lines.model.objects.none()
        if self._lines is None:
            lines = (
                self.lines.select_related(
                    "product__partner", "product__data_centre", "product__product_class", "stockrecord__partner"
                )
                .prefetch_related("attributes__option", "product__data_centre__pools")
                .order_by("pk")
            )
            plans = listings.find_plans(plan_ids=[line.plan_id for line in lines], organisation_id=self.organisation_id)
            for line in lines:
                line.plan = plans.get(line.plan_id)
            self._lines = lines
        return self._lines


class Line(AbstractLine):
    """A plan in some quantity for some months. `plan` is None once it is no longer for sale."""

    plan: Any = None  # set by Basket.all_lines

    @cached_property
    def options(self) -> dict[str, int]:
        return {one.option.code: int(one.value) for one in self.attributes.all()}

    @property
    def plan_id(self) -> int:
        return self.options.get(strategy.PLAN_OPTION, 0)

    @property
    def term_months(self) -> int:
        return self.options.get(strategy.TERM_OPTION, 0)

    @cached_property
    def quote(self) -> pricing.Quote | None:
        """What the line costs; None if its plan, term or quantity cannot be had any more."""
        if self.plan is None:
            return None
        try:
            return pricing.quote(plan=self.plan, quantity=self.quantity, term_months=self.term_months)
        except errors.Refused:
            return None

    @cached_property
    def purchase_info(self) -> strategy.PurchaseInfo:
        """As the strategy answers, from the plan that is read already."""
        return strategy.PurchaseInfo(
            price=prices.Unavailable()
            if self.quote is None
            else strategy.CommittedPrice(unit=self.quote, quote=self.quote),
            availability=strategy.find_availability(self.product),
            stockrecord=self.stockrecord,
        )

    @property
    def unit_price_excl_tax(self) -> None:
        return None

    @property
    def unit_price_incl_tax(self) -> None:
        return None

    @property
    def line_price_excl_tax(self) -> Decimal | None:
        return None if self.quote is None else self.quote.term.net.to_decimal()

    @property
    def line_price_incl_tax(self) -> Decimal | None:
        return None if self.quote is None else self.quote.term.gross.to_decimal()


from oscar.apps.basket.models import *  # noqa: E402, F403
