"""Every page of the access table that somebody may open: axe in light and dark, 320 px, no console error."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests import factories
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
WHO = ("visitor", "foods", "hongshan", "songmo", "officer", "finance")
SEE_PUBLIC_PAGES = ("visitor", "foods")  # to the other sides a public page shows less, and nothing else


def pages_of(who: str) -> list[tuple[str, str]]:
    """What the table says this one may open: (name, what fills the address). Public pages for two of them only."""
    column, visitor, hongshan = (worlds.PEOPLE.index(one) for one in (who, "visitor", "hongshan"))
    return [
        (name, part)
        for name, part, method, statuses in table.rows(accesses.PAGES)
        if method == "GET"
        and statuses[column] == 200
        and (statuses[visitor] != 200 or who in SEE_PUBLIC_PAGES)
        and (statuses[hongshan] != 200 or who != "songmo")  # the other provider: what the first one cannot open
        and name not in NOT_PAGES
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", WHO)
def test_every_page_passes(who: str, visit: Callable[..., Page]) -> None:
    world = worlds.build()
    user = world.users.get(who)
    for name, part in pages_of(who):
        page = visit(reverse(name, kwargs=world.parts[part] if part else None), user)
        assert_page_passes(page)


@pytest.mark.django_db(transaction=True)
def test_the_operators_pages_pass(visit: Callable[..., Page]) -> None:
    """The operator is nobody of the table's cast; its addresses are those that send a visitor to the log-in page."""
    world = worlds.build()
    operator = factories.member(factories.platform(), "operator")
    addresses = [
        (name, part)
        for name, part, method, statuses in table.rows(accesses.PAGES)
        if name.startswith("operator:") and method == "GET" and statuses[0] == 302
    ]
    assert addresses
    for name, part in addresses:
        assert_page_passes(visit(reverse(name, kwargs=world.parts[part] if part else None), operator))


def test_no_page_is_left_out() -> None:
    """Whatever anybody may open is opened by one of those above."""
    everybody: set[Any] = {name for who in worlds.PEOPLE for name, _ in pages_of(who)}
    assert everybody == {name for who in WHO for name, _ in pages_of(who)}
