"""A provider's price pages in a browser: axe in light and dark, 320 px."""

from datetime import timedelta

import pytest

from billing.rules import periods
from listings.prices import drafts, operations, queries
from marketplace import clock
from tests import factories
from tests.browser import accessibility


@pytest.fixture
def product(transactional_db):
    """An offering with a price in force, one announced and a draft."""
    product = factories.offering(factories.data_centre(factories.hongshan()))
    seller, now = factories.actor(product.partner.organisation, "sales"), clock.now()
    plans = [drafts.read_draft(plan=plan) for plan in queries.plans_for(products=[product])[product.pk]]
    later = operations.draft_price_book(product=product, plans=plans, actor=seller, now=now)
    day = periods.civil_date(now) + timedelta(days=30)
    operations.announce_price_book(price_book=later, effective_date=day, actor=seller, now=now)
    operations.draft_price_book(product=product, plans=plans, actor=seller, now=now)
    return product


@pytest.mark.parametrize("path", ["", "draft/", "agree/"])
def test_price_pages_pass(visit, product, path):
    owner = factories.member(product.partner.organisation, "owner")
    accessibility.assert_page_passes(visit(f"/provider/offerings/{product.code}/prices/{path}", owner))
