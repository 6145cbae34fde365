"""CSV (RFC 4180) that spreadsheets open as it is meant: UTF-8 with a byte order mark, CRLF.

Text is in quotation marks, numbers are bare: a point, the decimals of the currency, no grouping.
A code that a spreadsheet would read as a number, and so cut after 15 digits, gets a quote before it:
`'911501000001234567`. A program that reads the file takes one leading quote away.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from billing.exports.writers import cells

NUMBER_LIKE: Final = re.compile(r"\d+(?:[.,]\d*)?(?:[eE]\d+)?")


def write(*, path: Path, columns: Sequence[cells.Column], rows: Iterable[cells.Row]) -> None:
    """Write heading and rows. There are no totals: a program adds up better, and no row differs from the others."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.writelines(lines(columns=columns, rows=rows))


def lines(*, columns: Sequence[cells.Column], rows: Iterable[cells.Row]) -> Iterator[str]:
    """Heading and rows one by one, for a file or an answer that is sent while it is written."""
    buffer = io.StringIO()
    # Everything but numbers is quoted.
    out = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    out.writerow([cells.guard(column.heading) for column in columns])
    for row in rows:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        out.writerow([_cell(value, column) for value, column in zip(row, columns, strict=True)])
    yield buffer.getvalue()


def _cell(value: cells.Cell, column: cells.Column) -> cells.Cell:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    if column.kind is cells.Kind.CODE and NUMBER_LIKE.fullmatch(value):
        return cells.QUOTE + value
    return cells.guard(value)
