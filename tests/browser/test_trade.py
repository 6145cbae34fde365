"""Ordering in a browser: axe in light and dark, 320 px, and the way from the list to the order by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from billing.contracts import operations as contracts
from billing.contracts.models import Contract
from marketplace.organisations.models import User
from marketplace.shop.basket import operations as baskets
from marketplace.shop.order.models import Order
from tests import factories
from tests.browser import accessibility
from tests.frontend.trade import NOW, World

Visit = Callable[..., Page]


@pytest.fixture
def world(transactional_db: None) -> World:
    """One order delivered, one waiting for approval, and two lines on the company's purchase list."""
    world = World()
    world.number = world.order(world.host, world.other_host)
    world.waiting = world.order(actor=world.officer)
    factories.contract(world.foods, world.host, plan_code="metered")
    for product, quantity in ((world.host, 2), (world.other_host, 600)):
        plan = factories.plan(product)
        line = baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=12, actor=world.buyer, now=NOW)
        type(line).objects.filter(pk=line.pk).update(quantity=quantity)
    return world


def person(actor: object) -> User:
    return User.objects.get(pk=actor.user_id)  # type: ignore[attr-defined]


def test_the_buyers_pages_pass(visit: Visit, world: World) -> None:
    active = Contract.objects.get(status="active")
    checked = Contract.objects.get(order_number=world.number, provider=world.hongshan)
    contracts.confirm_delivery(
        number=checked.number,
        provider_organisation_id=world.hongshan.organisation_id,
        resource_id="i-0001",
        actor=world.operator,
        now=NOW,
    )
    buyer = person(world.buyer)
    for path in (
        "/basket/",  # its second line asks for more than there is
        "/buyer/orders/",
        f"/buyer/orders/{world.number}/",
        "/buyer/contracts/",
        "/buyer/contracts/?status=ended",
        f"/buyer/contracts/{active.number}/",
        f"/buyer/contracts/{checked.number}/",
    ):
        accessibility.assert_page_passes(visit(path, buyer))
    baskets.Line.objects.update(quantity=1)
    accessibility.assert_page_passes(visit("/checkout/", buyer))


def test_the_approvers_pages_pass(visit: Visit, world: World) -> None:
    approver = person(world.approver)
    for path in ("/buyer/approvals/", f"/buyer/approvals/{world.waiting}/", "/basket/"):
        accessibility.assert_page_passes(visit(path, approver))


def test_the_providers_pages_pass(visit: Visit, world: World) -> None:
    operator = person(world.operator)
    pending = Contract.objects.get(order_number=world.number, provider=world.hongshan)
    active = Contract.objects.get(status="active")
    for path in (
        "/provider/deliveries/",
        "/provider/deliveries/?status=held",
        f"/provider/deliveries/{pending.number}/",
        "/provider/contracts/",
        f"/provider/contracts/{pending.number}/",
        f"/provider/contracts/{active.number}/",
    ):
        accessibility.assert_page_passes(visit(path, operator))


def test_an_order_is_placed_by_keyboard(visit: Visit, world: World) -> None:
    baskets.Line.objects.update(quantity=1)
    page = visit("/checkout/", person(world.buyer))
    page.get_by_label("联系电话").focus()
    page.keyboard.type("0476-8330000")
    page.keyboard.press("Enter")  # without the terms
    expect(page.get_by_text("请先阅读并接受合同条款。")).to_be_visible()
    accessibility.assert_page_passes(page)
    page.get_by_label("我已阅读并接受合同条款").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="提交订单").focus()
    page.keyboard.press("Enter")
    order = page.get_by_role("heading", level=1)
    expect(order).to_contain_text("订单 DD-")
    assert Order.objects.filter(number=order.inner_text().split()[-1]).exists()
