"""Oscar's order creator, as an order of contracts: random numbers, no stock, no vouchers, one contract a line."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from oscar.apps.order import utils
from oscar.apps.shipping.methods import NoShippingRequired
from oscar.core.loading import get_model
from oscar.core.prices import Price

from billing.contracts import operations as contracts
from listings import life
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers import operations as providers

__all__ = ["LineOutOfCapacity", "OrderCreator", "OrderDispatcher", "OrderNumberGenerator", "Placement"]

LineAttribute: Any = get_model("order", "LineAttribute")
OrderDispatcher = utils.OrderDispatcher


class LineOutOfCapacity(errors.Conflict):
    """A line's data centre has not enough left. Names the line, for the page shows them all."""

    def __init__(self, *, title: str, cause: errors.Refused) -> None:
        self.title, self.cause = title, cause
        super().__init__(
            _("“%(title)s” could not be ordered, and nothing was: %(cause)s") % {"title": title, "cause": cause.message}
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """What an order's contracts need to know besides their lines."""

    buyer_id: int
    payment_method: str
    contact_name: str
    contact_phone: str
    actor: actors.Actor
    now: datetime


class OrderNumberGenerator(utils.OrderNumberGenerator):
    """Oscar counts up from the basket's id; a number that can be guessed is an invitation."""

    def order_number(self, basket: Any) -> str:
        return organisations.random_number(prefix="DD")


class OrderCreator(utils.OrderCreator):
    """Writes the order, its lines and their contracts; the caller's transaction holds all of it."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.versions: dict[int, Any] = {}  # offering → its version in force, read once for the order

    def place(self, *, basket: Any, user: Any) -> Any:
        """Place the order of a basket whose lines are all orderable. Raises LineOutOfCapacity."""
        self.versions = life.published_versions(product_ids={line.product_id for line in basket.all_lines()})
        nothing = Price(basket.currency, excl_tax=Decimal(0), incl_tax=Decimal(0))
        return self.place_order(
            basket=basket,
            total=Price(basket.currency, excl_tax=basket.total_excl_tax, incl_tax=basket.total_incl_tax),
            shipping_method=NoShippingRequired(),
            shipping_charge=nothing,
            user=user,
            order_number=OrderNumberGenerator().order_number(basket),
            date_placed=self.placement.now,
        )

    def create_additional_line_models(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """The push from order to contracts: the line's contract, with the capacity it takes."""
        try:
            contracts.open_contract(
                order_line_id=order_line.pk,
                order_number=order.number,
                buyer_id=self.placement.buyer_id,
                plan=basket_line.plan,
                version=self.versions[basket_line.product_id],
                quantity=basket_line.quantity,
                term_months=basket_line.term_months,
                payment_method=self.placement.payment_method,
                contact_name=self.placement.contact_name,
                contact_phone=self.placement.contact_phone,
                actor=self.placement.actor,
                now=self.placement.now,
            )
        except (providers.OutOfCapacity, providers.NoSuchPool) as error:
            raise LineOutOfCapacity(title=order_line.title, cause=error) from error

    def create_line_attributes(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """The line's plan and term, in one statement."""
        LineAttribute.objects.bulk_create(
            LineAttribute(line=order_line, option=one.option, type=one.option.code, value=one.value)
            for one in basket_line.attributes.all()
        )

    def create_line_price_models(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """Unit prices that do not multiply back to the line would be a second truth."""

    def update_stock_records(self, line: Any) -> None:
        """Capacity is taken by the contract; Oscar's own stock oversells."""
