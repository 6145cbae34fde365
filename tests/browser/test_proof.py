"""A provider proves its data centre in the browser, the operator looks at the document, everyone sees the badge."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import editions, factories
from tests.browser.accessibility import assert_page_passes
from tests.providers.documents import files


@pytest.mark.django_db(transaction=True)
def test_from_claim_to_badge(visit: Callable[..., Page], tmp_path: Path) -> None:
    centre = factories.data_centre(factories.hongshan())
    editions.assessor()
    report = tmp_path / "report.pdf"
    report.write_bytes(files.pdf())
    address = reverse("provider:data_centre", args=[centre.code])
    page = visit(address, factories.member(centre.partner.organisation, "operations"))
    page.locator("#system_name").fill("云服务平台")
    page.get_by_role("button", name="录入系统").click()
    page.get_by_role("link", name="下一步 云服务平台").click()
    page.locator("#id_filing_number").fill("15040400001-26001")
    page.locator("#id_filed_with").fill("松山区公安分局")
    page.locator("#id_filed_date").fill("2026-03-01")
    page.get_by_role("button", name="登记备案").click()
    page.get_by_role("link", name="下一步 云服务平台").click()
    assert_page_passes(page)
    page.locator("#id_assessor").select_option(label="示例测评有限公司")
    page.locator("#id_signed_by").fill("李测")
    page.locator("#id_document_number").fill("CP-2026-1")
    page.locator("#id_assessed_date").fill("2026-10-01")
    page.locator("#id_file").set_input_files(report)
    page.get_by_role("button", name="登记测评").click()
    expect(page.get_by_text("供应方声明，未核验")).to_be_visible()

    page = visit(reverse("operator:evidence"), factories.member(factories.platform(), "operator"))
    page.get_by_role("link", name="等保三级测评").or_(page.locator("th[scope=row] a")).first.click()
    assert_page_passes(page)
    page.get_by_role("button", name="核验").click()

    page = visit(reverse("data_centre", args=[centre.code]))
    expect(page.locator(".badge-good", has_text="3").first).to_be_visible()
    assert_page_passes(page)
