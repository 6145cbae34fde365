"""Invoices for buyers, settlements and exports for providers, over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.exports import operations as exports
from billing.exports.models import ExportRun
from billing.settlement import operations as settlement
from billing.settlement.models import Settlement
from tests import factories, receipts
from tests.marketplace.api.client import NOW, Api, api

pytestmark = pytest.mark.django_db

COLLECTED_AT = datetime(2026, 10, 15, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    yield


@pytest.fixture
def invoice(contract: Any) -> Any:
    """106.00 yuan, of which 6 are tax, paid in full in October."""
    return receipts.collect(contract, 10_600, at=COLLECTED_AT)


@pytest.fixture
def settled(invoice: Any) -> Settlement:
    """October's settlement of hongshan: 2 % commission and 6 % VAT on it."""
    settlement.settle_due(now=NOW, limit=500)
    return Settlement.objects.get()


def count_queries(caller: Api, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert caller.get(path).status_code == 200
    return len(captured.captured_queries)


def test_a_buyer_reads_its_invoices(contract: Any, invoice: Any) -> None:
    buyer = api(contract.buyer, "invoices.view")
    row = {
        "number": invoice.number,
        "month": "2026-09",
        "provider": "红山云数据服务有限公司",
        "currency": "CNY",
        "net_minor": 10_000,
        "tax_minor": 600,
        "total_minor": 10_600,
        "paid_minor": 10_600,
        "status": "paid",
        "issued_at": "2026-10-03T09:00:00+08:00",
        "due_date": "2026-10-03",
    }
    assert buyer.get("/api/v1/invoices").json() == {"count": 1, "page": 1, "pages": 1, "results": [row]}
    detail = buyer.get(f"/api/v1/invoices/{invoice.number}").json()
    (line,) = detail.pop("lines")
    assert detail.pop("taxes") == []
    assert detail == row
    assert line == {
        "position": 1,
        "contract": contract.number,
        "description": "通用型云主机 2核4G",
        "unit": "台·月",
        "quantity": "1.000000",
        "unit_price": "100.00000000",
        "vat_rate": "0.0600",
        "net_minor": 10_000,
        "tax_minor": 600,
    }


@pytest.mark.parametrize(
    ("query", "count"), [("status=paid", 1), ("status=overdue", 0), ("month=2026-09", 1), ("month=2026-10", 0)]
)
def test_invoices_are_filtered(contract: Any, invoice: Any, query: str, count: int) -> None:
    assert api(contract.buyer, "invoices.view").get(f"/api/v1/invoices?{query}").json()["count"] == count


@pytest.mark.parametrize("query", ["status=lost", "month=2026-13", "month=October", "month=2026-1", "page=0"])
def test_a_wrong_filter_is_named(contract: Any, query: str) -> None:
    response = api(contract.buyer, "invoices.view").get(f"/api/v1/invoices?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, query.partition("=")[0])


def test_others_see_no_invoice(hongshan: Api, invoice: Any, other: Any) -> None:
    bureau = api(other.buyer, "invoices.view")
    assert bureau.get(f"/api/v1/invoices/{invoice.number}").status_code == 404
    assert bureau.get("/api/v1/invoices").json()["count"] == 0
    # A provider's key can not even be given the scope.
    assert hongshan.get(f"/api/v1/invoices/{invoice.number}").status_code == 403


def test_invoices_take_constant_queries(contract: Any, invoice: Any) -> None:
    buyer = api(contract.buyer, "invoices.view")
    before = count_queries(buyer, "/api/v1/invoices")
    for _ in range(5):
        receipts.collect(contract, 500)
    assert count_queries(buyer, "/api/v1/invoices") == before <= 4


def test_a_provider_reads_its_settlements(hongshan: Api, settled: Settlement, contract: Any, invoice: Any) -> None:
    row = {
        "number": "JS-202610-0001",
        "month": "2026-10",
        "status": "draft",
        "currency": "CNY",
        "gross_minor": 10_600,
        "commission_rate": "0.0200",
        "commission_minor": 212,
        "commission_vat_minor": 13,
        "net_minor": 10_375,
        "lines_count": 1,
        "drafted_at": "2026-11-02T12:00:00+08:00",
        "approved_at": None,
        "paid_at": None,
    }
    listed = hongshan.get("/api/v1/settlements?month=2026-10&status=draft").json()
    assert listed == {"count": 1, "page": 1, "pages": 1, "results": [row]}
    line = {
        "invoice": invoice.number,
        "contract": contract.number,
        "description": "通用型云主机 2核4G",
        "gross_minor": 10_600,
    }
    detail = hongshan.get(f"/api/v1/settlements/{settled.number}").json()
    assert detail == {**row, "lines": {"count": 1, "page": 1, "pages": 1, "results": [line]}}
    assert hongshan.get(f"/api/v1/settlements/{settled.number}?page=2").status_code == 404


def test_others_see_no_settlement(settled: Settlement, contract: Any, other: Any) -> None:
    songmo = api(other.provider.organisation, "settlements.view")
    assert songmo.get(f"/api/v1/settlements/{settled.number}").status_code == 404
    assert songmo.get("/api/v1/settlements").json()["count"] == 0
    assert api(contract.buyer, "invoices.view").get("/api/v1/settlements").status_code == 403


def test_a_file_is_asked_for_written_and_downloaded(hongshan: Api, settled: Settlement) -> None:
    asked = {"kind": "settlement_detail", "format": "csv", "settlement_number": settled.number}
    response = hongshan.post("/api/v1/exports", asked)
    assert response.status_code == 202
    path = response["Location"]
    assert response.json()["status"] == "queued"
    assert hongshan.get(f"{path}/file").status_code == 404  # not written yet
    assert exports.write_due(now=NOW, limit=10) == 1
    done = hongshan.get(path).json()
    assert (done["status"], done["month"], done["version"], done["rows_done"]) == ("done", "2026-10", 1, 1)
    file = hongshan.get(f"{path}/file")
    assert "attachment" in file["Content-Disposition"]
    assert b"".join(file.streaming_content).startswith(b"\xef\xbb\xbf")
    assert hongshan.get("/api/v1/exports").json()["results"] == [done]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "csv", "month": "2026-10"}, "kind"),
        ({"kind": "settlement_summary", "format": "pdf", "month": "2026-10"}, "format"),
        ({"kind": "settlement_summary", "format": "csv", "month": "2026-13"}, "month"),
        ({"kind": "settlement_summary", "format": "csv", "month": 202610}, "month"),
        ({"kind": "settlement_summary", "format": "csv"}, "month"),
        ({"kind": "settlement_detail", "format": "csv", "settlement_number": "\x00"}, "settlement_number"),
    ],
)
def test_a_wrong_request_for_a_file_is_named(hongshan: Api, body: dict[str, Any], field: str) -> None:
    response = hongshan.post("/api/v1/exports", body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert not ExportRun.objects.exists()


def test_others_settlements_and_files_are_not_there(hongshan: Api, settled: Settlement, other: Any) -> None:
    songmo = api(other.provider.organisation, "exports.view", "exports.request")
    asked = {"kind": "settlement_detail", "format": "csv", "settlement_number": settled.number}
    assert songmo.post("/api/v1/exports", asked).status_code == 404
    path = hongshan.post("/api/v1/exports", asked)["Location"]
    exports.write_due(now=NOW, limit=10)
    assert songmo.get(path).status_code == 404
    assert songmo.get(f"{path}/file").status_code == 404
    assert songmo.get("/api/v1/exports").json()["count"] == 0


def test_the_scope_to_look_is_not_the_scope_to_ask(settled: Settlement, contract: Any) -> None:
    caller = api(contract.provider.organisation, "exports.view")
    body = {"kind": "settlement_summary", "format": "csv", "month": "2026-10"}
    assert caller.post("/api/v1/exports", body).status_code == 403
    assert not ExportRun.objects.exists()


def test_settlements_take_constant_queries(hongshan: Api, settled: Settlement, contract: Any) -> None:
    path = f"/api/v1/settlements/{settled.number}"
    assert count_queries(hongshan, "/api/v1/settlements") <= 6
    assert count_queries(hongshan, path) <= 6
    assert count_queries(hongshan, "/api/v1/exports") <= 3


def test_a_platform_key_sees_nothing_here(invoice: Any) -> None:
    """Keys of the platform have no scopes; were one made by hand, the lists would still not open."""
    from marketplace.organisations.models import ApiKey

    token = factories.api_token(factories.hongshan().organisation, "usage.report")
    ApiKey.objects.update(
        organisation=factories.platform(),
        scopes=["invoices.view", "settlements.view", "contracts.view", "exports.view"],
    )
    for path in ("invoices", "settlements", "contracts", "exports"):
        assert Api(token).get(f"/api/v1/{path}").status_code == 404
