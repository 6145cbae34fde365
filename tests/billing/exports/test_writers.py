"""Cells: nothing evaluates, codes keep their digits, numbers are numbers."""

import csv as reader
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from billing.exports.writers import cells, csv, xlsx
from billing.exports.writers.cells import Column, Kind

COLUMNS = [
    Column("Name"),
    Column("Code", Kind.CODE, 22),
    Column("Amount", Kind.MONEY),
    Column("Rate", Kind.RATE),
    Column("Count", Kind.COUNT),
    Column("Day", Kind.DATE),
]
ROW = ["红山云", "911501000001234567", Decimal("1234567.80"), Decimal("0.0200"), 7, date(2026, 10, 31)]

DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://x.test","click")',
    "+86 476",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
]


def write_csv(tmp_path, rows):
    path = tmp_path / "file.csv"
    csv.write(path=path, columns=COLUMNS, rows=rows)
    return path


def write_xlsx(tmp_path, rows, totals=(), **more):
    path = tmp_path / "file.xlsx"
    xlsx.write(path=path, title="Sheet", columns=COLUMNS, rows=rows, totals=lambda: totals, **more)
    return openpyxl.load_workbook(path)


def test_csv_bytes(tmp_path):
    """The file byte for byte: mark, CRLF, text quoted, numbers bare, a code of digits with a quote before it."""
    assert write_csv(tmp_path, [ROW]).read_bytes() == (
        b"\xef\xbb\xbf"
        b'"Name","Code","Amount","Rate","Count","Day"\r\n'
        + '"红山云","\'911501000001234567",1234567.80,0.0200,7,"2026-10-31"\r\n'.encode()
    )


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("911501000001234567", "'911501000001234567"),
        ("00012", "'00012"),
        ("9115010E12", "'9115010E12"),  # would be read as 9 115 010 × 10¹²
        ("91150404T00000073Y", "91150404T00000073Y"),
        ("FP-2026-000001", "FP-2026-000001"),
        ("=1", "'=1"),
    ],
)
def test_codes_in_csv(tmp_path, code, written):
    path = write_csv(tmp_path, [["x", code, Decimal("0.00"), Decimal(0), 0, None]])
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(reader.reader(file))[1] == ["x", written, "0.00", "0", "0", ""]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_evaluates(tmp_path, text):
    row = [text, text, Decimal("-0.05"), Decimal(0), -3, None]
    path = write_csv(tmp_path, [row])
    with path.open(encoding="utf-8-sig", newline="") as file:
        name, code, amount, _rate, count, _day = list(reader.reader(file))[1]
    assert name == code == "'" + text
    assert (amount, count) == ("-0.05", "-3")  # a negative number is a number, not text

    sheet = write_xlsx(tmp_path, [row]).active
    # XML turns a carriage return into a line feed unless it is escaped; what matters is the first character.
    assert str(sheet["A2"].value)[0] == "'"
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "n", "n", "n"]
    assert sheet["C2"].value == -0.05


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "'x", " =1", "云"])
def test_harmless_text_is_left_alone(text):
    assert cells.guard(text) == text


def test_xlsx_cells_are_typed(tmp_path):
    total = ["Total", None, Decimal("1234567.80"), None, 7, None]
    sheet = write_xlsx(tmp_path, [ROW], totals=[total]).active
    assert [cell.value for cell in sheet[1]] == ["Name", "Code", "Amount", "Rate", "Count", "Day"]
    assert [cell.value for cell in sheet[2]][:5] == ["红山云", "911501000001234567", 1234567.8, 0.02, 7]
    assert sheet["F2"].value.date() == date(2026, 10, 31)
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "n", "n", "d"]
    assert [cell.number_format for cell in sheet[2]] == ["@", "@", "#,##0.00", "0.00%", "#,##0", "yyyy-mm-dd"]
    assert [cell.value for cell in sheet[3]] == ["Total", None, 1234567.8, None, 7, None]
    assert sheet["A3"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["B"].width == pytest.approx(22, abs=1)


def test_a_full_sheet_is_followed_by_another(tmp_path):
    book = write_xlsx(tmp_path, [ROW] * 5, totals=[ROW], sheet_rows=2)
    assert [(sheet.title, sheet.max_row) for sheet in book] == [("Sheet", 3), ("Sheet 2", 3), ("Sheet 3", 3)]
    assert all(sheet["A1"].value == "Name" for sheet in book)
