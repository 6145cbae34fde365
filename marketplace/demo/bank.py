"""A sample bank account with a statement: lines that match by themselves, that a person has to match, and none.

The statement is imported as CSV in GBK; the same lines wait as a dry run of CAMT.053.
"""

from datetime import date, datetime, timedelta
from typing import Final

from django.core.files.base import ContentFile

from billing.invoicing import queries as invoices
from billing.invoicing.models import Invoice
from billing.payments.dunning.models import Holiday
from billing.payments.statements import operations
from billing.rules import periods, references
from marketplace.organisations import actors

CODE: Final = "示例-工行"
NUMBER: Final = "0605 0000 0000 0000 000"
COLUMNS: Final = {
    "booked_date": "交易日期",
    "reference": "交易流水号",
    "credit": "收入金额",
    "debit": "支出金额",
    "balance": "余额",
    "payer_name": "对方户名",
    "payer_account": "对方账号",
    "payer_bank": "对方开户行",
    "remark": "附言",
}
Row = tuple[str, int, str, str]  # reference, fen, payer, remark
# Days of the arrangement of a year, as samples: finance enters what the State Council announces.
HOLIDAYS: Final = (
    (1, 1, "元旦（示例）", False),
    (5, 1, "劳动节（示例）", False),
    (10, 1, "国庆节（示例）", False),
    (10, 2, "国庆节（示例）", False),
    (10, 3, "国庆节（示例）", False),
)


def receive(*, finance: actors.Actor, now: datetime) -> None:
    """Open the account, import its statement, leave the same lines as a dry run of another format."""
    year = periods.civil_date(now).year
    Holiday.objects.bulk_create(
        Holiday(day=date(year, month, day), name=name, is_workday=is_workday, is_sample=True)
        for month, day, name, is_workday in HOLIDAYS
    )
    operations.save_account(
        code=CODE,
        number=NUMBER,
        bank="示例银行赤峰分行",
        currency="CNY",
        columns=COLUMNS,
        date_form="%Y-%m-%d",
        header_row=1,
        actor=finance,
        now=now,
    )
    rows = _rows()
    day = periods.civil_date(now) - timedelta(days=1)
    for data, name, is_dry_run in (
        (_csv(rows, day).encode("gbk"), "工行对账单-示例.csv", False),
        (_camt(rows, day).encode(), "camt053-示例.xml", True),
    ):
        operations.queue_statement(
            account_code=CODE, file=ContentFile(data), file_name=name, is_dry_run=is_dry_run, actor=finance, now=now
        )


def _rows() -> list[Row]:
    """A reference, a short one, two invoices with a sum that is not theirs, a known name, a stranger."""
    found = [one for one in invoices.list_invoices(status=invoices.OPEN).page if one.balance.open_minor > 100_00]
    by_buyer: dict[int, list[Invoice]] = {}
    for one in found:
        by_buyer.setdefault(one.buyer_id, []).append(one)
    rows: list[Row] = []
    for place, (_buyer_id, own) in enumerate(sorted(by_buyer.items())):
        first = own[0]
        part = first.balance.open_minor // 10
        if place == 0:
            rows.append((f"SL{place:03d}1", part, first.buyer_name, f"{first.number} 部分付款"))
        elif place == 1:
            rows.append((f"SL{place:03d}1", part, first.buyer_name, references.short_reference(first.number)))
        if len(own) > 1:
            both = f"{own[-1].number} {own[-2].number}"
            rows.append((f"SL{place:03d}2", own[-1].balance.open_minor + 12_34, first.buyer_name, both))
        else:
            rows.append((f"SL{place:03d}3", part + 1, first.buyer_name, "云服务费"))
    rows.append(("SL9001", 1_234_56, "某某商贸有限公司（示例）", "货款"))
    rows.append(("SL9002", -88_00, "示例银行赤峰分行", "账户管理费"))
    return rows


def _csv(rows: list[Row], day: date) -> str:
    lines, balance = [",".join(COLUMNS.values())], 1_000_000_00
    for reference, amount, payer, remark in rows:
        balance += amount
        sides = f"{amount / 100:.2f}," if amount > 0 else f",{-amount / 100:.2f}"
        lines.append(
            f"{day},{reference},{sides},{balance / 100:.2f},{payer},62220000{reference[-4:]},示例银行,{remark}"
        )
    return "\r\n".join(lines) + "\r\n"


def _camt(rows: list[Row], day: date) -> str:
    entries = "".join(_entry(*row, day=day) for row in rows)
    closing = 1_000_000_00 + sum(amount for _reference, amount, _payer, _remark in rows)
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{amount / 100:.2f}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        for code, amount in (("OPBD", 1_000_000_00), ("CLBD", closing))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt><Acct><Id><Othr><Id>{NUMBER}</Id></Othr></Id></Acct>{balances}{entries}"
        "</Stmt></BkToCstmrStmt></Document>"
    )


def _entry(reference: str, amount: int, payer: str, remark: str, *, day: date) -> str:
    side, role = ("CRDT", "Dbtr") if amount > 0 else ("DBIT", "Cdtr")
    return (
        f'<Ntry><Amt Ccy="CNY">{abs(amount) / 100:.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<RltdPties><{role}><Pty><Nm>{payer}</Nm></Pty></{role}></RltdPties>"
        f"<RmtInf><Ustrd>{remark}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
