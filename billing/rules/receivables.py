"""What is open on an invoice and on each of its lines, and where money that was paid stands. Pure; minor units.

The truth of an invoice are five figures; what stands on its lines follows from them:

    rest      = total − credited − written off − (paid − refunded)
    open      = max(0, rest)            asked for
    owed back = max(0, −rest)           waits as a refund
    collected = paid − refunded − owed back = Σ over the lines; no line of more than gross − credited
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from billing.rules import money


@dataclass(frozen=True, slots=True)
class Standing:
    """The figures of an invoice."""

    total_minor: int
    credited_minor: int = 0
    written_off_minor: int = 0
    paid_minor: int = 0
    refunded_minor: int = 0

    @property
    def rest_minor(self) -> int:
        held = self.paid_minor - self.refunded_minor
        return self.total_minor - self.credited_minor - self.written_off_minor - held

    @property
    def open_minor(self) -> int:
        return max(0, self.rest_minor)

    @property
    def owed_back_minor(self) -> int:
        return max(0, -self.rest_minor)

    @property
    def collected_minor(self) -> int:
        return self.paid_minor - self.refunded_minor - self.owed_back_minor


@dataclass(frozen=True, slots=True)
class LineStanding:
    """What a line came to after credits, and what is collected of it so far. A correction's are below zero."""

    gross_minor: int
    collected_minor: int
    is_held: bool = False

    @property
    def owed_minor(self) -> int:
        return self.gross_minor - self.collected_minor


def collect(amount_minor: int, *, lines: Sequence[LineStanding]) -> list[int]:
    """Share a payment by what is owed on each line: first those nobody disputes, then what is held.

    Largest remainder within each; the parts add up. Raises ValueError for more than is owed on all of them.
    """
    if amount_minor > sum(line.owed_minor for line in lines):
        raise ValueError(f"{amount_minor} is more than is owed on the lines.")
    free = [0 if line.is_held else line.owed_minor for line in lines]
    first = min(amount_minor, max(0, sum(free)))
    parts = _by_share(first, free)
    rest = amount_minor - first
    if rest:
        left = [line.owed_minor - part for line, part in zip(lines, parts, strict=True)]
        parts = [part + more for part, more in zip(parts, _by_share(rest, left), strict=True)]
    return parts


def follow(collected_minor: int, *, lines: Sequence[LineStanding]) -> list[int]:
    """What has to be added to each line's collections so that they come to `collected_minor` after a credit or refund.

    A line that holds more than it came to gives it up; that goes to what is owed on others, and what no line owes
    leaves. Money that has to leave besides is taken by what is collected on each line.
    """
    spare = [min(0, line.owed_minor) if line.gross_minor >= 0 else max(0, line.owed_minor) for line in lines]
    now = [
        LineStanding(line.gross_minor, line.collected_minor + part, line.is_held)
        for line, part in zip(lines, spare, strict=True)
    ]
    missing = collected_minor - sum(line.collected_minor for line in now)
    held = [line.collected_minor for line in now]
    more = collect(missing, lines=now) if missing > 0 else _by_share(missing, held)
    return [part + one for part, one in zip(spare, more, strict=True)]


def _by_share(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """`amount_minor` shared by weights of either sign whose sum is at least as large."""
    if not amount_minor:
        return [0] * len(weights)
    return money.apportion(
        amount_minor, numerators=[amount_minor * weight for weight in weights], denominator=sum(weights)
    )
