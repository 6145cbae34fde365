"""The pages of reviews in a browser: axe in light and dark, 320 px; with their forms open."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from listings.reviews import desk, operations
from tests import factories, reviews
from tests.browser.accessibility import assert_page_passes
from tests.reviews import NOW


@pytest.mark.django_db(transaction=True)
def test_the_pages_pass(visit: Callable[..., Page]) -> None:
    """One review with versions, a reply and a flag; one hidden; one contract that waits for its review."""
    platform, foods = factories.platform(), factories.foods()
    host = factories.offering(factories.data_centre(factories.hongshan()))
    buyer, seller = factories.actor(foods, "buyer"), factories.actor(host.partner.organisation, "owner")
    operator = factories.actor(platform, "operator")
    contract = reviews.accepted(foods, host)
    reviews.write(contract, buyer)
    review = reviews.write(contract, buyer, body="后来中断了两次。" * 20, score=2, after_version=1)
    operations.write_reply(code=review.code, text="已扩容。", after_version=0, actor=seller, now=NOW)
    operations.flag_review(code=review.code, reason="不实", actor=seller, now=NOW)
    hidden = reviews.write(reviews.accepted(foods, host), buyer)
    desk.decide(code=hidden.code, is_hidden=True, reason="含个人信息", actor=operator, now=NOW)
    waiting = reviews.accepted(foods, host)
    people: dict[str, Any] = {"buyer": buyer, "seller": seller, "operator": operator}
    users = {name: _user(one) for name, one in people.items()}
    for path, who in (
        (host.get_absolute_url(), None),
        (f"/reviews/{review.code}/", None),
        (f"/reviews/{hidden.code}/", None),
        (f"/buyer/contracts/{contract.number}/", "buyer"),
        (f"/buyer/contracts/{waiting.number}/", "buyer"),
        ("/provider/reviews/", "seller"),
        ("/provider/reviews/?state=waiting", "seller"),
        (f"/reviews/{review.code}/", "seller"),
        ("/operator/reviews/", "operator"),
        ("/operator/reviews/?state=hidden", "operator"),
    ):
        page = visit(path, users[who] if who else None)
        for summary in page.locator("main details.confirm > summary").all():
            summary.click()
        assert_page_passes(page)


def _user(actor: Any) -> Any:
    from marketplace.organisations.models import User

    return User.objects.get(pk=actor.user_id)
