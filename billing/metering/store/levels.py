"""Levels over time: a reading holds until the next one, so a day without events has a quantity too.

A reading that comes, goes or is corrected changes its day and those that follow: all from there to the present are
worked out again. Once an hour every level that is held is carried on, to the end of its contract at most; so when a
month is read, its days are there. Quantities are whole numbers of 10⁻⁶ until the one rounding of a day, half up, as in
`billing.rules.aggregation`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from billing.metering.store.readings import EFFECTIVE, KEEP_DAYS, Touched, columns_of

# Level × seconds has at most 12 decimals, so `held * 10^12` is a whole number, and `div` is exact.
_HOURS: Final = "div(2 * {held} * 1000000000000 + 3600000000, 7200000000) * 0.000001"
_MIDNIGHT: Final = "{day}::timestamp AT TIME ZONE 'Asia/Shanghai'"

_WORK_OUT: Final = f"""
    WITH given AS (
        SELECT contract_id, meter, aggregation,
               LEAST(day, (%(until)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date) AS first_day,
               (%(until)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS last_day
          FROM unnest(%(contracts)s::bigint[], %(meters)s::text[], %(aggregations)s::text[], %(days)s::date[])
            AS one (contract_id, meter, aggregation, day)
    ), span AS MATERIALIZED (
        SELECT given.*, contract.end_date, {_MIDNIGHT.format(day="first_day")} AS first_at,
               LEAST(%(until)s::timestamptz, {_MIDNIGHT.format(day="contract.end_date")}) AS until_at
          FROM given JOIN contracts_contract contract ON contract.id = given.contract_id
    ), reading AS MATERIALIZED (
        SELECT span.contract_id, span.meter, event.occurred_at, event.quantity
          FROM span
          JOIN metering_usageevent event
            ON event.contract_id = span.contract_id AND event.meter = span.meter
           AND event.occurred_at >= span.first_at
           AND event.occurred_at < {_MIDNIGHT.format(day="(span.last_day + 1)")}
         WHERE {EFFECTIVE}
    ), point AS (
        -- Of one instant the largest reading counts, and any reading before the level of the day before.
        SELECT DISTINCT ON (contract_id, meter, since) contract_id, meter, since, quantity
          FROM (
                SELECT contract_id, meter, occurred_at AS since, quantity, 0 AS place FROM reading
                 UNION ALL
                SELECT contract_id, meter, first_at, coalesce(
                           (SELECT event.quantity FROM metering_usageevent event
                             WHERE event.contract_id = span.contract_id AND event.meter = span.meter
                               AND event.occurred_at < span.first_at AND {EFFECTIVE}
                             ORDER BY event.occurred_at DESC, event.quantity DESC LIMIT 1),
                           -- The reading may be archived. A day without events held one level for 24 hours.
                           (SELECT coalesce(before.month_part, before.quantity) / 24 FROM metering_usageday before
                             WHERE before.contract_id = span.contract_id AND before.meter = span.meter
                               AND before.aggregation = span.aggregation AND before.day = span.first_day - 1
                               AND before.event_count = 0),
                           0), 1
                  FROM span
               ) both_kinds
         ORDER BY contract_id, meter, since, place, quantity DESC
    ), segment AS (
        SELECT contract_id, meter, quantity, since,
               LEAST(until_at, lead(since) OVER (PARTITION BY contract_id, meter ORDER BY since)) AS until
          FROM point JOIN span USING (contract_id, meter)
    ), held_hour AS MATERIALIZED (
        SELECT contract_id, meter, hour,
               sum(quantity * extract(epoch FROM LEAST(until, hour + interval '1 hour') - GREATEST(since, hour)))
                   AS held
          FROM segment
         CROSS JOIN LATERAL generate_series(date_bin('1 hour', since, 'epoch'), until - interval '1 microsecond',
                                            interval '1 hour') AS hour
         WHERE quantity > 0 AND until > since
         GROUP BY 1, 2, 3
    ), hours AS (
        INSERT INTO metering_usagehour AS known (contract_id, meter, aggregation, hour, quantity, event_count)
        SELECT contract_id, meter, 'weighted_sum', hour, {_HOURS.format(held="coalesce(held, 0)")},
               coalesce(event_count, 0)
          FROM held_hour
          FULL JOIN (SELECT contract_id, meter, date_bin('1 hour', occurred_at, 'epoch') AS hour,
                            count(*) AS event_count FROM reading GROUP BY 1, 2, 3) counted
               USING (contract_id, meter, hour)
        ON CONFLICT (contract_id, meter, aggregation, hour) DO UPDATE
           SET quantity = excluded.quantity, event_count = excluded.event_count
         WHERE (known.quantity, known.event_count) IS DISTINCT FROM (excluded.quantity, excluded.event_count)
    ), gone AS (
        -- Hours in which nothing is held any longer.
        UPDATE metering_usagehour known SET quantity = 0, event_count = 0
          FROM span
         WHERE known.contract_id = span.contract_id AND known.meter = span.meter
           AND known.aggregation = 'weighted_sum' AND known.hour >= span.first_at
           AND (known.quantity <> 0 OR known.event_count <> 0)
           AND NOT EXISTS (SELECT FROM held_hour WHERE held_hour.contract_id = known.contract_id
                              AND held_hour.meter = known.meter AND held_hour.hour = known.hour)
           AND NOT EXISTS (SELECT FROM reading WHERE reading.contract_id = known.contract_id
                              AND reading.meter = known.meter
                              AND date_bin('1 hour', reading.occurred_at, 'epoch') = known.hour)
    ), held_day AS (
        SELECT contract_id, meter, (hour AT TIME ZONE 'Asia/Shanghai')::date AS day,
               {_HOURS.format(held="sum(held)")} AS hours
          FROM held_hour GROUP BY 1, 2, 3
    ), counted_day AS (
        SELECT contract_id, meter, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS event_count
          FROM reading GROUP BY 1, 2, 3
    ), day AS (
        SELECT span.contract_id, span.meter, span.aggregation, one.day::date AS day, coalesce(hours, 0) AS hours,
               coalesce(counted_day.event_count, 0) AS event_count
          FROM span
         CROSS JOIN LATERAL generate_series(span.first_day::timestamp, span.last_day::timestamp,
                                            interval '1 day') AS one (day)
          LEFT JOIN held_day ON held_day.contract_id = span.contract_id AND held_day.meter = span.meter
                            AND held_day.day = one.day::date
          LEFT JOIN counted_day ON counted_day.contract_id = span.contract_id AND counted_day.meter = span.meter
                               AND counted_day.day = one.day::date
          LEFT JOIN metering_usageday known
                 ON known.contract_id = span.contract_id AND known.meter = span.meter
                AND known.aggregation = span.aggregation AND known.day = one.day::date
         WHERE hours > 0 OR counted_day.event_count > 0 OR known.id IS NOT NULL
    )
    INSERT INTO metering_usageday AS known
           (contract_id, meter, aggregation, day, quantity, month_part, event_count, batch)
    SELECT contract_id, meter, aggregation, day,
           CASE aggregation WHEN 'weighted_average' THEN div(2 * hours * 1000000 + 24, 48) * 0.000001 ELSE hours END,
           CASE aggregation WHEN 'weighted_average' THEN hours END, event_count, %(batch)s
      FROM day
    {KEEP_DAYS}
"""  # noqa: S608  (constants)


def hour_of(moment: datetime) -> datetime:
    """The full hour at or before a moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


def held_since(*, moment: datetime) -> list[Touched]:
    """Contracts and meters with levels that may be held on the day of `moment` or later, on that day."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.id, price.meter, price.aggregation, since.day
              FROM (SELECT (%(moment)s::timestamptz AT TIME ZONE 'Asia/Shanghai')::date AS day) since
             CROSS JOIN contracts_contract contract
              JOIN catalogue_pricecomponent price
                ON price.plan_id = contract.plan_id AND price.aggregation IN ('weighted_sum', 'weighted_average')
             WHERE contract.start_date IS NOT NULL AND (contract.end_date IS NULL OR contract.end_date >= since.day)
               AND (EXISTS (SELECT FROM metering_usageday known
                             WHERE known.contract_id = contract.id AND known.meter = price.meter
                               AND known.aggregation = price.aggregation)
                    OR EXISTS (SELECT FROM metering_usageevent event
                                WHERE event.contract_id = contract.id AND event.meter = price.meter
                                  AND event.occurred_at >= {_MIDNIGHT.format(day="since.day")}))
            """,  # noqa: S608  (constants)
            {"moment": moment},
        )
        return [Touched(*row) for row in cursor.fetchall()]


def work_out_again(*, starts: Sequence[Touched], until: datetime, upper: str, batch: int) -> None:
    """Write the days of each contract and meter from its start to the day of `until`, one start for each.

    Levels count as held to `until`, or to the contract's end if that is earlier. Events are those written before
    `upper`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WORK_OUT, {**columns_of(starts), "until": until, "upper": upper, "batch": batch})
