"""The world of the trade pages' tests: people who log in, and orders that they placed."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from marketplace.organisations import actors
from marketplace.procurement import adviser
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.checkout import operations as checkout
from marketplace.shop.checkout import terms
from tests import factories

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def client_of(actor: actors.Actor) -> Client:
    """A browser in which the actor's person is logged in."""
    from marketplace.organisations.models import User

    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@dataclass
class World:
    """Two providers with a host each, an agency and a company."""

    hongshan: Any = field(default_factory=factories.hongshan)
    songmo: Any = field(default_factory=factories.songmo)
    bureau: Any = field(default_factory=factories.bureau)
    foods: Any = field(default_factory=factories.foods)

    def __post_init__(self) -> None:
        factories.platform()
        self.host = factories.offering(factories.data_centre(self.hongshan), title="红山云主机")
        self.other_host = factories.offering(factories.data_centre(self.songmo), title="松漠云主机")
        self.buyer = factories.actor(self.foods, "buyer")
        self.officer = factories.actor(self.bureau, "buyer")
        self.approver = factories.actor(self.bureau, "approver")
        self.operator = factories.actor(self.hongshan.organisation, "operations")
        self.other_operator = factories.actor(self.songmo.organisation, "operations")

    def order(
        self, *products: Any, actor: Any = None, quantity: int = 1, months: int = 12, plan: str = "monthly"
    ) -> str:
        """Order a line of each product for one person; returns the order's number."""
        actor = actor or self.buyer
        for product in products or (self.host,):
            baskets.add_offering(
                plan_id=factories.plan(product, plan).pk, quantity=quantity, term_months=months, actor=actor, now=NOW
            )
        wanted = purchase_lists.read_purchase_list(user_id=actor.user_id)
        assert wanted is not None
        return checkout.place_order(
            basket_id=wanted.basket.pk,
            seen_gross_minor=wanted.total.term.gross.amount_minor,
            contact_name="王经办",
            contact_phone="0476-8330000",
            payment_method="bank_transfer",
            accepted_terms=terms.VERSION,
            statement=adviser.Statement("public", "general"),
            actor=actor,
            now=NOW,
        ).number
