"""Comparison reports over HTTP: made from the page, kept by their organisation, the same after prices have changed."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client

from marketplace.procurement.models import ComparisonReport
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def hosts() -> list[Any]:
    return [
        factories.offering(factories.data_centre(factories.hongshan())),
        factories.offering(factories.data_centre(factories.songmo())),
    ]


def make(client: Client, hosts: list[Any], extra: str = "") -> Any:
    query = "&".join(f"offering={host.pk}" for host in hosts)
    return client.post(f"/reports/new/?{query}&quantity=10&term=12{extra}")


def test_a_buyer_makes_a_report_and_it_never_changes(client: Client, hosts: list[Any]) -> None:
    client.force_login(factories.member(factories.foods(), "buyer"))
    response = make(client, hosts)
    report = ComparisonReport.objects.get()
    assert response["Location"] == f"/reports/{report.number}/"
    before = client.get(response["Location"]).content.decode()
    assert "¥24,349.90" in before and report.sha256 in before and "与哈希一致" in before
    factories.price_book(hosts[0], plans={"monthly": [factories.Price("recurring", "1")]})
    after = client.get(response["Location"]).content.decode()
    assert after.split('class="table compare-table')[1] == before.split('class="table compare-table')[1]
    assert report.number in client.get("/reports/").content.decode()


def test_the_spreadsheet_comes_from_the_frozen_content(client: Client, hosts: list[Any]) -> None:
    client.force_login(factories.member(factories.foods(), "buyer"))
    make(client, hosts)
    report = ComparisonReport.objects.get()
    factories.price_book(hosts[0], plans={"monthly": [factories.Price("recurring", "1")]})
    response = client.get(f"/reports/{report.number}/xlsx/")
    rows = {row[0].value: row for row in openpyxl.load_workbook(BytesIO(response.content)).active.iter_rows()}
    assert rows["折算总价（含税）"][1].value == 24349.9
    assert rows["SHA-256"][1].value == report.sha256


def test_an_officer_sees_the_platforms_reports_only(hosts: list[Any]) -> None:
    buyer, officer = Client(), Client()
    buyer.force_login(factories.member(factories.foods(), "buyer"))
    officer.force_login(factories.member(factories.platform(), "officer"))
    make(buyer, hosts)
    make(officer, hosts)
    of_foods, of_platform = ComparisonReport.objects.order_by("pk")
    for path in ("", "xlsx/"):
        assert officer.get(f"/reports/{of_foods.number}/{path}").status_code == 404
        assert buyer.get(f"/reports/{of_platform.number}/{path}").status_code == 404
    assert of_foods.number not in officer.get("/reports/").content.decode()


def test_a_visitor_logs_in_and_comes_back_to_the_comparison(client: Client, hosts: list[Any]) -> None:
    response = make(client, hosts)
    assert response["Location"].startswith("/login/?next=/compare/%3Foffering%3D")
    assert not ComparisonReport.objects.exists()


@pytest.mark.parametrize("extra", ["&offering=99999999", "&quantity=0", "&weights=custom&weight-price=99"])
def test_what_is_refused_is_said_on_the_comparison(client: Client, hosts: list[Any], extra: str) -> None:
    client.force_login(factories.member(factories.foods(), "buyer"))
    response = make(client, hosts, extra)
    assert response["Location"].startswith("/compare/?")
    assert "alert-error" in client.get(response["Location"]).content.decode()
    assert not ComparisonReport.objects.exists()


def test_the_list_costs_the_same_with_one_and_with_many(
    client: Client, hosts: list[Any], django_assert_max_num_queries: Any
) -> None:
    client.force_login(factories.member(factories.foods(), "buyer"))
    for _number in range(3):
        make(client, hosts)
    client.get("/reports/")
    with django_assert_max_num_queries(8):
        client.get("/reports/")
