"""A spreadsheet as rows of plain values: CSV in UTF-8 or GB 18030 (GBK), or XLSX.

A row's value is None for a blank cell, text, a number, a truth value, or a `NotPlain` that says why it cannot be
taken: a formula, a date, an error. The whole file is read before anything is written, so its limits are tight.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from listings.exchange import xlsx
from listings.exchange.problems import Problem, UnusableFile

LARGEST_FILE_BYTES: Final = 20 * 1024 * 1024
MOST_ROWS: Final = 50_000
MOST_COLUMNS: Final = 300

_MARKS: Final = (  # what a file begins with that is no spreadsheet of ours
    (b"\xd0\xcf\x11\xe0", "old_excel"),
    (b"%PDF", "no_spreadsheet"),
    (b"\x89PNG", "no_spreadsheet"),
    (b"\xff\xd8\xff", "no_spreadsheet"),
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
)

Row = tuple[int, tuple[Any, ...]]  # row number as a spreadsheet counts, values


@dataclass(frozen=True, slots=True)
class Table:
    """The first sheet of a file. `encoding` is what a CSV file was read as; empty for XLSX."""

    sheet: str
    header: tuple[Any, ...]
    rows: list[Row]
    encoding: str = ""


def read_table(*, data: bytes, only_header: bool = False) -> Table:
    """The header and the rows that are not blank. Raises UnusableFile with a sentence and, if known, the cell."""
    if not data:
        raise UnusableFile(_("The file is empty. Choose a CSV or XLSX file with a heading and rows."))
    if len(data) > LARGEST_FILE_BYTES:
        raise UnusableFile(_("The file is larger than 20 MB. Split it."))
    check_kind(data)
    if data.startswith(b"PK\x03\x04"):
        with xlsx.open_sheet(data) as sheet:
            return _collect(sheet.name, sheet.rows(), encoding="", only_header=only_header)
    text, encoding = decode(data)
    return _collect("", read_csv(text), encoding=encoding, only_header=only_header)


def check_kind(data: bytes) -> None:
    """Raise UnusableFile for what begins as no spreadsheet of ours does."""
    for mark, kind in _MARKS:
        if data.startswith(mark):
            raise UnusableFile(_why_unreadable(kind))


def _why_unreadable(kind: str) -> str:
    if kind == "old_excel":
        return _("This is an old Excel file (.xls) or one with a password. Save it as .xlsx without a password.")
    if kind == "utf16":
        return _("The file is UTF-16. Save it as “CSV UTF-8” or as .xlsx.")
    return _("This is not a spreadsheet. Choose a CSV or XLSX file.")


def _collect(sheet: str, lines: Iterator[Row], *, encoding: str, only_header: bool) -> Table:
    number, header = next(lines, (0, ()))
    while header and header[-1] is None:
        header = header[:-1]
    if not header or number != 1:
        raise UnusableFile(
            _("The first row is blank. The heading with the names of the columns must stand in row 1."),
            problems=[Problem(message=_("The heading must stand in this row."), sheet=sheet, row=1, column=0)],
        )
    if len(header) > MOST_COLUMNS:
        raise UnusableFile(
            _("The file has more than %(most)s columns. Leave out those that stay.") % _most(MOST_COLUMNS)
        )
    rows: list[Row] = []
    if not only_header:
        for row in lines:
            rows.append(row)
            if len(rows) > MOST_ROWS:
                raise UnusableFile(
                    _("The file has more than %(most)s rows. Nothing was imported; split it.") % _most(MOST_ROWS)
                )
    return Table(sheet=sheet, header=header, rows=rows, encoding=encoding)


def _most(number: int) -> dict[str, str]:
    return {"most": f"{number:,}"}


def decode(data: bytes) -> tuple[str, str]:
    """The text of a CSV file, and what it was read as."""
    if b"\x00" in data:
        raise UnusableFile(_why_unreadable("no_spreadsheet"))
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        at = error.start
    try:
        return data.decode("gb18030"), "GB 18030 (GBK)"
    except UnicodeDecodeError:
        row = data.count(b"\n", 0, at) + 1
        message = _("The file is neither UTF-8 nor GBK: row %(row)s cannot be read. Save it as “CSV UTF-8”.") % {
            "row": row
        }
        raise UnusableFile(message, problems=[Problem(message=message, row=row)]) from None


def read_csv(text: str) -> Iterator[Row]:
    first_line = text[:10_000].partition("\n")[0]
    delimiter = max(",\t;", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, values in enumerate(reader, start=1):
            if any(values):
                yield number, tuple(value or None for value in values)
    except csv.Error:
        message = _("Row %(row)s cannot be read as CSV: a quotation mark is not closed or not doubled.") % {
            "row": number + 1
        }
        raise UnusableFile(message, problems=[Problem(message=message, row=number + 1)]) from None
