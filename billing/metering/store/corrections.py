"""Which corrections and voids hold, given what is stored: no database, no clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.metering.store.interface import Key, Row


@dataclass(frozen=True, slots=True)
class Target:
    """A stored event that a correction names. Without a contract it is another contract's or meter's.

    `written_in` is the transaction that stored it, None for one that this very batch stores.
    """

    contract_id: int | None
    meter: str
    occurred_at: datetime
    quantity: Decimal | None
    is_superseded: bool
    written_in: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The corrections to be stored, each with what it takes the place of; and why the others are not."""

    held: list[tuple[Row, Target]]
    refused: dict[Key, str]


def decide(rows: Iterable[Row], *, stored: Mapping[Key, Target], oldest: datetime | None) -> Decided:
    """Judge corrections in their order; one that holds may be named by those after it.

    `stored` has the targets that are known. A row whose own key is known has no place here.
    """
    known, superseded = dict(stored), {key for key, target in stored.items() if target.is_superseded}
    decided = Decided([], {})
    for row in rows:
        if row.supersedes is None:
            raise ValueError(f"{row.key} corrects nothing.")
        target = known.get(row.supersedes)
        code = _fault(row, target, is_superseded=row.supersedes in superseded, oldest=oldest)
        if code or target is None:
            decided.refused[row.key] = code
            continue
        decided.held.append((row, target))
        superseded.add(row.supersedes)
        known[row.key] = Target(row.contract_id, row.meter, row.occurred_at, row.quantity, is_superseded=False)
    return decided


def _fault(row: Row, target: Target | None, *, is_superseded: bool, oldest: datetime | None) -> str:
    if target is None:
        return "no_such_event"
    if is_superseded:
        return "already_superseded"
    if oldest is not None and target.occurred_at < oldest:
        return "too_late"
    if (target.contract_id, target.meter) != (row.contract_id, row.meter):
        return "other_contract"
    return ""
