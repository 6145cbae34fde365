"""A provider's system takes an order through its steps; it sees its own, in constant queries."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.fulfilment.models import Delivery
from tests import factories
from tests.marketplace.api.client import Api, api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/deliveries"


@pytest.fixture
def number(contract: Any) -> str:
    return factories.contract(factories.foods(), contract.offering, quantity=5, start=None).number


def test_the_steps_of_a_delivery(hongshan: Api, number: str) -> None:
    path = f"{PATH}/{number}"
    assert hongshan.post(f"{path}/start", {}).status_code == 409, "accepted first"
    for step, body, status in (
        ("accept", {}, "accepted"),
        ("start", {}, "provisioning"),
        ("fail", {"reason": "quota exceeded"}, "provisioning"),
        ("deliver", {"resource_id": "i-1", "quantity": 3}, "delivered"),
        ("deliver", {"resource_id": "i-1", "quantity": 5}, "delivered"),
    ):
        for _ in range(2):
            answer = hongshan.post(f"{path}/{step}", body)
            assert (answer.status_code, answer.json()["status"]) == (200, status), step
    shown = hongshan.get(path).json()
    assert (shown["delivered_quantity"], shown["resource_id"], shown["failure"]) == (5, "i-1", "")
    assert [one["kind"] for one in shown["steps"]] == ["accept", "start", "fail", "hand_over", "hand_over"]
    assert Delivery.objects.get(number=number).method == "webhook"
    for body in ({"resource_id": "i-2"}, {"resource_id": "i-1", "quantity": 4}):
        assert hongshan.post(f"{path}/deliver", body).status_code == 409
    assert hongshan.post(f"{path}/decline", {"reason": "…"}).status_code == 409


def test_an_order_is_declined(hongshan: Api, number: str) -> None:
    for _ in range(2):
        answer = hongshan.post(f"{PATH}/{number}/decline", {"reason": "no capacity"})
        assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    assert hongshan.get(f"/api/v1/contracts/{number}").json()["status"] == "cancelled"
    assert hongshan.post(f"{PATH}/{number}/accept", {}).status_code == 409


@pytest.mark.parametrize(
    ("step", "body", "field"),
    [
        ("deliver", {}, "resource_id"),
        ("deliver", {"resource_id": "i-1", "quantity": 6}, "quantity"),
        ("deliver", {"resource_id": "i-1", "quantity": 0}, "quantity"),
        ("deliver", {"resource_id": "i-1", "quantity": "x"}, "quantity"),
        ("decline", {"reason": ""}, "reason"),
        ("fail", {"reason": "x" * 301}, "reason"),
    ],
)
def test_a_wrong_field_is_named(hongshan: Api, number: str, step: str, body: dict[str, Any], field: str) -> None:
    answer = hongshan.post(f"{PATH}/{number}/{step}", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert Delivery.objects.get(number=number).status == "waiting"


def test_others_find_nothing(hongshan: Api, number: str, other: Any) -> None:
    stranger = api(other.provider.organisation, "contracts.deliver")
    assert stranger.get(PATH).json()["count"] == 0
    assert stranger.get(f"{PATH}/{number}").status_code == 404
    for step in ("accept", "start", "fail", "decline", "deliver"):
        body = {"reason": "…", "resource_id": "i-1"}
        assert stranger.post(f"{PATH}/{number}/{step}", body).status_code == 404
    assert api(other.buyer, "contracts.view").get(PATH).status_code == 403
    assert Delivery.objects.get(number=number).status == "waiting"


def test_a_list_takes_constant_queries(hongshan: Api, contract: Any, number: str) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert hongshan.get(f"{PATH}?status=waiting").status_code == 200
        return len(captured.captured_queries)

    before = count()
    for _ in range(10):
        factories.contract(factories.foods(), contract.offering, start=None)
    assert count() == before <= 5
    assert hongshan.get(f"{PATH}?status=gone").status_code == 422
    assert hongshan.get(f"{PATH}?status=completed").json()["count"] == 0
