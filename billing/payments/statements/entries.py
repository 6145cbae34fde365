"""A statement as it was read, whatever its format: its movements, its balances, and what could not be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from listings.exchange.problems import Problem, UnusableFile

MOST_PROBLEMS: Final = 200
LENGTHS: Final = {"reference": 60, "payer_name": 140, "payer_account": 40, "payer_bank": 140, "remark": 500}
LARGEST_MINOR: Final = 10**15

Told = Callable[[int], None]


@dataclass(slots=True)
class Movement:
    """One line. Money that came in is above zero. Texts are trimmed and within `LENGTHS`."""

    row: int
    reference: str
    booked_date: date
    amount_minor: int
    payer_name: str = ""
    payer_account: str = ""
    payer_bank: str = ""
    remark: str = ""


@dataclass(slots=True)
class Reading:
    """What stands in a file. `problems` stop it; `skipped` counts entries that are not booked yet."""

    currency: str
    movements: list[Movement] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    opening_minor: int | None = None
    closing_minor: int | None = None
    account_number: str = ""
    encoding: str = ""
    skipped: int = 0

    def complain(self, message: str, *, row: int, column: int = -1, sheet: str = "", value: object = "") -> None:
        """Note what is wrong with a cell; the rest is counted with the last one kept."""
        self.problems.append(
            Problem(message=message, row=row, column=column, sheet=sheet, value=str(value)[:80] if value else "")
        )


def check(reading: Reading, *, account_number: str, currency: str) -> None:
    """Add what is wrong with the statement as a whole: its account, its currency, its balances, a reference twice."""
    if reading.account_number and _plain(reading.account_number) != _plain(account_number):
        raise UnusableFile(
            _("This statement is of account %(found)s. Choose that account, or the statement of %(chosen)s.")
            % {"found": reading.account_number, "chosen": account_number}
        )
    if reading.currency != currency:
        raise UnusableFile(
            _("This statement is in %(found)s, the account in %(chosen)s.")
            % {"found": reading.currency, "chosen": currency}
        )
    rows: dict[str, int] = {}
    for one in reading.movements:
        first = rows.setdefault(one.reference, one.row)
        if first != one.row:
            reading.complain(
                _("The reference %(reference)s stands in row %(first)s already.")
                % {"reference": one.reference, "first": first},
                row=one.row,
                value=one.reference,
            )
    if reading.opening_minor is not None and reading.closing_minor is not None and not reading.problems:
        moved = sum(one.amount_minor for one in reading.movements)
        if reading.opening_minor + moved != reading.closing_minor:
            reading.complain(
                _(
                    "The statement does not add up: opening balance and movements give %(sum)s, but it closes with "
                    "%(closing)s. Rows are missing or changed; ask the bank for the statement again."
                )
                % {
                    "sum": _yuan(reading.opening_minor + moved),
                    "closing": _yuan(reading.closing_minor),
                },
                row=0,
            )


def trim(text: object, name: str) -> str:
    """A text within the length that is kept. References must not be cut, so those are checked by their readers."""
    return " ".join(str(text).split())[: LENGTHS[name]]


def _plain(number: str) -> str:
    return "".join(character for character in number if character.isalnum()).upper()


def _yuan(amount_minor: int) -> str:
    return f"{amount_minor // 100:,}.{amount_minor % 100:02d}" if amount_minor >= 0 else f"-{_yuan(-amount_minor)}"
