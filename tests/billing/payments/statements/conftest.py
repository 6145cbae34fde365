"""An account of the platform, files of its bank, and the desk of tests.billing.payments."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import translation

from billing.invoicing.models import Invoice
from billing.payments.statements import operations
from billing.payments.statements.models import BankStatement, StatementLine
from tests.billing.payments.conftest import NOW, Desk

HEADING = "交易日期,交易流水号,收入金额,支出金额,余额,对方户名,对方账号,附言"
COLUMNS = {
    "booked_date": "交易日期",
    "reference": "交易流水号",
    "credit": "收入金额",
    "debit": "支出金额",
    "balance": "余额",
    "payer_name": "对方户名",
    "payer_account": "对方账号",
    "remark": "附言",
}


class Bank(Desk):
    """The desk with an account whose statements come as CSV."""

    def __init__(self) -> None:
        super().__init__()
        self.account = operations.save_account(
            code="ICBC",
            number="0605 1234 5678",
            bank="示例银行赤峰分行",
            currency="CNY",
            columns=COLUMNS,
            date_form="%Y-%m-%d",
            header_row=1,
            actor=self.actor,
            now=NOW,
        )

    def upload(self, data: str | bytes, **fields: Any) -> BankStatement:
        """Queue a file and read it."""
        raw = data.encode() if isinstance(data, str) else data
        facts = {"account_code": "ICBC", "file_name": "s.csv", "is_dry_run": False, "actor": self.actor, "now": NOW}
        statement = operations.queue_statement(file=ContentFile(raw), **facts | fields)
        assert operations.import_due(now=NOW, limit=5) == 1
        statement.refresh_from_db()
        return statement

    def receive(self, amount: str, *, remark: str = "", payer: str = "某公司", account: str = "", **fields: Any) -> Any:
        """One line that came in, by a statement of its own."""
        reference = fields.get("reference", f"R{StatementLine.objects.count() + 1}")
        self.upload(csv([(reference, amount, "", "", payer, account, remark)]))
        return StatementLine.objects.get(reference=reference)


def csv(rows: Sequence[tuple[str, ...]], *, day: date = date(2026, 11, 2)) -> str:
    """Rows of (reference, in, out, balance, payer, account, remark) as the bank's file."""
    lines = [f"{day},{','.join(row[:4])},{','.join(row[4:])}" for row in rows]
    return "\n".join([HEADING, *lines]) + "\n"


def paid(invoice: Invoice) -> tuple[int, str]:
    balance = type(invoice.balance).objects.get(invoice=invoice)
    return balance.paid_minor, balance.status


@pytest.fixture
def bank(db: None, settings: Any, tmp_path: Path) -> Bank:
    settings.MEDIA_ROOT = tmp_path
    return Bank()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A statement is read in the language of who uploads it; the sentences here are the source's."""
    with translation.override("en"):
        yield
