"""Spreadsheets for tests, made by xlsxwriter or by hand where it refuses to write what people upload."""

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter

CSV_BOM = b"\xef\xbb\xbf"


def make_csv(rows: Sequence[Sequence[Any]]) -> bytes:
    """UTF-8 without a byte order mark; None is a blank cell."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["" if value is None else value for value in row] for row in rows])
    return buffer.getvalue().encode()


def make_xlsx(rows: Sequence[Sequence[Any]], *, name: str = "Sheet1") -> bytes:
    """Text as text, numbers as numbers, `("=", "1+1")` as a formula, `("date", number)` as a date."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet(name)
    date = book.add_format({"num_format": "yyyy-mm-dd"})
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if isinstance(value, tuple):
                kind, content = value
                if kind == "=":
                    sheet.write_formula(y, x, f"={content}", value=2)
                else:
                    sheet.write_number(y, x, content, date)
            elif isinstance(value, bool):
                sheet.write_boolean(y, x, value)
            elif isinstance(value, int | float):
                sheet.write_number(y, x, value)
            elif value is not None:
                sheet.write_string(y, x, value)
    book.close()
    return buffer.getvalue()


def change_sheet(data: bytes, before: bytes, after: bytes) -> bytes:
    """The workbook with something of its first sheet replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for one in source.infolist():
            content = source.read(one)
            if one.filename == "xl/worksheets/sheet1.xml":
                assert before in content
                content = content.replace(before, after)
            target.writestr(one.filename, content)
    return buffer.getvalue()
