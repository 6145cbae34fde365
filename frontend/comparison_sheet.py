"""A comparison as a spreadsheet: the figures of the page, typed; from the live table or from a frozen report."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext as _

from billing.exports.writers import grid
from billing.exports.writers.grid import Cell
from listings.comparison import scoring, table

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MONEY: Final = '"¥"#,##0.00'
QUANTITY: Final = "#,##0.######"
RATE: Final = '"¥"#,##0.00######'
FORMATS: Final = {table.MONEY: MONEY, table.RATE: RATE, table.SCORE: "0.0"}


def respond(found: table.Table, *, file_name: str, heading: str, facts: Sequence[tuple[str, str]] = ()) -> HttpResponse:
    """The file, to be saved. `facts`: names and texts that stand above the table (a report's number, date, hash)."""
    content = grid.write(
        sheets=[
            grid.Sheet(
                title=heading,
                rows=list(_rows(found, heading=heading, facts=facts)),
                widths=[24, *([28, 22] * len(found.columns))],
                frozen_columns=1,
            )
        ]
    )
    return HttpResponse(
        content,
        content_type=XLSX,
        headers={"Content-Disposition": f'attachment; filename="{file_name}.xlsx"', "Cache-Control": "no-store"},
    )


def _rows(found: table.Table, *, heading: str, facts: Sequence[tuple[str, str]]) -> Iterator[list[Cell]]:
    yield [Cell(heading, is_heading=True)]
    for name, text in facts:
        yield [Cell(name), Cell(text)]
    yield [Cell(_("Quantity")), Cell(found.quantity, "#,##0")]
    yield [Cell(_("Months")), Cell(found.term_months, "0")]
    for one in found.usage:
        yield [Cell(_("Use a month: %(meter)s") % {"meter": one.label}), Cell(one.quantity, QUANTITY), Cell(one.unit)]
    yield [Cell(_("Weights, %"))] + [Cell(f"{table.LABELS[name]()} {found.weights[name]}") for name in scoring.CRITERIA]
    yield []
    for label, words in _heads(found):
        yield [Cell(label, is_heading=True)] + [
            one for text in words for one in (Cell(text, is_heading=True), Cell("", is_heading=True))
        ]
    for group in found.groups:
        yield [Cell(group.title, is_heading=True)] + [Cell("", is_heading=True)] * (2 * len(found.columns))
        for row in group.rows:
            yield [Cell(row.label)] + [one for cell in row.cells for one in _cell(row, cell)]
    yield []
    yield [Cell(_("Points by criterion"), is_heading=True)]
    for name in scoring.CRITERIA:
        yield [Cell(f"{table.LABELS[name]()} {found.weights[name]} %")] + [
            one for score in found.scores for one in (Cell(score.points[name], "0.0"), Cell())
        ]


def _heads(found: table.Table) -> Iterator[tuple[str, list[str]]]:
    yield _("Offering"), [one.title for one in found.columns]
    yield _("Provider"), [one.provider for one in found.columns]
    yield _("Offering code"), [one.code for one in found.columns]
    yield (
        _("Versions"),
        [
            _("offering %(version)s, price book %(book)s") % {"version": one.version, "book": one.price_book}
            for one in found.columns
        ],
    )


def _cell(row: table.Row, cell: table.Cell) -> tuple[Cell, Cell]:
    """The figure or text, and beside it the unit, mark and small print."""
    mark = f"✓ {row.mark}" if cell.is_best else ""
    beside = "；".join(part for part in (cell.unit and f"/ {cell.unit}", mark, cell.note) if part)
    value: Decimal | str | None = cell.value if row.kind in FORMATS else cell.text
    return (
        Cell(value, FORMATS.get(row.kind, "") if value is not None else "", is_best=cell.is_best),
        Cell(beside, is_best=cell.is_best),
    )
