"""The catalogue and an offering in a browser: readable by everyone, quick with a script, whole without one."""

import re

import pytest
from playwright.sync_api import Browser, expect

from listings.models import Category
from tests import factories
from tests.browser.accessibility import assert_page_passes
from tests.factories import Price


@pytest.fixture
def market(transactional_db):
    gpu = Category.objects.add_root(create_kwargs={"name": "GPU算力", "name_en": "GPU computing", "slug": "gpu"})
    centre = factories.data_centre(factories.hongshan(), mlps_filing_number="DEMO-150404-00001")
    building = factories.data_centre(factories.songmo(), status="building", measured_pue=None)
    rates = {"metered": [Price("metered", "6.6", meter="gpu_hours", unit="卡·小时", name="算力卡用量")]}
    return {
        "host": factories.offering(centre, is_recommended=True),
        "planned": factories.offering(building, title="智算集群", main_category=gpu, plans=rates, terms={1: "0"}),
    }


@pytest.mark.parametrize("address", ["/catalogue/", "/catalogue/?category=gpu&recommended=1"])
def test_catalogue_is_accessible(visit, market, address):
    assert_page_passes(visit(address))


@pytest.mark.parametrize("which", ["host", "planned"])
def test_offering_is_accessible(visit, market, which):
    assert_page_passes(visit(market[which].get_absolute_url()))


def test_conditions_swap_the_results_and_stand_in_the_address(visit, market):
    page = visit("/catalogue/")
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_label("GPU算力").check()
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/catalogue/\?category=gpu$"))
    expect(page.get_by_label("GPU算力")).to_be_focused()
    page.get_by_role("link", name="清除全部").click()
    expect(page.locator(".card")).to_have_count(2)


def test_the_price_follows_quantity_and_term(visit, market):
    page = visit(market["host"].get_absolute_url(), factories.member(factories.foods(), "owner"))
    expect(page.locator(".quote .total")).to_contain_text("¥2,434.99")
    page.locator("#choice-quantity").fill("3")
    page.locator("#choice-quantity").press("Tab")
    expect(page.locator(".quote .total")).to_contain_text("¥7,304.97")
    page.get_by_role("button", name="加入采购单").click()
    expect(page).to_have_url(re.compile(r"/basket/"))
    expect(page.locator("main")).to_contain_text("¥7,304.97")


def test_everything_works_without_a_script(browser: Browser, live_server, market):
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{live_server.url}/catalogue/")
    page.get_by_role("link", name="筛选").click()
    page.get_by_label("GPU算力").check()
    page.get_by_role("button", name="查看结果").click()
    expect(page.locator(".card")).to_have_count(1)
    page.goto(f"{live_server.url}{market['host'].get_absolute_url()}")
    page.locator("#choice-quantity").fill("3")
    page.get_by_role("button", name="更新价格").click()
    expect(page.locator(".quote .total")).to_contain_text("¥7,304.97")
    context.close()
