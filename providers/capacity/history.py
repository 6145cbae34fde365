"""How each pool stood, day by day: written by the pipeline, read by charts."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from billing.rules import periods
from providers.models import PoolDay

DAYS_SHOWN: Final = 90

# Writes nothing for a pool that stands as it stood; the peak of the day only grows.
_WRITE: Final = """
    INSERT INTO partner_poolday AS seen (pool_id, day, total, allocated, held, peak)
    SELECT id, %(day)s, total, allocated, held, allocated + held FROM partner_capacitypool pool
    WHERE NOT EXISTS (
        SELECT FROM partner_poolday same
        WHERE same.pool_id = pool.id AND same.day = %(day)s AND same.total = pool.total
            AND same.allocated = pool.allocated AND same.held = pool.held
    )
    ORDER BY id LIMIT %(limit)s
    ON CONFLICT (pool_id, day) DO UPDATE SET total = excluded.total, allocated = excluded.allocated,
        held = excluded.held, peak = greatest(seen.peak, excluded.peak)
"""


@transaction.atomic
def write_days(*, now: datetime, limit: int) -> int:
    """Note how pools stand today (Asia/Shanghai), at most `limit`. Returns how many had changed."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"day": periods.civil_date(now), "limit": limit})
        return int(cursor.rowcount)


def days_of(*, pool_ids: list[int], until: date) -> dict[int, list[PoolDay]]:
    """Pool → its days, the oldest first, over the last 90 days; one query."""
    found: dict[int, list[PoolDay]] = {pk: [] for pk in pool_ids}
    rows = PoolDay.objects.filter(pool_id__in=pool_ids, day__gt=until - timedelta(days=DAYS_SHOWN), day__lte=until)
    for row in rows.order_by("day"):
        found[row.pool_id].append(row)
    return found
