"""Comparison, report and estimate in a browser: axe, 320 px, the tray with and without a script, and A4 across."""

import io
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from listings.comparison import queries as comparisons
from listings.comparison import scoring
from marketplace.procurement import operations
from tests import factories
from tests.browser.accessibility import assert_page_passes


@pytest.fixture
def hosts(transactional_db: None) -> list[Any]:
    hongshan, songmo = factories.hongshan(), factories.songmo()
    centres = [factories.data_centre(hongshan), factories.data_centre(songmo, green_power_percent=40)]
    return [
        factories.offering(centres[number % 2], title=f"通用型云主机 {number} 号", is_recommended=number == 0)
        for number in range(5)
    ]


def address(hosts: list[Any], extra: str = "") -> str:
    return "/compare/?" + "&".join(f"offering={host.pk}" for host in hosts) + "&quantity=10&term=12" + extra


def test_the_comparison_passes(visit: Any, hosts: list[Any]) -> None:
    assert_page_passes(visit(address(hosts[:4])))
    assert_page_passes(
        visit(address(hosts[:2], "&weights=custom&weight-price=99"), factories.member(factories.foods(), "owner"))
    )
    assert_page_passes(visit("/compare/"))
    assert_page_passes(visit(address(hosts), status=422))


def test_reports_pass(visit: Any, hosts: list[Any], now: Any) -> None:
    buyer = factories.foods()
    user = factories.member(buyer, "buyer")
    report = operations.make_report(
        chosen=comparisons.Chosen(
            offering_ids=tuple(host.pk for host in hosts[:4]),
            plan_ids=frozenset(),
            quantity=10,
            term_months=12,
            weights=scoring.PRESETS["balanced"],
        ),
        actor=factories.actor(buyer, "buyer", user=user),
        now=now,
    )
    assert_page_passes(visit("/reports/", user))
    page = visit(f"/reports/{report.number}/", user)
    assert_page_passes(page)


def test_the_estimate_passes(visit: Any, hosts: list[Any]) -> None:
    lines = "&".join(
        f"offering-{place}={hosts[place].pk}&plan-{place}={plan}&quantity-{place}=2&term-{place}=12"
        for place, plan in enumerate(["monthly", "metered"])
    )
    assert_page_passes(visit("/estimate/?clear=1"))
    page = visit(f"/estimate/?{lines}&usage-1-vcpu_hours=-1&q=云主机", factories.member(factories.foods(), "owner"))
    expect(page.get_by_text("用量不能为负数，请填写 0 或以上的数。")).to_be_visible()
    assert_page_passes(page)
    page.get_by_label("vcpu_hours，每月用量").or_(page.locator("#usage-1-vcpu_hours")).first.fill("730")
    page.locator("#usage-1-vcpu_hours").press("Tab")
    expect(page.get_by_text("全部合计")).to_be_visible()
    page.get_by_role("button", name="保存为链接").click()
    expect(page.get_by_role("link", name="修改为新的估算")).to_be_visible()
    assert_page_passes(page)


def test_the_tray_follows_the_toggles(visit: Any, hosts: list[Any]) -> None:
    page = visit("/catalogue/")
    expect(page.locator("#compare-tray")).to_be_hidden()
    for host in hosts[:4]:
        page.locator(f"#compare-toggle-{host.pk}").click()
        expect(page.locator(f"#compare-toggle-{host.pk}")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="对比 4 项")).to_be_visible()
    assert_page_passes(page)
    page.locator(f"#compare-toggle-{hosts[4].pk}").click()
    expect(page.get_by_text("最多可比选 4 项")).to_be_visible()
    page.get_by_role("link", name="对比 4 项").click()
    expect(page.locator(".compare-table thead th")).to_have_count(4)


def test_the_tray_works_without_a_script(browser: Browser, live_server: Any, hosts: list[Any]) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(f"{live_server.url}/catalogue/")
    for host in hosts[:2]:
        page.locator(f"#compare-toggle-{host.pk}").click()
    page.get_by_role("link", name="对比 2 项").click()
    page.locator("#compare-quantity").fill("10")
    page.get_by_role("button", name="更新").click()
    expect(page.locator(".compare-table").get_by_text("¥24,349.90").first).to_be_visible()
    context.close()


def test_what_has_the_focus_is_never_behind_the_tray(visit: Any, hosts: list[Any]) -> None:
    page = visit("/catalogue/")
    page.locator(f"#compare-toggle-{hosts[0].pk}").click()
    expect(page.locator("#compare-tray")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).scrollPaddingBottom") == "96px"


def test_all_columns_stand_on_a4_across(visit: Any, hosts: list[Any]) -> None:
    """Every column's figures are on paper, and nothing is wider than the sheet."""
    page = visit(address(hosts[:4]))
    pdf = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    width, height = (float(side) for side in pdf.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (842, 595)
    words = "".join(sheet.extract_text() for sheet in pdf.pages)
    for host in hosts[:4]:
        assert host.code in words
    assert words.count("24,349.90") == 4
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1031, "height": 700})  # 273 mm: the sheet without its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 1031
    assert page.evaluate("document.querySelector('.compare-table').getBoundingClientRect().right") <= 1031
