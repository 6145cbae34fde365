"""A line of a statement is matched at the desk with the keyboard alone; each page of it passes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from playwright.sync_api import Page, expect

from billing.payments.statements import operations
from billing.payments.statements.models import StatementLine
from tests.browser import accessibility
from tests.frontend import billed
from tests.frontend.finance.test_bank import HEADING

DATA = HEADING + "R1,2026-12-03,60.00,某公司,FP-2026-000001 FP-2026-000003\nR2,2026-12-04,80.00,某公司,云服务\n"


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> Any:
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(billed.NOW):
        made = billed.make_world()
        columns = {
            "reference": "流水号",
            "booked_date": "日期",
            "amount": "金额",
            "payer_name": "户名",
            "remark": "附言",
        }
        who = {"actor": made.finance_actor, "now": billed.NOW}
        operations.save_account(
            code="ICBC",
            number="1",
            bank="示例银行",
            currency="CNY",
            columns=columns,
            date_form="%Y-%m-%d",
            header_row=1,
            **who,
        )
        operations.queue_statement(
            account_code="ICBC", file=ContentFile(DATA.encode()), file_name="s.csv", is_dry_run=False, **who
        )
        operations.import_due(now=billed.NOW, limit=1)
        yield made


def test_a_line_is_matched_by_the_keyboard(visit: Callable[..., Page], world: billed.World) -> None:
    page = visit("/finance/bank/", world.finance)
    accessibility.assert_page_passes(page)
    first = StatementLine.objects.get(reference="R1")
    page = visit(f"/finance/bank/lines/{first.pk}/", world.finance)
    accessibility.assert_page_passes(page)
    expect(page.locator("#pay-FP-2026-000001")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("53")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("该笔已匹配为 2 笔收款。")
    first.refresh_from_db()
    assert (first.status, first.matched_minor) == ("matched", 60_00)
    page = visit(f"/finance/bank/lines/{first.pk}/", world.finance)
    accessibility.assert_page_passes(page)
    page.get_by_label("撤销").first.fill("付错了")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("匹配已撤销")
