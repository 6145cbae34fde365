"""Oscar's question "what does this cost, and can it be had?" answered for offerings.

The price is the committed amount of the chosen plan over the chosen term, from the product itself (`Product.quote`):
`listings` lies downstream and is not imported here. Oscar multiplies a unit price by the quantity; the committed
amount is rounded for the whole quantity instead, so `CommittedPrice.quote` carries the exact totals of the line.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from oscar.apps.partner import availability, prices, strategy

from marketplace.organisations import errors
from providers import queries

PLAN_OPTION = "plan"
TERM_OPTION = "term_months"


class PurchaseInfo(NamedTuple):
    """Oscar's answer: a price, an availability and the stock record they belong to."""

    price: Any
    availability: Any
    stockrecord: Any


class CommittedPrice(prices.FixedPrice):
    """One unit over the whole term. `quote` is the price of the whole line; its `term` is what the line costs."""

    def __init__(self, *, unit: Any, quote: Any) -> None:
        super().__init__(currency=unit.currency, excl_tax=unit.term.net.to_decimal(), tax=unit.term.tax.to_decimal())
        self.quote = quote


class FromCapacity(availability.Base):
    """As many as the pools of the data centre hold now; the order asks again, with a lock."""

    code = "instock"

    def __init__(self, *, remaining: int | None) -> None:
        self.remaining = remaining

    @property
    def message(self) -> str:
        if self.remaining is None:
            return _("Available")
        return _("%(remaining)s left") % {"remaining": self.remaining}

    def is_purchase_permitted(self, quantity: int) -> tuple[bool, str]:
        if self.remaining is None or quantity <= self.remaining:
            return True, ""
        if not self.remaining:
            return False, _("Sold out. Choose another offering or ask the provider.")
        return False, _("Only %(remaining)s left. Choose a smaller quantity.") % {"remaining": self.remaining}


class NotForSale(availability.Base):
    """Listed, but not orderable: withdrawn, or its data centre does not operate (yet)."""

    code = "unavailable"

    def __init__(self, *, reason: str) -> None:
        self.message = reason

    def is_purchase_permitted(self, quantity: int) -> tuple[bool, str]:
        return False, self.message


class Selector:
    """List prices for everyone; an organisation that has agreed prices of its own has those."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> "CommittedAmounts":
        actor = getattr(request, "actor", None)
        return CommittedAmounts(request, organisation_id=None if actor is None else actor.organisation_id)


class CommittedAmounts(strategy.Base):
    """Prices from quotes, as one organisation sees them; availability from pools."""

    def __init__(self, request: Any = None, *, organisation_id: int | None = None) -> None:
        super().__init__(request)
        self.organisation_id = organisation_id

    def fetch_for_product(self, product: Any, stockrecord: Any = None) -> PurchaseInfo:
        """Without a plan there is no amount yet: only availability is known."""
        return self.fetch_for_options(product, options={}, quantity=1, stockrecord=stockrecord)

    def fetch_for_parent(self, product: Any) -> PurchaseInfo:
        """Offerings have no variants."""
        return PurchaseInfo(price=prices.Unavailable(), availability=availability.Unavailable(), stockrecord=None)

    def fetch_for_line(self, line: Any, stockrecord: Any = None) -> PurchaseInfo:
        """The price of a basket line's plan and term, which stand in its options."""
        options = {attribute.option.code: attribute.value for attribute in line.attributes.all()}
        return self.fetch_for_options(line.product, options=options, quantity=line.quantity, stockrecord=stockrecord)

    def fetch_for_options(
        self, product: Any, *, options: Mapping[str, Any], quantity: int, stockrecord: Any = None
    ) -> PurchaseInfo:
        """`options` by code: the plan's id and the term in months. An unknown plan or term has no price."""
        return PurchaseInfo(
            price=_find_price(product, options=options, quantity=quantity, organisation_id=self.organisation_id),
            availability=find_availability(product),
            stockrecord=stockrecord or next(iter(product.stockrecords.all()), None),
        )


def find_availability(product: Any) -> availability.Base:
    """What can be ordered of an offering now. Prefetch `data_centre__pools` for lists."""
    if not product.is_public or product.data_centre is None:
        return NotForSale(reason=_("This offering is no longer listed."))
    if product.data_centre.status != product.data_centre.Status.OPERATING:
        return NotForSale(reason=_("The data centre is not in operation yet, so this cannot be ordered."))
    return FromCapacity(remaining=queries.count_remaining(pools=product.data_centre.pools.all(), draws=product.draws))


def _find_price(product: Any, *, options: Mapping[str, Any], quantity: int, organisation_id: int | None) -> prices.Base:
    try:
        chosen: dict[str, Any] = {
            "plan_id": int(options[PLAN_OPTION]),
            "term_months": int(options[TERM_OPTION]),
            "organisation_id": organisation_id,
        }
    except (KeyError, TypeError, ValueError):
        return prices.Unavailable()
    try:
        unit = product.quote(quantity=1, **chosen)
        whole = unit if quantity == 1 else product.quote(quantity=quantity, **chosen)
    except errors.Refused:
        return prices.Unavailable()
    return prices.Unavailable() if unit is None else CommittedPrice(unit=unit, quote=whole)
