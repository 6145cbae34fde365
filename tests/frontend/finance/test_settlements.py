"""Finance: a month, one settlement, approval and payout; figures of the page are the sums of its rows."""

import json
import re
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from billing.ledger import queries as ledger
from billing.settlement import operations as settlement
from billing.settlement.models import Payout, Settlement
from tests import factories
from tests.frontend import settled

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _second_of_november():
    with time_machine.travel(settled.NOW, tick=False):
        yield


@pytest.fixture
def world():
    return settled.make_world()


@pytest.fixture
def page(client, world):
    """The text of a page as finance sees it."""
    client.force_login(world.finance)

    def read(path, status=200):
        response = client.get(path)
        assert response.status_code == status
        return unescape(response.content.decode())

    return read


def cells(html):
    """The rows of the page's tables as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in found]


def test_the_month_adds_up(page, world):
    rows = cells(page("/finance/settlements/?month=2026-10"))
    assert [
        settled.FIRST,
        world.hongshan.name,
        "IaaS",
        "1",
        "¥133.33",
        "¥2.83",
        "¥130.50",
        "待批准",
        "2026-11-17",
    ] in rows
    assert [settled.SECOND, world.songmo.name, "SaaS", "1", "¥50.00", "¥1.06", "¥48.94", "待批准", "2026-11-17"] in rows
    assert ["合计", "2", "¥183.33", "¥3.89", "¥179.44", ""] in rows


def test_kpis_are_the_totals(page):
    html = page("/finance/settlements/?month=2026-10")
    values = re.findall(r'class="kpi-value">(.*?)</dd>', html)
    assert values == ["¥183.33", "¥3.89", "¥179.44", "¥179.44"]


def test_the_chart_is_data_with_a_table_beside_it(page):
    html = page("/finance/settlements/?month=2026-10")
    data = json.loads(re.search(r'<script id="chart-months" type="application/json">(.*?)</script>', html)[1])
    assert data["categories"][-1] == "26/10"
    assert [(one["name"], one["values"][-1]) for one in data["series"]] == [
        ("IaaS", 0.013333),
        ("PaaS", 0),
        ("SaaS", 0.005),
    ]
    assert ["26/10", "0.013333", "0", "0.005"] in cells(html)
    assert "<script>" not in html
    assert "style=" not in html


def test_tabs_count_and_filter(page, world):
    settlement.approve(number=settled.FIRST, actor=world.finance_actor, now=settled.NOW)
    html = page("/finance/settlements/?month=2026-10")
    tabs = re.findall(r'<li><a href="(\?[^"]*)"[^>]*>(\w+)<span class="tally">(\d+)', html)
    assert tabs == [
        ("?month=2026-10", "全部", "2"),
        ("?month=2026-10&status=draft", "待批准", "1"),
        ("?month=2026-10&status=approved", "待付款", "1"),
        ("?month=2026-10&status=paid", "已付款", "0"),
    ]
    html = page("/finance/settlements/?month=2026-10&status=approved")
    assert settled.FIRST in html
    assert settled.SECOND not in html
    assert ["合计", "1", "¥133.33", "¥2.83", "¥130.50", ""] in cells(html)
    assert "没有处于该状态的结算单" in page("/finance/settlements/?month=2026-10&status=paid")


@pytest.mark.parametrize("query", ["", "?month=nonsense", "?month=9999-99", "?status=nonsense", "?page=zero"])
def test_odd_addresses_show_the_newest_month(page, query):
    assert settled.FIRST in page(f"/finance/settlements/{query}")


def test_an_empty_month_says_so(page):
    html = page("/finance/settlements/?month=2025-01")
    assert "本月没有结算单" in html
    assert settled.FIRST not in html


def test_the_queries_do_not_grow_with_the_rows(client, world, django_assert_max_num_queries):
    client.force_login(world.finance)
    with django_assert_max_num_queries(20):
        client.get("/finance/settlements/?month=2026-10")
    with django_assert_max_num_queries(20):
        client.get(f"/finance/settlements/{settled.FIRST}/")


def test_approve_and_pay(client, page, world):
    detail = reverse("finance:settlement", args=[settled.FIRST])
    approve, pay = f"{detail}approve/", f"{detail}pay/"
    assert approve in page(detail)
    assert pay not in page(detail)

    assert client.post(approve).headers["Location"] == detail
    assert approve not in page(detail)
    assert pay in page(detail)
    assert client.post(approve).status_code == 302  # again: nothing happens
    assert Settlement.objects.get(number=settled.FIRST).status == "approved"

    response = client.post(pay, {"bank_reference": ""})
    assert response.status_code == 422
    assert not Payout.objects.exists()
    assert client.post(pay, {"bank_reference": "ICBC-1"}).headers["Location"] == detail
    html = page(detail)
    assert "ICBC-1" in html
    rows = cells(html)
    assert any(row[1:] == ["应付供应方", world.hongshan.organisation.name, "¥130.50", ""] for row in rows)
    assert any(row[1:] == ["服务费收入", factories.platform().name, "", "¥2.67"] for row in rows)
    assert ledger.balance(kind="provider_payable", organisation_id=world.hongshan.organisation_id).amount_minor == 0


def test_a_reference_of_another_payout_is_shown_beside_the_field(client, world):
    for number in (settled.FIRST, settled.SECOND):
        settlement.approve(number=number, actor=world.finance_actor, now=settled.NOW)
    settlement.record_payout(number=settled.FIRST, bank_reference="R1", actor=world.finance_actor, now=settled.NOW)
    client.force_login(world.finance)
    response = client.post(f"/finance/settlements/{settled.SECOND}/pay/", {"bank_reference": "R1"})
    assert response.status_code == 422
    assert "该流水号已用于另一笔付款" in response.content.decode()
    assert Payout.objects.count() == 1


def test_an_auditor_reads_and_changes_nothing(client, world):
    client.force_login(factories.member(factories.platform(), "auditor"))
    detail = f"/finance/settlements/{settled.FIRST}/"
    response = client.get(detail)
    assert response.status_code == 200
    assert b"/approve/" not in response.content
    assert b'name="format"' not in response.content
    for path in ("approve/", "pay/"):
        assert client.post(detail + path, {"bank_reference": "x"}).status_code == 403
    assert client.post("/finance/exports/", {"kind": "settlement_summary"}).status_code == 403
    assert set(Settlement.objects.values_list("status", flat=True)) == {"draft"}


@pytest.mark.parametrize("path", ["approve/", "pay/"])
def test_changes_need_post(client, world, path):
    client.force_login(world.finance)
    assert client.get(f"/finance/settlements/{settled.FIRST}/{path}").status_code == 405


def test_unknown_settlements_are_not_found(client, world):
    client.force_login(world.finance)
    assert client.get("/finance/settlements/JS-202610-9999/").status_code == 404
    assert client.post("/finance/settlements/JS-202610-9999/approve/").status_code == 404
    assert client.post("/finance/settlements/JS-202610-9999/pay/", {"bank_reference": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["", "settlements/", f"settlements/{settled.FIRST}/", "exports/"])
def test_other_sides_are_kept_out(client, world, path):
    assert client.get(f"/finance/{path}").status_code == 302  # a visitor logs in first
    client.force_login(factories.member(world.hongshan.organisation, "owner"))
    assert client.get(f"/finance/{path}").status_code == 403
    client.force_login(factories.member(factories.foods(), "owner"))
    assert client.get(f"/finance/{path}").status_code == 403


def test_the_overview_says_what_waits(page, world):
    settlement.approve(number=settled.FIRST, actor=world.finance_actor, now=settled.NOW)
    html = page("/finance/")
    assert re.findall(r'class="kpi-value">(.*?)</dd>', html) == ["¥48.94", "¥130.50", "¥0.00", "¥0.00"]
    rows = cells(html)
    assert [settled.SECOND, world.songmo.name, "¥48.94", "待批准", "2026-11-17"] in rows
    assert [settled.FIRST, world.hongshan.name, "¥130.50", "待付款", "2026-11-17"] in rows
    assert ["代收供应方款（未结算）", "¥133.33", "¥0.00", "¥133.33"] in rows
