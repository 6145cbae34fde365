"""The import pages in a real browser: readable in light and dark, whole at 320 px, progress that stops by itself."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from listings.exchange import operations
from tests import factories
from tests.browser.accessibility import assert_page_passes
from tests.listings.exchange.world import NOW, World, to_csv


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Any) -> World:
    settings.MEDIA_ROOT = tmp_path
    return World()


def test_the_import_pages_are_accessible(visit: Callable[..., Page], world: World) -> None:
    upload = world.send(to_csv(world.row(), world.row(code="BAD", unit_price="-1")), try_it=True)
    person = factories.member(world.partner.organisation, "sales")
    page = visit("/provider/offerings/import/", person)
    assert_page_passes(page)
    page.get_by_role("link", name=upload.number).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("挂牌.csv")
    assert_page_passes(page)


def test_progress_moves_by_itself_and_stops(visit: Callable[..., Page], world: World) -> None:
    person = factories.member(world.partner.organisation, "sales")
    page = visit("/provider/offerings/import/", person)
    page.locator("#id_file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": to_csv(world.row())})
    page.locator("input[name=mode][value=import]").check()
    page.locator("form:has(#id_file) button.btn-primary").click()
    expect(page.locator("progress")).to_be_visible()
    assert_page_passes(page)
    operations.run_imports(now=NOW, limit=1)
    expect(page.locator("progress")).to_have_count(0, timeout=10_000)
