"""Every page of those who sell, settle and run the platform: the other half of `test_every_page`."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests import factories
from tests.browser import test_every_page
from tests.browser.accessibility import assert_page_passes
from tests.security import accesses
from tests.security import test_access_table as table
from tests.security import world as worlds

pytestmark = pytest.mark.long


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", test_every_page.WHO_SELL_AND_SETTLE)
def test_every_page_passes(who: str, visit: Callable[..., Page]) -> None:
    test_every_page.walk(who, visit)


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
