"""Writes: what is known about the future of a pool, and what becomes of it on its day."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from providers import operations as providers
from providers.capacity import operations as holds
from providers.models import CapacityHold, CapacityPool, DataCentre, Maintenance, PoolChange, Reservation

LONGEST_REASON: Final = 200
DAYS_TO_TAKE_UP: Final = 7  # a reservation that has begun is held this long for its order
LONGEST_WINDOW: Final = timedelta(days=7)


class NoSuchPlan(errors.NotFound):
    """No planned change, window or reservation with this id, for this provider."""


class InvalidPlan(errors.Refused):
    """A date, a quantity or a reason is missing or impossible; `field` says which."""


class WindowsOverlap(errors.Conflict):
    """Two windows of one data centre meet."""


class NotEnoughThen(errors.Conflict):
    """On some day of the period, less is free than is to be reserved."""


@transaction.atomic
def plan_change(
    *, pool: CapacityPool, effective_date: date, quantity: Decimal, reason: str, actor: actors.Actor, now: datetime
) -> PoolChange:
    """Announce that a pool grows (or, with a negative quantity, shrinks) on a day after today.

    Raises InvalidPlan (field `effective_date`, `quantity`, `reason`), providers.InvalidCapacity, NotEnoughThen if what
    is reserved by then would not fit.
    """
    if effective_date <= periods.civil_date(now):
        raise InvalidPlan(_("Choose a day after today, or change the total itself."), field="effective_date")
    exact = providers.require_capacity(quantity=abs(quantity), field="quantity")
    locked = _lock_pool(pool.pk)
    change = PoolChange.objects.create(
        pool=locked,
        effective_date=effective_date,
        quantity=exact if quantity > 0 else -exact,
        reason=_check_reason(reason),
        planned_at=now,
    )
    _restate_reserved(locked)
    _note(actor, "pool.change_planned", "capacity_pool", pool.pk, now, {"quantity": str(change.quantity)})
    return change


@transaction.atomic
def cancel_change(*, change_id: int, partner_id: int, actor: actors.Actor, now: datetime) -> None:
    """Call a planned change off. Raises NoSuchPlan, NotEnoughThen if a reservation counts on it."""
    change = PoolChange.objects.filter(
        pk=change_id, pool__data_centre__partner_id=partner_id, applied_at=None, cancelled_at=None
    ).first()
    if change is None:
        raise NoSuchPlan(change_id)
    pool = _lock_pool(change.pool_id)
    if PoolChange.objects.filter(pk=change_id, applied_at=None, cancelled_at=None).update(cancelled_at=now):
        _restate_reserved(pool)
        _note(actor, "pool.change_cancelled", "capacity_pool", pool.pk, now, {"quantity": str(change.quantity)})


def apply_due_changes(*, now: datetime, limit: int) -> int:
    """Apply changes whose day has come, at most `limit`. Returns how many.

    What would take away sold capacity stays planned, and its provider is told, once.
    """
    due = PoolChange.objects.filter(
        effective_date__lte=periods.civil_date(now), applied_at=None, cancelled_at=None
    ).order_by("effective_date", "pk")
    return sum(_apply(pk, now=now) for pk in list(due.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def announce_maintenance(
    *, data_centre: DataCentre, starts_at: datetime, ends_at: datetime, reason: str, actor: actors.Actor, now: datetime
) -> Maintenance:
    """Announce a window in which services of a data centre may be interrupted.

    Raises InvalidPlan (field `starts_at`, `ends_at`, `reason`), WindowsOverlap.
    """
    if starts_at <= now:
        raise InvalidPlan(_("A window begins in the future: buyers must be able to prepare."), field="starts_at")
    if not timedelta() < ends_at - starts_at <= LONGEST_WINDOW:
        raise InvalidPlan(_("A window ends after it begins, within seven days."), field="ends_at")
    DataCentre.objects.select_for_update(no_key=True).get(pk=data_centre.pk)  # one window at a time
    others = Maintenance.objects.filter(data_centre=data_centre, cancelled_at=None)
    if others.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise WindowsOverlap(_("This overlaps another window of the data centre. Choose another time."))
    window = Maintenance.objects.create(
        data_centre=data_centre,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=_check_reason(reason),
        announced_at=now,
    )
    _note(actor, "maintenance.announced", "data_centre", data_centre.code, now, {"from": starts_at.isoformat()})
    return window


@transaction.atomic
def cancel_maintenance(*, window_id: int, partner_id: int, actor: actors.Actor, now: datetime) -> None:
    """Call a window off that has not begun. Raises NoSuchPlan."""
    window = (
        Maintenance.objects.filter(
            pk=window_id, data_centre__partner_id=partner_id, cancelled_at=None, starts_at__gt=now
        )
        .select_related("data_centre")
        .first()
    )
    if window is None:
        raise NoSuchPlan(window_id)
    if Maintenance.objects.filter(pk=window_id, cancelled_at=None).update(cancelled_at=now):
        _note(actor, "maintenance.cancelled", "data_centre", window.data_centre.code, now, {})


@transaction.atomic
def reserve(
    *,
    pool: CapacityPool,
    reference: str,
    quantity: Decimal,
    start_date: date,
    end_date: date,
    actor: actors.Actor,
    now: datetime,
) -> Reservation:
    """Promise capacity for the days from `start_date` to `end_date` (not included). The same reference once.

    The pool's row is locked, then each day of the period is checked. Raises InvalidPlan, NotEnoughThen,
    providers.InvalidCapacity.
    """
    exact = providers.require_capacity(quantity=quantity, field="quantity")
    if start_date <= periods.civil_date(now):
        raise InvalidPlan(_("Choose a first day after today, or order at once."), field="start_date")
    if end_date <= start_date:
        raise InvalidPlan(_("The period ends before it begins."), field="end_date")
    locked = _lock_pool(pool.pk)
    reservation, is_new = Reservation.objects.get_or_create(
        pool=locked,
        reference=reference,
        defaults={"quantity": exact, "start_date": start_date, "end_date": end_date, "reserved_at": now},
    )
    if is_new:
        _restate_reserved(locked)
        _note(actor, "capacity.reserved", "capacity_pool", pool.pk, now, {"for": reference, "quantity": str(exact)})
    return reservation


@transaction.atomic
def cancel_reservation(*, reservation_id: int, actor: actors.Actor, now: datetime) -> None:
    """Give a reservation up before it begins. Cancelling twice changes nothing. Raises NoSuchPlan."""
    reservation = Reservation.objects.filter(pk=reservation_id).first()
    if reservation is None:
        raise NoSuchPlan(reservation_id)
    pool = _lock_pool(reservation.pool_id)
    if Reservation.objects.filter(pk=reservation_id, status=Reservation.Status.RESERVED).update(
        status=Reservation.Status.CANCELLED
    ):
        _restate_reserved(pool)
        _note(actor, "capacity.reservation_cancelled", "capacity_pool", pool.pk, now, {"for": reservation.reference})


def begin_reservations(*, now: datetime, limit: int) -> int:
    """Turn reservations whose first day has come into holds for their orders, at most `limit`. Returns how many."""
    due = Reservation.objects.filter(
        start_date__lte=periods.civil_date(now), status=Reservation.Status.RESERVED
    ).order_by("start_date", "pk")
    return sum(_begin(pk, now=now) for pk in list(due.values_list("pk", flat=True)[:limit]))


def most_reserved(*, reservations: Iterable[Reservation], changes: Iterable[PoolChange]) -> Decimal:
    """The most that is reserved on one day, less what will have been added by then; never below zero.

    Only days on which a reservation begins or the pool shrinks can be the worst ones.
    """
    booked, planned = list(reservations), list(changes)
    days = {one.start_date for one in booked} | {one.effective_date for one in planned}
    worst = Decimal(0)
    for day in days:
        taken = sum((one.quantity for one in booked if one.start_date <= day < one.end_date), Decimal(0))
        added = sum((one.quantity for one in planned if one.effective_date <= day), Decimal(0))
        if taken:
            worst = max(worst, taken - added)
    return worst


@transaction.atomic
def _apply(change_id: int, *, now: datetime) -> int:
    change = PoolChange.objects.filter(pk=change_id).select_related("pool__data_centre__partner").get()
    pool = _lock_pool(change.pool_id)
    if not PoolChange.objects.filter(pk=change_id, applied_at=None, cancelled_at=None).update(applied_at=now):
        return 0
    after = pool.total + change.quantity
    if after < pool.allocated + pool.held:
        PoolChange.objects.filter(pk=change_id).update(applied_at=None)
        _tell(
            change,
            key=f"pool-change:{change_id}:stuck",
            text=gettext_noop(
                "%(centre)s: %(resource)s could not be reduced by %(quantity)s, because more than the rest is sold."
            ),
            now=now,
        )
        return 0
    CapacityPool.objects.filter(pk=pool.pk).update(total=after, reserved=0)
    pool.refresh_from_db()
    _restate_reserved(pool)
    _note(actors.SYSTEM, "pool.change_applied", "capacity_pool", pool.pk, now, {"total": str(after)})
    return 1


@transaction.atomic
def _begin(reservation_id: int, *, now: datetime) -> int:
    reservation = Reservation.objects.select_related("pool").get(pk=reservation_id)
    pool = _lock_pool(reservation.pool_id)
    if not Reservation.objects.filter(pk=reservation_id, status=Reservation.Status.RESERVED).update(
        status=Reservation.Status.BEGUN
    ):
        return 0
    CapacityPool.objects.filter(pk=pool.pk).update(reserved=0)
    holds.hold(
        reference=reservation.reference,
        purpose=CapacityHold.Purpose.RESERVATION,
        wanted={(reservation.pool.data_centre_id, reservation.pool.resource): reservation.quantity},
        expires_at=_end_of(periods.civil_date(now) + timedelta(days=DAYS_TO_TAKE_UP)),
        now=now,
    )
    pool.refresh_from_db()
    _restate_reserved(pool)
    return 1


def _restate_reserved(pool: CapacityPool) -> None:
    """Write what is reserved at the worst moment. Raises NotEnoughThen; the caller's transaction then undoes all."""
    planned = PoolChange.objects.filter(pool=pool, applied_at=None, cancelled_at=None)
    booked = Reservation.objects.filter(pool=pool, status=Reservation.Status.RESERVED)
    reserved = most_reserved(reservations=booked, changes=planned)
    is_written = (
        CapacityPool.objects.alias(taken=F("allocated") + F("held") + reserved)
        .filter(pk=pool.pk, total__gte=F("taken"))
        .update(reserved=reserved)
    )
    if not is_written:
        free = pool.total - pool.allocated - pool.held
        raise NotEnoughThen(
            _("On some day of the period only %(free)s is free. Choose a smaller quantity or another period.")
            % {"free": f"{max(free - (reserved - pool.reserved), Decimal(0)).normalize():f}"},
            field="quantity",
        )


def _lock_pool(pool_id: int) -> CapacityPool:
    return CapacityPool.objects.select_for_update(no_key=True).get(pk=pool_id)


def _tell(change: PoolChange, *, key: str, text: str, now: datetime) -> None:
    pool = change.pool
    notices.notify(
        organisation_id=pool.data_centre.partner.organisation_id,
        key=key,
        permission="capacity.view",
        text=text,
        values={
            "centre": pool.data_centre.name,
            "resource": pool.resource,
            "quantity": f"{abs(change.quantity).normalize():f}",
        },
        path="/provider/capacity/",
        now=now,
    )


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise InvalidPlan(
            _("Say what is done, in at most %(most)s characters.") % {"most": LONGEST_REASON}, field="reason"
        )
    return reason


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=periods.SHANGHAI)


def _note(
    actor: actors.Actor, action: str, object_type: str, object_id: Any, now: datetime, details: dict[str, str]
) -> None:
    organisations.record(
        actor=actor, action=action, object_type=object_type, object_id=object_id, now=now, details=details
    )
