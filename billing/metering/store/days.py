"""From events to days: which transactions to read, and what they change. The sums never leave the database."""

from typing import Final

from django.db import connection

from billing.metering.store.interface import Change

# An event adds its quantity to its day; a correction takes the superseded one's away from the day of that one. What a
# void itself says counts nowhere.
_CHANGES: Final = """
    SELECT contract_id, meter, day, sum(quantity) AS quantity, sum(events)::bigint AS event_count,
           sum(rows_read)::bigint AS rows_read
      FROM (
            SELECT contract_id, meter, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
                   coalesce(sum(quantity), 0) AS quantity, count(quantity) AS events, count(*) AS rows_read
              FROM metering_usageevent
             WHERE written_in >= %(read_before)s::xid8 AND written_in < %(upper)s::xid8
             GROUP BY 1, 2, 3
             UNION ALL
            SELECT contract_id, meter, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date,
                   -coalesce(sum(quantity), 0), -count(quantity), 0
              FROM metering_supersession
             WHERE written_in >= %(read_before)s::xid8 AND written_in < %(upper)s::xid8
             GROUP BY 1, 2, 3
           ) part
     GROUP BY 1, 2, 3
"""
_IS_CHANGE: Final = "(quantity <> 0 OR event_count <> 0)"


def changes_since(watermark: str) -> tuple[list[Change], str]:
    """The changes by day that transactions from `watermark` on have brought, and the next watermark."""
    upper = _oldest_running()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract_id, meter, day, quantity, event_count FROM ({_CHANGES}) change
             WHERE {_IS_CHANGE} ORDER BY 1, 2, 3
            """,  # noqa: S608  (constants)
            {"read_before": watermark, "upper": upper},
        )
        return [Change(*row) for row in cursor.fetchall()], upper


def lock_roll_up() -> tuple[int, str] | None:
    """The last batch and the watermark, locked until the transaction ends; None while another worker holds them."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO metering_rollup (id, batch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
        cursor.execute("SELECT batch, read_before::text FROM metering_rollup WHERE id = 1 FOR UPDATE SKIP LOCKED")
        return cursor.fetchone()


def add_to_days(*, batch: int, read_before: str) -> int:
    """Add what has changed since `read_before` to the days, and move the watermark.

    Returns how many events were read, corrections and voids among them.
    """
    upper = _oldest_running()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH change AS ({_CHANGES}), added AS (
                INSERT INTO metering_usageday AS known (contract_id, meter, day, quantity, event_count, batch)
                SELECT contract_id, meter, day, quantity, event_count, %(batch)s FROM change WHERE {_IS_CHANGE}
                ON CONFLICT (contract_id, meter, day) DO UPDATE
                   SET quantity = known.quantity + excluded.quantity,
                       event_count = known.event_count + excluded.event_count,
                       batch = excluded.batch
            )
            SELECT coalesce(sum(rows_read), 0)::bigint FROM change
            """,  # noqa: S608  (constants)
            {"read_before": read_before, "upper": upper, "batch": batch},
        )
        (count,) = cursor.fetchone()
        if count:
            cursor.execute("UPDATE metering_rollup SET batch = %s, read_before = %s::xid8 WHERE id = 1", [batch, upper])
        return count


def _oldest_running() -> str:
    """The oldest transaction that still runs: what lies below it is committed for good, or never will be.

    A transaction number says in which order transactions began, not in which they committed. What this one and
    younger ones write is read next time, so no event is passed over and none is read twice.
    """
    with connection.cursor() as cursor:
        # A statement of its own: the next one sees everything that had ended before this one.
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        (upper,) = cursor.fetchone()
        return upper
