"""Writes: providers, what they agreed to, their data centres, and the capacity they sell from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations.models import Organisation
from providers.models import Agreement, CapacityPool, DataCentre, Partner

MAX_CAPACITY_PLACES = 3
MOST_OVERCOMMIT = 20  # more than anybody runs; a larger number is a slip of the hand


class NotAProvider(errors.Refused):
    """The organisation is not on the selling side."""


class DataCentreCodeTaken(errors.Conflict):
    """Another data centre has this code."""


class InvalidRate(errors.Refused):
    """A rate is not a fraction from 0 to below 1."""


class InvalidCapacity(errors.Refused):
    """A quantity of capacity is not a positive number with at most three decimals."""


class TotalBelowAllocated(errors.Conflict):
    """A pool was to be made smaller than what is sold of it."""


class NoSuchPool(errors.Conflict):
    """The data centre has no pool of a resource that an offering draws. `draw` is which of the draws, from 0."""

    def __init__(self, resource: str, *, draw: int = 0) -> None:
        self.resource, self.draw = resource, draw
        super().__init__(
            _("The data centre has no capacity of %(resource)s. Ask the provider to register it.")
            % {"resource": resource},
            field="quantity",
        )


class OutOfCapacity(errors.Conflict):
    """Less is left of a pool than was wanted. `draw` is which of the draws got less, from 0."""

    def __init__(self, *, resource: str, wanted: Decimal, available: Decimal, draw: int = 0) -> None:
        self.resource, self.wanted, self.available, self.draw = resource, wanted, available, draw
        super().__init__(
            _("Of %(resource)s, %(wanted)s is wanted but only %(available)s is left. Order a smaller quantity.")
            % {"resource": resource, "wanted": f"{wanted.normalize():f}", "available": f"{available.normalize():f}"},
            field="quantity",
        )


@dataclass(frozen=True, slots=True)
class Draw:
    """What one contract wants of a data centre: resource → quantity."""

    data_centre_id: int
    quantities: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was taken of one pool: give it back with `release`."""

    pool_id: int
    quantity: Decimal


@transaction.atomic
def register_provider(*, organisation_id: int, actor: actors.Actor, now: datetime) -> Partner:
    """Make an organisation of the provider side a seller. Registering twice returns the same partner."""
    organisation = Organisation.objects.get(pk=organisation_id)
    if organisation.side != Organisation.Side.PROVIDER:
        raise NotAProvider(
            _("%(name)s is not registered as a provider. Register it on the provider side first.")
            % {"name": organisation.name},
            field="organisation",
        )
    partner, is_new = Partner.objects.get_or_create(organisation=organisation, defaults={"name": organisation.name})
    if is_new:
        organisations.record(
            actor=actor, action="provider.registered", object_type="provider", object_id=organisation.public_id, now=now
        )
    return partner


@transaction.atomic
def add_data_centre(
    *,
    code: str,
    name: str,
    partner: Partner,
    county_code: str,
    status: str,
    actor: actors.Actor,
    now: datetime,
    **facts: Any,
) -> DataCentre:
    """Register a data centre. `facts` are fields of DataCentre: PUE, MLPS, racks, servers …

    Raises DataCentreCodeTaken.
    """
    if DataCentre.objects.filter(code=code).exists():
        raise DataCentreCodeTaken(
            _("A data centre with the code %(code)s exists already.") % {"code": code}, field="code"
        )
    centre = DataCentre.objects.create(
        code=code, name=name, partner=partner, county_id=county_code, status=status, **facts
    )
    organisations.record(
        actor=actor,
        action="data_centre.added",
        object_type="data_centre",
        object_id=code,
        now=now,
        details={"status": status},
    )
    return centre


@transaction.atomic
def agree(
    *,
    partner: Partner,
    effective_date: date,
    commission_rate: Decimal,
    commission_vat_rate: Decimal,
    actor: actors.Actor,
    now: datetime,
) -> Agreement:
    """Write the next version of what the platform keeps (rates as fractions: 2 % is 0.02), in force from a date on."""
    for field, rate in (("commission_rate", commission_rate), ("commission_vat_rate", commission_vat_rate)):
        if not 0 <= rate < 1:
            raise InvalidRate(
                _("Give the rate as a fraction from 0 to below 1, such as 0.02 for two per cent."), field=field
            )
    Partner.objects.select_for_update().get(pk=partner.pk)  # one version at a time
    last = Agreement.objects.filter(partner=partner).aggregate(last=Max("version"))["last"] or 0
    agreement = Agreement.objects.create(
        partner=partner,
        version=last + 1,
        effective_date=effective_date,
        commission_rate=commission_rate,
        commission_vat_rate=commission_vat_rate,
    )
    organisations.record(
        actor=actor,
        action="provider.agreed",
        object_type="agreement",
        object_id=agreement.pk,
        now=now,
        details={"commission_rate": str(commission_rate), "effective_date": effective_date.isoformat()},
    )
    return agreement


@transaction.atomic
def set_pool(
    *,
    data_centre: DataCentre,
    resource: str,
    unit: str,
    total: Decimal,
    overcommit_ratio: Decimal | None = None,
    actor: actors.Actor,
    now: datetime,
) -> CapacityPool:
    """Say how much of a resource a data centre has for sale, and how many units it sells for a physical one.

    Raises TotalBelowAllocated, InvalidCapacity (field `total` or `overcommit_ratio`).
    """
    total = require_capacity(quantity=total, field="total", allow_zero=True)
    ratio = None if overcommit_ratio is None else _require_ratio(overcommit_ratio)
    pool, is_new = CapacityPool.objects.get_or_create(
        data_centre=data_centre,
        resource=resource,
        defaults={"unit": unit, "total": total, "overcommit_ratio": ratio or Decimal(1)},
    )
    before = None if is_new else pool.total
    ratio = pool.overcommit_ratio if ratio is None else ratio
    if (before, pool.unit, pool.overcommit_ratio) == (total, unit, ratio):
        return pool
    # The condition stands in the UPDATE: an order may be taking from the pool at this moment.
    fitting = CapacityPool.objects.alias(taken=F("allocated") + F("held") + F("reserved")).filter(taken__lte=total)
    if not fitting.filter(pk=pool.pk).update(unit=unit, total=total, overcommit_ratio=ratio):
        pool.refresh_from_db()
        raise TotalBelowAllocated(
            _("%(allocated)s of %(resource)s is sold, held or reserved. Set a total of at least that.")
            % {"allocated": f"{(pool.total - pool.available).normalize():f}", "resource": resource},
            field="total",
        )
    organisations.record(
        actor=actor,
        action="pool.set",
        object_type="capacity_pool",
        object_id=pool.pk,
        now=now,
        details={"resource": resource, "before": None if before is None else str(before), "total": str(total)},
    )
    pool.refresh_from_db()
    return pool


def allocate(*, draws: Sequence[Draw]) -> list[list[Allocation]]:
    """Take several draws of their pools: all of them or nothing. Returns what each took.

    Runs inside the caller's transaction, which gives everything back if it fails later. Two queries, whatever the
    number of draws. Raises OutOfCapacity, NoSuchPool, InvalidCapacity.
    """
    _require_transaction()
    wanted = [
        {
            resource: require_capacity(quantity=quantity, field="quantity")
            for resource, quantity in draw.quantities.items()
        }
        for draw in draws
    ]
    pools = _find_pools(draws)
    shares = [
        [Allocation(pool_id=pools[draw.data_centre_id, resource], quantity=own[resource]) for resource in own]
        for draw, own in zip(draws, wanted, strict=True)
    ]
    totals: dict[int, Decimal] = {}
    for share in (one for own in shares for one in own):
        totals[share.pool_id] = totals.get(share.pool_id, Decimal(0)) + share.quantity
    with transaction.atomic():  # so that a caller who catches the refusal keeps nothing
        missing = totals.keys() - _take(totals)
        if missing:
            raise _shortage(shares, missing=missing)
    return shares


def _find_pools(draws: Sequence[Draw]) -> dict[tuple[int, str], int]:
    """(data centre, resource) → pool, for all that is drawn. Raises NoSuchPool."""
    rows = CapacityPool.objects.filter(
        data_centre_id__in={draw.data_centre_id for draw in draws},
        resource__in={resource for draw in draws for resource in draw.quantities},
    )
    pools = {
        (centre_id, resource): pool_id
        for centre_id, resource, pool_id in rows.values_list("data_centre_id", "resource", "pk")
    }
    for position, draw in enumerate(draws):
        for resource in draw.quantities:
            if (draw.data_centre_id, resource) not in pools:
                raise NoSuchPool(resource, draw=position)
    return pools


def release(*, allocations: Sequence[Allocation]) -> None:
    """Give allocations back, inside the caller's transaction. The caller sees to it that it happens once."""
    _require_transaction()
    for allocation in sorted(allocations, key=lambda one: one.pool_id):
        CapacityPool.objects.filter(pk=allocation.pool_id).update(allocated=F("allocated") - allocation.quantity)


def require_capacity(*, quantity: Decimal | int | str, field: str, allow_zero: bool = False) -> Decimal:
    """A capacity as Decimal. Specs and draws come from JSON, so whole numbers and text are taken too.

    Raises InvalidCapacity.
    """
    exact = Decimal(str(quantity))
    exponent = exact.normalize().as_tuple().exponent
    is_positive = exact.is_finite() and (exact > 0 or (allow_zero and exact == 0))
    if not is_positive or not isinstance(exponent, int) or exponent < -MAX_CAPACITY_PLACES:
        raise InvalidCapacity(_("Give a positive quantity with at most three decimals."), field=field)
    return exact


def _require_transaction() -> None:
    """Capacity moves in the transaction that opens or ends the contract, or it would leak."""
    if not connection.in_atomic_block:
        raise RuntimeError("Call this inside transaction.atomic().")


def _take(totals: Mapping[int, Decimal]) -> set[int]:
    """Take pool → quantity where enough is left, and say where it was.

    One conditional UPDATE: it waits for a concurrent one and then looks at what is left. A caller that may meet
    another one crosswise locks the pools in their order first.
    """
    pools = sorted(totals)
    table = connection.ops.quote_name(CapacityPool._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS pool SET allocated = pool.allocated + wanted.quantity"  # noqa: S608  (our own table)
            " FROM unnest(%s::bigint[], %s::numeric[]) AS wanted (id, quantity)"
            " WHERE pool.id = wanted.id"
            " AND pool.total >= pool.allocated + pool.held + pool.reserved + wanted.quantity RETURNING pool.id",
            [pools, [totals[pool_id] for pool_id in pools]],
        )
        return {pool_id for (pool_id,) in cursor.fetchall()}


def _shortage(shares: Sequence[Sequence[Allocation]], *, missing: Collection[int]) -> OutOfCapacity:
    """The refusal of the first draw for which a pool holds too little once those before it are served."""
    pools = CapacityPool.objects.in_bulk(missing)
    left = {pool_id: pool.available for pool_id, pool in pools.items()}
    refusal = None
    for position, own in enumerate(shares):
        for share in (one for one in own if one.pool_id in pools):
            refusal = OutOfCapacity(
                resource=pools[share.pool_id].resource,
                wanted=share.quantity,
                available=left[share.pool_id],
                draw=position,
            )
            left[share.pool_id] -= share.quantity
            if left[share.pool_id] < 0:
                return refusal
    if refusal is None:
        raise ValueError("No draw touches the pools that are missing.")
    return refusal  # what was missing came back meanwhile: the last one in the row asks again


def _require_ratio(ratio: Decimal) -> Decimal:
    if not ratio.is_finite() or not 1 <= ratio <= MOST_OVERCOMMIT or ratio != round(ratio, 2):
        raise InvalidCapacity(
            _("Give an overcommit ratio from 1 to %(most)s with at most two decimals.") % {"most": MOST_OVERCOMMIT},
            field="overcommit_ratio",
        )
    return ratio
