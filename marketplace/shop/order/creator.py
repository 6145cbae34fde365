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

from billing.contracts import opening
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
    hold: str  # the reference under which capacity was kept for the list, if it was
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
        self.order: Any = None
        self.written: list[tuple[Any, Any]] = []  # (the order's line, the basket's line)

    def place(self, *, basket: Any, user: Any) -> Any:
        """Write the order of a basket whose lines are all orderable; `open_contracts` must follow."""
        nothing = Price(basket.currency, excl_tax=Decimal(0), incl_tax=Decimal(0))
        self.order = self.place_order(
            basket=basket,
            total=Price(basket.currency, excl_tax=basket.total_excl_tax, incl_tax=basket.total_incl_tax),
            shipping_method=NoShippingRequired(),
            shipping_charge=nothing,
            user=user,
            order_number=OrderNumberGenerator().order_number(basket),
            date_placed=self.placement.now,
        )
        LineAttribute.objects.bulk_create(
            LineAttribute(line=line, option=one.option, type=one.option.code, value=one.value)
            for line, basket_line in self.written
            for one in basket_line.attributes.all()
        )
        return self.order

    def open_contracts(self) -> None:
        """The push from order to contracts: one a line, with the capacity it takes. Raises LineOutOfCapacity."""
        versions = life.published_versions(product_ids={line.product_id for line, _basket_line in self.written})
        placement = self.placement
        try:
            opening.open_contracts(
                lines=[
                    opening.Agreed(
                        order_line_id=line.pk,
                        plan=basket_line.plan,
                        version=versions[line.product_id],
                        quantity=basket_line.quantity,
                        term_months=basket_line.term_months,
                    )
                    for line, basket_line in self.written
                ],
                terms=opening.Terms(
                    order_number=self.order.number,
                    buyer_id=placement.buyer_id,
                    payment_method=placement.payment_method,
                    contact_name=placement.contact_name,
                    contact_phone=placement.contact_phone,
                    hold=placement.hold,
                ),
                actor=placement.actor,
                now=placement.now,
            )
        except (providers.OutOfCapacity, providers.NoSuchPool) as error:
            raise LineOutOfCapacity(title=self.written[error.draw][0].title, cause=error) from error

    def create_additional_line_models(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """Remember the line: all contracts are opened together, when the rest of the order is written."""
        self.written.append((order_line, basket_line))

    def create_line_attributes(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """`place` writes those of all lines in one statement."""

    def create_line_price_models(self, order: Any, order_line: Any, basket_line: Any) -> None:
        """Unit prices that do not multiply back to the line would be a second truth."""

    def update_stock_records(self, line: Any) -> None:
        """Capacity is taken by the contract; Oscar's own stock oversells."""
