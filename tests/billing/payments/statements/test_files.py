"""Statements as banks send them: CSV in three encodings, XLSX, CAMT.053; and what is wrong with them, by its cell."""

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.db import IntegrityError, transaction

from billing.ledger import queries as ledger
from billing.payments.statements import operations
from billing.payments.statements.models import LineDifference, StatementLine
from listings.exchange.problems import UnusableFile
from tests import factories
from tests.billing.payments.conftest import NOW
from tests.billing.payments.statements.conftest import Bank, csv

pytestmark = pytest.mark.django_db
ROWS = [
    ("R1", '"1,060.00"', "", "2060.00", "草原食品", "6222001", "货款"),
    ("R2", "", "500.00", "1560.00", "红山云", "6222002", "付款"),
    ("R3", "0.01", "", "1560.01", "松漠云", "", ""),
]


def lines() -> list[tuple[Any, ...]]:
    kept = StatementLine.objects.order_by("row")
    return list(kept.values_list("reference", "amount_minor", "status", "payer_name", "booked_date"))


EXPECTED = [
    ("R1", 1060_00, "unmatched", "草原食品", date(2026, 11, 2)),
    ("R2", -500_00, "outgoing", "红山云", date(2026, 11, 2)),
    ("R3", 1, "unmatched", "松漠云", date(2026, 11, 2)),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_csv_in_each_encoding(bank: Bank, encoding: str) -> None:
    statement = bank.upload(csv(ROWS).encode(encoding))
    assert (statement.status, statement.problems) == ("done", [])
    assert (statement.new_count, statement.known_count, statement.changed_count) == (3, 0, 0)
    assert (statement.opening_minor, statement.closing_minor) == (1000_00, 1560_01)
    assert (statement.first_date, statement.last_date) == (date(2026, 11, 2), date(2026, 11, 2))
    assert lines() == EXPECTED
    assert ledger.balance(kind="suspense", organisation_id=bank.platform.pk).amount_minor == -1060_01
    assert ledger.balance(kind="bank_client_money", organisation_id=bank.platform.pk).amount_minor == 1060_01


def test_the_same_lines_in_another_file_and_encoding_are_stored_once(bank: Bank) -> None:
    bank.upload(csv(ROWS))
    again = bank.upload(csv([*ROWS, ("R4", "5.00", "", "1565.01", "松漠云", "", "")]).encode("gbk"))
    assert (again.status, again.new_count, again.known_count, again.changed_count) == ("done", 1, 3, 0)
    assert StatementLine.objects.count() == 4
    assert ledger.balance(kind="suspense", organisation_id=bank.platform.pk).amount_minor == -1065_01


def test_the_same_file_is_refused_by_its_hash(bank: Bank) -> None:
    first = bank.upload(csv(ROWS))
    with pytest.raises(operations.StatementKnown, match=first.number):
        bank.upload(csv(ROWS))


def test_a_changed_row_is_a_named_difference_and_changes_nothing(bank: Bank) -> None:
    bank.upload(csv(ROWS))
    changed = bank.upload(csv([("R1", "1070.00", "", "", "草原食品有限公司", "6222001", "货款")]))
    assert (changed.status, changed.known_count, changed.changed_count) == ("done", 1, 1)
    assert lines() == EXPECTED
    found = LineDifference.objects.order_by("field").values_list("field", "kept", "found", "row")
    assert list(found) == [("amount_minor", "106000", "107000", 2), ("payer_name", "草原食品", "草原食品有限公司", 2)]
    assert ledger.balance(kind="suspense", organisation_id=bank.platform.pk).amount_minor == -1060_01


def test_a_dry_run_tells_and_keeps_nothing(bank: Bank) -> None:
    tried = bank.upload(csv(ROWS), is_dry_run=True)
    assert (tried.status, tried.new_count) == ("done", 3)
    assert [(row["reference"], row["status"]) for row in tried.preview] == [
        ("R1", "unmatched"),
        ("R2", "outgoing"),
        ("R3", "unmatched"),
    ]
    assert not StatementLine.objects.exists()
    assert ledger.trial_balance() == []
    operations.repeat_statement(statement=tried, actor=bank.actor, now=NOW)
    assert operations.import_due(now=NOW, limit=5) == 1
    assert lines() == EXPECTED


@pytest.mark.parametrize(
    ("rows", "cell", "words"),
    [
        ([("", "1.00", "", "", "a", "", "")], "B2", "reference is missing"),
        ([("R" * 61, "1.00", "", "", "a", "", "")], "B2", "60 characters"),
        ([("R1", "1.005", "", "", "a", "", "")], "C2", "1,234.50"),
        ([("R1", "一百", "", "", "a", "", "")], "C2", "1,234.50"),
        ([("R1", "", "", "", "a", "", "")], "C2", "Exactly one"),
        ([("R1", "1.00", "1.00", "", "a", "", "")], "C2", "Exactly one"),
        ([("R1", "99999999999999999.00", "", "", "a", "", "")], "C2", "1,234.50"),
        ([("R1", "1.00", "", "", "a", "", ""), ("R1", "1.00", "", "", "a", "", "")], "3", "row 2 already"),
        ([("R1", "1.00", "", "5.00", "a", "", ""), ("R2", "1.00", "", "7.00", "a", "", "")], "E3", "does not follow"),
    ],
)
def test_what_is_wrong_is_said_with_its_cell(bank: Bank, rows: Any, cell: str, words: str) -> None:
    statement = bank.upload(csv([*rows, ("R9", "1.00", "", "", "a", "", "")]))
    assert (statement.status, statement.problem_count) == ("failed", 1)
    assert statement.problems[0]["cell"] == cell
    assert words in statement.problems[0]["message"]
    assert not StatementLine.objects.exists()


def test_a_day_of_another_form(bank: Bank) -> None:
    statement = bank.upload(csv(ROWS[:1]).replace("2026-11-02", "02.11.2026"))
    assert [(one["cell"], "2026-11-05" in one["message"]) for one in statement.problems] == [("A2", True)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0 old", "old Excel"),
        (b"%PDF-1.7", "not a spreadsheet"),
        ("日期,流水\n".encode(), "heading"),
        ("交易日期\n".encode("utf-16"), "UTF-16"),
        (csv(ROWS).encode() + b"\xff\xff\xff\n", "neither UTF-8 nor GBK"),
        (csv([]).encode(), "no row below"),
        (csv(ROWS[:1]).encode() + b'"open', "quotation mark"),
    ],
)
def test_files_that_are_no_statement(bank: Bank, data: bytes, words: str) -> None:
    statement = bank.upload(data)
    assert statement.status == "failed"
    assert words in statement.problems[0]["message"]


def workbook(*, change: Any = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(csv([]).strip().split(","))
    sheet.append([date(2026, 11, 2), "R1", 1060, None, 2060, "草原食品", "6222001", "货款"])
    sheet.append(["2026-11-02", "R2", None, 500, 1560.0, "红山云", "6222002", "付款"])
    sheet.append(["2026-11-02", "R3", 0.01, None, "1,560.01", "松漠云", None, None])
    if change:
        change(sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_xlsx_gives_the_same_lines(bank: Bank) -> None:
    statement = bank.upload(workbook())
    assert (statement.status, statement.format) == ("done", "xlsx")
    assert lines() == EXPECTED


@pytest.mark.parametrize(
    ("change", "cell", "words"),
    [
        (lambda sheet: sheet.__setitem__("C2", "=1+1"), "C2", "formula"),
        (lambda sheet: sheet.__setitem__("B2", "=A1"), "B2", "formula"),
        (lambda sheet: sheet.merge_cells("F2:F3"), "F2", "merged"),
        (lambda sheet: sheet.__setitem__("B2", 12345678901234567890), "B2", "lost digits"),
    ],
)
def test_cells_that_cannot_be_taken(bank: Bank, change: Any, cell: str, words: str) -> None:
    statement = bank.upload(workbook(change=change))
    assert statement.status == "failed"
    assert (statement.problems[0]["cell"], words in statement.problems[0]["message"]) == (cell, True)


def camt(
    *, entries: str = "", opening: str = "1000.00", closing: str = "1560.01", account: str = "060512345678"
) -> str:
    """A statement with the movements of ROWS."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{opening}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
{entry("R1", "1060.00", "CRDT", "草原食品")}{entry("R2", "500.00", "DBIT", "红山云")}
{entry("R3", "0.01", "CRDT", "松漠云")}{entries}</Stmt></BkToCstmrStmt></Document>"""


def entry(reference: str, amount: str, side: str, name: str, *, status: str = "BOOK", currency: str = "CNY") -> str:
    role = "Dbtr" if side == "CRDT" else "Cdtr"
    return f"""<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>
<RltdPties><{role}><Pty><Nm>{name}</Nm></Pty></{role}></RltdPties><RmtInf><Ustrd>货款</Ustrd></RmtInf>
</TxDtls></NtryDtls></Ntry>"""


def test_camt_gives_the_same_lines_and_leaves_out_what_is_pending(bank: Bank) -> None:
    statement = bank.upload(camt(entries=entry("R4", "7.00", "CRDT", "未记账", status="PDNG")))
    assert (statement.status, statement.format, statement.problems) == ("done", "camt053", [])
    assert (statement.opening_minor, statement.closing_minor) == (1000_00, 1560_01)
    assert lines() == EXPECTED
    assert StatementLine.objects.get(reference="R1").remark == "货款"


BATCH = """<Ntry><Amt Ccy="CNY">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-02</Dt></BookgDt><AcctSvcrRef>B1</AcctSvcrRef>
<NtryDtls><TxDtls><Amt Ccy="CNY">4.00</Amt></TxDtls><TxDtls><Amt Ccy="CNY">5.00</Amt></TxDtls>
</NtryDtls></Ntry>"""


def test_a_batch_is_kept_as_its_payments(bank: Bank) -> None:
    assert bank.upload(camt(entries=BATCH, closing="1569.01")).status == "done"
    batch = StatementLine.objects.filter(reference__startswith="B1").order_by("reference")
    assert list(batch.values_list("reference", "amount_minor")) == [("B1/1", 4_00), ("B1/2", 5_00)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (camt(closing="1560.02"), "does not add up"),
        (camt(account="999"), "account 999"),
        (camt(entries=entry("R9", "1.00", "CRDT", "a", currency="USD")), "USD"),
        (camt(entries=entry("", "1.00", "CRDT", "a")), "no reference of the bank"),
        (camt(entries=entry("R9", "1.001", "CRDT", "a")), "no amount"),
        (camt()[:-40], "line"),
        ("<a/>", "0 statements"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "entities"),
        (camt().replace("UTF-8", "UTF-16"), "utf-16"),
    ],
)
def test_camt_that_cannot_be_taken(bank: Bank, text: str, words: str) -> None:
    statement = bank.upload(text)
    assert statement.status == "failed"
    assert words in statement.problems[0]["message"]
    assert not StatementLine.objects.exists()


def test_camt_in_gbk(bank: Bank) -> None:
    assert bank.upload(camt().replace("UTF-8", "GBK").encode("gbk")).status == "done"
    assert lines() == EXPECTED


def test_a_file_too_large_is_refused_at_once(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LARGEST_FILE_BYTES", 10)
    with pytest.raises(UnusableFile, match="50 MB"):
        bank.upload(csv(ROWS))


def test_money_entered_by_hand_is_not_entered_again(bank: Bank) -> None:
    """A transfer that finance confirmed before its statement came, and one confirmed after it."""
    bank.top_up(factories.foods(), 1060_00, "R1")
    statement = bank.upload(csv(ROWS))
    assert statement.status == "done"
    assert StatementLine.objects.get(reference="R1").status == "by_hand"
    assert ledger.balance(kind="bank_client_money", organisation_id=bank.platform.pk).amount_minor == 1060_01
    with pytest.raises(Exception, match="ICBC"):
        bank.top_up(factories.foods(), 1, "R3")


def test_a_different_amount_by_hand_is_named(bank: Bank) -> None:
    bank.top_up(factories.foods(), 1000_00, "R1")
    bank.upload(csv(ROWS))
    assert list(LineDifference.objects.values_list("line__reference", "kept", "found")) == [("R1", "100000", "106000")]


def test_the_database_keeps_lines_as_they_came(bank: Bank) -> None:
    bank.upload(csv(ROWS))
    for change in ({"amount_minor": 1}, {"remark": "x"}, {"matched_minor": 1060_01, "status": "partly"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StatementLine.objects.filter(reference="R1").update(**change)
