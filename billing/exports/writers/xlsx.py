"""XLSX, written row by row with constant memory: numbers typed, text never a formula, totals at the end."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from billing.exports.writers import cells

SHEET_ROWS: Final = 1_000_000  # a sheet ends at 1,048,576 rows; the rest goes on the next one
NUMBER_FORMATS: Final = {
    cells.Kind.MONEY: "#,##0.00",
    cells.Kind.PRICE: "#,##0.00######",
    cells.Kind.RATE: "0.00%",
    cells.Kind.COUNT: "#,##0",
    cells.Kind.DATE: "yyyy-mm-dd",
}


def write(
    *,
    path: Path,
    title: str,
    columns: Sequence[cells.Column],
    rows: Iterable[cells.Row],
    totals: Callable[[], Iterable[cells.Row]],
    sheet_rows: int = SHEET_ROWS,
) -> None:
    """Write heading, rows and the rows of `totals`, which is asked when the last row has been read."""
    book = _Book(path, title=title, columns=columns, sheet_rows=sheet_rows)
    try:
        for row in rows:
            book.add(row)
        for row in totals():
            book.add(row, is_total=True)
    finally:
        book.close()


class _Book:
    """The sheets of one file; a new one is begun when one is full."""

    def __init__(self, path: Path, *, title: str, columns: Sequence[cells.Column], sheet_rows: int) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._title, self._columns, self._sheet_rows = title, columns, sheet_rows
        self._head = self._book.add_format({"bold": True, "bg_color": "#E8EDF7", "bottom": 1, "text_wrap": True})
        self._formats = {column.kind: self._format(column.kind) for column in columns}
        self._total_formats = {column.kind: self._format(column.kind, {"bold": True, "top": 1}) for column in columns}
        self._sheets = 0
        self._begin_sheet()

    def _format(self, kind: cells.Kind, extra: dict[str, Any] | None = None) -> Any:
        return self._book.add_format({"num_format": NUMBER_FORMATS.get(kind, "@"), **(extra or {})})

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        self._sheet = self._book.add_worksheet(name[:31])
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(self._columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, cells.guard(column.heading), self._head)
        self._next = 1

    def add(self, row: cells.Row, *, is_total: bool = False) -> None:
        if self._next > self._sheet_rows:
            self._begin_sheet()
        formats = self._total_formats if is_total else self._formats
        for place, (value, column) in enumerate(zip(row, self._columns, strict=True)):
            style = formats[column.kind]
            if value is None:
                self._sheet.write_blank(self._next, place, None, style)
            elif isinstance(value, str):
                self._sheet.write_string(self._next, place, cells.guard(value), style)
            elif column.kind is cells.Kind.DATE:
                self._sheet.write_datetime(self._next, place, value, style)
            else:
                # The file format knows only doubles: 15 digits, enough for ten billion yuan to the fen.
                self._sheet.write_number(self._next, place, value, style)
        self._next += 1

    def close(self) -> None:
        self._book.close()
