"""Probes: addresses of services that the marketplace asks by itself, and the incidents they open and close.

A provider registers them for its own data centres, the operator for any. Due ones are claimed by moving their next
time on, so two workers never ask for the same turn; the answers are written down one by one, under the probe's lock.
After so many failures in a row a report is opened, marked as the probe's: it goes the way of every report (48 hours
for the provider's word, then the operator), and ends when the address answers again. One that was rejected does not
come back before the address has answered once.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.connectors import outbound
from providers.models import DataCentre
from providers.service import operations
from providers.service.models import Incident, Probe, ProbeResult

LIMITS: Final = outbound.Limits(connect_s=4, read_s=6, total_s=10, answer_bytes=256 * 1024)
INTERVALS_S: Final = (60, 300, 900, 3600)
FEWEST_FAILURES: Final = 2
MOST_FAILURES: Final = 10
MOST_PROBES: Final = 20  # of one provider
KEPT_RESULTS: Final = 200  # of one probe
AT_ONCE: Final = 8
UP: Final = range(200, 400)


class NoSuchProbe(errors.NotFound):
    """No probe of this number for this organisation."""


class InvalidProbe(errors.Refused):
    """An address, an interval or a number of failures is impossible; `field` says which."""


class TooManyProbes(errors.Conflict):
    """The provider has as many probes as it may have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one question. `error` is a code of `outbound`, or empty."""

    status: int | None
    error: str = ""
    duration_ms: int = 0

    @property
    def is_up(self) -> bool:
        """Whether the service answered as a service that runs."""
        return self.status is not None and self.status in UP


@transaction.atomic
def register(
    *,
    data_centre: DataCentre,
    url: str,
    interval_s: int,
    failures_to_open: int,
    offering_code: str = "",
    offering_title: str = "",
    actor: actors.Actor,
    now: datetime,
) -> Probe:
    """Have an address of a data centre, or of one offering in it, asked from now on.

    Raises NoSuchProbe for another provider's data centre, InvalidProbe, TooManyProbes, and `outbound`'s InvalidAddress
    and ForbiddenAddress (field `url`).
    """
    actor.require("incidents.report")
    if actor.side not in (actors.PROVIDER, actors.PLATFORM):
        raise NoSuchProbe(data_centre.code)
    if actor.side == actors.PROVIDER and data_centre.partner.organisation_id != actor.organisation_id:
        raise NoSuchProbe(data_centre.code)
    outbound.check_url(url=url)
    if interval_s not in INTERVALS_S:
        raise InvalidProbe(_("Choose one of the intervals."), field="interval_s")
    if not FEWEST_FAILURES <= failures_to_open <= MOST_FAILURES:
        raise InvalidProbe(
            _("Give a whole number from %(least)s to %(most)s.") % {"least": FEWEST_FAILURES, "most": MOST_FAILURES},
            field="failures_to_open",
        )
    partner = type(data_centre.partner).objects.select_for_update(of=("self",)).get(pk=data_centre.partner_id)
    if Probe.objects.filter(partner=partner, removed_at=None).count() >= MOST_PROBES:
        raise TooManyProbes(_("A provider has at most %(most)s probes. Remove one first.") % {"most": MOST_PROBES})
    try:
        with transaction.atomic():
            probe = Probe.objects.create(
                number=organisations.random_number(prefix="TC"),
                partner=partner,
                data_centre=data_centre,
                offering_code=offering_code,
                offering_title=offering_title,
                url=url,
                interval_s=interval_s,
                failures_to_open=failures_to_open,
                created_at=now,
                next_at=now,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "probe_once"):
            raise
        raise InvalidProbe(_("This address is asked for the same service already."), field="url") from error
    _note(probe, "probe.registered", actor=actor, now=now)
    return probe


@transaction.atomic
def remove(*, number: str, actor: actors.Actor, now: datetime) -> Probe:
    """Ask no longer; what it opened stays, for people to resolve. Safe to repeat. Raises NoSuchProbe."""
    actor.require("incidents.report")
    rows = Probe.objects.select_for_update(of=("self",))
    if actor.side == actors.PROVIDER:
        rows = rows.filter(partner__organisation_id=actor.organisation_id or 0)
    elif actor.side != actors.PLATFORM:
        raise NoSuchProbe(number)
    probe = rows.filter(number=number).first()
    if probe is None:
        raise NoSuchProbe(number)
    if probe.removed_at is None:
        probe.removed_at = now
        probe.save(update_fields=["removed_at"])
        _note(probe, "probe.removed", actor=actor, now=now)
    return probe


def ask_due(*, now: datetime, limit: int) -> int:
    """Ask the addresses that are due, at most `limit`, and open or close incidents. Returns how many were asked."""
    due = _claim(now=now, most=limit)
    if due:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="probes") as pool:
            answers = list(pool.map(ask, [one.url for one in due]))
        for probe, answer in zip(due, answers, strict=True):
            write_down(probe_id=probe.pk, asked_at=probe.next_at, answer=answer, now=now)
    return len(due)


def ask(url: str) -> Answer:
    """One question, within ten seconds. A redirect counts as an answer and is not followed."""
    started = time.monotonic()
    try:
        found = outbound.get(url=url, limits=LIMITS)
    except errors.Refused as error:
        return Answer(None, error=str(getattr(error, "code", "") or "forbidden")[:20])
    return Answer(found.status, duration_ms=int((time.monotonic() - started) * 1000))


@transaction.atomic
def _claim(*, now: datetime, most: int) -> list[Probe]:
    """Probes whose turn has come, with the turn as `next_at`; in the database the next one is set."""
    rows = Probe.objects.select_for_update(skip_locked=True).filter(removed_at=None, next_at__lte=now)
    due = list(rows.order_by("next_at", "pk")[:most])
    for probe in due:
        turn, probe.next_at = probe.next_at, now + timedelta(seconds=probe.interval_s)
        probe.save(update_fields=["next_at"])
        probe.next_at = turn
    return due


@transaction.atomic
def write_down(*, probe_id: int, asked_at: datetime, answer: Answer, now: datetime) -> bool:
    """Keep one answer and draw the consequence. False if this turn was written down before, or the probe is gone."""
    probe = Probe.objects.select_for_update(of=("self",)).select_related("data_centre__partner").get(pk=probe_id)
    if probe.removed_at is not None:
        return False
    try:
        with transaction.atomic():
            ProbeResult.objects.create(
                probe=probe,
                asked_at=asked_at,
                is_up=answer.is_up,
                status=answer.status,
                error=answer.error,
                duration_ms=answer.duration_ms,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "probe_result_once"):
            raise
        return False
    old = ProbeResult.objects.filter(probe=probe).order_by("-asked_at").values_list("pk", flat=True)[KEPT_RESULTS:]
    ProbeResult.objects.filter(pk__in=list(old)).delete()
    if answer.is_up:
        _recover(probe, now=now)
        probe.failures, probe.failing_since, probe.incident = 0, None, None
    else:
        probe.failures += 1
        probe.failing_since = probe.failing_since or now
        if probe.failures >= probe.failures_to_open and probe.incident_id is None:
            probe.incident = open_incident(probe, now=now)
    probe.save(update_fields=["failures", "failing_since", "incident"])
    return True


def open_incident(probe: Probe, *, now: datetime) -> Incident | None:
    """Report an outage since the first failure; None if another worker has (`incident_one_open_by_probe`)."""
    with translation.override(settings.LANGUAGE_CODE):  # kept as text, in the language of the listings
        what = _("The address of the service did not answer as it should %(times)s times in a row.") % {
            "times": probe.failures
        }
    platform = people.get_platform()
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                number=organisations.random_number(prefix="SJ"),
                partner_id=probe.partner_id,
                data_centre=probe.data_centre,
                offering_code=probe.offering_code,
                offering_title=probe.offering_title,
                source=Incident.Source.PROBE,
                probe=probe,
                reporter=platform,
                impact=Incident.Impact.OUTAGE,
                what=what,
                state=Incident.State.REPORTED,
                starts_at=probe.failing_since or now,
                reported_at=now,
                decide_by=now + operations.WORD_WITHIN,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "incident_one_open_by_probe"):
            raise
        return None
    actor = replace(actors.SYSTEM, organisation_name=platform.name)
    operations.say(incident=incident, text=what, is_public=False, actor=actor, now=now)
    operations.ask_provider(incident=incident, now=now)
    return incident


def _recover(probe: Probe, *, now: datetime) -> None:
    """The address answers again: the report gets its end, a confirmed incident is resolved, a rejected one stays."""
    incident = Incident.objects.select_for_update(of=("self",)).filter(pk=probe.incident_id or 0, ends_at=None).first()
    if incident is None or incident.state == Incident.State.REJECTED:
        return
    is_confirmed = incident.state == Incident.State.CONFIRMED
    incident.ends_at = now
    incident.state = Incident.State.RESOLVED if is_confirmed else incident.state
    incident.save(update_fields=["ends_at", "state"])
    with translation.override(settings.LANGUAGE_CODE):
        text = _("The address of the service answers again.")
    actor = replace(actors.SYSTEM, organisation_name=incident.reporter.name)
    operations.say(incident=incident, text=text, is_public=is_confirmed, actor=actor, now=now)


def _note(probe: Probe, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="probe",
        object_id=probe.number,
        now=now,
        details={"data_centre": probe.data_centre.code, "interval_s": probe.interval_s},
    )
