"""A buyer's orders, contracts and approvals through HTTP: who sees what, who decides, what a refusal looks like."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from marketplace.procurement.models import Approval
from providers.models import CapacityPool
from tests import factories
from tests.frontend.trade import World, client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return World()


def contract_of(number: str) -> Contract:
    return Contract.objects.get(order_number=number)


def test_an_order_is_found_by_its_organisation_only(world: World) -> None:
    number = world.order()
    contract = contract_of(number)
    paths = [f"/buyer/orders/{number}/", f"/buyer/contracts/{contract.number}/"]
    for path in paths:
        assert client_of(world.buyer).get(path).status_code == 200
        assert client_of(world.officer).get(path).status_code == 404
        assert client_of(world.operator).get(path).status_code == 403
        assert Client().get(path).headers["Location"] == f"/login/?next={path}"
    assert number not in client_of(world.officer).get("/buyer/orders/").content.decode()
    assert contract.number not in client_of(world.officer).get("/buyer/contracts/").content.decode()


def test_an_order_shows_every_line_and_its_total(world: World) -> None:
    number = world.order(world.host, world.other_host)
    page = client_of(world.buyer).get(f"/buyer/orders/{number}/").content.decode()
    for words in ("红山云主机", "松漠云主机", "¥4,594.32", "¥275.66", "¥4,869.98"):
        assert words in page


def test_a_colleague_approves_not_the_one_who_ordered(world: World) -> None:
    own = factories.actor(world.bureau, "buyer", "approver")
    number = world.order(actor=own)
    path = f"/buyer/approvals/{number}/"
    refused = client_of(own).post(path, {"decision": "approve", "reason": ""})
    assert refused.status_code == 409
    assert len(refused.context["form"].non_field_errors()) == 1
    assert Approval.objects.get().status == "waiting"
    done = client_of(world.approver).post(path, {"decision": "approve", "reason": ""})
    assert (done.status_code, done.headers["Location"]) == (302, "/buyer/approvals/")
    assert Approval.objects.get().status == "approved"


def test_a_rejection_needs_a_reason_and_frees_the_capacity(world: World) -> None:
    number = world.order(actor=world.officer)
    client, path = client_of(world.approver), f"/buyer/approvals/{number}/"
    refused = client.post(path, {"decision": "reject", "reason": " "})
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["reason"]
    assert client.post(path, {"decision": "reject", "reason": "预算不足"}).status_code == 302
    assert (Approval.objects.get().status, contract_of(number).status) == ("rejected", "cancelled")
    assert not CapacityPool.objects.exclude(allocated=0).exists()
    assert "预算不足" in client.get(path).content.decode()


@pytest.mark.parametrize("decision", ["", "maybe"])
def test_a_decision_is_yes_or_no(world: World, decision: str) -> None:
    number = world.order(actor=world.officer)
    answer = client_of(world.approver).post(f"/buyer/approvals/{number}/", {"decision": decision})
    assert answer.status_code == 422
    assert Approval.objects.get().status == "waiting"


@pytest.mark.parametrize("path", ["/buyer/approvals/", "/buyer/approvals/{number}/"])
def test_who_may_not_approve_sees_no_approvals(world: World, path: str) -> None:
    number = world.order(actor=world.officer)
    assert client_of(world.officer).get(path.format(number=number)).status_code == 403
    stranger = client_of(factories.actor(world.foods, "approver"))
    assert stranger.get(f"/buyer/approvals/{number}/").status_code == 404
    assert stranger.post(f"/buyer/approvals/{number}/", {"decision": "approve"}).status_code == 404
    assert Approval.objects.get().status == "waiting"


def test_a_contract_is_ended_once(world: World) -> None:
    contract = contract_of(world.order())
    client, path = client_of(world.buyer), f"/buyer/contracts/{contract.number}/end/"
    assert client.post(path, {"reason": "不再需要"}).headers["Location"] == f"/buyer/contracts/{contract.number}/"
    contract.refresh_from_db()
    assert contract.status == "cancelled"
    again = client.post(path, {"reason": ""})
    assert again.status_code == 409
    assert contract.number in str(again.context["form"].non_field_errors())
    assert client_of(world.officer).post(path, {}).status_code == 404
    assert client_of(world.operator).post(path, {}).status_code == 403
    assert client_of(factories.actor(world.foods, "finance")).post(path, {}).status_code == 403
    assert client.get(path).status_code == 405


def test_usage_is_shown_by_day_and_meter(world: World) -> None:
    from datetime import date

    from billing.metering.models import UsageDay

    contract = factories.contract(world.foods, world.host, plan_code="metered", start=date(2026, 10, 1))
    for day, quantity in ((30, "12.500000"), (31, "0.250000")):
        UsageDay.objects.create(
            contract=contract, meter="vcpu_hours", day=date(2026, 10, day), quantity=quantity, event_count=1, batch=1
        )
    client = client_of(world.buyer)
    usage = client.get(f"/buyer/contracts/{contract.number}/?month=2026-10").context["usage"]
    assert [meter.meter for meter in usage["meters"]] == ["vcpu_hours", "gib_hours"]
    assert [str(sum(row[1][:1])) for row in usage["rows"]] == ["12.500000", "0.250000"]
    assert (str(usage["totals"][0]), usage["totals"][1]) == ("12.750000", None)
    # a month in which it did not run, or none at all, shows the latest
    for query in ("?month=2020-01", "?month=x", ""):
        assert client.get(f"/buyer/contracts/{contract.number}/{query}").context["usage"]["rows"] == []


@pytest.mark.parametrize("count", [0, 1, 55])
@pytest.mark.parametrize(
    ("path", "bound"), [("/buyer/orders/", 14), ("/buyer/contracts/", 14), ("/buyer/approvals/", 14)]
)
def test_lists_take_a_fixed_number_of_queries(world: World, path: str, bound: int, count: int) -> None:
    owner = factories.actor(world.foods, "owner", "approver")
    for number in range(count):
        contract = factories.contract(world.foods, world.host)
        if "approvals" in path:
            Approval.objects.create(
                organisation=world.foods,
                order_number=contract.order_number,
                amount_minor=number,
                currency="CNY",
                requested_by_id=world.buyer.user_id,
                requested_at=contract.placed_at,
            )
    client = client_of(owner)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(path)
    assert page.status_code == 200
    print(f"{path} with {count}: {len(queries)} queries")
    assert len(queries) <= bound, [one["sql"][:150] for one in queries]
    assert page.context["page"].paginator.count == count
    assert len(list(page.context["page"])) == min(count, 50)


@pytest.mark.parametrize("query", ["?page=x", "?page=99", "?status=nonsense", "?page=-1"])
def test_a_strange_query_is_no_error(world: World, query: str) -> None:
    world.order()
    assert client_of(world.buyer).get(f"/buyer/contracts/{query}").status_code == 200
    assert client_of(world.buyer).get(f"/buyer/orders/{query}").status_code == 200


def test_a_status_filters(world: World) -> None:
    waiting, ended = contract_of(world.order()), contract_of(world.order())
    client = client_of(world.buyer)
    client.post(f"/buyer/contracts/{ended.number}/end/", {})
    rows: Any = client.get("/buyer/contracts/?status=pending").context["rows"]
    assert [row["contract"].number for row in rows] == [waiting.number]
