"""A new provider goes from registration to approval and a proven account, through the pages of both sides."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from marketplace.organisations.models import User
from providers.models import Partner
from providers.onboarding import queries
from tests import factories
from tests.browser.accessibility import assert_page_passes
from tests.providers.documents import files

APPLICANT = "owner@dalihu.test"
Visit = Callable[..., Page]


def upload(page: Page, field: str, name: str, pages: int) -> None:
    file = {"name": name, "mimeType": "application/pdf", "buffer": files.pdf(pages=pages)}
    page.locator(f"input[name={field}]").set_input_files(file)


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def fill(page: Page, **values: str) -> None:
    for field, value in values.items():
        page.locator(f"[name={field}]:visible").fill(value)


def register(visit: Visit, page: Page) -> None:
    """A wrong code is named beside its field; then the organisation is there and its application begun."""
    visit("/login/").get_by_role("link", name="注册成为供应方").click()
    fill(page, name="达里湖云计算有限公司", code="91150404MA0000000", full_name="那木拉", email=APPLICANT)
    fill(page, password=factories.PASSWORD, repeated=factories.PASSWORD)
    press(page, "注册并继续")
    expect(page.locator("#id_code_error")).to_contain_text("18 位")
    assert_page_passes(page)
    fill(page, code=factories.credit_code().lower(), password=factories.PASSWORD, repeated=factories.PASSWORD)
    press(page, "注册并继续")


def apply(visit: Visit, page: Page) -> None:
    """Step by step, with a file that is refused and a licence that the checks miss."""
    expect(page.get_by_role("heading", level=1)).to_have_text("供应方入驻申请")
    assert_page_passes(page)
    fill(page, legal_representative="那木拉", address="克什克腾旗 1 号")
    page.locator("[name=county]").select_option("150404")
    press(page, "保存并继续")
    page.locator("input[name=business_licence]").set_input_files(
        {"name": "执照.pdf", "mimeType": "application/pdf", "buffer": files.pdf(files.with_javascript)}
    )
    page.get_by_label("长期有效").check()
    press(page, "保存并继续")
    expect(page.locator("#id_business_licence_error")).to_contain_text("自动动作")
    assert_page_passes(page)
    upload(page, "business_licence", "营业执照.pdf", 1)
    press(page, "保存并继续")
    page.get_by_label("IaaS").check()
    press(page, "保存并继续")
    fill(page, contact_name="那木拉", contact_phone="0476-1234567")
    press(page, "保存并继续")
    press(page, "检查并提交")
    expect(page.get_by_role("row", name="经营这些服务需要增值电信业务经营许可证")).to_be_visible()
    assert_page_passes(page)
    page.get_by_role("link", name="请上传许可证（B11").click()
    upload(page, "telecom_licence", "许可证.pdf", 2)
    fill(page, telecom_number="B1-20261234", telecom_valid_until="2029-06-30")
    press(page, "保存并继续")
    visit("/provider/onboarding/application/?step=submit")
    press(page, "检查并提交")
    expect(page.get_by_role("row", name="入驻申请")).to_contain_text("已提交")
    assert_page_passes(page)


def review_and_return(visit: Visit, page: Page, operator: User) -> str:
    """The reviewer opens a document and remarks on a field. The address of the application."""
    visit("/operator/applications/", operator)
    assert_page_passes(page)
    page.get_by_role("link", name="达里湖云计算有限公司").click()
    address = page.url.partition("/operator/")[2]
    press(page, "领取审核")
    with page.expect_download() as download:
        page.get_by_role("link", name="营业执照.pdf").click()
    assert Path(download.value.path()).read_bytes() == files.pdf()
    page.get_by_text("逐项意见").click()
    fill(page, remark_address="与执照不一致")
    page.locator("form[action$='/return/'] [name=reason]").fill("请补正住所")
    assert_page_passes(page)
    press(page, "退回申请人")
    return address


def mend_and_approve(visit: Visit, page: Page, applicant: User, operator: User, address: str) -> None:
    """The applicant sees the remark and mends it; the reviewer approves."""
    visit("/provider/onboarding/", applicant)
    expect(page.get_by_role("status")).to_contain_text("与执照不一致")
    assert_page_passes(page)
    visit("/provider/onboarding/application/")
    fill(page, address="克什克腾旗数据大道 1 号")
    press(page, "保存并继续")
    visit("/provider/onboarding/application/?step=submit")
    press(page, "检查并提交")
    visit(f"/operator/{address}", operator)
    press(page, "领取审核")
    press(page, "批准")
    expect(page.locator(".page-header")).to_contain_text("已批准")
    page.get_by_role("link", name="供应方详情").click()
    expect(page.get_by_role("row", name="增值电信业务经营许可证")).to_contain_text("B1-20261234")
    assert_page_passes(page)


def prove_account(visit: Visit, page: Page, applicant: User, operator: User) -> None:
    """A small deposit, a wrong amount, the right one."""
    visit("/provider/onboarding/payout-account/", applicant)
    fill(page, bank="示例银行", number="6222000011112222")
    press(page, "保存账户")
    visit("/operator/applications/?view=payout", operator)
    assert_page_passes(page)
    press(page, "去打款")
    amount = page.locator("dd strong").inner_text().strip("¥ ")
    assert_page_passes(page)
    fill(page, bank_reference="HZ-1")
    press(page, "确认已打款")
    visit("/provider/onboarding/payout-account/", applicant)
    fill(page, amount="5.00")
    press(page, "验证账户")
    expect(page.locator("#id_amount_error")).to_contain_text("还可尝试 2 次")
    assert_page_passes(page)
    fill(page, amount=amount)
    press(page, "验证账户")
    partner = Partner.objects.get(name="达里湖云计算有限公司")
    expect(page.locator(".panel").first).to_contain_text("已核验")
    assert queries.verified_payout_account(partner_id=partner.pk) is not None
    visit("/provider/onboarding/", applicant)
    expect(page.get_by_role("row", name="收款账户")).to_contain_text("2222")
    assert_page_passes(page)


@pytest.mark.django_db(transaction=True)
def test_from_registration_to_a_verified_provider(visit: Visit, page: Page, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    factories.county()
    operator = factories.member(factories.platform(), "operator")
    register(visit, page)
    apply(visit, page)
    address = review_and_return(visit, page, operator)
    applicant = User.objects.get(email=APPLICANT)
    mend_and_approve(visit, page, applicant, operator, address)
    prove_account(visit, page, applicant, operator)
