"""The provider's pages for machines, and the description of the API, in a real browser."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.metering.models import UsageDay, UsageImport
from tests import factories
from tests.browser.accessibility import assert_page_passes

AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def contract(transactional_db: None) -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    made = factories.contract(factories.foods(), offering, plan_code="metered")
    UsageDay.objects.create(
        contract=made, meter="vcpu_hours", day=date(2026, 10, 1), quantity="1234.5", event_count=3, batch=1
    )
    UsageImport.objects.create(
        number="YL-SAMPLE",
        provider=made.provider,
        file_name="十月.csv",
        status="done",
        rows_read=3,
        rows_accepted=2,
        rows_rejected=1,
        errors=[{"row": 3, "column": "time", "code": "not_a_time"}],
        created_at=AT,
        finished_at=AT,
    )
    return made


def test_the_usage_pages_are_accessible(visit: Callable[..., Page], contract: Any) -> None:
    person = factories.member(contract.provider.organisation, "operations")
    page = visit("/provider/usage/", person)
    assert_page_passes(page)
    page.get_by_role("link", name="YL-SAMPLE").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("十月.csv")
    assert_page_passes(page)


def test_a_key_is_issued_and_revoked(visit: Callable[..., Page], contract: Any) -> None:
    page = visit("/provider/api-keys/", factories.member(contract.provider.organisation, "operations"))
    page.locator("#id_name").fill("一号机房")
    page.locator("input[name=scopes]").first.check()
    page.locator("form:has(#id_name) button.btn-primary").click()
    expect(page.locator("#token")).to_have_value(re.compile("^crm_[0-9a-f]{12}_.+"))
    assert_page_passes(page)
    page.locator("details.confirm summary").click()
    page.locator("details.confirm button").click()
    expect(page.locator("details.confirm")).to_have_count(0)


def test_the_description_of_the_api_keeps_the_content_security_policy(
    visit: Callable[..., Page], contract: Any
) -> None:
    page = visit("/api/docs/")
    expect(page.locator(".opblock")).to_have_count(29)
