"""Files as people upload them: every one that cannot be read gets a sentence, with the cell where there is one."""

import io
import zipfile

import pytest

from listings.exchange import reading, xlsx
from listings.exchange.problems import Problem, UnusableFile, name_column
from tests.listings.exchange.sheets import CSV_BOM, change_sheet, make_xlsx

HEADER = "code,title\n"


def refusal(data: bytes) -> UnusableFile:
    with pytest.raises(UnusableFile) as caught:
        reading.read_table(data=data)
    return caught.value


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ((HEADER + "A,云主机\n").encode(), "UTF-8"),
        (CSV_BOM + (HEADER + "A,云主机\r\n").encode(), "UTF-8"),
        ((HEADER + "A,云主机\n").encode("gbk"), "GB 18030 (GBK)"),
        ((HEADER + "A,云主机\n").replace(",", ";").encode(), "UTF-8"),
        ((HEADER + "A,云主机\n").replace(",", "\t").encode(), "UTF-8"),
    ],
)
def test_csv_is_read_in_the_encodings_and_with_the_separators_that_spreadsheets_write(data, encoding):
    table = reading.read_table(data=data)
    assert (table.header, table.rows, table.encoding) == (("code", "title"), [(2, ("A", "云主机"))], encoding)


def test_rows_are_counted_as_a_spreadsheet_does_and_blank_ones_left_out():
    table = reading.read_table(data=b'code,title\n\n,\nA,"two\nlines"\nB,\n')
    assert table.rows == [(4, ("A", "two\nlines")), (5, ("B", None))]


def test_xlsx_gives_plain_values_and_says_what_is_none():
    rows = [["code", "title"], ["A", "云主机"], [7, 0.5], [True, None, "x"], [("=", "1+1"), ("date", 45000)]]
    table = reading.read_table(data=make_xlsx(rows, name="挂牌"))
    assert (table.sheet, table.header) == ("挂牌", ("code", "title"))
    assert table.rows[:3] == [(2, ("A", "云主机")), (3, (7, 0.5)), (4, (True, None, "x"))]
    formula, date = table.rows[3][1]
    assert (formula.kind, date.kind) == ("formula", "date")


def test_text_that_xml_cannot_hold_comes_back_as_it_was():
    """Office Open XML writes a carriage return as _x000D_, and a literal _x000D_ as _x005F_x000D_."""
    text = "a\rb _x000D_ ᠮᠣᠩᠭᠣᠯ  \n c"
    table = reading.read_table(data=make_xlsx([["code", "title"], ["A", text]]))
    assert table.rows == [(2, ("A", text))]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd0\xcf\x11\xe0 an old workbook",
        b"%PDF-1.7",
        b"\x89PNG\r\n",
        "code,title\n".encode("utf-16"),
        b"PK\x03\x04 not a zip file",
        b"code,title\nA,\x00\x01\x02",
        b'code,title\nA,"never closed\n',
        b"\xff\xff\xff code",
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_a_sentence(data):
    assert refusal(data).message.endswith(("。", "."))


def test_a_byte_of_no_encoding_is_named_by_its_row():
    error = refusal("code,title\nA,云\nB,".encode() + b"\xff\xfe\n")
    assert error.problems[0].row == 3


def test_a_missing_heading_is_named():
    assert refusal(b"\ncode,title\nA,B\n").problems[0].cell == "A1"
    assert refusal(make_xlsx([[], ["code", "title"]])).problems[0].cell == "A1"


def test_merged_cells_are_named():
    data = make_xlsx([["code", "title"], ["A", "B"], ["C", "D"]])
    merged = b'</sheetData><mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
    error = refusal(change_sheet(data, b"</sheetData>", merged))
    assert [(one.cell, one.sheet) for one in error.problems] == [("B2", "Sheet1")]
    assert "B2:B3" in error.message


def test_more_rows_than_fit_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    rows = [["code"], *([str(n)] for n in range(4))]
    for data in (make_xlsx(rows), "\n".join(row[0] for row in rows).encode()):
        assert "3" in refusal(data).message
    assert len(reading.read_table(data=make_xlsx(rows[:4])).rows) == 3


def test_a_million_formatted_blank_rows_are_refused(monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_LINES", 10)
    blank = b"".join(b'<row r="%d"/>' % number for number in range(3, 20))
    data = change_sheet(make_xlsx([["code"], ["A"]]), b"</sheetData>", blank + b"</sheetData>")
    assert "200" in refusal(data).message


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(xlsx, "LARGEST_UNZIPPED_BYTES", 1_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b" " * 2_000_000)
    assert len(buffer.getvalue()) < 10_000
    assert "200 MB" in refusal(buffer.getvalue()).message


def test_entities_are_refused():
    data = change_sheet(make_xlsx([["code"], ["A"]]), b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet')
    assert refusal(data).problems


def test_a_damaged_sheet_is_refused():
    data = make_xlsx([["code"], ["A"]])
    assert refusal(change_sheet(data, b"</sheetData>", b"</sheet")).problems
    assert refusal(change_sheet(data, b'r="A2"', b'r="?2"')).problems


def test_columns_are_named_as_a_spreadsheet_does():
    assert [name_column(place) for place in (0, 2, 25, 26, 701, 702)] == ["A", "C", "Z", "AA", "ZZ", "AAA"]
    assert Problem("", row=17, column=2).cell == "C17"
    assert (Problem("", row=17).cell, Problem("").cell) == ("17", "")
