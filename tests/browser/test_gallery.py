"""The components, all on one page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.accessibility import assert_page_passes

pytestmark = pytest.mark.urls("tests.browser.urls")


@pytest.fixture
def gallery(visit: Callable[..., Page]) -> Page:
    return visit("/gallery/", factories.member(factories.foods(), "owner", "buyer"))


def test_every_component_is_accessible_in_light_and_dark_and_narrow(gallery: Page) -> None:
    assert_page_passes(gallery)


def test_nothing_comes_from_another_host(visit: Callable[..., Page], page: Page, live_server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit("/gallery/")
    page.wait_for_load_state("networkidle")
    assert asked
    assert [url for url in asked if not url.startswith(f"{live_server.url}/")] == []


def test_the_chart_is_drawn_and_its_figures_stand_in_a_table(gallery: Page) -> None:
    expect(gallery.locator(".chart canvas")).to_have_count(1)
    gallery.get_by_text("以表格查看").click()
    table = gallery.locator(".chart-data table")
    expect(table.get_by_role("row", name="26/10")).to_have_text("26/10 340 150 11", use_inner_text=True)


def test_a_wrong_field_names_its_error_to_screen_readers(gallery: Page) -> None:
    quantity = gallery.get_by_label("数量", exact=True)
    expect(quantity).to_have_attribute("aria-invalid", "true")
    expect(quantity).to_have_accessible_description("确保该值大于或等于1。")


def test_a_table_scrolls_by_keyboard_inside_its_region(gallery: Page) -> None:
    gallery.set_viewport_size({"width": 320, "height": 640})
    region = gallery.get_by_role("region", name="结算单", exact=True)
    region.focus()
    gallery.keyboard.press("ArrowRight")
    gallery.wait_for_function("document.activeElement.scrollLeft > 0")


def test_a_heading_sorts_and_says_so(gallery: Page) -> None:
    gallery.get_by_role("link", name="交易额").click()
    expect(gallery.get_by_role("columnheader", name="交易额")).to_have_attribute("aria-sort", "ascending")
    gallery.get_by_role("link", name="交易额").click()
    expect(gallery.get_by_role("columnheader", name="交易额")).to_have_attribute("aria-sort", "descending")


def test_the_first_tab_skips_to_the_content(gallery: Page) -> None:
    gallery.keyboard.press("Tab")
    expect(gallery.locator(":focus")).to_have_text("跳到正文")
    gallery.keyboard.press("Enter")
    expect(gallery.locator("#content")).to_be_focused()


def test_slash_moves_to_the_search_but_types_in_a_field(gallery: Page) -> None:
    title = gallery.get_by_label("标题")
    title.focus()
    gallery.keyboard.press("End")
    gallery.keyboard.press("/")
    expect(title).to_have_value("g7.xlarge/")


def test_a_menu_closes_with_escape_and_gives_the_focus_back(gallery: Page) -> None:
    opener = gallery.locator("summary", has_text="浅色或深色")
    opener.click()
    dark = gallery.get_by_role("button", name="深色", exact=True)
    expect(dark).to_be_visible()
    dark.focus()
    gallery.keyboard.press("Escape")
    expect(dark).to_be_hidden()
    expect(opener).to_be_focused()
