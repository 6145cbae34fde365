"""Pages for what went wrong."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_page_passes


def test_an_unknown_address_has_a_page_in_the_frame(visit: Callable[..., Page]) -> None:
    page = visit("/no-such-page/", status=404)
    expect(page.get_by_role("heading", level=1)).to_have_text("没有这个页面")
    expect(page.get_by_role("banner")).to_be_visible()
    assert_page_passes(page)
