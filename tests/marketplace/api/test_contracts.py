"""Contracts over HTTP, for both their parties, and the confirmation of delivery."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from marketplace.organisations.models import AuditEntry
from tests import factories
from tests.marketplace.api.client import Api, api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/contracts"


def test_a_contract_is_shown_with_its_frozen_prices(hongshan: Api, contract: Any) -> None:
    body = hongshan.get(f"{PATH}/{contract.number}").json()
    assert body == {
        "number": contract.number,
        "order_number": contract.order_number,
        "status": "active",
        "buyer": "赤峰草原食品有限公司",
        "provider": "红山云数据服务有限公司",
        "offering_code": contract.offering.code,
        "offering_version": 1,
        "offering_title": "通用型云主机 2核4G",
        "plan": "metered",
        "quantity": 1,
        "term_months": 12,
        "term_discount": "0.1000",
        "currency": "CNY",
        "payment_method": "bank_transfer",
        "resource_id": "",
        "placed_at": "2026-09-28T10:00:00+08:00",
        "start_date": "2026-10-01",
        "end_date": "2027-10-01",
        "components": [
            {
                "code": "c0",
                "name": "vCPU 用量",
                "kind": "metered",
                "unit": "vCPU·小时",
                "meter": "vcpu_hours",
                "aggregation": "sum",
                "unit_price": "0.12348000",
                "model": "per_unit",
                "tiers": [],
                "package_size": None,
                "included_quantity": "0.000000",
                "minimum_amount": None,
                "maximum_amount": None,
                "vat_rate": "0.0600",
            },
            {
                "code": "c1",
                "name": "内存用量",
                "kind": "metered",
                "unit": "GiB·小时",
                "meter": "gib_hours",
                "aggregation": "sum",
                "unit_price": "0.01547000",
                "model": "per_unit",
                "tiers": [],
                "package_size": None,
                "included_quantity": "0.000000",
                "minimum_amount": None,
                "maximum_amount": None,
                "vat_rate": "0.0600",
            },
        ],
        "transitions": [],
    }
    buyer = api(contract.buyer, "contracts.view")
    assert buyer.get(f"{PATH}/{contract.number}").json() == body


def test_both_parties_list_their_own_only(hongshan: Api, contract: Any, other: Any) -> None:
    for caller in (hongshan, api(contract.buyer, "contracts.view")):
        assert [row["number"] for row in caller.get(PATH).json()["results"]] == [contract.number]
        assert caller.get(f"{PATH}/{other.number}").status_code == 404
        assert caller.get(f"{PATH}?status=ended").json()["count"] == 0
    wrong = hongshan.get(f"{PATH}?status=gone")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "status")


def test_a_list_takes_constant_queries(hongshan: Api, contract: Any) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert hongshan.get(PATH).status_code == 200
        return len(captured.captured_queries)

    before = count()
    for _ in range(10):
        factories.contract(factories.foods(), contract.offering)
    assert count() == before == 3


def test_delivery_is_confirmed_once(hongshan: Api, contract: Any) -> None:
    waiting = factories.contract(factories.foods(), contract.offering, start=None)
    path = f"{PATH}/{waiting.number}/confirm-delivery"
    response = hongshan.post(path, {"resource_id": "i-0042"})
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["start_date"]) == ("pending", None), "its buyer looks at it first"
    assert hongshan.post(path, {"resource_id": "i-0042"}).json() == body
    assert hongshan.post(path, {"resource_id": "i-0043"}).status_code == 409
    entry = AuditEntry.objects.get(object_id=waiting.number, action="delivery.hand_over")
    assert entry.api_key_id is not None and entry.user_id is None
    factories.accept(waiting, now=datetime(2026, 11, 2, 8, tzinfo=UTC))
    body = hongshan.get(f"{PATH}/{waiting.number}").json()
    assert (body["status"], body["resource_id"]) == ("active", "i-0042")
    assert (body["start_date"], body["end_date"]) == ("2026-11-02", "2027-11-02")
    assert [step["to_status"] for step in body["transitions"]] == ["active"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resource_id": ""},
        {"resource_id": "  "},
        {"resource_id": "x" * 101},
        {"resource_id": ["x"]},
        {"resource_id": "a\x00b"},
        {"resource_id": None},
    ],
)
def test_the_resource_must_be_named(hongshan: Api, contract: Any, body: dict[str, Any]) -> None:
    waiting = factories.contract(factories.foods(), contract.offering, start=None)
    response = hongshan.post(f"{PATH}/{waiting.number}/confirm-delivery", body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "resource_id")
    waiting.refresh_from_db()
    assert waiting.status == Contract.Status.PENDING


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b'{"resource_id": "\xff"}', b"[" * 60_000])
def test_a_body_that_is_no_object_is_answered_400(hongshan: Api, contract: Any, body: bytes) -> None:
    assert hongshan.post(f"{PATH}/{contract.number}/confirm-delivery", body).status_code == 400


def test_a_body_of_another_type_or_size_is_refused(hongshan: Api, contract: Any) -> None:
    path = f"{PATH}/{contract.number}/confirm-delivery"
    assert hongshan.post(path, "resource_id=x", content_type="application/x-www-form-urlencoded").status_code == 415
    assert hongshan.post(path, b" " * 70_000).status_code == 413


def test_nobody_delivers_for_another(contract: Any, other: Any) -> None:
    waiting = factories.contract(factories.foods(), contract.offering, start=None)
    path = f"{PATH}/{waiting.number}/confirm-delivery"
    body = {"resource_id": "i-1"}
    assert api(other.provider.organisation, "contracts.deliver").post(path, body).status_code == 404
    assert api(contract.provider.organisation, "contracts.view").post(path, body).status_code == 403
    assert api(contract.buyer, "contracts.view").post(path, body).status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == Contract.Status.PENDING


@pytest.mark.parametrize("number", ["HT-NOBODYS", "x%00y", "..%2f..", "é", "%F0%9F%98%80", "a" * 41, "1%27--"])
def test_a_number_of_any_form_is_a_404(hongshan: Api, number: str) -> None:
    assert hongshan.call("get", f"{PATH}/{number}", undescribed=True).status_code == 404


def test_a_contract_names_the_version_that_was_bought_not_the_one_in_force(hongshan: Api, contract: Any) -> None:
    contract.offering.versions.update(state="superseded")
    factories.offering_version(contract.offering)
    assert hongshan.get(f"/api/v1/offerings/{contract.offering.code}").json()["version"] == 2
    assert hongshan.get(f"{PATH}/{contract.number}").json()["offering_version"] == 1
    [row] = hongshan.get(PATH).json()["results"]
    assert (row["offering_code"], row["offering_version"]) == (contract.offering.code, 1)
