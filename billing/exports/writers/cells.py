"""What every format shares: kinds of columns, and text that no spreadsheet takes for a formula."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final

Cell = str | int | Decimal | date | None
Row = Sequence[Cell]

# A cell that begins with one of these may be evaluated; the full-width signs are typed by Chinese input methods.
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
QUOTE: Final = "'"


class Kind(Enum):
    """How a column is written."""

    TEXT = "text"
    CODE = "code"  # digits that are no number: credit codes, document numbers
    MONEY = "money"  # major units with the decimals of the currency; added up in the totals
    PRICE = "price"  # of one unit, with up to 8 decimals; a sum of such prices means nothing
    RATE = "rate"  # a share of one
    COUNT = "count"  # whole number; added up in the totals
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: heading in the reader's language, kind, width in characters."""

    heading: str
    kind: Kind = Kind.TEXT
    width: int = 16

    @property
    def is_summed(self) -> bool:
        return self.kind in (Kind.MONEY, Kind.COUNT)


def guard(text: str) -> str:
    """The text, with a quote before it if a spreadsheet could evaluate it."""
    return QUOTE + text if text.startswith(FORMULA_STARTS) else text
