"""The largest, the last and the number of different values of a day, from its effective events.

They cannot be added to, since a correction may take away what was the largest. So a day that was touched is read again;
for different values its whole month is, because a value counts once a month, on the first day that has it.
`billing.rules.aggregation` says what each of them means, and the tests compare.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from django.db import connection

# What counts of the transactions that the roll-up has come to; `event` is the row.
EFFECTIVE: Final = """
    event.quantity IS NOT NULL AND event.written_in < %(upper)s::xid8
    AND NOT EXISTS (
        SELECT FROM metering_supersession gone
         WHERE gone.provider_id = event.provider_id AND gone.source = event.source
           AND gone.event_id = event.event_id AND gone.written_in < %(upper)s::xid8)
"""

# A day that comes to what it was before keeps its batch: nothing is rated again for it.
KEEP_DAYS: Final = """
    ON CONFLICT (contract_id, meter, aggregation, day) DO UPDATE
       SET quantity = excluded.quantity, month_part = excluded.month_part, event_count = excluded.event_count,
           batch = excluded.batch
     WHERE (known.quantity, known.month_part, known.event_count)
           IS DISTINCT FROM (excluded.quantity, excluded.month_part, excluded.event_count)
"""

_WORK_OUT: Final = f"""
    WITH touched AS (
        SELECT * FROM unnest(%(contracts)s::bigint[], %(meters)s::text[], %(aggregations)s::text[], %(days)s::date[])
            AS given (contract_id, meter, aggregation, day)
    ), span AS (
        SELECT contract_id, meter, aggregation, day AS first_day, day + 1 AS end_day FROM touched
         WHERE aggregation <> 'unique'
         UNION
        SELECT contract_id, meter, aggregation, date_trunc('month', day)::date,
               (date_trunc('month', day) + interval '1 month')::date
          FROM touched WHERE aggregation = 'unique'
    ), counted AS (
        SELECT span.contract_id, span.meter, span.aggregation, span.first_day, event.occurred_at, event.quantity,
               event.value, (event.occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day
          FROM span
          JOIN metering_usageevent event
            ON event.contract_id = span.contract_id AND event.meter = span.meter
           AND event.occurred_at >= span.first_day::timestamp AT TIME ZONE 'Asia/Shanghai'
           AND event.occurred_at < span.end_day::timestamp AT TIME ZONE 'Asia/Shanghai'
         WHERE {EFFECTIVE}
    ), first_seen AS (
        SELECT contract_id, meter, day, count(*) AS seen
          FROM (SELECT contract_id, meter, first_day, value, min(day) AS day FROM counted
                 WHERE aggregation = 'unique' AND value <> '' GROUP BY 1, 2, 3, 4) one
         GROUP BY 1, 2, 3
    ), found AS (
        SELECT contract_id, meter, aggregation, day, count(*) AS event_count, max(quantity) AS largest,
               (array_agg(quantity ORDER BY occurred_at DESC, quantity DESC)
                   FILTER (WHERE aggregation = 'latest'))[1] AS last,
               count(DISTINCT value) FILTER (WHERE aggregation = 'unique' AND value <> '') AS different
          FROM counted GROUP BY 1, 2, 3, 4
    )
    INSERT INTO metering_usageday AS known
           (contract_id, meter, aggregation, day, quantity, month_part, event_count, batch)
    SELECT contract_id, meter, aggregation, day,
           coalesce(CASE aggregation WHEN 'max' THEN largest WHEN 'latest' THEN last ELSE different END, 0),
           CASE aggregation WHEN 'unique' THEN coalesce(seen, 0) END, coalesce(event_count, 0), %(batch)s
      FROM (SELECT contract_id, meter, aggregation, day FROM touched
             UNION SELECT contract_id, meter, aggregation, day FROM found) one
      LEFT JOIN found USING (contract_id, meter, aggregation, day)
      LEFT JOIN first_seen USING (contract_id, meter, day)
    {KEEP_DAYS}
"""  # noqa: S608  (constants)


class Touched(NamedTuple):
    """A day on which the effective events of a contract's meter have changed."""

    contract_id: int
    meter: str
    aggregation: str
    day: date


def columns_of(touched: Sequence[Touched]) -> dict[str, list]:
    """The arrays that a statement takes them in."""
    names = ("contracts", "meters", "aggregations", "days")
    return dict(zip(names, map(list, zip(*touched, strict=True)), strict=True))


def work_out_again(*, touched: Sequence[Touched], upper: str, batch: int) -> None:
    """Write the days that were touched, of `max`, `latest` and `unique`, from the events written before `upper`."""
    with connection.cursor() as cursor:
        cursor.execute(_WORK_OUT, {**columns_of(touched), "upper": upper, "batch": batch})
