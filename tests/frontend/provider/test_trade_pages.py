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
    path = f"/provider/deliveries/{contract.number}/confirm/"
    sent = {"resource_id": "i-0001", "from": "list"}
    assert client.post(path, sent).headers["Location"] == "/provider/deliveries/"
    contract.refresh_from_db()
    assert (contract.status, Delivery.objects.get().resource_id) == ("pending", "i-0001")
    assert list(client.get("/provider/deliveries/").context["page"]) == []
    # the same again is fine, another resource is not, and says so
    assert client.post(path, {"resource_id": "i-0001"}).status_code == 302
    again = client.post(path, {**sent, "resource_id": "i-0002"})
    assert again.status_code == 409
    assert "i-0001" in again.content.decode()
    assert Delivery.objects.get().resource_id == "i-0001"


@pytest.mark.parametrize("resource_id", ["", "x" * 101])
def test_a_missing_resource_is_said_beside_its_field(world: World, resource_id: str) -> None:
    contract = contract_with(world, world.order())
    answer = client_of(world.operator).post(
        f"/provider/deliveries/{contract.number}/confirm/", {"resource_id": resource_id, "from": "list"}
    )
    assert answer.status_code == 422
    assert list(answer.context["rows"][0]["form"].errors) == ["resource_id"]
    contract.refresh_from_db()
    assert contract.status == "pending"


def test_what_waits_for_approval_is_shown_apart_and_not_delivered(world: World) -> None:
    contract = contract_with(world, world.order(actor=world.officer))
    client = client_of(world.operator)
    assert contract.number not in client.get("/provider/deliveries/").content.decode()
    assert contract.number in client.get("/provider/deliveries/?status=held").content.decode()
    answer = client.post(f"/provider/deliveries/{contract.number}/confirm/", {"resource_id": "i-0001"})
    assert answer.status_code == 409
    contract.refresh_from_db()
    assert contract.status == "pending"
    page = client.get(f"/provider/deliveries/{contract.number}/").context
    assert [page[name] for name in ("can_accept", "can_start", "can_hand_over", "can_decline")] == [False] * 4


def test_a_delivery_goes_step_by_step_to_the_buyer_and_back(world: World) -> None:
    contract = contract_with(world, world.order(quantity=5))
    provider, buyer = client_of(world.operator), client_of(world.buyer)
    path, theirs = f"/provider/deliveries/{contract.number}", f"/buyer/contracts/{contract.number}"

    def take(step: str, **said: object) -> int:
        return provider.post(f"{path}/{step}/", said).status_code

    assert (take("start"), take("fail", reason="配额不足")) == (409, 409), "it has to be accepted first"
    assert provider.post(f"{path}/dance/").status_code == 404
    assert [take("accept"), take("accept"), take("start"), take("fail", reason="配额不足")] == [302] * 4
    assert "配额不足" in provider.get(f"{path}/").content.decode()
    assert take("confirm", resource_id="i-1", quantity=6) == 422
    assert take("confirm", resource_id="i-1", quantity=3) == 302
    page = buyer.get(f"{theirs}/")
    # 212.70 × 0.9 × 12 months, of three and of five, with 6 % VAT
    assert page.context["part"].amount_minor == 730_497
    assert page.context["committed"].amount_minor == 1_217_495
    assert take("decline", reason="…") == 409, "it was handed over"
    assert buyer.post(f"{theirs}/end/", {}).status_code == 409, "reject it first"
    assert buyer.post(f"{theirs}/reject/", {"reason": ""}).status_code == 422
    assert buyer.post(f"{theirs}/reject/", {"reason": "还差两台"}).status_code == 302
    assert "还差两台" in provider.get(f"{path}/").content.decode()
    assert take("confirm", resource_id="i-1", quantity=4) == 302
    assert buyer.post(f"{theirs}/accept/", {"accepted_quantity": 5}).status_code == 409
    assert buyer.post(f"{theirs}/accept/", {"accepted_quantity": 4}).status_code == 302
    contract.refresh_from_db()
    assert (contract.status, contract.quantity) == ("active", 4)
    assert buyer.get(f"{theirs}/").context["committed"].amount_minor == 973_996
    declined = contract_with(world, world.order())
    assert provider.post(f"/provider/deliveries/{declined.number}/decline/", {"reason": "机房检修"}).status_code == 302
    assert "机房检修" in buyer.get(f"/buyer/contracts/{declined.number}/").content.decode()


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
    for path in (
        "deliveries/{}/accept/",
        "deliveries/{}/confirm/",
        "deliveries/{}/decline/",
        "contracts/{}/suspend/",
        "contracts/{}/resume/",
    ):
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
    for step in ("accept", "start", "confirm", "fail", "decline"):
        assert client.post(f"/provider/deliveries/{contract.number}/{step}/", {"resource_id": "i-1"}).status_code == 403
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
    assert len(queries) <= 14, [one["sql"][:150] for one in queries]
    assert page.context["page"].paginator.count == count
