"""Reads: claims whose proof has lapsed, what is about to, systems, readings and what they measure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F

from billing.rules import energy, periods
from billing.rules.periods import Month
from marketplace.organisations import errors
from providers.models import (
    Alert,
    AlertSource,
    Assessor,
    AssessorTie,
    DataCentre,
    EnergyReading,
    Evidence,
    MlpsInterval,
    MlpsStep,
    MlpsSystem,
)


class NoSuchDataCentre(errors.NotFound):
    """No data centre with this code, or another provider's."""


class NoSuchAlert(errors.NotFound):
    """No alert, or no source of alerts, with this number."""


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
    return {
        pk: _as_lapse(found)
        for pk, found in by_centre.items()
        if not any(is_in_force(evidence=one, on=on) for one in found)
    }


def is_in_force(*, evidence: Evidence, on: date) -> bool:
    """Whether a document proves anything on a day."""
    is_within = evidence.valid_from <= on and (evidence.valid_until is None or evidence.valid_until >= on)
    return evidence.status == Evidence.Status.VERIFIED and is_within


def _as_lapse(rows: Iterable[Evidence]) -> Lapse:
    last = max(rows, key=lambda row: last_day(evidence=row))
    centre = last.data_centre
    if centre is None or centre.mlps_level is None:
        raise AssertionError("the query asked for rows of data centres that claim a level")
    return Lapse(
        data_centre_id=centre.pk,
        data_centre_name=centre.name,
        organisation_id=centre.partner.organisation_id,
        level=centre.mlps_level,
        day=last_day(evidence=last),
        is_revoked=last.status == Evidence.Status.REVOKED,
    )


def last_day(*, evidence: Evidence) -> date:
    """The last day on which a document proved something, or will; the far end of time if nothing ends it."""
    ends = [evidence.valid_until] if evidence.valid_until else []
    if evidence.revoked_at is not None:
        ends.append(periods.civil_date(evidence.revoked_at))
    return min(ends, default=date.max)


def get_data_centre(*, code: str, organisation_id: int | None = None) -> DataCentre:
    """A data centre by its code; of one organisation's if named. Raises NoSuchDataCentre."""
    rows = DataCentre.objects.filter(code=code).select_related("partner__organisation", "county__prefecture")
    if organisation_id is not None:
        rows = rows.filter(partner__organisation_id=organisation_id)
    found = rows.first()
    if found is None:
        raise NoSuchDataCentre(code)
    return found


def list_opening() -> list[DataCentre]:
    """Data centres whose providers ask for them to open, the longest waiting first."""
    rows = DataCentre.objects.filter(asked_to_open_at__isnull=False).select_related("partner", "county__prefecture")
    return list(rows.order_by("asked_to_open_at", "pk"))


def list_evidence(*, data_centre_ids: Collection[int] = (), partner_id: int | None = None) -> list[Evidence]:
    """Documents of data centres, or of a provider itself, whatever became of them; the newest first. One query."""
    rows = Evidence.objects.filter(data_centre_id__in=data_centre_ids)
    if partner_id is not None:
        rows = Evidence.objects.filter(partner_id=partner_id, data_centre=None)
    return list(rows.select_related(*_BESIDE).order_by("-recorded_at", "-pk"))


def get_evidence(*, evidence_id: int) -> Evidence | None:
    """One document with what stands beside it."""
    return Evidence.objects.filter(pk=evidence_id).select_related(*_BESIDE).first()


def list_expiring(*, on: date, days: int) -> list[Evidence]:
    """Verified documents whose last day comes within `days`, the next first."""
    rows = Evidence.objects.filter(
        status=Evidence.Status.VERIFIED, valid_until__gte=on, valid_until__lte=on + timedelta(days=days)
    )
    return list(rows.select_related(*_BESIDE).order_by("valid_until", "pk"))


def list_waiting() -> list[Evidence]:
    """Claims that the platform has not looked at, the oldest first, with their documents."""
    rows = Evidence.objects.filter(status=Evidence.Status.CLAIMED)
    return list(rows.select_related(*_BESIDE).order_by("recorded_at", "pk"))


def list_decided(*, limit: int = 100) -> list[Evidence]:
    """What was verified or revoked, the latest first."""
    rows = Evidence.objects.exclude(status=Evidence.Status.CLAIMED).select_related(*_BESIDE)
    return list(rows.order_by("-verified_at", "-pk")[:limit])


def list_systems(*, data_centre_id: int) -> list[MlpsSystem]:
    """The systems of a data centre, by name."""
    return list(MlpsSystem.objects.filter(data_centre_id=data_centre_id).order_by("name"))


def steps_of(*, system_ids: Collection[int]) -> dict[int, list[MlpsStep]]:
    """System → its steps, the oldest first; one query."""
    found: dict[int, list[MlpsStep]] = {pk: [] for pk in system_ids}
    for step in MlpsStep.objects.filter(system_id__in=system_ids):
        found[step.system_id].append(step)
    return found


def list_intervals(*, on: date) -> list[MlpsInterval]:
    """How often each level is assessed on a day, by level."""
    rows = MlpsInterval.objects.filter(effective_date__lte=on).order_by("level", "-effective_date").distinct("level")
    return list(rows)


def latest_readings(*, data_centre_ids: Collection[int]) -> dict[int, list[EnergyReading]]:
    """Data centre → the last revision of each month, in the order of months; one query."""
    found: dict[int, list[EnergyReading]] = {pk: [] for pk in data_centre_ids}
    rows = EnergyReading.objects.filter(data_centre_id__in=data_centre_ids)
    for row in rows.order_by("data_centre_id", "month", "-revision").distinct("data_centre_id", "month"):
        found[row.data_centre_id].append(row)
    return found


def trailing_pue(*, data_centre_id: int, until: Month) -> energy.TrailingPue:
    """The PUE of the twelve months to `until`, from the last revisions."""
    return energy.trailing_pue(
        to_readings(rows=latest_readings(data_centre_ids=[data_centre_id])[data_centre_id]), until=until
    )


def to_readings(*, rows: Iterable[EnergyReading]) -> Mapping[Month, energy.Reading]:
    """Rows as the rules read them."""
    return {Month.of_date(row.month): energy.Reading(row.facility_kwh, row.it_kwh) for row in rows}


def list_assessors() -> list[Assessor]:
    """The register, by name."""
    return list(Assessor.objects.order_by("name", "pk"))


def find_assessor(*, assessor_id: int) -> Assessor | None:
    """One of the register."""
    return Assessor.objects.filter(pk=assessor_id).first()


def list_ties() -> list[AssessorTie]:
    """Which assessor is tied to which provider."""
    return list(AssessorTie.objects.select_related("assessor", "partner").order_by("assessor__name", "partner__name"))


def list_sources() -> list[AlertSource]:
    """Who may send alerts, by name; the closed ones too."""
    return list(AlertSource.objects.order_by("name", "pk"))


def list_alerts(*, is_open: bool | None = None, limit: int = 100) -> list[Alert]:
    """Alerts, the latest first."""
    rows = Alert.objects.select_related("source", "partner", "lifted_by")
    if is_open is not None:
        rows = rows.filter(lifted_at__isnull=is_open)
    return list(rows.order_by("-received_at", "-pk")[:limit])


_BESIDE: Any = (
    "partner__organisation",
    "data_centre",
    "document",
    "system",
    "assessor",
    "recorded_by",
    "verified_by",
)


def status_words() -> dict[str, str]:
    """Statuses of a data centre in the reader's words, in the order of its life."""
    return {value: str(words) for value, words in DataCentre.Status.choices}
