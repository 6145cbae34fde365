"""What every event store does. The contract tests in `tests/billing/metering/store` hold each one to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

Key = tuple[str, str]  # source, event id: unique for a provider


class Row(NamedTuple):
    """One event as it is to be stored. Without a quantity it is a void; with `supersedes` a correction or a void."""

    source: str
    event_id: str
    body_hash: bytes
    contract_id: int
    meter: str
    quantity: Decimal | None
    occurred_at: datetime
    value: str = ""
    ended_at: datetime | None = None
    supersedes: Key | None = None
    reason: str = ""

    @property
    def key(self) -> Key:
        """What makes it one event of its provider."""
        return self.source, self.event_id


@dataclass(frozen=True, slots=True)
class Appended:
    """The keys that are stored now and were not before; and of corrections that do not hold, why (a key of REASONS)."""

    new: set[Key]
    refused: dict[Key, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """By how much the sum and the number of effective events of one day in Asia/Shanghai have changed."""

    contract_id: int
    meter: str
    day: date
    quantity: Decimal
    event_count: int


class StoredEvent(NamedTuple):
    """One event as it was stored. `superseded_by` names the one that took its place, or took it back."""

    source: str
    event_id: str
    quantity: Decimal | None
    value: str
    occurred_at: datetime
    ended_at: datetime | None
    received_at: datetime
    superseded_by: Key | None


class EventStore(Protocol):
    """Append-only. Every method takes a number of statements that does not depend on the number of events."""

    def append(
        self, *, provider_id: int, rows: Sequence[Row], received_at: datetime, oldest: datetime | None = None
    ) -> Appended:
        """Store the rows whose key is new, in the caller's transaction; no key may be given twice.

        Corrections are judged after the other rows, in the order given. One holds if the event it names is stored, of
        the same contract and meter, not superseded yet, and not from before `oldest`. Refused with `no_such_event`,
        `other_contract`, `already_superseded` or `too_late`, it is not stored.
        """
        ...

    def find_hashes(self, *, provider_id: int, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The hashes of the stored events with these keys, archived ones too."""
        ...

    def rollup_since(self, watermark: str) -> tuple[list[Change], str]:
        """What events and corrections stored since `watermark` change, by day, and the next watermark ("0" is first).

        Nothing is given twice and nothing is passed over, also not what was committed late.
        """
        ...

    def scan(self, *, contract_id: int, meter: str, first: datetime, end: datetime) -> Iterator[StoredEvent]:
        """The events of one contract and meter with `first` <= time < `end`, by time, source and id."""
        ...
