"""Writes: usage events and the days rolled up from them. Files of events are in `imports`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction

from billing.metering import batches, bindings, imports, store
from billing.metering.events import REASONS, Faulty, Read, UsageInput
from billing.metering.store import days, partitions
from billing.rules import periods

ACCEPTED: Final = "accepted"
DUPLICATE: Final = "duplicate"
CONFLICT: Final = "conflict"
REJECTED: Final = "rejected"
NOT_STORED: Final = "not_stored"
STATUSES: Final = (ACCEPTED, DUPLICATE, CONFLICT, REJECTED, NOT_STORED)

CLOCK_TOLERANCE: Final = timedelta(minutes=5)

queue_import = imports.queue_import
make_months = partitions.make_months
forget_batches = batches.forget


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
    *,
    provider_id: int,
    events: Sequence[Read],
    now: datetime,
    all_or_nothing: bool = False,
    batch: batches.Batch | None = None,
) -> list[Outcome]:
    """Store the events of one provider; returns one outcome per event, in their order.

    The same event again (provider, source, id and content) is a duplicate and changes nothing; other content
    is a conflict. With `all_or_nothing` a conflict or a rejection keeps the whole batch out. With `batch` what was
    answered to it is answered again, and OtherBody raised if it is not the same; a batch of which nothing was to be
    stored does not spend its key. The number of queries does not depend on the number of events.
    """
    outcomes: list[Outcome] = []
    try:
        with transaction.atomic():
            answered = batches.claim(provider_id=provider_id, batch=batch, now=now) if batch else None
            if answered is not None:
                return _answer_again(*answered)
            outcomes = _record(provider_id, events, now)
            if all_or_nothing and any(outcome.status in (CONFLICT, REJECTED) for outcome in outcomes):
                raise _NothingStored
            if batch:
                others = [(o.index, o.status, o.field, o.code) for o in outcomes if o.status != ACCEPTED]
                batches.keep(provider_id=provider_id, batch=batch, count=len(outcomes), others=others)
    except _NothingStored:
        return _take_back(events, outcomes)
    return outcomes


def _answer_again(count: int, others: Sequence[Sequence[Any]]) -> list[Outcome]:
    outcomes = [Outcome(index, ACCEPTED) for index in range(count)]
    for index, *what in others:
        outcomes[index] = Outcome(index, *what)
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
    subjects = {event.subject for event in events if isinstance(event, UsageInput)}
    rules = _Rules(bindings.find(provider_id=provider_id, subjects=subjects) if subjects else {}, now)
    rows: dict[store.Key, store.Row] = {}  # the first of each key
    hashes: list[tuple[int, store.Key, bytes]] = []
    refused: list[tuple[int, store.Key, bytes]] = []
    for index, event in enumerate(events):
        if isinstance(event, Faulty):
            outcomes[index] = Outcome(index, REJECTED, event.field, event.code)
            continue
        key = event.source, event.id
        bound = rules.bind(event)
        if isinstance(bound, Faulty):
            outcomes[index] = Outcome(index, REJECTED, bound.field, bound.code)
            if periods.FIRST_YEAR <= event.time.year <= periods.LAST_YEAR:  # others were never taken
                refused.append((index, key, _hash(event)))
            continue
        body_hash = _hash(event)
        hashes.append((index, key, body_hash))
        if key not in rows:
            rows[key] = _row(event, body_hash, bound)
    stored = store.Appended(set())
    if rows:
        stored = store.EVENTS.append(
            provider_id=provider_id, rows=list(rows.values()), received_at=now, oldest=rules.oldest
        )
    new = stored.new
    asked = {key for key in rows if key not in new and key not in stored.refused} | {key for _, key, _ in refused}
    truth = store.EVENTS.find_hashes(provider_id=provider_id, keys=sorted(asked)) if asked else {}
    for index, key, body_hash in refused:
        # What was taken once stays taken, though it would not be today: the answer may have been lost.
        if truth.get(key) == body_hash:
            outcomes[index] = Outcome(index, DUPLICATE)
    truth |= {key: rows[key].body_hash for key in [*new, *stored.refused]}
    for index, key, body_hash in hashes:
        outcomes[index] = _settle(index, key, body_hash, stored, truth, rows[key])
    return [outcome for outcome in outcomes if outcome is not None]


def _settle(
    index: int,
    key: store.Key,
    body_hash: bytes,
    stored: store.Appended,
    truth: dict[store.Key, bytes],
    row: store.Row,
) -> Outcome:
    if truth[key] != body_hash:
        return Outcome(index, CONFLICT, "id", "other_content")
    if key in stored.new:
        stored.new.remove(key)  # the first of its key; those that follow in this batch repeat it
        return Outcome(index, ACCEPTED)
    if key in stored.refused:
        code = stored.refused[key]
        status = CONFLICT if code == "already_superseded" else REJECTED
        return Outcome(index, status, "data.voids" if row.quantity is None else "data.supersedes", code)
    return Outcome(index, DUPLICATE)


def _row(event: UsageInput, body_hash: bytes, contract_id: int) -> store.Row:
    return store.Row(
        event.source,
        event.id,
        body_hash,
        contract_id,
        event.meter,
        event.quantity,
        event.time,
        event.value,
        event.end,
        event.supersedes,
        event.reason,
    )


Span = tuple[datetime, datetime]


def _span(start_date: date | None, end_date: date | None) -> Span | None:
    """From 00:00 in Shanghai on the first day to 00:00 on the last one, which no longer belongs to it."""
    if start_date is None or end_date is None:
        return None
    first, last = (datetime.combine(day, time(), tzinfo=periods.SHANGHAI) for day in (start_date, end_date))
    return first.astimezone(UTC), last.astimezone(UTC)


class _Rules:
    """What contracts, months and the clock have against events; made once for a batch."""

    def __init__(self, found: dict[str, bindings.Bindings], now: datetime) -> None:
        self._found = {
            subject: [(binding, _span(binding.start_date, binding.end_date)) for binding in several]
            for subject, several in found.items()
        }
        # In UTC like all times of events, so that comparing is quick.
        self._latest = (now + CLOCK_TOLERANCE).astimezone(UTC)
        present = periods.Month.of(now).first_date
        self.oldest = periods.midnight(periods.add_months(present, -partitions.MONTHS_BACK))

    def bind(self, event: UsageInput) -> int | Faulty:
        """The id of its contract, or what is against it."""
        several = self._found.get(event.subject)
        if not several:
            # The same words whether nobody has such a contract or another provider has.
            return Faulty("subject", "no_such_contract")
        binding, span = several[-1]
        if len(several) > 1:  # a resource that went over to a further contract: each has its days
            running = [one for one in several if one[1] and one[1][0] <= event.time < one[1][1]]
            binding, span = (running or [one for one in several if one[1]] or several)[-1]
        if span is None:
            return Faulty("subject", "not_delivered")
        if event.meter not in binding.meters:
            return Faulty("data.meter", "no_such_meter")
        return self._fault_of_time(event, span) or binding.id

    def _fault_of_time(self, event: UsageInput, span: Span) -> Faulty | None:
        field = "time" if event.end is None else "data.start"
        # A void says when it was said; the contract may have ended before.
        is_use = event.quantity is not None
        last = event.time if event.end is None else event.end
        for is_broken, at_fault, code in (
            (is_use and event.time < span[0], field, "before_start"),
            (is_use and event.time >= span[1], field, "after_end"),
            (event.time > self._latest, field, "in_the_future"),
            (event.time < self.oldest, field, "too_late"),
            (last > self._latest, "data.end", "in_the_future"),
            (is_use and last > span[1], "data.end", "after_end"),
        ):
            if is_broken:
                return Faulty(at_fault, code)
        return None


def _hash(event: UsageInput) -> bytes:
    """SHA-256 of what the event says: another spelling of the same time or number is the same content."""
    # No contract number or meter that reaches this line contains a line feed.
    text = f"{event.subject}\n{event.meter}\n{event.time.astimezone(UTC).isoformat()}\n{event.quantity}"
    if event.end is not None or event.supersedes is not None or event.value:
        more = [event.value, event.end and event.end.astimezone(UTC).isoformat(), event.supersedes, event.reason]
        text = f"{text}\n{msgspec.json.encode(more).decode()}"
    return hashlib.sha256(text.encode()).digest()


def run_imports(*, now: datetime, limit: int) -> int:
    """Read up to `limit` queued files to their ends. Returns the number of files."""
    return imports.run(record=record_usage, now=now, limit=limit)


def roll_up(*, now: datetime, limit: int) -> int:
    """Bring the days in Asia/Shanghai up to all events that have come in. Returns the number of events.

    Levels are carried on to `now`. One statement reads all events, so `limit` plays no part; it is what every stage is
    given.
    """
    with transaction.atomic():
        state = days.lock_roll_up()
        return days.add_to_days(state=state, now=now) if state else 0
