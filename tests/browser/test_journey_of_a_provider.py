"""A new provider from its registration to an accepted order and its review, by the pages alone.

Application with documents, review, proven account, data centre with pools, an offering written and published, an order,
its delivery and acceptance, the review and the reply. Each person logs in once. That each page is accessible, and what
it refuses, is tested beside it.
"""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import BrowserContext, Page, expect

from billing.contracts.models import Contract
from listings.models import Product, ProductAttribute
from marketplace.organisations.models import User
from tests import factories
from tests.browser import accessibility
from tests.browser import test_listing_life as listing
from tests.browser import test_onboarding as onboarding
from tests.browser.test_onboarding import fill, press

CENTRE = {
    "code": "DL-01",
    "name": "达里湖一号数据中心",
    "racks": "2000",
    "servers_capacity": "20000",
    "servers_installed": "8000",
}


class Stage:
    """One browser that changes hands: who acts for the first time logs in, later their session is taken up again."""

    def __init__(self, page: Page, context: BrowserContext, url: str) -> None:
        self.page, self.context, self.url = page, context, url
        self.sessions: dict[int, str] = {}
        self.log_ins = 0

    def visit(self, path: str, user: User | None = None) -> Page:
        """A page as somebody sees it; without a user, as whoever acted last."""
        if user is not None:
            self.hand_to(user)
        answer = self.page.goto(f"{self.url}{path}")
        assert answer is not None
        assert answer.status == 200, path
        return self.page

    def hand_to(self, user: User) -> None:
        name = django_settings.SESSION_COOKIE_NAME
        if user.pk in self.sessions:
            self.context.add_cookies([{"name": name, "value": self.sessions[user.pk], "url": self.url}])
            return
        self.context.clear_cookies()
        self.page.goto(f"{self.url}/login/")
        self.page.get_by_label("电子邮箱").fill(user.email)
        self.page.get_by_label("密码").fill(factories.PASSWORD)
        self.page.get_by_role("main").get_by_role("button", name="登录").click()
        expect(self.page.locator(".account-menu, summary").first).to_be_visible()
        self.log_ins += 1
        self.keep(user)

    def keep(self, user: User) -> None:
        """Remember the session of whoever is logged in now."""
        cookies = {one["name"]: one["value"] for one in self.context.cookies()}
        self.sessions[user.pk] = cookies[django_settings.SESSION_COOKIE_NAME]


@pytest.fixture
def stage(
    page: Page,
    context: BrowserContext,
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
) -> Stage:
    """Axe has seen the pages of the first steps in their own tests."""
    settings.MEDIA_ROOT = tmp_path
    for module in (accessibility, onboarding):
        monkeypatch.setattr(module, "assert_page_passes", lambda page: None)
    return Stage(page, context, live_server.url)


def become_a_provider(stage: Stage, operator: User) -> User:
    """Registered, applied, returned, mended, approved; the account proven by a deposit."""
    onboarding.register(stage.visit, stage.page)
    applicant = User.objects.get(email=onboarding.APPLICANT)
    stage.keep(applicant)
    onboarding.apply(stage.visit, stage.page)
    address = onboarding.review_and_return(stage.visit, stage.page, operator)
    onboarding.mend_and_approve(stage.visit, stage.page, applicant, operator, address)
    onboarding.prove_account(stage.visit, stage.page, applicant, operator)
    return applicant


def open_a_data_centre(stage: Stage, applicant: User, operator: User) -> None:
    """Entered with a pool by the provider, opened by the platform."""
    page = stage.visit("/provider/data-centres/new/", applicant)
    fill(page, **CENTRE)
    page.locator("[name=county_code]").select_option("150404")
    page.click(".form-actions button")
    page = stage.visit("/provider/data-centres/DL-01/")
    page.locator("[name=resource]").select_option("vcpu")
    fill(page, total="400")
    page.click("form[action$='/pools/'] button")
    page.click("form[action$='/open/'] button")
    page = stage.visit("/operator/evidence/", operator)
    page.get_by_role("link", name="达里湖一号数据中心").or_(page.get_by_role("link", name="DL-01")).first.click()
    page.click("button[value=open]")
    assert "DL-01" not in page.inner_text("main") or "运营" in page.inner_text("main")


def sell(stage: Stage, applicant: User, operator: User) -> Product:
    """An offering from its first draft to the catalogue."""
    walk = listing.Walk(stage.visit, applicant, operator)
    listing.begin(walk)
    listing.write(walk)
    page = walk.press(walk.operator("AH-1/"), "take")
    walk.press(page, "publish")
    return Product.objects.get(code="AH-1", state="published")


def order(stage: Stage, product: Product, buyer: User) -> Contract:
    """Three of them for a year: from the offering's page to the order."""
    page = stage.visit(f"{product.get_absolute_url()}?quantity=3", buyer)
    press(page, "加入采购单")
    page = stage.visit("/checkout/")
    fill(page, contact_phone="0476-8330000")
    page.get_by_label("我已阅读并接受合同条款").check()
    press(page, "提交订单")
    expect(page.get_by_role("heading", level=1)).to_contain_text("订单 DD-")
    return Contract.objects.get()


def deliver(stage: Stage, contract: Contract, applicant: User) -> None:
    """Accepted, set up and handed over."""
    page = stage.visit("/provider/deliveries/", applicant)
    page.get_by_role("link", name=contract.number).first.click()
    for step in ("accept", "start"):
        page.click(f"form[action$='/{step}/'] button")
    fill(page, resource_id="i-dalihu-0001")
    page.click("form[action$='/confirm/'] button")
    expect(page.locator(".page-header")).to_contain_text("已交付待验收")


def accept_and_review(stage: Stage, contract: Contract, buyer: User) -> None:
    """Accepted by the buyer, who says how it went."""
    page = stage.visit(f"/buyer/contracts/{contract.number}/", buyer)
    assert page.locator("[name=delivery_score]").count() == 0, "no review before acceptance"
    page.click("form[action$='/accept/'] button")
    fill(page, title="首单顺利", body="当天开通，规格相符。")
    page.locator("[name=score]").select_option("5")
    page.locator("[name=delivery_score]").select_option("4")
    press(page, "发布评价")
    expect(page.locator(".review")).to_contain_text("当天开通")


def reply(stage: Stage, product: Product, applicant: User) -> None:
    """The provider replies, and everyone reads both."""
    page = stage.visit("/provider/reviews/?state=waiting", applicant)
    page.locator(".review-rows summary").click()
    fill(page, text="感谢信任。")
    press(page, "发布回复")
    stage.context.clear_cookies()
    page = stage.visit(product.get_absolute_url())
    expect(page.locator("#reviews")).to_contain_text("赤峰草原食品")
    expect(page.locator("#reviews")).to_contain_text("感谢信任。")


def test_from_application_to_an_accepted_order_and_its_review(stage: Stage) -> None:
    factories.county()
    operator = factories.member(factories.platform(), "operator")
    buyer = factories.member(factories.foods(), "owner")
    other = factories.offering(factories.data_centre(factories.hongshan()))  # and with it the category
    for code in ("vcpu", "ram_gib"):
        ProductAttribute.objects.create(product_class=other.product_class, code=code, name=code, type="integer")
    applicant = become_a_provider(stage, operator)
    open_a_data_centre(stage, applicant, operator)
    product = sell(stage, applicant, operator)
    contract = order(stage, product, buyer)
    deliver(stage, contract, applicant)
    accept_and_review(stage, contract, buyer)
    reply(stage, product, applicant)
    contract.refresh_from_db()
    product.refresh_from_db()
    assert (contract.status, contract.quantity) == ("active", 3)
    assert (product.review_count, product.service_score, product.delivery_score) == (1, 5, 4)
    assert stage.log_ins == 2, "the applicant was logged in by registering"
