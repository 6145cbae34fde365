"""One's own offerings in the format of the import: reading the file back changes nothing."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import xlsxwriter
from django.utils.translation import gettext as _

from listings import wording
from listings.content import Schema
from listings.exchange import cells, columns, current
from listings.exchange.cells import Kind
from listings.taxonomy.specs import Spec

EXACT_DIGITS: Final = 15  # of a double; a longer number stands as text
NUMBER_LIKE: Final = re.compile(r"\d+(?:[.,]\d*)?(?:[eE][+-]?\d+)?")
_TEXT_KINDS: Final = (Kind.CODE, Kind.TEXT, Kind.TERMS, Kind.TIERS)


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a file to be written. `is_text` and `is_code` keep a spreadsheet from making numbers of codes."""

    name: str
    label: str
    is_text: bool = False
    is_code: bool = False
    width: int = 14

    @property
    def text(self) -> str:
        return columns.write_heading(name=self.name, label=self.label)


def list_headings(*, schema: Schema, categories: Iterable[str], resources: Iterable[str]) -> list[Heading]:
    """The columns for offerings of these categories that draw from these resources, in the order of the template."""
    chosen = [schema.categories[slug] for slug in categories if slug in schema.categories]
    attributes = {one.code: one for rules in chosen for one in rules.attributes}
    specs = [
        Heading(columns.SPEC + code, _with_unit(one), is_text=one.kind in ("text", "option"))
        for code, one in attributes.items()
    ]
    draws = [
        Heading(columns.DRAW + code, _("Takes: %(resource)s") % {"resource": wording.RESOURCES[code]})
        for code in wording.RESOURCES
        if code in set(resources)
    ]
    own = [_heading(column) for column in columns.OFFERING]
    return [*own, *specs, *draws, *(_heading(column) for column in columns.PRICES)]


def _with_unit(spec: Spec) -> str:
    return f"{spec.label}, {wording.write_unit(spec.unit)}" if spec.unit else spec.label


def _heading(column: cells.Column) -> Heading:
    is_text = column.kind in _TEXT_KINDS or column.name.startswith(("title", "summary"))
    return Heading(
        column.name,
        str(column.label),
        is_text=is_text,
        is_code=column.kind is Kind.CODE,
        width=24 if "title" in column.name else 14,
    )


def read_export(*, partner_id: int, schema: Schema) -> tuple[list[Heading], Iterator[list[Any]]]:
    """The headings and the rows of a provider's offerings. Headings come of what the offerings use."""
    used = current.read_used(partner_id=partner_id)
    headings = list_headings(schema=schema, categories=used.categories, resources=used.resources)
    names = [heading.name for heading in headings]
    rows = (
        [row.get(name) for name in names]
        for offering in current.read_all(partner_id=partner_id)
        for row in offering.to_rows()
    )
    return headings, rows


def stream_csv(*, headings: Sequence[Heading], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, CRLF. A code of digits gets a quotation mark, which the import takes off."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([heading.text for heading in headings])
    codes = [heading.is_code for heading in headings]
    for count, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(value, is_code=is_code) for value, is_code in zip(row, codes, strict=True)])
        if count % 200 == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _csv_cell(value: Any, *, is_code: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return cells.QUOTE + value if is_code and NUMBER_LIKE.fullmatch(value) else value
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def write_xlsx(*, path: Path, headings: Sequence[Heading], rows: Iterable[Sequence[Any]]) -> None:
    """One sheet, written row by row with constant memory."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    try:
        sheet = add_sheet(book, name=_("Offerings"), headings=headings)
        for place, row in enumerate(rows, start=1):
            add_row(sheet, place, row)
    finally:
        book.close()


def add_sheet(book: Any, *, name: str, headings: Sequence[Heading]) -> Any:
    """A sheet with its heading; columns of text are formatted as text."""
    head = book.add_format({"bold": True, "bg_color": "#E8EDF7", "bottom": 1, "text_wrap": True, "valign": "top"})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(name[:31])
    sheet.freeze_panes(1, 1)
    for place, heading in enumerate(headings):
        sheet.set_column(place, place, heading.width, text if heading.is_text else None)
        sheet.write_string(0, place, heading.text, head)
    return sheet


def add_row(sheet: Any, place: int, row: Sequence[Any]) -> None:
    """Numbers as numbers where a double holds them exactly; text never as a formula."""
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, str):
            sheet.write_string(place, column, value)
        elif len(Decimal(value).normalize().as_tuple().digits) <= EXACT_DIGITS:
            sheet.write_number(place, column, value)
        else:
            sheet.write_string(place, column, f"{value:f}")
