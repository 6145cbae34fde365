"""Writes: capacity is kept for somebody for a while, given back, or ordered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from marketplace.organisations import errors
from providers import operations as providers
from providers.models import CapacityHold, CapacityPool

CHECKOUT_MINUTES: Final = 15  # long enough for a form, short enough that the next buyer waits for it
LONGEST_HOLD: Final = timedelta(days=90)  # a tender with its challenge and answer

Wanted = Mapping[tuple[int, str], Decimal]  # (data centre, resource) → quantity

# One statement, so that nothing of ours runs between the lock of a pool's row and the commit. Rows are locked in the
# order of their ids, as everywhere; the UPDATE then sees the newest version of each, as READ COMMITTED does.
_HOLD: Final = """
    WITH wanted AS (
        SELECT pool.id, want.quantity
        FROM unnest(%(centres)s::bigint[], %(resources)s::text[], %(quantities)s::numeric[])
            AS want (data_centre_id, resource, quantity)
        JOIN partner_capacitypool pool USING (data_centre_id, resource)
    ), locked AS (
        SELECT id FROM partner_capacitypool WHERE id IN (SELECT id FROM wanted) ORDER BY id FOR NO KEY UPDATE
    ), taken AS (
        UPDATE partner_capacitypool pool SET held = pool.held + wanted.quantity
        FROM wanted JOIN locked USING (id)
        WHERE pool.id = wanted.id AND pool.total >= pool.allocated + pool.held + pool.reserved + wanted.quantity
        RETURNING pool.id, wanted.quantity
    )
    INSERT INTO partner_capacityhold (pool_id, reference, purpose, quantity, status, held_at, expires_at)
    SELECT id, %(reference)s, %(purpose)s, quantity, 'held', %(now)s, %(expires_at)s FROM taken
    RETURNING pool_id
"""
# Ends holds and gives their capacity back, pools in the order of their ids.
_END: Final = """
    WITH ended AS (
        UPDATE partner_capacityhold SET status = %(status)s, ended_at = %(now)s
        WHERE status = 'held' AND {condition}
        RETURNING pool_id, quantity
    ), sums AS (
        SELECT pool_id, sum(quantity) AS quantity, count(*) AS holds FROM ended GROUP BY pool_id
    ), locked AS (
        SELECT id FROM partner_capacitypool WHERE id IN (SELECT pool_id FROM sums) ORDER BY id FOR NO KEY UPDATE
    ), given AS (
        UPDATE partner_capacitypool pool SET held = pool.held - sums.quantity
        FROM sums JOIN locked ON locked.id = sums.pool_id WHERE pool.id = sums.pool_id
        RETURNING sums.holds
    )
    SELECT coalesce(sum(holds), 0) FROM given
"""
_OF_REFERENCE: Final = _END.format(condition="reference = %(reference)s")
_DUE: Final = _END.format(
    condition="""id IN (
        SELECT id FROM partner_capacityhold WHERE status = 'held' AND expires_at <= %(now)s
        ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )"""
)


class HeldAlready(errors.Conflict):
    """The reference holds something of one of these pools."""


class CapacityMoved(errors.Conflict):
    """Too little a moment ago, enough now."""


def hold(*, reference: str, purpose: str, wanted: Wanted, expires_at: datetime, now: datetime) -> int:
    """Keep capacity for `reference` until `expires_at`: all of `wanted` or nothing. Returns the number of pools.

    Holds that have run out make room first if there is too little. Raises providers.OutOfCapacity,
    providers.NoSuchPool, providers.InvalidCapacity, HeldAlready.
    """
    if not now < expires_at <= now + LONGEST_HOLD:
        raise ValueError(f"A hold ends within {LONGEST_HOLD.days} days.")
    checked = {key: providers.require_capacity(quantity=quantity, field="quantity") for key, quantity in wanted.items()}
    if not checked:
        return 0
    try:
        return _hold_once(reference=reference, purpose=purpose, wanted=checked, expires_at=expires_at, now=now)
    except providers.OutOfCapacity:
        if not expire_due(now=now, limit=1_000):
            raise
    return _hold_once(reference=reference, purpose=purpose, wanted=checked, expires_at=expires_at, now=now)


@transaction.atomic
def let_go(*, reference: str, is_ordered: bool = False, now: datetime) -> int:
    """End what `reference` holds; doing it again does nothing. Returns the number of pools.

    An order lets go in its own transaction and then allocates: nobody can come between, for the rows stay locked.
    """
    status = CapacityHold.Status.USED if is_ordered else CapacityHold.Status.RELEASED
    return _run(_OF_REFERENCE, status=status, reference=reference, now=now)


@transaction.atomic
def expire_due(*, now: datetime, limit: int) -> int:
    """Give back what was held until now or earlier, at most `limit` holds. Returns how many."""
    return _run(_DUE, status=CapacityHold.Status.EXPIRED, now=now, limit=limit)


@transaction.atomic
def _hold_once(*, reference: str, purpose: str, wanted: Wanted, expires_at: datetime, now: datetime) -> int:
    values: dict[str, Any] = {
        "centres": [centre for centre, _resource in wanted],
        "resources": [resource for _centre, resource in wanted],
        "quantities": list(wanted.values()),
        "reference": reference,
        "purpose": purpose,
        "now": now,
        "expires_at": expires_at,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, values)
            count = cursor.rowcount
    except IntegrityError as error:
        if not errors.breaks(error, "capacity_hold_once"):
            raise
        raise HeldAlready(_("This capacity is held for you already.")) from error
    if count != len(wanted):
        raise _refusal(wanted)  # the transaction gives back what was taken
    return count


def _refusal(wanted: Wanted) -> errors.Conflict:
    """Why not everything could be held: which pool is missing, or how little is left of which."""
    for (centre, resource), quantity in wanted.items():
        pool = CapacityPool.objects.filter(data_centre_id=centre, resource=resource).first()
        if pool is None:
            return providers.NoSuchPool(resource)
        if pool.available < quantity:
            return providers.OutOfCapacity(resource=resource, wanted=quantity, available=pool.available)
    # Somebody gave back in the meantime; whoever asks again gets it.
    return CapacityMoved(_("Capacity has just changed. Please try again."), field="quantity")


def _run(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])
