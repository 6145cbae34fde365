"""A listing from an empty draft to the catalogue, by hand: written, returned, mended, published; axe on each page."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from listings.models import OfferingStep, OfferingVersion, Product, ProductAttribute
from marketplace import clock
from marketplace.organisations.models import User
from tests.browser import accessibility
from tests.listings.test_life import Desk

DESK = "/provider/offerings/"
REVIEW = "/operator/listings/"
REASON = "退出费用缺少计算依据，请说明或改为免费。"
PRICES = {
    "plans-0-code": "monthly",
    "plans-0-name": "包月",
    "plans-0-terms": "1, 12:10",
    "components-0-code": "host",
    "components-0-name": "月费",
    "components-0-unit": "台·月",
    "components-0-unit_price": "100",
    "components-0-vat_percent": "6",
}


class Walk:
    """One browser, used by the provider's seller and the operator's reviewer in turn."""

    def __init__(self, visit: Callable[..., Page], seller: User, reviewer: User) -> None:
        self.visit, self.seller, self.reviewer = visit, seller, reviewer

    def provider(self, path: str) -> Page:
        return self.checked(self.visit(f"{DESK}{path}", self.seller))

    def operator(self, path: str) -> Page:
        return self.checked(self.visit(f"{REVIEW}{path}", self.reviewer))

    @staticmethod
    def checked(page: Page) -> Page:
        accessibility.assert_page_passes(page)
        return page

    def fill(self, step: str, ticked: tuple[str, ...] = (), chosen: dict[str, str] | None = None, **texts: str) -> Page:
        """Fill one step of the wizard in, save it, and be on the next one."""
        page = self.provider(f"AH-1/edit/?step={step}")
        for name, value in (chosen or {}).items():
            page.select_option(f"[name={name}]", value)
        for name, value in texts.items():
            page.fill(f"[name={name}]", value)
        for value in ticked:
            page.check(f"input[value={value}]")
        page.click(".form-actions button")
        assert f"step={step}" not in page.url
        return page

    def press(self, page: Page, action: str, *, reason: str = "") -> Page:
        """Send the form that goes to an address, with a reason where it asks for one."""
        form = page.locator(f"form[action$='/{action}/']")
        if reason:
            form.locator("[name=reason]").fill(reason)
        form.locator("button").click()
        return self.checked(page)


@pytest.fixture
def walk(visit: Callable[..., Page], transactional_db: Any) -> Walk:
    desk = Desk(clock.now())
    own = Product.objects.get()
    for code in ("vcpu", "ram_gib"):
        ProductAttribute.objects.create(product_class=own.product_class, code=code, name=code, type="integer")
    return Walk(visit, *(User.objects.get(pk=who.user_id) for who in (desk.seller, desk.reviewer)))


def begin(walk: Walk) -> None:
    """A title, a place, and at once submitted: the checks say what is missing and lead there."""
    page = walk.provider("new/")
    page.fill("[name=title]", "敖汉云主机")
    page.fill("[name=code]", "AH-1")
    page.click(".form-actions button")
    assert page.url.endswith("/AH-1/edit/")
    page = walk.press(walk.provider("AH-1/edit/?step=submit"), "submit")
    for words in ("没有价格。", "没有承诺可用性。"):
        assert page.get_by_text(words).count() == 1
    assert "项必须改正" in page.inner_text("main")
    page.click("td a[href*='step=terms'] >> nth=0")
    assert "自动检查在此步发现" in page.inner_text("main")


def write(walk: Walk) -> None:
    """Every step of the wizard, one of them wrong at first."""
    walk.fill("what", spec_vcpu="2", spec_ram_gib="4")
    walk.fill("where", ticked=("public",), draw_vcpu="2", lead_time_days="1")
    page = walk.provider("AH-1/edit/?step=terms")
    page.fill("[name=sla_percent]", "101")
    page.click(".form-actions button")
    assert "0 到 100" in page.inner_text(".field-errors")
    walk.checked(page)
    terms = {"sla_percent": "99.9", "exit_notice_days": "15", "exit_export_days": "30", "exit_fee": "200"}
    walk.fill("terms", chosen={"support": "7x24"}, exit_export_formats="QCOW2", **terms)
    texts = {
        "summary": "适合网站与办公。",
        "title_en": "Aohan host",
        "summary_en": "For web sites.",
        "title_mn": "ᠡᠭᠦᠯᠡᠨ",
    }
    walk.fill("texts", **texts)
    page = walk.provider("AH-1/edit/?step=prices")
    page.click("a[href$='/prices/draft/']")
    for name, value in PRICES.items():
        page.fill(f"[name={name}]", value)
    page.select_option("[name=components-0-kind]", "recurring")
    walk.checked(page).click("button[value=save]")
    assert page.url.endswith("/AH-1/prices/")
    assert "¥106.00" in walk.provider("AH-1/edit/?step=prices").inner_text("main")
    page = walk.press(walk.provider("AH-1/edit/?step=submit"), "submit")
    assert page.url.endswith("/offerings/AH-1/")
    assert "价格审核中" in walk.provider("AH-1/prices/").inner_text("main")


def return_and_mend(walk: Walk) -> None:
    """The reviewer says why; the provider reads it, drafts the next version and submits that."""
    assert "敖汉云主机" in walk.operator("").inner_text("main")
    page = walk.press(walk.operator("AH-1/"), "take")
    walk.press(page, "return", reason=REASON)
    page = walk.provider("AH-1/")
    assert REASON in page.inner_text("main")
    page.locator("form[action$='/draft/'] button").click()
    walk.fill("terms", exit_fee="0")
    walk.press(walk.provider("AH-1/edit/?step=submit"), "submit")


def test_a_listing_is_written_returned_mended_and_published(walk: Walk) -> None:
    begin(walk)
    write(walk)
    assert OfferingVersion.objects.get(product__code="AH-1").state == "submitted"
    return_and_mend(walk)
    page = walk.press(walk.operator("AH-1/"), "take")
    assert "200" in page.inner_text("td s")  # what differs from the version that was returned
    walk.press(page, "publish")
    timeline = walk.provider("AH-1/?version=1&with=2").inner_text(".timeline")
    assert [one in timeline for one in (REASON, "版本 2：已发布", "版本 1：已退回")] == [True] * 3
    product = Product.objects.get(code="AH-1")
    assert (product.state, product.version_number) == ("published", 2)
    assert walk.visit(product.get_absolute_url(), walk.seller).title().startswith("敖汉云主机")
    assert "AH-1" in walk.provider("?view=published").inner_text("main")
    page = walk.operator("AH-1/")
    page.click("details.confirm summary")
    page = walk.press(page, "freeze", reason="安全预警")
    assert "安全预警" in page.inner_text(".timeline")
    assert OfferingStep.objects.filter(product=product).count() == 9
