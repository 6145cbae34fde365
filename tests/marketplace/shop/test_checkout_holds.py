"""While a buyer fills the checkout in, nobody sells the capacity from under the form; afterwards it is free again."""

from datetime import timedelta

import pytest

from marketplace.shop.checkout import holds
from marketplace.shop.checkout import operations as checkout
from providers import operations as providers
from providers.capacity import operations as capacity
from providers.capacity import queries
from providers.models import CapacityHold, CapacityPool
from tests import factories
from tests.frontend.trade import World, client_of
from tests.marketplace.shop.conftest import Market

pytestmark = pytest.mark.django_db


def vcpu(market: Market) -> CapacityPool:
    return CapacityPool.objects.get(data_centre=market.centre, resource="vcpu")


def fill(market: Market, *, but: int) -> None:
    """Leave the pool with exactly `but` vCPU."""
    CapacityPool.objects.filter(pk=vcpu(market).pk).update(total=but)


def test_what_is_kept_is_ordered_although_nothing_else_is_left(market: Market) -> None:
    fill(market, but=4)  # a host draws 2
    market.add(quantity=2)
    assert holds.begin(actor=market.actor, now=market.now) == market.now + timedelta(minutes=15)
    assert vcpu(market).available == 0
    kept = market.read()
    assert kept.is_orderable  # what is kept for this list is free for it
    assert kept.held_until == market.now + timedelta(minutes=15)
    market.place()
    assert (vcpu(market).allocated, vcpu(market).held) == (4, 0)
    assert set(CapacityHold.objects.values_list("status", flat=True)) == {"used"}
    assert queries.unreconciled_holds() == []


def test_beginning_again_keeps_the_list_as_it_is_now(market: Market) -> None:
    line = market.add(quantity=1)
    holds.begin(actor=market.actor, now=market.now)
    type(line).objects.filter(pk=line.pk).update(quantity=3)
    holds.begin(actor=market.actor, now=market.now)
    assert vcpu(market).held == 6


def test_a_refusal_leaves_what_was_kept_before(market: Market) -> None:
    fill(market, but=4)
    line = market.add(quantity=1)
    holds.begin(actor=market.actor, now=market.now)
    type(line).objects.filter(pk=line.pk).update(quantity=3)
    with pytest.raises(providers.OutOfCapacity):
        holds.begin(actor=market.actor, now=market.now)
    assert vcpu(market).held == 2


def test_after_its_time_another_buyer_has_it(market: Market) -> None:
    fill(market, but=2)
    market.add()
    holds.begin(actor=market.actor, now=market.now)
    other = factories.actor(market.buyer, "buyer")
    later = market.now + timedelta(minutes=15)
    assert capacity.expire_due(now=later, limit=10) == 2  # vCPU and memory
    market.add(actor=other)
    market.place(other, now=later)
    with pytest.raises(checkout.NotOrderable):
        market.place(now=later)
    assert vcpu(market).allocated == 2


def test_an_empty_list_keeps_nothing(market: Market) -> None:
    assert holds.begin(actor=market.actor, now=market.now) is None


def test_the_button_keeps_and_the_page_says_until_when() -> None:
    world = World()
    client = client_of(world.buyer)
    client.post("/basket/add/", {"plan": factories.plan(world.host).pk, "quantity": 2, "term_months": 12})
    assert client.post("/checkout/begin/").headers["Location"] == "/checkout/"
    assert CapacityHold.objects.filter(status="held").exists()
    until = client.get("/checkout/").context["purchase_list"].held_until
    assert until is not None
    CapacityPool.objects.update(total=0, held=0)
    CapacityHold.objects.update(status="released", ended_at=until)
    refused = client.post("/checkout/begin/", follow=True)
    assert refused.redirect_chain[-1][0] == "/basket/"
    assert "0" in str(next(iter(refused.context["messages"])))
