"""The content of the files, cell by cell, and that file, page and ledger say the same."""

import csv
import hashlib
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from billing.exports import operations, queries
from billing.exports.models import ExportRun
from billing.ledger import queries as ledger
from billing.rules.periods import Month
from billing.settlement import operations as settlement
from billing.settlement import queries as settlements
from billing.settlement.models import Settlement
from tests import factories, receipts

pytestmark = pytest.mark.django_db
OCTOBER = Month(2026, 10)


@pytest.fixture(autouse=True)
def _private_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def finance():
    return factories.actor(factories.platform(), "finance")


@pytest.fixture
def world(now, finance):
    """hongshan: 100.00 and 33.33 collected, paid out. songmo: 50.00, a draft."""
    hongshan, songmo = factories.hongshan(), factories.songmo()
    first = factories.contract(factories.foods(), factories.offering(factories.data_centre(hongshan)))
    second = factories.contract(factories.bureau(), factories.offering(factories.data_centre(songmo)))
    receipts.collect(first, 10_000)
    receipts.collect(first, 3_333)
    receipts.collect(second, 5_000)
    settlement.settle_due(now=now, limit=10)
    settlement.approve(number="JS-202610-0001", actor=finance, now=now)
    settlement.record_payout(number="JS-202610-0001", bank_reference="20261102000001", actor=finance, now=now)
    return {"hongshan": hongshan, "songmo": songmo, "first": first, "second": second}


def write(now, actor, **fields):
    fields = {"kind": "settlement_summary", "format": "csv", "month": OCTOBER, "settlement_number": "", **fields}
    run = operations.request_export(organisation_id=actor.organisation_id, actor=actor, now=now, **fields)
    assert operations.write_due(now=now, limit=10) == 1
    run.refresh_from_db()
    assert (run.status, run.error) == ("done", "")
    return run


def read_csv(run):
    with run.file.open("rb") as file:
        return list(csv.reader(file.read().decode("utf-8-sig").splitlines()))


def read_sheet(run):
    with run.file.open("rb") as file:
        return openpyxl.load_workbook(file).active


def test_summary_as_csv(world, finance, now):
    run = write(now, finance, language="en")
    hongshan, songmo = (world[name].organisation for name in ("hongshan", "songmo"))
    heading, *rows = read_csv(run)
    assert heading == [
        "Settlement number", "Provider", "Provider's credit code", "Month", "Currency", "Orders", "Collected",
        "Commission rate", "Commission", "VAT on the commission", "Payable", "State", "Due", "Approved on",
        "Paid on", "Bank reference",
    ]  # fmt: skip
    # 133.33: commission 2.6666 → 2.67, VAT 0.1602 → 0.16, net 130.50
    assert rows == [
        ["JS-202610-0001", hongshan.name, hongshan.uscc, "2026-10", "CNY", "1", "133.33", "0.0200", "2.67", "0.16",
         "130.50", "Paid out", "2026-11-17", "2026-11-02", "2026-11-02", "'20261102000001"],
        ["JS-202610-0002", songmo.name, songmo.uscc, "2026-10", "CNY", "1", "50.00", "0.0200", "1.00", "0.06",
         "48.94", "To be approved", "2026-11-17", "", "", ""],
    ]  # fmt: skip
    assert (run.rows_total, run.rows_done, run.attempts) == (2, 2, 1)
    with run.file.open("rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == run.sha256


def test_detail_of_one_settlement_as_csv(world, finance, now):
    run = write(now, finance, kind="settlement_detail", settlement_number="JS-202610-0001", month=None, language="en")
    provider, contract = world["hongshan"].organisation, world["first"]
    assert run.period_start_date == date(2026, 10, 1)
    heading, *rows = read_csv(run)
    assert heading == [
        "Settlement number", "Provider", "Provider's credit code", "Invoice number", "Contract number", "Buyer",
        "Buyer's credit code", "Description", "Month of the invoice", "Currency", "Collected", "Collected on",
    ]  # fmt: skip
    lines = settlements.list_lines(settlement_id=Settlement.objects.get(number="JS-202610-0001").pk)
    invoices = [line.collection.line.invoice.number for line in lines]
    assert rows == [
        ["JS-202610-0001", provider.name, provider.uscc, invoice, contract.number, contract.buyer.name,
         contract.buyer.uscc, contract.offering_title, month, "CNY", amount, "2026-10-15"]
        for invoice, month, amount in zip(invoices, ["2026-09", "2026-08"], ["100.00", "33.33"], strict=True)
    ]  # fmt: skip


def test_detail_of_the_month_holds_all_settlements(world, finance, now):
    rows = read_csv(write(now, finance, kind="settlement_detail"))[1:]
    assert [(row[0], row[10]) for row in rows] == [
        ("JS-202610-0001", "100.00"),
        ("JS-202610-0001", "33.33"),
        ("JS-202610-0002", "50.00"),
    ]


def test_totals_of_the_file_the_page_and_the_ledger_are_one(world, finance, now):
    settlement.approve(number="JS-202610-0002", actor=finance, now=now)
    sheet = read_sheet(write(now, finance, format="xlsx", language="en"))
    (page,) = settlements.sum_settlements(month=OCTOBER)
    names = [cell.value for cell in sheet[1]]
    total = dict(zip(names, (cell.value for cell in sheet[sheet.max_row]), strict=True))
    columns = ("Collected", "Commission", "VAT on the commission", "Payable")
    by_hand = [Decimal("183.33"), Decimal("3.67"), Decimal("0.22"), Decimal("179.44")]
    assert total["Settlement number"] == "Total"
    assert total["Currency"] == "CNY"
    assert [Decimal(str(total[name])) for name in columns] == by_hand
    for place, name in enumerate(names):
        if name in columns:
            assert sum(Decimal(str(sheet.cell(row, place + 1).value)) for row in range(2, sheet.max_row)) == Decimal(
                str(total[name])
            )
    assert [
        Decimal(amount).scaleb(-2)
        for amount in (page.gross_minor, page.commission_minor, page.commission_vat_minor, page.net_minor)
    ] == by_hand
    posted = {line.kind: line for line in ledger.trial_balance()}
    assert posted["provider_clearing"].balance_minor == 18_333
    assert posted["commission_revenue"].balance_minor == -367
    assert posted["vat_payable"].balance_minor == -22
    assert posted["provider_payable"].credits_minor == 17_944


def test_xlsx_cells_are_typed(world, finance, now):
    sheet = read_sheet(write(now, finance, kind="settlement_detail", format="xlsx"))
    provider = world["hongshan"].organisation
    assert sheet["C2"].value == provider.uscc
    assert (sheet["C2"].data_type, sheet["K2"].data_type, sheet["L2"].data_type) == ("s", "n", "d")
    assert sheet["K2"].value == 100
    assert sheet["L2"].value == datetime(2026, 10, 15)
    assert sheet.max_row == 5  # heading, three lines, total
    assert sheet["K5"].value == 183.33


def test_a_provider_gets_its_own_only(world, now):
    actor = factories.actor(world["songmo"].organisation, "finance")
    assert [row[0] for row in read_csv(write(now, actor))[1:]] == ["JS-202610-0002"]
    assert [row[0] for row in read_csv(write(now, actor, kind="settlement_detail"))[1:]] == ["JS-202610-0002"]


def test_an_empty_month_is_a_file_with_headings(world, finance, now):
    assert len(read_csv(write(now, finance, month=Month(2025, 1)))) == 1
    assert read_sheet(write(now, finance, month=Month(2025, 1), format="xlsx")).max_row == 1


def test_headings_speak_the_readers_language(world, finance, now):
    chinese, english = (read_csv(write(now, finance, language=code))[0] for code in ("zh-hans", "en"))
    assert english[0] == "Settlement number"
    assert len(chinese) == len(english)
    assert all(ours != theirs for ours, theirs in zip(chinese, english, strict=True))


def test_a_formula_in_a_name_is_quoted_in_every_file(now, finance):
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.hongshan())))
    contract.offering_title = '=HYPERLINK("http://x.test")'
    receipts.collect(contract, 100)
    settlement.settle_due(now=now, limit=10)
    row = read_csv(write(now, finance, kind="settlement_detail"))[1]
    assert row[7] == "'" + contract.offering_title
    cell = read_sheet(write(now, finance, kind="settlement_detail", format="xlsx"))["H2"]
    assert (cell.value, cell.data_type) == ("'" + contract.offering_title, "s")


def test_several_currencies_have_a_total_each(now, finance):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    buyer = factories.foods()
    receipts.collect(factories.contract(buyer, product), 10_000)
    receipts.collect(factories.contract(factories.bureau(), product, currency="USD"), 700)
    settlement.settle_due(now=now, limit=10)
    sheet = read_sheet(write(now, finance, format="xlsx"))
    assert [(sheet.cell(row, 5).value, sheet.cell(row, 7).value) for row in (4, 5)] == [("CNY", 100), ("USD", 7)]


def test_file_names(world, finance, now):
    run = write(now, finance, format="xlsx", language="en")
    assert queries.file_name(run=run) == "Settlements_202610_v1.xlsx"
    run = write(
        now, finance, kind="settlement_detail", settlement_number="JS-202610-0001", format="xlsx", language="en"
    )
    assert queries.file_name(run=run) == "Settlement-lines_JS-202610-0001_v1.xlsx"
    assert ExportRun.objects.count() == 2
