"""One invoice paid by each way: Alipay, Stripe, the balance, a transfer; each page passes axe and 320 px."""

import pytest
import time_machine
from playwright.sync_api import Page, expect

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceBalance
from billing.ledger import queries as ledger
from billing.payments import queries
from billing.payments.gateways.models import SavedMethod
from tests import charges, factories
from tests.billing.payments.gateways.conftest import configuration
from tests.browser import accessibility
from tests.fakes import alipay as alipay_fake
from tests.fakes import stripe as stripe_fake
from tests.frontend.billed import ISSUED_AT, NOW


@pytest.fixture
def sandbox(settings, live_server):
    with alipay_fake.alipay() as alipay, stripe_fake.stripe() as stripe:
        stripe.hook = f"{live_server.url}/payments/notify/stripe/"
        settings.GATEWAYS = configuration(alipay, stripe)
        yield alipay, stripe


@pytest.fixture
def invoices(transactional_db):
    """Four invoices of 草原食品, 106.00 each."""
    with time_machine.travel(NOW):
        factories.platform()
        buyer = factories.foods()
        names = ("丙云", "丁云")
        for partner in (factories.hongshan(), factories.songmo(), *(factories.provider(name=name) for name in names)):
            product = factories.offering(factories.data_centre(partner))
            charges.rated_contract("100", buyer=buyer, product=product)
        invoicing.issue_due(now=ISSUED_AT, limit=10)
        yield list(Invoice.objects.order_by("number"))


def go_to_service(page: Page, way: str, name: str) -> None:
    page.get_by_role("button", name=way).click()
    accessibility.assert_page_passes(page)
    expect(page.locator(".alert-warning")).to_contain_text("不产生真实扣款")
    page.get_by_role("link", name=name).click()
    expect(page.locator(".mark")).to_contain_text("沙箱 SANDBOX")


def pay_by_alipay(page: Page, fake: alipay_fake.FakeAlipay) -> None:
    page.get_by_role("link", name="付款", exact=True).click()
    accessibility.assert_page_passes(page)
    go_to_service(page, "用支付宝付款", "前往支付宝")
    page.get_by_role("button", name="返回商家").click()
    expect(page.locator(".alert-info")).to_contain_text("尚未付款")  # coming back proves nothing
    accessibility.assert_page_passes(page)
    page.get_by_role("link", name="前往支付宝").click()
    page.get_by_role("button", name="确认付款").click()
    expect(page.locator(".alert-success")).to_contain_text("付款已登记到发票")
    accessibility.assert_page_passes(page)
    assert fake.postman.deliver(times=2) == 1


def pay_by_stripe(page: Page, fake: stripe_fake.FakeStripe) -> None:
    page.get_by_label("保存该卡供以后付款").check()
    go_to_service(page, "用Stripe付款", "前往Stripe")
    page.get_by_role("button", name="Pay 付款").click()
    expect(page.locator(".alert-success")).to_contain_text("付款已登记到发票")
    assert fake.postman.deliver(times=2) == 2


def top_up(page: Page) -> None:
    accessibility.assert_page_passes(page)
    page.get_by_label("金额（元）").fill("106")
    go_to_service(page, "支付宝", "前往支付宝")
    page.get_by_role("button", name="确认付款").click()
    expect(page.locator(".alert-success")).to_contain_text("金额已转入预付余额")


def record_transfer(page: Page) -> None:
    page.get_by_label("到账金额（元）").fill("106")
    page.get_by_label("银行流水号").fill("ICBC-9")
    page.get_by_role("button", name="登记到账").click()


def test_an_invoice_is_paid_by_each_way(visit, invoices, sandbox):
    alipay, stripe = sandbox
    buyer = invoices[0].buyer
    page = visit(f"/buyer/invoices/{invoices[0].number}/", factories.member(buyer, "finance"))
    pay_by_alipay(page, alipay)
    visit(f"/buyer/invoices/{invoices[1].number}/pay/")
    pay_by_stripe(page, stripe)
    top_up(visit("/buyer/balance/"))
    visit(f"/buyer/invoices/{invoices[2].number}/pay/")
    page.get_by_role("button", name="用余额付款").click()
    expect(page.locator(".messages")).to_contain_text("已从余额支付 ¥106.00")
    visit("/buyer/balance/")
    page.get_by_role("button", name="用于自动支付新发票").click()
    expect(page.locator(".messages")).to_contain_text("该卡将自动支付新发票")
    assert SavedMethod.objects.get().is_automatic
    record_transfer(
        visit(f"/finance/invoices/{invoices[3].number}/", factories.member(factories.platform(), "finance"))
    )
    for path in ("", "?tab=done", "?tab=days"):
        accessibility.assert_page_passes(visit(f"/finance/services/{path}"))
    assert set(InvoiceBalance.objects.values_list("status", flat=True)) == {"paid"}
    assert ledger.balance(kind="receivable", organisation_id=buyer.pk).amount_minor == 0
    assert queries.wallet_differences() == ledger.verify() == []
