"""The catalogue over HTTP, for every key."""

from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import editions, factories
from tests.marketplace.api.client import Api, api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/offerings"


def test_an_offering_is_shown_with_its_plans_and_prices(hongshan: Api, contract: Any) -> None:
    body = hongshan.get(f"{PATH}/{contract.offering.code}").json()
    assert body["code"] == contract.offering.code
    assert (body["title"], body["provider"]) == ("通用型云主机 2核4G", "红山云数据服务有限公司")
    assert (body["service_model"], body["sla_percent"], body["remaining"]) == ("iaas", "99.900", 500)
    assert body["specs"] == {"vcpu": 2, "ram_gib": 4}
    monthly, metered = body["plans"]
    assert (monthly["code"], monthly["currency"], monthly["price_book_version"]) == ("monthly", "CNY", 1)
    assert monthly["terms"] == [{"months": 1, "discount": "0.0000"}, {"months": 12, "discount": "0.1000"}]
    assert [price["unit_price"] for price in monthly["components"]] == ["212.70000000"]
    assert [price["meter"] for price in metered["components"]] == ["vcpu_hours", "gib_hours"]
    listed = hongshan.get(PATH).json()
    assert (listed["count"], listed["page"], listed["pages"]) == (1, 1, 1)
    assert listed["results"] == [{key: body[key] for key in listed["results"][0]}]
    assert set(body) - set(listed["results"][0]) == {
        "version",
        "summary",
        "support",
        "exit_terms",
        "sla_credits",
        "recommended_edition",
    }


def test_an_offering_says_its_version_summary_support_and_exit_terms(hongshan: Api) -> None:
    centre = editions.proven_centre(factories.songmo())
    stated = factories.offering(
        centre,
        summary="两核四吉，开通即用。",
        summary_en="Two cores, ready at once.",
        support="7x24",
        exit_notice_days=15,
        exit_export_days=30,
        exit_export_formats="QCOW2、CSV",
        exit_fee=Decimal("120.5"),
        sla_credits="10; 99: 25",
    )
    silent = factories.offering(factories.data_centre(factories.songmo()))
    with time_machine.travel(editions.PUBLISHED_AT, tick=False):
        edition = editions.publish()
    body = hongshan.get(f"{PATH}/{stated.code}").json()
    assert {
        key: body[key] for key in ("version", "summary", "support", "sla_credits", "exit_terms", "recommended_edition")
    } == {
        "version": 1,
        "summary": "两核四吉，开通即用。",
        "support": "7x24",
        "sla_credits": [{"below": None, "percent": "10.000"}, {"below": "99.000", "percent": "25.000"}],
        "exit_terms": {"notice_days": 15, "export_days": 30, "export_formats": "QCOW2、CSV", "fee": "120.50"},
        "recommended_edition": edition.number,
    }
    assert edition.number == "TJ-2026-01"
    english = hongshan.get(f"{PATH}/{stated.code}", headers={"Accept-Language": "en"}).json()
    assert english["summary"] == "Two cores, ready at once."
    body = hongshan.get(f"{PATH}/{silent.code}").json()
    assert (body["version"], body["summary"], body["support"], body["recommended_edition"]) == (1, "", "", None)
    assert body["exit_terms"] == {"notice_days": None, "export_days": None, "export_formats": "", "fee": None}


@pytest.mark.parametrize("state", ["draft", "withdrawn"])
def test_what_is_not_listed_is_not_there(hongshan: Api, contract: Any, state: str) -> None:
    hidden = factories.offering(contract.offering.data_centre, state=state)
    assert hongshan.get(f"{PATH}/{hidden.code}").status_code == 404
    assert hongshan.get(f"{PATH}/OF-NOBODYS").status_code == 404
    assert [row["code"] for row in hongshan.get(PATH).json()["results"]] == [contract.offering.code]


def test_the_search_narrows_and_names_what_it_does_not_know(contract: Any) -> None:
    caller = api(contract.buyer, "contracts.view")
    assert caller.get(f"{PATH}?service=iaas&deployment=public").json()["count"] == 1
    assert caller.get(f"{PATH}?service=saas").json()["count"] == 0
    assert caller.get(f"{PATH}?service=iaas&service=saas&sort=price").json()["count"] == 1
    for query in ("service=gold", "sort=random", "region=000000", "category=nothing", "recommended=maybe"):
        assert caller.get(f"{PATH}?{query}").status_code == 422
    assert caller.get(f"{PATH}?page=2").status_code == 404
    assert caller.get(f"{PATH}?q=%00").status_code == 200


def test_a_search_takes_constant_queries(hongshan: Api, contract: Any) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert hongshan.get(PATH).status_code == 200
        return len(captured.captured_queries)

    before = count()
    for _ in range(10):
        factories.offering(contract.offering.data_centre)
    assert count() == before <= 12


def test_a_key_is_needed(contract: Any) -> None:
    assert Api("").get(PATH).status_code == 401
