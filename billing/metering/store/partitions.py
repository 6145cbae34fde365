"""The months that events are kept in: made ahead, so that nothing stays in the partition for what has no month."""

from datetime import date, datetime
from typing import Final

from django.db import connection, transaction

from billing.rules import periods

MONTHS_AHEAD: Final = 3
MONTHS_BACK: Final = 12  # older usage is not taken


def make_months(*, now: datetime, limit: int) -> int:
    """Make up to `limit` months that are missing: from the start of the first contract that runs, at most
    `MONTHS_BACK`, to `MONTHS_AHEAD`. Returns how many.

    The application's role owns no table, so a function of the owner does it. Events of such a month that have come in
    before are moved into it.
    """
    present = periods.Month.of(now).first_date
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH bounds AS (
                SELECT GREATEST(%(oldest)s::date, date_trunc('month', LEAST(min(start_date), %(present)s::date))::date)
                       AS oldest
                  FROM contracts_contract WHERE status IN ('active', 'suspended', 'ended')
            )
            SELECT month::date FROM bounds, generate_series(oldest::timestamp, %(last)s::timestamp, '1 month') AS month
             WHERE to_regclass('metering_usageevent_' || to_char(month, 'YYYY_MM')) IS NULL
             ORDER BY month LIMIT %(limit)s
            """,
            {
                "oldest": periods.add_months(present, -MONTHS_BACK),
                "present": present,
                "last": periods.add_months(present, MONTHS_AHEAD),
                "limit": limit,
            },
        )
        months = [month for (month,) in cursor.fetchall()]
    return sum(_make(month) for month in months)


def _make(month: date) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT metering_make_month(%s)", [month])
        (is_made,) = cursor.fetchone()
        return int(is_made)
