"""XLSX whose rows differ in kind (a comparison, an estimate): each cell says what it is; numbers typed, text text.

A sheet prints on A4 landscape, as wide as one page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from billing.exports.writers import cells

A4: Final = 9
LONGEST_NAME: Final = 31
FORBIDDEN: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with the number format it is shown in ("" for text), and whether it stands out."""

    value: cells.Cell = None
    format: str = ""
    is_heading: bool = False
    is_best: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of any length, widths in characters, and how many rows and columns stay when scrolling."""

    title: str
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int]
    frozen_rows: int = 0
    frozen_columns: int = 0


def write(*, sheets: Sequence[Sheet]) -> bytes:
    """The file's content. It is small: a few columns, a few hundred rows."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    formats: dict[tuple[str, bool, bool], Any] = {}
    for sheet in sheets:
        page = book.add_worksheet(sheet.title.translate(FORBIDDEN)[:LONGEST_NAME])
        page.set_landscape()
        page.set_paper(A4)
        page.fit_to_pages(1, 0)
        page.freeze_panes(sheet.frozen_rows, sheet.frozen_columns)
        for place, width in enumerate(sheet.widths):
            page.set_column(place, place, width)
        for number, row in enumerate(sheet.rows):
            for place, cell in enumerate(row):
                key = (cell.format, cell.is_heading, cell.is_best)
                if key not in formats:
                    formats[key] = book.add_format(_style(cell))
                _write(page, number, place, cell, formats[key])
    book.close()
    return buffer.getvalue()


def _style(cell: Cell) -> dict[str, Any]:
    style: dict[str, Any] = {"valign": "top", "text_wrap": True, "num_format": cell.format or "@"}
    if cell.format:
        style["align"] = "left"
    if cell.is_heading:
        style |= {"bold": True, "bg_color": "#E8EDF7"}
    if cell.is_best:
        style |= {"bold": True, "bg_color": "#E3F4EE", "font_color": "#0B7A5C"}
    return style


def _write(page: Any, number: int, place: int, cell: Cell, style: Any) -> None:
    if cell.value is None or cell.value == "":
        page.write_blank(number, place, None, style)
    elif isinstance(cell.value, str):
        page.write_string(number, place, cells.guard(cell.value), style)
    elif isinstance(cell.value, int | Decimal):
        page.write_number(number, place, cell.value, style)
    else:
        page.write_datetime(number, place, cell.value, style)
