"""Reads: claims whose proof has lapsed, and what is about to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import F

from billing.rules import periods
from providers.models import Evidence


@dataclass(frozen=True, slots=True)
class Lapse:
    """A data centre claims an MLPS level that was proven once and is not any more. `day`: the last on which it was."""

    data_centre_id: int
    data_centre_name: str
    organisation_id: int
    level: int
    day: date
    is_revoked: bool


def lapsed_mlps(*, on: date) -> dict[int, Lapse]:
    """Data centre → the lapse of the level it claims; those without a claim, or never proven, are left out. One query.

    A claim that was never proven is no lapse: pages show it grey, as a claim.
    """
    rows = (
        Evidence.objects.filter(
            kind=Evidence.Kind.MLPS,
            verified_at__isnull=False,
            valid_from__lte=on,
            value__gte=F("data_centre__mlps_level"),
        )
        .select_related("data_centre__partner")
        .order_by("data_centre", "valid_from", "pk")
    )
    by_centre: dict[int, list[Evidence]] = {}
    for row in rows:
        by_centre.setdefault(row.data_centre_id or 0, []).append(row)
    return {pk: _as_lapse(found) for pk, found in by_centre.items() if not any(is_in_force(one, on) for one in found)}


def is_in_force(evidence: Evidence, on: date) -> bool:
    """Whether a document proves anything on a day."""
    is_within = evidence.valid_from <= on and (evidence.valid_until is None or evidence.valid_until >= on)
    return evidence.status == Evidence.Status.VERIFIED and is_within


def _as_lapse(rows: Iterable[Evidence]) -> Lapse:
    last = max(rows, key=last_day)
    centre = last.data_centre
    if centre is None or centre.mlps_level is None:
        raise AssertionError("the query asked for rows of data centres that claim a level")
    return Lapse(
        data_centre_id=centre.pk,
        data_centre_name=centre.name,
        organisation_id=centre.partner.organisation_id,
        level=centre.mlps_level,
        day=last_day(last),
        is_revoked=last.status == Evidence.Status.REVOKED,
    )


def last_day(evidence: Evidence) -> date:
    """The last day on which a document proved something, or will; the far end of time if nothing ends it."""
    ends = [evidence.valid_until] if evidence.valid_until else []
    if evidence.revoked_at is not None:
        ends.append(periods.civil_date(evidence.revoked_at))
    return min(ends, default=date.max)
