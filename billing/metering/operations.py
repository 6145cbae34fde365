"""Writes: usage events and the days rolled up from them. Files of events are in `imports`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.db import transaction

from billing.contracts import queries as contracts
from billing.metering import imports, store
from billing.metering.events import REASONS, Faulty, Read, UsageInput
from billing.rules import periods

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
CONFLICT: Final = "conflict"
REJECTED: Final = "rejected"
NOT_STORED: Final = "not_stored"
STATUSES: Final = (ACCEPTED, DUPLICATE, CONFLICT, REJECTED, NOT_STORED)

CLOCK_TOLERANCE: Final = timedelta(minutes=5)

queue_import = imports.queue_import


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the event at `index`: accepted, duplicate, conflict, rejected, or not_stored.

    `not_stored` is a good event of an all-or-nothing batch in which another one was bad. A conflict or a
    rejection names its `field` and a `code`, a key of `events.REASONS`.
    """

    index: int
    status: str
    field: str = ""
    code: str = ""

    @property
    def reason(self) -> str:
        """The sentence for `code`, in the language of the request."""
        return str(REASONS[self.code]) if self.code else ""


class _NothingStored(Exception):
    """Takes an all-or-nothing batch back."""


def record_usage(
    *, provider_id: int, events: Sequence[Read], now: datetime, all_or_nothing: bool = False
) -> list[Outcome]:
    """Store the events of one provider; returns one outcome per event, in their order.

    The same event again (provider, source, id and content) is a duplicate and changes nothing; other content
    is a conflict. With `all_or_nothing` a conflict or a rejection keeps the whole batch out. The number of
    queries does not depend on the number of events.
    """
    outcomes: list[Outcome] = []
    try:
        with transaction.atomic():
            outcomes = _record(provider_id, events, now)
            if all_or_nothing and any(outcome.status in (CONFLICT, REJECTED) for outcome in outcomes):
                raise _NothingStored
    except _NothingStored:
        return _take_back(events, outcomes)
    return outcomes


def _take_back(events: Sequence[Read], outcomes: list[Outcome]) -> list[Outcome]:
    """What was accepted, and what only repeated it within the batch, is not stored."""
    keys = [(event.source, event.id) if isinstance(event, UsageInput) else None for event in events]
    taken = {keys[outcome.index] for outcome in outcomes if outcome.status == ACCEPTED}
    return [
        replace(outcome, status=NOT_STORED)
        if outcome.status in (ACCEPTED, DUPLICATE) and keys[outcome.index] in taken
        else outcome
        for outcome in outcomes
    ]


def _record(provider_id: int, events: Sequence[Read], now: datetime) -> list[Outcome]:
    outcomes: list[Outcome | None] = [None] * len(events)
    bindings = contracts.contracts_by_number(
        provider_id=provider_id, numbers={event.subject for event in events if isinstance(event, UsageInput)}
    )
    spans = {number: _span(binding.start_date, binding.end_date) for number, binding in bindings.items()}
    latest = (now + CLOCK_TOLERANCE).astimezone(UTC)  # like all times of events, so that comparing is quick
    rows: dict[store.Key, store.Row] = {}  # the first of each key
    hashes: list[tuple[int, store.Key, bytes]] = []
    for index, event in enumerate(events):
        checked = event if isinstance(event, Faulty) else _check(event, bindings, spans, latest)
        if isinstance(checked, Faulty):
            outcomes[index] = Outcome(index, REJECTED, checked.field, checked.code)
            continue
        key, body_hash = (checked.source, checked.id), _hash(checked)
        hashes.append((index, key, body_hash))
        if key not in rows:
            contract_id = bindings[checked.subject].id
            rows[key] = store.Row(*key, body_hash, contract_id, checked.meter, checked.quantity, checked.time)
    stored = store.insert_new(provider_id=provider_id, rows=list(rows.values()), received_at=now) if rows else set()
    known = [key for key in rows if key not in stored]
    truth = store.find_hashes(provider_id=provider_id, keys=known) if known else {}
    for index, key, body_hash in hashes:
        outcomes[index] = _settle(index, key, body_hash, rows, stored, truth)
    return [outcome for outcome in outcomes if outcome is not None]


def _settle(
    index: int,
    key: store.Key,
    body_hash: bytes,
    rows: dict[store.Key, store.Row],
    stored: set[store.Key],
    truth: dict[store.Key, bytes],
) -> Outcome:
    if key in stored:
        stored.remove(key)  # the first of its key; those that follow in this batch repeat it
        truth[key] = rows[key].body_hash
        return Outcome(index, ACCEPTED)
    if truth[key] == body_hash:
        return Outcome(index, DUPLICATE)
    return Outcome(index, CONFLICT, "id", "other_content")


Span = tuple[datetime, datetime] | None


def _span(start_date: date | None, end_date: date | None) -> Span:
    """From 00:00 in Shanghai on the first day to 00:00 on the last one, which no longer belongs to it."""
    if start_date is None or end_date is None:
        return None
    first, last = (datetime.combine(day, time(), tzinfo=periods.SHANGHAI) for day in (start_date, end_date))
    return first.astimezone(UTC), last.astimezone(UTC)


def _check(
    event: UsageInput, bindings: dict[str, contracts.ContractBinding], spans: dict[str, Span], latest: datetime
) -> Read:
    """The event itself, or what its contract has against it."""
    binding = bindings.get(event.subject)
    if binding is None:
        # The same words whether nobody has such a contract or another provider has.
        return Faulty("subject", "no_such_contract")
    span = spans[event.subject]
    if span is None:
        return Faulty("subject", "not_delivered")
    if event.meter not in binding.meters:
        return Faulty("data.meter", "no_such_meter")
    if span[0] <= event.time < span[1] and event.time <= latest:
        return event
    early, late = event.time < span[0], event.time >= span[1]
    return Faulty("time", "before_start" if early else "after_end" if late else "in_the_future")


def _hash(event: UsageInput) -> bytes:
    """SHA-256 of what the event says: another spelling of the same time or number is the same content."""
    # No contract number or meter that reaches this line contains a line feed.
    moment = event.time.astimezone(UTC).isoformat()
    return hashlib.sha256(f"{event.subject}\n{event.meter}\n{moment}\n{event.quantity}".encode()).digest()


def run_imports(*, now: datetime, limit: int) -> int:
    """Read up to `limit` queued files to their ends. Returns the number of files."""
    return imports.run(record=record_usage, now=now, limit=limit)


def roll_up(*, now: datetime, limit: int) -> int:
    """Add all events that have come in to their days in Asia/Shanghai. Returns the number of events.

    One statement reads them all, so `limit` and `now` play no part; they are what every stage is given.
    """
    with transaction.atomic():
        state = store.lock_roll_up()
        if state is None:
            return 0
        batch, read_before = state
        return store.add_to_days(batch=batch + 1, read_before=read_before)
