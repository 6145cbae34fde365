"""Settlements in a browser: axe in light and dark, 320 px, the chart, and a file that is followed to its end."""

import re

import pytest
from playwright.sync_api import expect

from billing.exports import operations as exports
from billing.settlement import operations as settlement
from marketplace import clock
from marketplace.statistics import operations as statistics
from tests import factories
from tests.browser import accessibility
from tests.frontend import settled


@pytest.fixture
def world(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = settled.make_world()
    settlement.approve(number=settled.SECOND, actor=world.finance_actor, now=settled.NOW)
    statistics.take_snapshots(now=settled.NOW, limit=100)
    return world


@pytest.mark.parametrize(
    "path",
    [
        "/finance/",
        "/finance/settlements/?month=2026-10",
        "/finance/settlements/?month=2026-10&status=paid",
        "/finance/settlements/?month=2025-01",
        f"/finance/settlements/{settled.FIRST}/",
        f"/finance/settlements/{settled.SECOND}/",
        "/finance/exports/",
    ],
)
def test_pages_of_finance_pass(visit, world, path):
    accessibility.assert_page_passes(visit(path, world.finance))


@pytest.mark.parametrize("path", ["settlements/", f"settlements/{settled.FIRST}/", "exports/"])
def test_pages_of_a_provider_pass(visit, world, path):
    owner = factories.member(world.hongshan.organisation, "owner")
    accessibility.assert_page_passes(visit(f"/provider/{path}", owner))


def test_the_chart_is_drawn_and_only_where_it_is_needed(visit, world):
    asked = []
    page = visit("/finance/settlements/?month=2026-10", world.finance)
    expect(page.locator(".chart canvas")).to_be_visible()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.split("/finance/")[0] + "/finance/exports/")
    assert [url for url in asked if "charts" in url] == []


def test_a_file_is_followed_to_its_end(visit, world):
    page = visit("/finance/settlements/?month=2026-10", world.finance)
    page.get_by_role("button", name="导出 XLSX").click()
    row = page.locator(".progress-line")
    expect(row).to_contain_text("等待导出")
    assert exports.write_due(now=clock.now(), limit=1) == 1
    expect(row.get_by_role("link", name=re.compile("下载"))).to_be_visible(timeout=8_000)
    accessibility.assert_accessible(page)
    with page.expect_download() as download:
        row.get_by_role("link", name=re.compile("下载")).click()
    assert download.value.suggested_filename == "结算单_202610_v1.xlsx"
    accessibility.assert_page_passes(visit("/finance/exports/"))


def test_approval_asks_first(visit, world):
    page = visit(f"/finance/settlements/{settled.FIRST}/", world.finance)
    page.locator("summary", has_text="批准").click()
    accessibility.assert_accessible(page)
    page.get_by_role("button", name="批准").click()
    expect(page.locator(".messages")).to_contain_text(f"结算单 {settled.FIRST} 已批准。")
    page.get_by_label("银行流水号").fill("ICBC-1")
    page.get_by_role("button", name="登记付款").click()
    expect(page.locator(".messages")).to_contain_text(f"结算单 {settled.FIRST} 的付款已登记。")
