"""Rows of a file put together to offerings, each cell read as its column asks, every fault kept with its cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext as _

from listings.exchange import cells, columns
from listings.exchange.columns import Layout
from listings.exchange.problems import Problem
from listings.exchange.reading import Row, Table

Prices = tuple[int, dict[str, Any]]  # row, name of the column → value


@dataclass(slots=True)
class Entry:
    """One offering as the file tells it. `values` holds a None for each blank cell of a column that is there."""

    row: int
    code: str
    values: dict[str, Any]
    specs: dict[str, Any]
    draws: dict[str, Any]
    prices: list[Prices]
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows of a table are one offering: [start, end)."""

    start: int
    end: int
    double_of: int = 0  # the row where the same code stands as well


def find_spans(*, table: Table, layout: Layout) -> list[Span]:
    """The offerings of a table: rows that follow each other with the same code, or with nothing of their own."""
    at = layout.places[columns.CODE]
    own = [place for place, _column in layout.offering] + [place for place, _code in (*layout.specs, *layout.draws)]
    starts: list[tuple[int, str]] = []
    current: str | None = None
    for index, (_number, values) in enumerate(table.rows):
        code = "" if len(values) <= at or values[at] is None else str(values[at]).strip()
        if code.startswith(columns.COMMENT):
            current = None
            starts.append((index, columns.COMMENT))
        elif current is not None and code in ("", current) and (code or _is_blank(values, own)):
            continue
        else:
            current = code
            starts.append((index, code))
    return list(_close(starts, rows=table.rows))


def _is_blank(values: tuple[Any, ...], places: Sequence[int]) -> bool:
    return not any(values[place] is not None for place in places if place < len(values))


def _close(starts: list[tuple[int, str]], *, rows: list[Row]) -> Iterator[Span]:
    seen: dict[str, list[int]] = {}
    for index, code in starts:
        if code and code != columns.COMMENT:
            seen.setdefault(code, []).append(index)
    ends = [index for index, _code in starts[1:]] + [len(rows)]
    for (index, code), end in zip(starts, ends, strict=True):
        if code == columns.COMMENT:
            continue
        others = [other for other in seen.get(code, ()) if other != index]
        yield Span(index, end, double_of=rows[others[0]][0] if others else 0)


def read_entry(*, table: Table, span: Span, layout: Layout) -> Entry:
    """One offering with every fault of its cells."""
    number, values = _pad(table.rows[span.start], layout)
    entry = Entry(row=number, code="", values={}, specs={}, draws={}, prices=[])
    _read_own(entry, values, layout)
    if span.double_of:
        message = _("The code stands in row %(row)s as well. Keep the rows of an offering together, or change one.")
        _fault(entry, layout, number, columns.CODE, message % {"row": span.double_of}, entry.code)
    for index in range(span.start, span.end):
        row, cells_of_row = _pad(table.rows[index], layout)
        if index > span.start:
            _compare_own(entry, layout, row, cells_of_row, first=values)
        if layout.prices:
            _read_prices(entry, layout, row, cells_of_row)
        for place, value in enumerate(cells_of_row[layout.width :], start=layout.width):
            if value is not None:
                entry.problems.append(
                    Problem(
                        _("This value stands below no heading. Name the column, or delete the value."),
                        sheet=layout.sheet,
                        row=row,
                        column=place,
                        value=str(value)[:80],
                        code=entry.code,
                    )
                )
                break
    return entry


def _pad(row: Row, layout: Layout) -> Row:
    number, values = row
    missing = layout.width - len(values)
    return (number, values + (None,) * missing) if missing > 0 else row


def _read_own(entry: Entry, values: tuple[Any, ...], layout: Layout) -> None:
    for place, column in layout.offering:
        value = values[place]
        if value is not None and (type(value) is not str or value[0] in "='" or column.kind is not cells.Kind.PLAIN):
            try:
                value = cells.READERS[column.kind](value, column)
            except cells.Misfit as fault:
                _fault(entry, layout, entry.row, column.name, str(fault), value)
                continue
        entry.values[column.name] = value
    entry.code = entry.values.pop(columns.CODE, None) or ""
    for found, places in ((entry.specs, layout.specs), (entry.draws, layout.draws)):
        for place, code in places:
            if values[place] is not None:
                found[code] = values[place]


def _compare_own(entry: Entry, layout: Layout, row: int, values: tuple[Any, ...], *, first: tuple[Any, ...]) -> None:
    """Further rows repeat what the first one says of the offering, or leave it blank."""
    own = [(place, column.name) for place, column in layout.offering]
    own += [(place, columns.SPEC + code) for place, code in layout.specs]
    own += [(place, columns.DRAW + code) for place, code in layout.draws]
    for place, name in own:
        if values[place] is not None and values[place] != first[place] and name != columns.CODE:
            message = _("This differs from row %(row)s of the same offering. Leave it blank here.") % {"row": entry.row}
            _fault(entry, layout, row, name, message, values[place])


def _read_prices(entry: Entry, layout: Layout, row: int, values: tuple[Any, ...]) -> None:
    found: dict[str, Any] = {}
    is_faulty = is_stated = False
    for place, column in layout.prices:
        value = values[place]
        if value is not None:
            is_stated = True
            try:
                value = cells.READERS[column.kind](value, column)
            except cells.Misfit as fault:
                _fault(entry, layout, row, column.name, str(fault), value)
                is_faulty = True
        found[column.name] = value
    if is_stated and not is_faulty:
        for _place, column in layout.prices:
            if column.is_required and found[column.name] is None:
                _fault(entry, layout, row, column.name, _("Fill in this cell: every price needs it."), "")
    if is_stated:
        entry.prices.append((row, found))


def _fault(entry: Entry, layout: Layout, row: int, name: str, message: str, value: object) -> None:
    entry.problems.append(layout.problem(row=row, field=name, message=message, value=value, code=entry.code))


CHUNK: Final = 500  # offerings in one transaction
