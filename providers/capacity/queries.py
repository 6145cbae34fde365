"""Reads: what stands in a pool's future, when services may be interrupted, and whether the sums are right."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from marketplace.organisations import errors
from providers.models import CapacityHold, CapacityPool, Maintenance, PoolChange, Reservation


class NoSuchPool(errors.NotFound):
    """No pool of this resource there, for this provider."""


@dataclass(frozen=True, slots=True)
class Future:
    """What is planned for one pool."""

    changes: list[PoolChange]
    reservations: list[Reservation]
    holds: list[CapacityHold]


def futures_of(*, pool_ids: Collection[int]) -> dict[int, Future]:
    """Pool → what is planned, reserved and held; 3 queries."""
    found = {pk: Future([], [], []) for pk in pool_ids}
    for change in PoolChange.objects.filter(pool_id__in=pool_ids, applied_at=None, cancelled_at=None):
        found[change.pool_id].changes.append(change)
    for booked in Reservation.objects.filter(pool_id__in=pool_ids, status=Reservation.Status.RESERVED):
        found[booked.pool_id].reservations.append(booked)
    for held in CapacityHold.objects.filter(pool_id__in=pool_ids, status=CapacityHold.Status.HELD).order_by("pk"):
        found[held.pool_id].holds.append(held)
    return found


def maintenance_of(*, data_centre_ids: Collection[int], since: datetime) -> list[Maintenance]:
    """Windows that are not over at `since` and not called off, the next first."""
    return list(
        Maintenance.objects.filter(data_centre_id__in=data_centre_ids, cancelled_at=None, ends_at__gt=since)
        .select_related("data_centre")
        .order_by("starts_at")
    )


def maintenance_between(*, data_centre_id: int, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of `start` to `end` for which interruptions were announced; windows of a data centre never overlap."""
    rows = Maintenance.objects.filter(
        data_centre_id=data_centre_id, cancelled_at=None, starts_at__lt=end, ends_at__gt=start
    ).order_by("starts_at")
    return [(max(row.starts_at, start), min(row.ends_at, end)) for row in rows]


def find_holds(*, reference: str) -> list[CapacityHold]:
    """What a reference holds now."""
    return list(
        CapacityHold.objects.filter(reference=reference, status=CapacityHold.Status.HELD).select_related("pool")
    )


def available_on(*, pool: CapacityPool, day: date) -> Decimal:
    """What will be free on a day if nothing else is sold: the total then, less what is sold, held and reserved then."""
    changes = PoolChange.objects.filter(pool=pool, applied_at=None, cancelled_at=None, effective_date__lte=day)
    booked = Reservation.objects.filter(
        pool=pool, status=Reservation.Status.RESERVED, start_date__lte=day, end_date__gt=day
    )
    added = changes.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)
    taken = booked.aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)
    return pool.total - pool.allocated - pool.held + added - taken


def unreconciled_holds() -> list[CapacityPool]:
    """Pools whose `held` is not the sum of their holds: must be none at any time. Each has `in_holds`."""
    sums = (
        CapacityHold.objects.filter(pool=OuterRef("pk"), status=CapacityHold.Status.HELD)
        .order_by()
        .values("pool")
        .annotate(sum=Sum("quantity"))
        .values("sum")
    )
    zero = Value(Decimal(0), output_field=DecimalField(max_digits=18, decimal_places=3))
    rows = CapacityPool.objects.annotate(in_holds=Coalesce(Subquery(sums), zero)).order_by("pk")
    return list(rows.select_related("data_centre").filter(~Q(held=F("in_holds"))))


def find_pool(*, data_centre_code: str, resource: str, partner_id: int | None = None) -> CapacityPool:
    """A pool with its data centre; of one provider if named. Raises NoSuchPool."""
    rows = CapacityPool.objects.filter(data_centre__code=data_centre_code, resource=resource)
    if partner_id is not None:
        rows = rows.filter(data_centre__partner_id=partner_id)
    pool = rows.select_related("data_centre__partner").first()
    if pool is None:
        raise NoSuchPool(resource)
    return pool
