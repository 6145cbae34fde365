"""The deployment adviser in a browser: asked at the checkout, refused, given a reason, read by the approver."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from marketplace.organisations.models import User
from marketplace.procurement.models import DeploymentAdvice
from marketplace.shop.basket import operations as baskets
from tests import factories
from tests.browser import accessibility
from tests.frontend.trade import NOW, World

Visit = Callable[..., Page]
REASON = "试点阶段，无敏感数据，领导已批示"


@pytest.fixture
def world(transactional_db: None) -> World:
    """The bureau's officer has one public cloud host on the list."""
    world = World()
    plan = factories.plan(world.host)
    baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=12, actor=world.officer, now=NOW)
    return world


def person(actor: object) -> User:
    return User.objects.get(pk=actor.user_id)  # type: ignore[attr-defined]


def test_what_does_not_fit_is_ordered_with_a_reason_only(visit: Visit, world: World) -> None:
    page = visit("/checkout/", person(world.officer))
    accessibility.assert_page_passes(page)
    page.get_by_label("联系人").fill("王经办")
    page.get_by_label("电话").fill("0476-8330000")
    page.get_by_label("敏感信息").check()
    page.get_by_label("重要业务").check()
    page.get_by_label("对公转账").check()
    page.get_by_label("我已阅读").check()
    page.get_by_role("button", name="提交订单").click()
    expect(page.locator("#id_advice_reason_error")).to_contain_text("私有云、混合云")
    assert not DeploymentAdvice.objects.exists()
    accessibility.assert_page_passes(page)

    page.get_by_label("选用不适用资源的理由").fill(REASON)
    page.get_by_role("button", name="提交订单").click()
    page.wait_for_url("**/buyer/orders/*/")
    kept = DeploymentAdvice.objects.get()
    expect(page.get_by_text(REASON)).to_be_visible()
    accessibility.assert_page_passes(page)
    accessibility.assert_page_passes(visit(f"/buyer/approvals/{kept.order_number}/", person(world.approver)))
    expect(page.get_by_text(REASON)).to_be_visible()


def test_mongolian_stands_upright_and_the_page_passes(visit: Visit, world: World) -> None:
    type(world.host).objects.filter(pk=world.host.pk).update(
        title_mn="ᠡᠭᠦᠯᠡᠨ ᠰᠡᠷᠪᠧᠷ", summary="云主机", summary_mn="ᠦᠢᠯᠡᠴᠢᠯᠡᠭᠡ᠃"
    )
    page = visit(world.host.get_absolute_url())
    column = page.locator(".mn-page")
    assert column.evaluate("one => getComputedStyle(one).writingMode") == "vertical-lr"
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate("[...document.fonts].filter(one => one.status === 'loaded').map(one => one.family)")
    assert any("Noto Sans Mongolian" in one for one in loaded)
    accessibility.assert_page_passes(page)


def test_the_strip_alone_loads_the_small_font(visit: Visit, world: World) -> None:
    page = visit("/catalogue/")
    page.evaluate("document.fonts.ready")
    fonts = page.evaluate(
        "performance.getEntriesByType('resource').map(one => one.name).filter(one => /woff2/.test(one))"
    )
    assert [one for one in fonts if "mongolian-strip" in one]
    assert not [one for one in fonts if "noto-sans-mongolian" in one]
