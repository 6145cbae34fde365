"""The store that runs: PostgreSQL. Each step is one statement, however many events it is given."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from django.db import IntegrityError, connection, transaction

from billing.metering.store import corrections, days
from billing.metering.store.interface import Appended, Change, Key, Row, StoredEvent

# Below this many rows, one statement that asks for each key is cheaper than two COPYs under a savepoint.
FEWEST_TO_COPY: Final = 20
# Each further try means that another transaction has committed a correction of the same event in between.
MOST_TRIES: Final = 5
SCAN_ROWS: Final = 2_000

_EVENT_COLUMNS: Final = (
    "provider_id, source, event_id, contract_id, meter, quantity, value, occurred_at, ended_at, received_at"
)
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

_INSERT_MISSING: Final = f"""
    WITH given AS (
        SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bigint[], %s::text[], %s::numeric[],
                             %s::timestamptz[], %s::text[], %s::timestamptz[])
          AS row (source, event_id, body_hash, contract_id, meter, quantity, occurred_at, value, ended_at)
    ), new AS (
        INSERT INTO metering_eventkey (provider_id, source, event_id, body_hash, occurred_at)
        SELECT %s, source, event_id, body_hash, occurred_at FROM given
        ON CONFLICT (provider_id, source, event_id) DO NOTHING
        RETURNING source, event_id
    )
    INSERT INTO metering_usageevent ({_EVENT_COLUMNS})
    SELECT %s, source, event_id, contract_id, meter, quantity, value, occurred_at, ended_at, %s
      FROM given JOIN new USING (source, event_id)
    RETURNING source, event_id
"""  # noqa: S608  (a constant)

# The event is looked for under the contract and meter that the correction names: it is there, or another's.
_FIND_TARGETS: Final = """
    SELECT given.source, given.event_id, event.contract_id, coalesce(event.meter, ''), known.occurred_at,
           event.quantity, superseded.event_id IS NOT NULL, event.written_in::text
      FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) AS given (source, event_id, contract_id, meter)
      JOIN metering_eventkey known
        ON known.provider_id = %s AND known.source = given.source AND known.event_id = given.event_id
      LEFT JOIN LATERAL (
           SELECT * FROM metering_usageevent
            WHERE contract_id = given.contract_id AND meter = given.meter AND occurred_at = known.occurred_at
              AND provider_id = known.provider_id AND source = known.source AND event_id = known.event_id
            LIMIT 1) event ON true
      LEFT JOIN metering_supersession superseded
        ON superseded.provider_id = known.provider_id AND superseded.source = known.source
           AND superseded.event_id = known.event_id
"""

# A correction may carry a lower transaction number than the event it names, having begun earlier. Its row counts as
# written with the later of the two, so that the roll-up never takes away what it has not added yet.
_INSERT_SUPERSESSIONS: Final = """
    INSERT INTO metering_supersession
           (provider_id, source, event_id, by_source, by_event_id, reason, contract_id, meter, occurred_at, quantity,
            written_in)
    SELECT %s, source, event_id, by_source, by_event_id, reason, contract_id, meter, occurred_at, quantity,
           GREATEST(pg_current_xact_id(), written_in)
      FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[],
                  %s::timestamptz[], %s::numeric[], %s::xid8[])
        AS given (source, event_id, by_source, by_event_id, reason, contract_id, meter, occurred_at, quantity,
                  written_in)
"""

_SCAN: Final = """
    SELECT event.source, event.event_id, event.quantity, event.value, event.occurred_at, event.ended_at,
           event.received_at, superseded.by_source, superseded.by_event_id
      FROM metering_usageevent event
      LEFT JOIN metering_supersession superseded
        ON superseded.provider_id = event.provider_id AND superseded.source = event.source
           AND superseded.event_id = event.event_id
     WHERE event.contract_id = %s AND event.meter = %s AND event.occurred_at >= %s AND event.occurred_at < %s
     ORDER BY event.occurred_at, event.source, event.event_id
"""


class PostgresStore:
    """Partitions by month of event time, one table of keys, one of corrections."""

    def append(
        self, *, provider_id: int, rows: Sequence[Row], received_at: datetime, oldest: datetime | None = None
    ) -> Appended:
        """See the interface. Waits for a transaction that is storing the same key."""
        plain = [row for row in rows if row.supersedes is None]
        new = _append_plain(provider_id, plain, received_at) if plain else set()
        if len(plain) == len(rows):
            return Appended(new)
        others = [row for row in rows if row.supersedes is not None]
        more, refused = _append_corrections(provider_id, others, received_at, oldest)
        return Appended(new | more, refused)

    def find_hashes(self, *, provider_id: int, keys: Sequence[Key]) -> dict[Key, bytes]:
        """See the interface."""
        return _find_hashes(provider_id, keys)

    def rollup_since(self, watermark: str) -> tuple[list[Change], str]:
        """See the interface."""
        return days.changes_since(watermark)

    def scan(self, *, contract_id: int, meter: str, first: datetime, end: datetime) -> Iterator[StoredEvent]:
        """See the interface."""
        with connection.cursor() as cursor:
            cursor.execute(_SCAN, [contract_id, meter, first, end])
            while rows := cursor.fetchmany(SCAN_ROWS):
                for row in rows:
                    by_source, by_event_id = row[-2:]
                    yield StoredEvent._make((*row[:-2], (by_source, by_event_id) if by_event_id is not None else None))


def _append_plain(provider_id: int, rows: Sequence[Row], received_at: datetime) -> set[Key]:
    # One order of keys for everyone: two batches with the same events wait for each other, never in a circle.
    ordered = sorted(rows)
    if len(ordered) < FEWEST_TO_COPY:
        return _insert_missing(provider_id, ordered, received_at)
    # Nearly always all are new, so they are copied straight into the tables. If one is not, the copy is taken back
    # and the database picks the new ones, which costs more than twice as much.
    try:
        with transaction.atomic(), connection.cursor() as cursor, connection.wrap_database_errors:
            _copy(cursor, provider_id, ordered, received_at)
        return {row.key for row in ordered}
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        return _insert_missing(provider_id, ordered, received_at)


def _copy(cursor: Any, provider_id: int, rows: Sequence[Row], received_at: datetime) -> None:
    received = received_at.isoformat()
    keys, events = [], []
    for row in rows:
        source, event_id = _escape(row.source), _escape(row.event_id)
        occurred, quantity = row.occurred_at.isoformat(), row.quantity if row.quantity is not None else "\\N"
        ended = row.ended_at.isoformat() if row.ended_at else "\\N"
        keys.append(f"{provider_id}\t{source}\t{event_id}\t\\\\x{row.body_hash.hex()}\t{occurred}\n")
        events.append(
            f"{provider_id}\t{source}\t{event_id}\t{row.contract_id}\t{_escape(row.meter)}\t{quantity}"
            f"\t{_escape(row.value)}\t{occurred}\t{ended}\t{received}\n"
        )
    with cursor.copy(
        "COPY metering_eventkey (provider_id, source, event_id, body_hash, occurred_at) FROM STDIN"
    ) as copy:
        copy.write("".join(keys).encode())
    with cursor.copy(f"COPY metering_usageevent ({_EVENT_COLUMNS}) FROM STDIN") as copy:
        copy.write("".join(events).encode())


def _escape(text: str) -> str:
    """`text` as COPY reads it; nearly none has anything to escape."""
    return text.translate(_ESCAPED) if _SPECIAL.search(text) else text


def _insert_missing(provider_id: int, rows: Sequence[Row], received_at: datetime) -> set[Key]:
    columns = list(zip(*(row[:9] for row in rows), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MISSING, [*map(list, columns), provider_id, provider_id, received_at])
        return set(cursor.fetchall())


class _Overtaken(Exception):
    """Another transaction has stored one of the corrections in the meantime."""


def _append_corrections(
    provider_id: int, rows: Sequence[Row], received_at: datetime, oldest: datetime | None
) -> tuple[set[Key], dict[Key, str]]:
    """Judge them by what is stored, and store those that hold; if another was quicker, judge again."""
    for _ in range(MOST_TRIES):
        known = _find_hashes(provider_id, [row.key for row in rows])
        waiting = [row for row in rows if row.key not in known]
        targets = _find_targets(provider_id, waiting) if waiting else {}
        decided = corrections.decide(waiting, stored=targets, oldest=oldest)
        if not decided.held:
            return set(), decided.refused
        try:
            return _store_corrections(provider_id, decided.held, received_at), decided.refused
        except _Overtaken:
            continue
    raise RuntimeError(f"corrections of provider {provider_id} were overtaken {MOST_TRIES} times")


def _store_corrections(
    provider_id: int, held: Sequence[tuple[Row, corrections.Target]], received_at: datetime
) -> set[Key]:
    try:
        with transaction.atomic():
            new = _insert_missing(provider_id, sorted(row for row, _ in held), received_at)
            if len(new) < len(held):
                raise _Overtaken
            _insert_supersessions(provider_id, held)
            return new
    except IntegrityError as error:
        if isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise _Overtaken from error
        raise


def _find_targets(provider_id: int, rows: Sequence[Row]) -> dict[Key, corrections.Target]:
    named = [(*row.supersedes, row.contract_id, row.meter) for row in rows if row.supersedes]
    with connection.cursor() as cursor:
        cursor.execute(_FIND_TARGETS, [*(list(column) for column in zip(*named, strict=True)), provider_id])
        found = cursor.fetchall()
    targets: dict[Key, corrections.Target] = {}
    for source, event_id, *about in found:
        # Two corrections may name one event under different contracts: the right one of them finds it.
        if about[0] is not None or (source, event_id) not in targets:
            targets[source, event_id] = corrections.Target(*about)
    return targets


def _insert_supersessions(provider_id: int, held: Sequence[tuple[Row, corrections.Target]]) -> None:
    ordered = sorted(held, key=lambda one: one[0].supersedes or ("", ""))
    rows = [
        (
            *(row.supersedes or ()),
            *row.key,
            row.reason,
            row.contract_id,
            row.meter,
            target.occurred_at,
            target.quantity,
            target.written_in,
        )
        for row, target in ordered
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_SUPERSESSIONS, [provider_id, *(list(column) for column in zip(*rows, strict=True))])


def _find_hashes(provider_id: int, keys: Sequence[Key]) -> dict[Key, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source, event_id, body_hash
              FROM unnest(%s::text[], %s::text[]) AS given (source, event_id)
              JOIN metering_eventkey known USING (source, event_id)
             WHERE known.provider_id = %s
            """,
            [[source for source, _ in keys], [event_id for _, event_id in keys], provider_id],
        )
        return {(source, event_id): bytes(body_hash) for source, event_id, body_hash in cursor.fetchall()}
