"""Reads: providers, agreements in force, data centres and what is left in their pools."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from marketplace.organisations import errors
from providers.models import Agreement, CapacityPool, DataCentre, Evidence, Partner


class NoAgreement(errors.Conflict):
    """Nothing was agreed with the provider for that day."""


def find_partner(*, organisation_id: int | None) -> Partner | None:
    """The provider that an organisation is; None if it does not sell."""
    if organisation_id is None:
        return None
    return Partner.objects.filter(organisation_id=organisation_id).select_related("organisation").first()


def list_partners() -> list[Partner]:
    """All providers, by name."""
    return list(Partner.objects.select_related("organisation").order_by("name", "pk"))


def agreement_in_force(*, partner_id: int, on: date) -> Agreement:
    """What holds on a day: the latest version that had come into effect. Raises NoAgreement."""
    agreement = (
        Agreement.objects.filter(partner_id=partner_id, effective_date__lte=on)
        .order_by("-effective_date", "-version")
        .first()
    )
    if agreement is None:
        raise NoAgreement(
            _("No agreement with this provider is in force on %(day)s. Enter one first.") % {"day": on.isoformat()}
        )
    return agreement


def find_data_centre(*, code: str) -> DataCentre | None:
    """A data centre by its code."""
    return DataCentre.objects.filter(code=code).select_related("partner", "county").first()


def list_data_centres(*, partner_id: int | None = None) -> list[DataCentre]:
    """Data centres with provider and county, of one provider if named, by code."""
    centres = DataCentre.objects.select_related("partner", "county__prefecture").order_by("code")
    return list(centres if partner_id is None else centres.filter(partner_id=partner_id))


def list_pools(*, partner_id: int | None = None, data_centre_id: int | None = None) -> list[CapacityPool]:
    """Pools with their data centre, by data centre and resource."""
    pools = CapacityPool.objects.select_related("data_centre").order_by("data_centre__code", "resource")
    if partner_id is not None:
        pools = pools.filter(data_centre__partner_id=partner_id)
    if data_centre_id is not None:
        pools = pools.filter(data_centre_id=data_centre_id)
    return list(pools)


class PoolLevel(NamedTuple):
    """How full a pool is, for lists: what `count_remaining` needs of it."""

    resource: str
    available: Decimal


def pools_of(*, data_centre_ids: Collection[int]) -> dict[int, list[PoolLevel]]:
    """Data centre → how full its pools are; one query."""
    found: dict[int, list[PoolLevel]] = {pk: [] for pk in data_centre_ids}
    left = F("total") - F("allocated") - F("held") - F("reserved")
    pools = CapacityPool.objects.filter(data_centre__in=data_centre_ids).order_by()
    for centre, resource, available in pools.values_list("data_centre", "resource", left):
        found[centre].append(PoolLevel(resource, available))
    return found


def count_remaining(*, pools: Iterable[CapacityPool | PoolLevel], draws: Mapping[str, Any]) -> int | None:
    """How many units that each take `draws` still fit into `pools`; None if nothing is drawn (no limit)."""
    left = {pool.resource: pool.available for pool in pools}
    fits = [int(left.get(resource, Decimal(0)) // Decimal(str(each))) for resource, each in draws.items()]
    return min(fits, default=None)


def evidence_in_force(*, data_centre_ids: Collection[int], on: date) -> dict[int, dict[str, Evidence]]:
    """For each data centre and kind, the verified document that is valid on a day; the newest if there are several.

    Of several MLPS assessments (one for each system) the one of the highest level counts.

    Kinds without one are left out: what is not in the answer is not proven. One query.
    """
    found: dict[int, dict[str, Evidence]] = {}
    for row in _in_force(on).filter(data_centre_id__in=data_centre_ids).order_by("valid_from", "pk"):
        own = found.setdefault(row.data_centre_id or 0, {})
        held = own.get(row.kind)
        if held is None or row.kind != Evidence.Kind.MLPS or (row.value or 0) >= (held.value or 0):
            own[row.kind] = row
    return found


def recognitions_in_force(*, partner_ids: Collection[int], on: date) -> dict[int, Evidence]:
    """The recognition of each provider that is valid on a day; providers without one are left out. One query."""
    rows = _in_force(on).filter(partner_id__in=partner_ids, kind=Evidence.Kind.RECOGNITION)
    return {row.partner_id: row for row in rows.order_by("valid_from", "pk")}


def find_evidence(*, evidence_ids: Collection[int]) -> dict[int, Evidence]:
    """Documents by id, whatever became of them."""
    return Evidence.objects.in_bulk(list(evidence_ids))


def list_claims() -> list[Evidence]:
    """What waits for the platform to look at it, the oldest first."""
    return list(
        Evidence.objects.filter(status=Evidence.Status.CLAIMED)
        .select_related("partner", "data_centre")
        .order_by("recorded_at", "pk")
    )


def _in_force(on: date) -> Any:
    return Evidence.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=on), status=Evidence.Status.VERIFIED, valid_from__lte=on
    )


def evidence_ending(*, partner_id: int, on: date, within: timedelta) -> list[Evidence]:
    """Verified documents of a provider that are valid on a day and end within some time, the next first; one query."""
    rows = _in_force(on).filter(partner_id=partner_id, valid_until__lte=on + within)
    return list(rows.select_related("data_centre").order_by("valid_until", "pk"))
