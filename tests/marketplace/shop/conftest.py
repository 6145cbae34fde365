"""A market to buy in: one provider with 1,000 vCPU, its cloud host, and a company that buys at once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from marketplace.organisations import actors
from marketplace.procurement import adviser
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.checkout import operations as checkout
from marketplace.shop.checkout import terms
from tests import factories


@dataclass
class Market:
    """The cast of the shop's tests, and what a buyer does."""

    centre: Any
    host: Any
    buyer: Any
    actor: actors.Actor
    now: datetime

    def add(
        self, product: Any = None, *, quantity: int = 1, months: int = 12, plan: str = "monthly", actor: Any = None
    ) -> Any:
        return baskets.add_offering(
            plan_id=factories.plan(product or self.host, plan).pk,
            quantity=quantity,
            term_months=months,
            actor=actor or self.actor,
            now=self.now,
        )

    def read(self, actor: Any = None) -> Any:
        return purchase_lists.read_purchase_list(user_id=(actor or self.actor).user_id)

    def seen(self, actor: Any = None) -> dict[str, int]:
        """What the checkout page would send back: the list and its total."""
        wanted = self.read(actor)
        return {"basket_id": wanted.basket.pk, "seen_gross_minor": wanted.total.term.gross.amount_minor}

    def place(self, actor: Any = None, **answers: Any) -> checkout.PlacedOrder:
        actor = actor or self.actor
        return checkout.place_order(
            **{
                **(self.seen(actor) if "basket_id" not in answers else {}),
                "contact_name": "王经办",
                "contact_phone": "0476-8330000",
                "payment_method": "bank_transfer",
                "accepted_terms": terms.VERSION,
                "statement": adviser.Statement("public", "general"),
                "actor": actor,
                "now": self.now,
                **answers,
            }
        )


@pytest.fixture
def market(db: None, now: datetime) -> Market:
    factories.platform()
    centre = factories.data_centre(factories.hongshan())
    buyer = factories.foods()
    return Market(
        centre=centre, host=factories.offering(centre), buyer=buyer, actor=factories.actor(buyer, "buyer"), now=now
    )
