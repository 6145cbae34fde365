"""Reads: incidents for their provider, the platform, a buyer and the public; interruptions; the status of 90 days."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery

from billing.rules import availability as rules
from billing.rules import periods
from billing.rules.periods import Month
from providers.models import DataCentre, Maintenance
from providers.service.models import PUBLIC_STATES, Incident, IncidentUpdate, Probe, ProbeResult
from providers.service.operations import NoSuchIncident, may_decide

__all__ = ["NoSuchIncident", "may_decide"]

PAGE_SIZE: Final = 50
SHOWN_DAYS: Final = 90
STATES: Final = Incident.State.choices
IMPACTS: Final = Incident.Impact.choices
WORST: Final = ("outage", "degraded", "maintenance", "good")


@dataclass(frozen=True, slots=True)
class Interruption:
    """A confirmed outage, as far as availability needs it; `offering_code` "" is the whole data centre."""

    data_centre_id: int
    offering_code: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """The worst of a day: outage, degraded, maintenance or good, and how long it was interrupted."""

    day: date
    state: str
    outage_minutes: int


@dataclass(frozen=True, slots=True)
class CentreStatus:
    """A data centre on the status page: its state now, its days (the oldest first), what lasts, what is announced."""

    centre: DataCentre
    state: str
    days: list[Day]
    availability: Decimal
    open: list[Incident]
    windows: list[Maintenance]


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """A probe with its last answer; None before the first."""

    probe: Probe
    last: ProbeResult | None


def list_probes(*, partner_id: int) -> list[ProbeRow]:
    """A provider's probes that are asked, the oldest first; 2 queries."""
    newest = ProbeResult.objects.filter(probe=OuterRef("pk")).order_by("-asked_at").values("pk")[:1]
    rows = Probe.objects.filter(partner_id=partner_id, removed_at=None).annotate(newest=Subquery(newest))
    probes = list(rows.select_related("data_centre", "incident").order_by("pk"))
    last = ProbeResult.objects.in_bulk([one.newest for one in probes if one.newest])  # type: ignore[attr-defined]
    return [ProbeRow(one, last.get(one.newest)) for one in probes]  # type: ignore[attr-defined]


def list_incidents(*, partner_id: int | None = None, state: str = "", page: int | str = 1) -> Page:
    """Incidents of a provider, or of all for the platform, the newest first, 50 a page, in 2 queries."""
    rows = Incident.objects.select_related("data_centre", "partner", "reporter")
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    if state:
        rows = rows.filter(state=state)
    return Paginator(rows.order_by("-starts_at", "-pk"), PAGE_SIZE).get_page(page)


def count_incidents(*, partner_id: int | None = None) -> dict[str, int]:
    """How many incidents there are by state; one query."""
    rows = Incident.objects.all() if partner_id is None else Incident.objects.filter(partner_id=partner_id)
    return dict(rows.order_by().values_list("state").annotate(Count("pk")))


def get_incident(*, number: str, partner_id: int | None = None) -> Incident:
    """An incident with its updates, of one provider if named. Raises NoSuchIncident."""
    rows = Incident.objects.select_related("data_centre", "partner", "reporter").prefetch_related("updates")
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    found = rows.filter(number=number).first()
    if found is None:
        raise NoSuchIncident(number)
    return found


def incidents_of_contract(*, number: str, data_centre_id: int, offering_code: str, since: datetime) -> list[Incident]:
    """What a buyer sees of its contract: what is public and touches its service since then, and its own reports."""
    touches = Q(data_centre_id=data_centre_id, offering_code__in=["", offering_code], state__in=PUBLIC_STATES)
    lasted = Q(ends_at=None) | Q(ends_at__gt=since)
    rows = Incident.objects.filter((touches & lasted) | Q(contract_number=number)).select_related("data_centre")
    return list(rows.order_by("-starts_at", "-pk")[:PAGE_SIZE])


def interruptions(*, data_centre_ids: Collection[int], month: Month) -> dict[int, list[Interruption]]:
    """Data centre → confirmed outages that touch a month, of all and of single offerings; one query."""
    found: dict[int, list[Interruption]] = defaultdict(list)
    rows = Incident.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=month.start_at),
        data_centre_id__in=data_centre_ids,
        state__in=PUBLIC_STATES,
        impact=Incident.Impact.OUTAGE,
        starts_at__lt=month.end_at,
    ).order_by("starts_at", "pk")
    for row in rows:
        found[row.data_centre_id].append(
            Interruption(row.data_centre_id, row.offering_code, row.starts_at, row.ends_at)
        )
    return found


def announced(*, data_centre_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[rules.Interval]]:
    """Data centre → its announced maintenance between two instants; one query for all of them.

    As `providers.capacity.queries.maintenance_between`, which reads one data centre.
    """
    found: dict[int, list[rules.Interval]] = defaultdict(list)
    rows = Maintenance.objects.filter(
        data_centre_id__in=data_centre_ids, cancelled_at=None, starts_at__lt=end, ends_at__gt=start
    )
    for row in rows.order_by("starts_at"):
        found[row.data_centre_id].append((row.starts_at, row.ends_at))
    return found


def undecided(*, data_centre_ids: Collection[int], month: Month) -> set[tuple[int, str]]:
    """(data centre, offering code or "") of reports that nobody has decided and that may touch a month."""
    rows = Incident.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=month.start_at),
        data_centre_id__in=data_centre_ids,
        state=Incident.State.REPORTED,
        starts_at__lt=month.end_at,
    )
    return set(rows.order_by().values_list("data_centre_id", "offering_code").distinct())


def availability(*, data_centre_id: int, offering_code: str, month: Month) -> Decimal:
    """The availability of an offering in a month, in per cent with six decimals. Two queries."""
    found = interruptions(data_centre_ids=[data_centre_id], month=month).get(data_centre_id, [])
    windows = announced(data_centre_ids=[data_centre_id], start=month.start_at, end=month.end_at)
    down = [(one.starts_at, one.ends_at) for one in found if one.offering_code in ("", offering_code)]
    return rules.availability(month, interruptions=down, maintenance=windows.get(data_centre_id, []))


def public_incidents(*, since: datetime) -> list[Incident]:
    """Confirmed and resolved incidents that lasted after `since`, with their public updates; 2 queries."""
    said = Prefetch("updates", IncidentUpdate.objects.filter(is_public=True), to_attr="public_updates")
    rows = Incident.objects.filter(Q(ends_at=None) | Q(ends_at__gt=since), state__in=PUBLIC_STATES)
    return list(rows.select_related("data_centre", "partner").prefetch_related(said).order_by("-starts_at", "-pk"))


def status_of_centres(*, now: datetime, incidents: list[Incident]) -> list[CentreStatus]:
    """Operating data centres with their state now and their last 90 days; 2 queries beside `public_incidents`."""
    centres = list(
        DataCentre.objects.filter(status=DataCentre.Status.OPERATING)
        .select_related("partner", "county__prefecture")
        .order_by("code")
    )
    first = periods.civil_date(now) - timedelta(days=SHOWN_DAYS - 1)
    windows: dict[int, list[Maintenance]] = defaultdict(list)
    rows = Maintenance.objects.filter(
        data_centre__in=centres, cancelled_at=None, ends_at__gt=periods.midnight(first)
    ).order_by("starts_at")
    for row in rows:
        windows[row.data_centre_id].append(row)
    by_centre: dict[int, list[Incident]] = defaultdict(list)
    for one in incidents:
        by_centre[one.data_centre_id].append(one)
    return [_status(one, by_centre[one.pk], windows[one.pk], first=first, now=now) for one in centres]


def _status(
    centre: DataCentre, incidents: list[Incident], windows: list[Maintenance], *, first: date, now: datetime
) -> CentreStatus:
    # The bars are of the whole data centre; an offering's own incident is listed, and counts in that offering's SLA.
    whole = [one for one in incidents if not one.offering_code]
    days = [_day(first + timedelta(days=n), whole, windows, now=now) for n in range(SHOWN_DAYS)]
    lasting = [one for one in incidents if one.ends_at is None or one.ends_at > now]
    states = {one.impact for one in lasting if not one.offering_code}
    if any(one.starts_at <= now < one.ends_at for one in windows):
        states.add("maintenance")
    elif lasting and not states:
        states.add("degraded")
    state = next((word for word in WORST if word in states), "good")
    down = [(one.starts_at, one.ends_at or now) for one in whole if one.impact == Incident.Impact.OUTAGE]
    reached = rules.availability_between(
        start=periods.midnight(first),
        end=now,
        interruptions=down,
        maintenance=[(one.starts_at, one.ends_at) for one in windows],
    )
    return CentreStatus(centre, state, days, reached, lasting, [one for one in windows if one.ends_at > now])


def _day(day: date, incidents: list[Incident], windows: list[Any], *, now: datetime) -> Day:
    start = periods.midnight(day)
    end = min(start + timedelta(days=1), max(now, start))
    touching = [one for one in incidents if one.starts_at < end and (one.ends_at is None or one.ends_at > start)]
    down = [(one.starts_at, one.ends_at or now) for one in touching if one.impact == Incident.Impact.OUTAGE]
    planned = [(one.starts_at, one.ends_at) for one in windows if one.starts_at < end and one.ends_at > start]
    lost = rules.interrupted_between(start=start, end=end, interruptions=down, maintenance=planned)
    if lost:
        state = "outage"
    elif any(one.impact == Incident.Impact.DEGRADED for one in touching):
        state = "degraded"
    else:
        state = "maintenance" if planned else "good"
    return Day(day, state, -(-lost // timedelta(minutes=1)))


def disturbed_centres(*, month: Month) -> list[int]:
    """Data centres with a confirmed outage that touches a month: the only ones where a promise can be broken."""
    rows = Incident.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=month.start_at),
        state__in=PUBLIC_STATES,
        impact=Incident.Impact.OUTAGE,
        starts_at__lt=month.end_at,
    )
    return list(rows.order_by().values_list("data_centre_id", flat=True).distinct())
