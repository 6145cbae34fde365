"""What is wrong with a spreadsheet, said so that a person finds the cell: “C17”."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from marketplace.organisations import errors

LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence about one cell. `row` is counted as a spreadsheet does; 0 means the file as a whole."""

    message: str
    sheet: str = ""
    row: int = 0
    column: int = -1  # from 0; -1: the row as a whole
    field: str = ""
    value: str = ""
    code: str = ""  # of the offering
    is_warning: bool = False

    @property
    def cell(self) -> str:
        """“C17”, “17” for a row, empty for the file."""
        if not self.row:
            return ""
        return f"{name_column(self.column) if self.column >= 0 else ''}{self.row}"

    def to_json(self) -> dict[str, Any]:
        """As it is kept with the import."""
        return {**asdict(self), "cell": self.cell}


class UnusableFile(errors.Refused):
    """Nothing of the file can be read; `problems` says where it breaks."""

    def __init__(self, message: str, *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, field="file")
        self.problems = tuple(problems) or (Problem(message=message),)


def name_column(place: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def shorten(value: object) -> str:
    """A cell's value as a report shows it."""
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
