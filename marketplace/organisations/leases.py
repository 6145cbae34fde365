"""Work in the background that one worker does at a time: held by a lease in its own row, which each progress extends.

The row's model has `status` (queued, running, then what it ends as), `attempts` and `lease_until`. A worker that died
loses the lease, and one that lost it can change nothing any more: every change names the attempt. The lease runs by the
database's clock, so clocks of machines that differ take nothing away from anybody.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

QUEUED: Final = "queued"
RUNNING: Final = "running"
LENGTH: Final = timedelta(minutes=5)

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=models.Model)


class LeaseLost(RuntimeError):
    """Another worker has taken the row over."""


@transaction.atomic
def claim(*, rows: QuerySet[Row], length: timedelta = LENGTH, **fields: Any) -> Row | None:
    """Take the first of `rows` that nobody holds, and set `fields` of it; None if there is none.

    Its attempt is counted before the work, so that a crash counts.
    """
    free = Q(status=QUEUED) | Q(status=RUNNING, lease_until__lt=Now())
    row: Any = rows.select_for_update(of=("self",), skip_locked=True).filter(free).first()
    if row is None:
        return None
    fields |= {"status": RUNNING, "attempts": row.attempts + 1}
    for name, value in fields.items():
        setattr(row, name, value)
    rows.model._default_manager.filter(pk=row.pk).update(lease_until=Now() + length, **fields)
    return row


def held(*, row: Row) -> QuerySet[Row]:
    """The row, if this worker's attempt still holds it."""
    given: Any = row
    return type(given)._default_manager.filter(pk=given.pk, status=RUNNING, attempts=given.attempts)


def update(*, row: models.Model, length: timedelta = LENGTH, **fields: Any) -> None:
    """Change the row and extend its lease (or end it, with `lease_until` None). Raises LeaseLost."""
    fields.setdefault("lease_until", Now() + length)
    if not held(row=row).update(**fields):
        raise LeaseLost(row.pk)


def work_off(
    *,
    claim_next: Callable[[Sequence[int]], Row | None],
    work: Callable[[Row], None],
    give_back: Callable[[Row, Exception], None],
    limit: int,
) -> int:
    """Do what waits, at most `limit` rows; returns how many were tried.

    `claim_next` is told the keys that were tried already. What breaks off is logged and given back, and the next row
    is begun all the same.
    """
    tried: list[int] = []
    while len(tried) < limit and (row := claim_next(tried)):
        tried.append(row.pk)
        name = row._meta.label
        try:
            try:
                work(row)
            except LeaseLost:
                raise
            except Exception as error:
                logger.exception("%s %s broke off (attempt %s)", name, row.pk, getattr(row, "attempts", 0))
                give_back(row, error)
        except LeaseLost:
            logger.warning("%s %s was taken over by another worker", name, row.pk)
    return len(tried)
