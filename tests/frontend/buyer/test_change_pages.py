"""A change through the pages: the price first, then the question, then the provider's answer."""

import pytest

from billing.contracts.models import ChangeRequest, Contract
from tests import factories
from tests.frontend.trade import NOW, World, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(time_machine_at_now: None) -> World:
    return World()


@pytest.fixture
def time_machine_at_now():  # type: ignore[no-untyped-def]
    import time_machine

    with time_machine.travel(NOW, tick=False):
        yield


def test_a_change_is_seen_asked_for_and_agreed_to(world: World) -> None:
    contract = Contract.objects.get(order_number=world.order(quantity=3))
    factories.deliver(contract, now=NOW)
    buyer, sales = client_of(world.buyer), client_of(factories.actor(world.hongshan.organisation, "sales"))
    base = f"/buyer/contracts/{contract.number}"
    assert buyer.get(f"{base}/change/dance/").status_code == 404
    page = buyer.get(f"{base}/change/resize/?quantity=5")
    text = page.content.decode()
    assert "608.75" in text and "1,014.58" in text
    assert buyer.get(f"{base}/change/resize/?quantity=x").context["shown"] is None
    sent = {"quantity": 5, "seen_minor": 1}
    assert buyer.post(f"{base}/change/resize/", sent).status_code == 409, "another price than the one that was seen"
    assert not ChangeRequest.objects.exists()
    sent["seen_minor"] = page.context["shown"].seen_minor
    assert buyer.post(f"{base}/change/resize/", sent).status_code == 302
    assert "608.75" in buyer.get(f"{base}/").content.decode()
    theirs = f"/provider/contracts/{contract.number}"
    assert sales.get(f"{theirs}/").context["can_decide"] is True
    assert sales.post(f"{theirs}/change/", {"decision": "decline", "reason": ""}).status_code == 422
    assert sales.post(f"{theirs}/change/", {"decision": "confirm"}).status_code == 302
    assert ChangeRequest.objects.get().status == "confirmed"
    assert client_of(world.other_operator).get(f"{theirs}/").status_code == 404


@pytest.mark.parametrize(("kind", "query"), [("renew", "months=12"), ("switch", ""), ("terminate", "")])
def test_every_kind_has_its_page_and_can_be_withdrawn(world: World, kind: str, query: str) -> None:
    contract = Contract.objects.get(order_number=world.order())
    factories.deliver(contract, now=NOW)
    buyer = client_of(world.buyer)
    path = f"/buyer/contracts/{contract.number}/change/{kind}/"
    if kind == "switch":
        query = f"plan_id={factories.plan(world.host, 'metered').pk}"
    shown = buyer.get(f"{path}?{query}").context["shown"]
    name, _, value = query.partition("=")
    sent = {name: value} if name else {}
    assert buyer.post(path, {**sent, "seen_minor": shown.seen_minor}).status_code == 302
    assert ChangeRequest.objects.get().kind == kind
    assert buyer.post(f"/buyer/contracts/{contract.number}/withdraw/").status_code == 302
    assert ChangeRequest.objects.get().status == "withdrawn"
