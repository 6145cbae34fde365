"""From events to days: which transactions to read, and what they change. The sums never leave the database.

Sums and counts are added to, so a roll-up costs what is new. What cannot be added to (the largest, the last, different
values, a level over time) is worked out again for the days that were touched: `readings` and `levels`.
"""

from datetime import date, datetime
from typing import Final, NamedTuple

from django.db import connection

from billing.metering.store import levels, readings
from billing.metering.store.interface import Change
from billing.rules import aggregation

# An event adds its quantity to its hour; a correction takes the superseded one's away from the hour of that one. What
# a void itself says counts nowhere. Hours of the clock are the same in Shanghai as in UTC.
_CHANGES: Final = """
    SELECT contract_id, meter, hour, sum(quantity) AS quantity, sum(events)::bigint AS event_count,
           sum(abs(events))::bigint AS touches, sum(rows_read)::bigint AS rows_read
      FROM (
            SELECT contract_id, meter, date_bin('1 hour', occurred_at, 'epoch') AS hour,
                   coalesce(sum(quantity), 0) AS quantity, count(quantity) AS events, count(*) AS rows_read
              FROM metering_usageevent
             WHERE written_in >= %(read_before)s::xid8 AND written_in < %(upper)s::xid8
             GROUP BY 1, 2, 3
             UNION ALL
            SELECT contract_id, meter, date_bin('1 hour', occurred_at, 'epoch'),
                   -coalesce(sum(quantity), 0), -count(quantity), 0
              FROM metering_supersession
             WHERE written_in >= %(read_before)s::xid8 AND written_in < %(upper)s::xid8
             GROUP BY 1, 2, 3
           ) part
     GROUP BY 1, 2, 3
"""
_DAY: Final = "(hour AT TIME ZONE 'Asia/Shanghai')::date"

# A plan has one price for a meter, so one aggregation.
_ADD: Final = f"""
    WITH part AS MATERIALIZED ({_CHANGES}), change AS MATERIALIZED (
        SELECT part.contract_id, part.meter, price.aggregation, hour, {_DAY} AS day, event_count, touches,
               CASE price.aggregation WHEN 'count' THEN event_count ELSE part.quantity END AS quantity
          FROM part
          JOIN contracts_contract contract ON contract.id = part.contract_id
          JOIN catalogue_pricecomponent price
            ON price.plan_id = contract.plan_id AND price.kind = 'metered' AND price.meter = part.meter
    ), hours AS (
        INSERT INTO metering_usagehour AS known (contract_id, meter, aggregation, hour, quantity, event_count)
        SELECT contract_id, meter, aggregation, hour, quantity, event_count FROM change
         WHERE aggregation IN ('sum', 'count') AND (quantity <> 0 OR event_count <> 0)
        ON CONFLICT (contract_id, meter, aggregation, hour) DO UPDATE
           SET quantity = known.quantity + excluded.quantity, event_count = known.event_count + excluded.event_count
    ), added AS (
        INSERT INTO metering_usageday AS known (contract_id, meter, aggregation, day, quantity, event_count, batch)
        SELECT contract_id, meter, aggregation, day, sum(quantity), sum(event_count), %(batch)s FROM change
         WHERE aggregation IN ('sum', 'count')
         GROUP BY 1, 2, 3, 4 HAVING sum(quantity) <> 0 OR sum(event_count) <> 0
        ON CONFLICT (contract_id, meter, aggregation, day) DO UPDATE
           SET quantity = known.quantity + excluded.quantity,
               event_count = known.event_count + excluded.event_count,
               batch = excluded.batch
    ), touched AS (
        SELECT DISTINCT contract_id, meter, aggregation, day FROM change
         WHERE aggregation NOT IN ('sum', 'count') AND touches > 0
    )
    SELECT (SELECT coalesce(sum(rows_read), 0)::bigint FROM part),
           coalesce((SELECT json_agg(json_build_array(contract_id, meter, aggregation, day)) FROM touched), '[]')
"""  # noqa: S608  (constants)


class State(NamedTuple):
    """How far the roll-up has come: its last batch, the watermark, and until when levels are carried on."""

    batch: int
    read_before: str
    held_until: datetime | None


def changes_since(watermark: str) -> tuple[list[Change], str]:
    """The changes by day that transactions from `watermark` on have brought, and the next watermark."""
    upper = _oldest_running()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract_id, meter, {_DAY}, sum(quantity), sum(event_count)::bigint FROM ({_CHANGES}) change
             GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0 OR sum(event_count) <> 0 ORDER BY 1, 2, 3
            """,  # noqa: S608  (constants)
            {"read_before": watermark, "upper": upper},
        )
        return [Change(*row) for row in cursor.fetchall()], upper


def lock_roll_up() -> State | None:
    """How far it has come, locked until the transaction ends; None while another worker holds it."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO metering_rollup (id, batch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
        cursor.execute(
            "SELECT batch, read_before::text, held_until FROM metering_rollup WHERE id = 1 FOR UPDATE SKIP LOCKED"
        )
        row = cursor.fetchone()
        return State(*row) if row else None


def add_to_days(*, state: State, now: datetime) -> int:
    """Bring the days up to what has come in since the watermark, and move it.

    Returns how many events were read, corrections and voids among them.
    """
    upper = _oldest_running()
    batch = state.batch + 1
    with connection.cursor() as cursor:
        cursor.execute(_ADD, {"read_before": state.read_before, "upper": upper, "batch": batch})
        count, found = cursor.fetchone()
    touched = [readings.Touched(one[0], one[1], one[2], date.fromisoformat(one[3])) for one in found]
    plain = [one for one in touched if one.aggregation not in aggregation.WEIGHTED]
    if plain:
        readings.work_out_again(touched=plain, upper=upper, batch=batch)
    until = now if state.held_until is None else max(now, state.held_until)
    starts = _starts([one for one in touched if one.aggregation in aggregation.WEIGHTED])
    is_new_hour = state.held_until is None or levels.hour_of(until) > levels.hour_of(state.held_until)
    if is_new_hour and state.held_until is not None:
        starts = _starts([*starts, *levels.held_since(moment=state.held_until)])
    if starts:
        levels.work_out_again(starts=starts, until=until, upper=upper, batch=batch)
    _move(batch if count or starts else state.batch, upper, until if is_new_hour else state.held_until)
    return count


def _starts(touched: list[readings.Touched]) -> list[readings.Touched]:
    """The first day of each contract and meter: a level that changes there changes the days that follow."""
    first: dict[tuple[int, str], readings.Touched] = {}
    for one in sorted(touched, key=lambda one: one.day, reverse=True):
        first[one.contract_id, one.meter] = one
    return list(first.values())


def _move(batch: int, upper: str, held_until: datetime | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE metering_rollup SET batch = %s, read_before = %s::xid8, held_until = %s WHERE id = 1",
            [batch, upper, held_until],
        )


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
