"""Light and dark: chosen on the server's side, with and without a script."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = [pytest.mark.urls("tests.browser.urls"), pytest.mark.django_db(transaction=True)]

GROUND_LIGHT = "rgb(243, 245, 249)"
GROUND_DARK = "rgb(14, 22, 38)"


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_without_a_choice_the_page_is_as_the_system(visit: Callable[..., Page], page: Page) -> None:
    page.emulate_media(color_scheme="light")
    visit("/gallery/")
    assert ground(page) == GROUND_LIGHT
    page.emulate_media(color_scheme="dark")
    assert ground(page) == GROUND_DARK


def test_a_choice_holds_at_once_and_on_the_next_page(visit: Callable[..., Page]) -> None:
    page = visit("/gallery/")
    page.locator("summary", has_text="浅色或深色").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="深色", exact=True).click()
    assert ground(page) == GROUND_DARK
    visit("/gallery/")
    assert ground(page) == GROUND_DARK


def test_a_choice_holds_without_a_script(
    browser: Browser, browser_context_args: dict[str, Any], live_server: Any
) -> None:
    with browser.new_context(**browser_context_args, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}/gallery/")
        page.locator("summary", has_text="浅色或深色").click()
        page.get_by_role("button", name="深色", exact=True).click()
        expect(page).to_have_url(f"{live_server.url}/gallery/")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_language_switch_changes_the_page_and_stays(visit: Callable[..., Page]) -> None:
    page = visit("/gallery/")
    expect(page.get_by_role("heading", level=1)).to_have_text("组件")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Components")
    expect(page.locator("html")).to_have_attribute("lang", "en")
