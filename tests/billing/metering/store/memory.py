"""The oracle: an event store in a few dictionaries, so plain that it is right by reading it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from billing.metering.store import Appended, Change, Key, Row, StoredEvent
from billing.rules import periods


@dataclass
class MemoryStore:
    """One event after the other; the watermark counts them."""

    events: dict[tuple[int, Key], tuple[Row, datetime]] = field(default_factory=dict)
    superseded: dict[tuple[int, Key], Key] = field(default_factory=dict)
    log: list[tuple[Row, int]] = field(default_factory=list)  # a row, and +1 for counted or -1 for taken back

    def append(
        self, *, provider_id: int, rows: Sequence[Row], received_at: datetime, oldest: datetime | None = None
    ) -> Appended:
        appended = Appended(set())
        for row in sorted(rows, key=lambda row: row.supersedes is not None):
            if (provider_id, row.key) in self.events:
                continue
            if row.supersedes is not None:
                code = self._fault(provider_id, row, row.supersedes, oldest)
                if code:
                    appended.refused[row.key] = code
                    continue
                self.superseded[provider_id, row.supersedes] = row.key
                self.log.append((self.events[provider_id, row.supersedes][0], -1))
            self.events[provider_id, row.key] = row, received_at
            self.log.append((row, 1))
            appended.new.add(row.key)
        return appended

    def _fault(self, provider_id: int, row: Row, target: Key, oldest: datetime | None) -> str:
        if (provider_id, target) not in self.events:
            return "no_such_event"
        if (provider_id, target) in self.superseded:
            return "already_superseded"
        other, _ = self.events[provider_id, target]
        if oldest is not None and other.occurred_at < oldest:
            return "too_late"
        return "" if (other.contract_id, other.meter) == (row.contract_id, row.meter) else "other_contract"

    def find_hashes(self, *, provider_id: int, keys: Sequence[Key]) -> dict[Key, bytes]:
        return {key: self.events[provider_id, key][0].body_hash for key in keys if (provider_id, key) in self.events}

    def rollup_since(self, watermark: str) -> tuple[list[Change], str]:
        days: dict[tuple, tuple[Decimal, int]] = {}
        for row, sign in self.log[int(watermark) :]:
            if row.quantity is None:
                continue
            key = (row.contract_id, row.meter, periods.civil_date(row.occurred_at))
            quantity, count = days.get(key, (Decimal(0), 0))
            days[key] = quantity + sign * row.quantity, count + sign
        changes = [Change(*key, *value) for key, value in sorted(days.items()) if any(value)]
        return changes, str(len(self.log))

    def scan(self, *, contract_id: int, meter: str, first: datetime, end: datetime) -> Iterator[StoredEvent]:
        found = [
            StoredEvent(
                *row.key,
                row.quantity,
                row.value,
                row.occurred_at,
                row.ended_at,
                received_at,
                self.superseded.get((provider_id, row.key)),
            )
            for (provider_id, _), (row, received_at) in self.events.items()
            if (row.contract_id, row.meter) == (contract_id, meter) and first <= row.occurred_at < end
        ]
        return iter(sorted(found, key=lambda event: (event.occurred_at, event.source, event.event_id)))
