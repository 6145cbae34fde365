"""A comparison as rows and columns: what a page prints, a spreadsheet computes with and a report freezes.

Only texts, decimals and whole numbers, so that `to_json` keeps every one of them exactly.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from listings.comparison import scoring

# How a value is printed and typed: money with two decimals, a rate with the decimals it has, a score, or the text.
MONEY, RATE, SCORE, TEXT = "money", "rate", "score", "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """One offering's value of a row.

    `value` is what is compared (None: not stated), `text` what is printed of a text row, `note` the small print,
    `unit` stands behind a figure.
    """

    value: Decimal | None = None
    text: str = ""
    note: str = ""
    unit: str = ""
    is_best: bool = False

    @property
    def is_stated(self) -> bool:
        return self.value is not None or bool(self.text or self.note)

    @property
    def bar(self) -> int:
        """A score as whole per cent, for its bar."""
        return 0 if self.value is None else int(self.value)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing compared. `differs`: not all offerings say the same; `mark`: the word beside the best."""

    code: str
    label: str
    kind: str
    better: str
    mark: str
    differs: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    code: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One offering, in the version and at the plan that is compared. `plan_id` 0: it has no plan for sale."""

    offering_id: int
    code: str
    title: str
    category: str
    provider: str
    place: str
    url: str
    version: int
    plan_id: int
    plan: str
    price_book: int
    price_basis: str
    is_own_price: bool
    is_recommended: bool
    is_orderable: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """The use a month that was reckoned with, of the whole quantity."""

    meter: str
    label: str
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Table:
    """Everything a comparison shows. `weights` sum to 100."""

    quantity: int
    term_months: int
    currency: str
    unit: str
    weights: Mapping[str, int]
    formula_version: int
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    scores: tuple[scoring.Score, ...]
    usage: tuple[Usage, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The table in JSON's types; decimals as text, so that no digit is lost."""
        return _plain(asdict(self))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Table":
        """The table that `to_json` wrote."""
        return cls(
            quantity=content["quantity"],
            term_months=content["term_months"],
            currency=content["currency"],
            unit=content["unit"],
            weights={name: content["weights"][name] for name in scoring.CRITERIA},
            formula_version=content["formula_version"],
            columns=tuple(Column(**column) for column in content["columns"]),
            groups=tuple(
                Group(code=group["code"], title=group["title"], rows=tuple(_row(row) for row in group["rows"]))
                for group in content["groups"]
            ),
            scores=tuple(
                scoring.Score(
                    total=Decimal(one["total"]),
                    points={name: Decimal(one["points"][name]) for name in scoring.CRITERIA},
                    rank=one["rank"],
                )
                for one in content["scores"]
            ),
            # reports from before expected use was taken have none
            usage=tuple(Usage(**{**one, "quantity": Decimal(one["quantity"])}) for one in content.get("usage", ())),
        )


def row(
    code: str, label: str, cells: Iterable[Cell], *, kind: str = TEXT, better: str = "", mark: str = ""
) -> Row | None:
    """A row with its best marked; None where no offering states anything."""
    cells = tuple(cells)
    if not any(cell.is_stated for cell in cells):
        return None
    marks = scoring.mark_best(values=[cell.value for cell in cells], better=better)
    return Row(
        code=code,
        label=label,
        kind=kind,
        better=better,
        mark=mark or (_("best") if better else ""),
        differs=len({(cell.value, cell.text, cell.unit) for cell in cells}) > 1,
        cells=tuple(replace(cell, is_best=is_best) for cell, is_best in zip(cells, marks, strict=True)),
    )


def group(code: str, title: str, rows: Iterable[Row | None]) -> Group:
    return Group(code=code, title=title, rows=tuple(one for one in rows if one is not None))


def only_differences(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups without rows in which all say the same; groups that have none left fall out."""
    kept = (replace(one, rows=tuple(entry for entry in one.rows if entry.differs)) for one in groups)
    return tuple(one for one in kept if one.rows)


def _row(content: Mapping[str, Any]) -> Row:
    return Row(
        **{key: value for key, value in content.items() if key != "cells"},
        cells=tuple(
            Cell(**{**cell, "value": None if cell["value"] is None else Decimal(cell["value"])})
            for cell in content["cells"]
        ),
    )


def _plain(value: Any) -> Any:
    """Decimals as text, tuples as lists."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value


LABELS: Final[dict[str, Callable[[], str]]] = {
    scoring.PRICE: lambda: _("Price"),
    scoring.SERVICE: lambda: _("Service"),
    scoring.COMPLIANCE: lambda: _("Compliance"),
    scoring.GREEN: lambda: _("Green"),
}
