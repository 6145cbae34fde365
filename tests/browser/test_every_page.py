"""Every page of the access table that somebody may open: axe in light and dark, 320 px, no console error."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests.browser.accessibility import assert_page_passes
from tests.security import accesses
from tests.security import test_access_table as table
from tests.security import world as worlds

NOT_PAGES = {
    "health",
    "document",
    "provider:usage_template",
    "provider:export_download",
    "finance:export_download",
    "buyer:paper",
    "finance:paper",
    "recommended_file",
    "catalogue_csv",
    "catalogue_xlsx",
    "compare_xlsx",
    "estimate_xlsx",
    "report_xlsx",
    "provider:listing_template",
    "provider:listing_export",
    "provider:listing_problems",
}
pytestmark = pytest.mark.long
WHO = ("visitor", "foods", "officer")
WHO_SELL_AND_SETTLE = ("hongshan", "finance")  # in a file of their own, so that two workers share the pages


def pages_of(who: str) -> list[tuple[str, str]]:
    """What the table says this one may open: (name, what fills the address).

    Public pages are opened by a buyer, who sees most of them; by a visitor those that a buyer is not shown.
    """
    column, visitor, foods = (worlds.PEOPLE.index(one) for one in (who, "visitor", "foods"))
    return [
        (name, part)
        for name, part, method, statuses in table.rows(accesses.PAGES)
        if method == "GET"
        and statuses[column] == 200
        and (statuses[visitor] != 200 or who == "foods" or (who == "visitor" and statuses[foods] != 200))
        and name not in NOT_PAGES
    ]


def walk(who: str, visit: Callable[..., Page]) -> None:
    """Open every page that `who` may open, and hold it to what every page must pass."""
    world = worlds.build()
    user = world.users.get(who)
    for name, part in pages_of(who):
        page = visit(reverse(name, kwargs=world.parts[part] if part else None), user)
        assert_page_passes(page)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", WHO)
def test_every_page_passes(who: str, visit: Callable[..., Page]) -> None:
    walk(who, visit)


def test_no_page_is_left_out() -> None:
    """Whatever anybody may open is opened by one of those above."""
    everybody: set[Any] = {name for who in worlds.PEOPLE for name, _ in pages_of(who)}
    assert everybody == {name for who in (*WHO, *WHO_SELL_AND_SETTLE) for name, _ in pages_of(who)}
