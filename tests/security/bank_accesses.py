"""Bank receipts: the rows of the table of accesses, and what fills their addresses."""

from typing import Any

from django.core.files.base import ContentFile

from billing.payments.statements import operations
from billing.payments.statements.models import StatementLine

PAGES = """\
finance:bank_lines         |                 | GET  | 302 403 403 403 403 403 200
finance:bank_lines         |                 | POST | 405 405 405 405 405 405 405
finance:bank_rematch       |                 | GET  | 405 405 405 405 405 405 405
finance:bank_rematch       |                 | POST | 302 403 403 403 403 403 302
finance:bank_line          | bank_line       | GET  | 302 403 403 403 403 403 200
finance:bank_line          | bank_line       | POST | 302 403 403 403 403 403 422
finance:bank_reverse       | bank_line       | GET  | 405 405 405 405 405 405 405
finance:bank_reverse       | bank_line       | POST | 302 403 403 403 403 403 302
finance:bank_statements    |                 | GET  | 302 403 403 403 403 403 200
finance:bank_statements    |                 | POST | 302 403 403 403 403 403 422
finance:bank_statement     | bank_statement  | GET  | 302 403 403 403 403 403 200
finance:bank_statement     | bank_statement  | POST | 302 403 403 403 403 403 302
finance:bank_account       | bank_account    | GET  | 302 403 403 403 403 403 200
finance:bank_account       | bank_account    | POST | 302 403 403 403 403 403 422
finance:overdue            |                 | GET  | 302 403 403 403 403 403 200
finance:overdue            |                 | POST | 405 405 405 405 405 405 405
finance:dunning_steps      |                 | GET  | 302 403 403 403 403 403 200
finance:dunning_steps      |                 | POST | 302 403 403 403 403 403 422
buyer:balance_alert        |                 | GET  | 405 405 405 405 405 405 405
buyer:balance_alert        |                 | POST | 302 302 302 403 403 403 403
"""


def parts(actor: Any, now: Any) -> dict[str, dict[str, Any]]:
    """An account with a statement of one line that waits."""
    operations.save_account(
        code="ICBC",
        number="1",
        bank="示例银行",
        currency="CNY",
        columns={"reference": "流水号", "booked_date": "日期", "amount": "金额"},
        date_form="%Y-%m-%d",
        header_row=1,
        actor=actor,
        now=now,
    )
    statement = operations.queue_statement(
        account_code="ICBC",
        file=ContentFile("流水号,日期,金额\nR1,2026-11-02,1.00\n".encode()),
        file_name="s.csv",
        is_dry_run=False,
        actor=actor,
        now=now,
    )
    operations.import_due(now=now, limit=1)
    return {
        "bank_line": {"line_id": StatementLine.objects.get().pk},
        "bank_statement": {"number": statement.number},
        "bank_account": {"code": "ICBC"},
    }
