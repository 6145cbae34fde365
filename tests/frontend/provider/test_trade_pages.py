"""A provider's deliveries and contracts through HTTP: its own lines of an order, and nothing else of it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from providers.fulfilment.models import Delivery
from tests import factories
from tests.frontend.trade import NOW, World, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def contract_with(world: World, number: str) -> Contract:
    return Contract.objects.get(order_number=number, provider=world.hongshan)


def test_a_delivery_is_confirmed_in_the_list(world: World) -> None:
    contract = contract_with(world, world.order())
    client = client_of(world.operator)
    assert contract.number in client.get("/provider/deliveries/").content.decode()
    path = f"/provider/deliveries/{contract.number}/"
    assert client.post(path, {"resource_id": "i-0001"}).headers["Location"] == "/provider/deliveries/"
    contract.refresh_from_db()
    assert (contract.status, Delivery.objects.get().resource_id) == ("pending", "i-0001")
    assert list(client.get("/provider/deliveries/").context["page"]) == []
    # the same again is fine, another resource is not, and says so
    assert client.post(path, {"resource_id": "i-0001"}).status_code == 302
    again = client.post(path, {"resource_id": "i-0002"})
    assert again.status_code == 409
    assert "i-0001" in again.content.decode()
    assert Delivery.objects.get().resource_id == "i-0001"


@pytest.mark.parametrize("resource_id", ["", "x" * 101])
def test_a_missing_resource_is_said_beside_its_field(world: World, resource_id: str) -> None:
    contract = contract_with(world, world.order())
    answer = client_of(world.operator).post(f"/provider/deliveries/{contract.number}/", {"resource_id": resource_id})
    assert answer.status_code == 422
    assert list(answer.context["rows"][0]["form"].errors) == ["resource_id"]
    contract.refresh_from_db()
    assert contract.status == "pending"


def test_what_waits_for_approval_is_shown_apart_and_not_delivered(world: World) -> None:
    contract = contract_with(world, world.order(actor=world.officer))
    client = client_of(world.operator)
    assert contract.number not in client.get("/provider/deliveries/").content.decode()
    assert contract.number in client.get("/provider/deliveries/?view=waiting").content.decode()
    answer = client.post(f"/provider/deliveries/{contract.number}/", {"resource_id": "i-0001"})
    assert answer.status_code == 409
    contract.refresh_from_db()
    assert contract.status == "pending"
    assert client.get(f"/provider/contracts/{contract.number}/").context["can_deliver"] is False


def test_another_providers_lines_do_not_exist(world: World) -> None:
    number = world.order(world.host, world.other_host)
    own = contract_with(world, number)
    foreign = Contract.objects.get(order_number=number, provider=world.songmo)
    client = client_of(world.operator)
    for path in ("/provider/deliveries/", "/provider/contracts/", f"/provider/contracts/{own.number}/"):
        page = client.get(path).content.decode()
        assert own.number in page
        assert foreign.number not in page
        assert "松漠" not in page
    assert client.get(f"/provider/contracts/{foreign.number}/").status_code == 404
    for path in ("deliveries/{}/", "contracts/{}/suspend/", "contracts/{}/resume/"):
        answer = client.post("/provider/" + path.format(foreign.number), {"resource_id": "i-1", "reason": "…"})
        assert answer.status_code == 404
    foreign.refresh_from_db()
    assert foreign.status == "pending"


def test_a_provider_does_not_see_the_buyers_pages_or_people(world: World) -> None:
    number = world.order(actor=world.officer)
    client = client_of(world.operator)
    assert client.get(f"/buyer/orders/{number}/").status_code == 403
    page = client.get(f"/provider/contracts/{contract_with(world, number).number}/").content.decode()
    assert world.officer.user_name not in page


def test_suspending_needs_a_reason_resuming_does_not(world: World) -> None:
    contract = contract_with(world, world.order())
    client = client_of(world.operator)
    factories.deliver(contract, now=NOW)
    path = f"/provider/contracts/{contract.number}"
    refused = client.post(f"{path}/suspend/", {"reason": ""})
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["reason"]
    assert client.post(f"{path}/suspend/", {"reason": "例行维护"}).status_code == 302
    contract.refresh_from_db()
    assert contract.status == "suspended"
    assert "例行维护" in client_of(world.buyer).get(f"/buyer/contracts/{contract.number}/").content.decode()
    assert client.post(f"{path}/suspend/", {"reason": "例行维护"}).status_code == 409
    assert client.post(f"{path}/resume/", {}).status_code == 302
    contract.refresh_from_db()
    assert contract.status == "active"


@pytest.mark.parametrize("role", ["sales", "finance"])
def test_other_roles_look_but_do_not_act(world: World, role: str) -> None:
    contract = contract_with(world, world.order())
    client = client_of(factories.actor(world.hongshan.organisation, role))
    page = client.get("/provider/deliveries/")
    assert (page.status_code, page.context["can_deliver"]) == (200, False)
    assert client.post(f"/provider/deliveries/{contract.number}/", {"resource_id": "i-1"}).status_code == 403
    assert client.post(f"/provider/contracts/{contract.number}/suspend/", {"reason": "…"}).status_code == 403
    assert Client().get("/provider/contracts/").headers["Location"] == "/login/?next=/provider/contracts/"
    assert client_of(world.buyer).get("/provider/contracts/").status_code == 403


@pytest.mark.parametrize("count", [0, 1, 55])
@pytest.mark.parametrize("path", ["/provider/deliveries/", "/provider/contracts/"])
def test_lists_take_a_fixed_number_of_queries(world: World, path: str, count: int) -> None:
    for _ in range(count):
        factories.contract(world.foods, world.host, start=None)
    client = client_of(world.operator)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(path)
    print(f"{path} with {count}: {len(queries)} queries")
    assert len(queries) <= 12, [one["sql"][:150] for one in queries]
    assert page.context["page"].paginator.count == count
