"""Invoices, payments and balances in a browser: axe in light and dark, 320 px, and the forms."""

import pytest
import time_machine
from playwright.sync_api import expect

from tests.browser import accessibility
from tests.frontend import billed

OCTOBER, NOVEMBER = billed.FOODS_OCTOBER, billed.FOODS_NOVEMBER


@pytest.fixture
def world(transactional_db):
    with time_machine.travel(billed.NOW):
        yield billed.make_world()


@pytest.mark.parametrize(
    "path",
    ["invoices/", "invoices/?status=paid", f"invoices/{OCTOBER}/", f"invoices/{NOVEMBER}/", "balance/"],
)
def test_pages_of_a_buyer_pass(visit, world, path):
    accessibility.assert_page_passes(visit(f"/buyer/{path}", world.foods_finance))


@pytest.mark.parametrize(
    "path", ["invoices/", f"invoices/{OCTOBER}/", "payments/", "payments/?month=2026-01", "balances/"]
)
def test_pages_of_finance_pass(visit, world, path):
    accessibility.assert_page_passes(visit(f"/finance/{path}", world.finance))


def test_a_wrong_amount_is_said_beside_the_field_and_a_right_one_pays(visit, world):
    page = visit(f"/finance/invoices/{OCTOBER}/", world.finance)
    page.get_by_label("到账金额（元）").fill("53.01")
    page.get_by_label("银行流水号").fill("ICBC-9")
    page.get_by_role("button", name="登记到账").click()
    expect(page.locator("#id_amount_error")).to_contain_text("53.00 CNY")
    expect(page.get_by_label("银行流水号")).to_have_value("ICBC-9")
    accessibility.assert_page_passes(page)
    page.get_by_label("到账金额（元）").fill("53")
    page.get_by_role("button", name="登记到账").click()
    expect(page.locator(".messages")).to_contain_text("已在发票 FP-2026-000001 上登记到账 ¥53.00。")


def test_the_month_is_chosen_and_stays_in_the_address(visit, world):
    page = visit("/buyer/invoices/?status=issued", world.foods_finance)
    page.get_by_label("月份").select_option("2026-11")
    page.wait_for_url("**/buyer/invoices/?status=issued&month=2026-11")
    expect(page.locator("tbody tr")).to_have_count(1)
