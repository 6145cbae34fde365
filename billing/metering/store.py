"""The event store behind its one interface: each function is one statement, however many events it is given."""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import psycopg
from django.db import connection, transaction

Key = tuple[str, str]  # source, event id


class Row(NamedTuple):
    """One event as it is stored."""

    source: str
    event_id: str
    body_hash: bytes
    contract_id: int
    meter: str
    quantity: Decimal
    occurred_at: datetime


_COLUMNS: Final = "provider_id, received_at, source, event_id, body_hash, contract_id, meter, quantity, occurred_at"
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def insert_new(*, provider_id: int, rows: Sequence[Row], received_at: datetime) -> set[Key]:
    """Store the rows whose key is new; returns their keys. Waits for a transaction that is storing the same key.

    Nearly always all are new, so they are copied straight into the table. If one is not, the copy is taken back
    and the database picks the new ones, which costs more than twice as much.
    """
    # One order of keys for everyone: two batches with the same events wait for each other, never in a circle.
    ordered = sorted(rows)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _copy(cursor, provider_id, ordered, received_at)
        return {(row.source, row.event_id) for row in ordered}
    except psycopg.errors.UniqueViolation:
        return _insert_missing(provider_id, ordered, received_at)


def _copy(cursor: Any, provider_id: int, rows: Sequence[Row], received_at: datetime) -> None:
    head = f"{provider_id}\t{received_at.isoformat()}"
    lines = [
        f"{head}\t{_escape(row.source)}\t{_escape(row.event_id)}\t\\\\x{row.body_hash.hex()}\t{row.contract_id}"
        f"\t{_escape(row.meter)}\t{row.quantity}\t{row.occurred_at.isoformat()}\n"
        for row in rows
    ]
    with cursor.copy(f"COPY metering_usageevent ({_COLUMNS}) FROM STDIN") as copy:
        copy.write("".join(lines).encode())


def _escape(text: str) -> str:
    """`text` as COPY reads it; nearly none has anything to escape."""
    return text.translate(_ESCAPED) if _SPECIAL.search(text) else text


def _insert_missing(provider_id: int, rows: Sequence[Row], received_at: datetime) -> set[Key]:
    columns = list(zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO metering_usageevent ({_COLUMNS})
            SELECT %s, %s, given.*
              FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bigint[], %s::text[], %s::numeric[],
                          %s::timestamptz[]) AS given
            ON CONFLICT (provider_id, source, event_id) DO NOTHING
            RETURNING source, event_id
            """,  # noqa: S608  (a constant)
            [provider_id, received_at, *map(list, columns)],
        )
        return set(cursor.fetchall())


def find_hashes(*, provider_id: int, keys: Sequence[Key]) -> dict[Key, bytes]:
    """The hashes of the stored events with these keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source, event_id, body_hash
              FROM unnest(%s::text[], %s::text[]) AS given (source, event_id)
              JOIN metering_usageevent event USING (source, event_id)
             WHERE event.provider_id = %s
            """,
            [[source for source, _ in keys], [event_id for _, event_id in keys], provider_id],
        )
        return {(source, event_id): bytes(body_hash) for source, event_id, body_hash in cursor.fetchall()}


def lock_roll_up() -> tuple[int, str] | None:
    """The last batch and the watermark, locked until the transaction ends; None while another worker holds them."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO metering_rollup (id, batch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
        cursor.execute("SELECT batch, read_before::text FROM metering_rollup WHERE id = 1 FOR UPDATE SKIP LOCKED")
        return cursor.fetchone()


def add_to_days(*, batch: int, read_before: str) -> int:
    """Add the events from the watermark `read_before` on to their days, and move the watermark. Returns their number.

    A transaction number says in which order transactions began, not in which they committed. So the new
    watermark is the oldest transaction that still runs: what it and younger ones write is read next time,
    and what lies below is committed for good. No event is passed over and none is read twice.
    """
    with connection.cursor() as cursor:
        # A statement of its own: the next one sees everything that had ended before this one.
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        (upper,) = cursor.fetchone()
        cursor.execute(
            """
            WITH day AS (
                SELECT contract_id, meter, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
                       sum(quantity) AS quantity, count(*) AS event_count
                  FROM metering_usageevent
                 WHERE written_in >= %(read_before)s::xid8 AND written_in < %(upper)s::xid8
                 GROUP BY 1, 2, 3
            ), added AS (
                INSERT INTO metering_usageday AS known (contract_id, meter, day, quantity, event_count, batch)
                SELECT contract_id, meter, day, quantity, event_count, %(batch)s FROM day
                ON CONFLICT (contract_id, meter, day) DO UPDATE
                   SET quantity = known.quantity + excluded.quantity,
                       event_count = known.event_count + excluded.event_count,
                       batch = excluded.batch
            )
            SELECT coalesce(sum(event_count), 0)::bigint FROM day
            """,
            {"read_before": read_before, "upper": upper, "batch": batch},
        )
        (count,) = cursor.fetchone()
        if count:
            cursor.execute("UPDATE metering_rollup SET batch = %s, read_before = %s::xid8 WHERE id = 1", [batch, upper])
        return count
