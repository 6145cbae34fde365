"""Writes: incidents are reported, confirmed or rejected, told about, and resolved. Every step locks the row."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.models import DataCentre
from providers.service.models import Incident, IncidentUpdate

State, Source = Incident.State, Incident.Source

WORD_WITHIN: Final = timedelta(hours=48)
LONGEST_WHAT: Final = 300
LONGEST_TEXT: Final = 500
OLDEST: Final = timedelta(days=90)  # invoices of older months have long been paid
SOURCES: Final = {actors.PROVIDER: Source.PROVIDER, actors.BUYER: Source.BUYER, actors.PLATFORM: Source.PROBE}

REPORTED: Final = gettext_noop(
    "A disturbance of %(where)s was reported to you: %(what)s. Confirm or reject it by %(by)s."
)
ESCALATED: Final = gettext_noop("The provider has not answered the report %(number)s in time. Please decide it.")
REJECTED: Final = gettext_noop("Your report %(number)s of a disturbance was rejected: %(reason)s")
CONFIRMED: Final = gettext_noop("Your report %(number)s of a disturbance was confirmed.")


class NoSuchIncident(errors.NotFound):
    """No incident of this number for this organisation."""


class InvalidIncident(errors.Refused):
    """A time or a text is missing or impossible; `field` says which."""


class WrongState(errors.Conflict):
    """The incident's present state, or whose turn it is, does not allow the step."""


class ReportedAlready(errors.Conflict):
    """The buyer has an open report of this contract."""


@transaction.atomic
def report(
    *,
    data_centre: DataCentre | None,
    impact: str,
    what: str,
    starts_at: datetime,
    ends_at: datetime | None = None,
    offering_code: str = "",
    offering_title: str = "",
    contract_number: str = "",
    actor: actors.Actor,
    now: datetime,
) -> Incident:
    """Write an incident down. The provider's own stands at once; a buyer's or the platform's waits for its word.

    Raises InvalidIncident (fields `what`, `starts_at`, `ends_at`), ReportedAlready.
    """
    actor.require("incidents.report")
    text = _check_text(what, field="what", most=LONGEST_WHAT)
    _check_times(starts_at, ends_at, now=now)
    if data_centre is None:
        raise InvalidIncident(_("This offering stands in no data centre, so nothing can be interrupted there."))
    is_own = actor.side == actors.PROVIDER
    if is_own and data_centre.partner.organisation_id != actor.organisation_id:
        raise NoSuchIncident(data_centre.code)
    try:
        with transaction.atomic():
            incident = Incident.objects.create(
                number=organisations.random_number(prefix="SJ"),
                partner_id=data_centre.partner_id,
                data_centre=data_centre,
                offering_code=offering_code,
                offering_title=offering_title,
                source=SOURCES[actor.side],
                reporter_id=actor.organisation_id or 0,
                contract_number=contract_number,
                impact=impact,
                what=text,
                state=_first_state(is_own=is_own, ends_at=ends_at),
                starts_at=starts_at,
                ends_at=ends_at,
                reported_at=now,
                decide_by=None if is_own else now + WORD_WITHIN,
                decided_at=now if is_own else None,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "incident_one_open_report"):
            raise
        raise ReportedAlready(_("Your report of this contract is being looked at. Wait for its answer.")) from error
    say(incident=incident, text=text, is_public=is_own, actor=actor, now=now)
    if not is_own:
        ask_provider(incident=incident, now=now)
    return incident


@transaction.atomic
def confirm(
    *, number: str, impact: str, starts_at: datetime, text: str, actor: actors.Actor, now: datetime
) -> Incident:
    """Accept a report, with the beginning and impact that are right. The provider within 48 h, then the operator.

    Confirming again changes nothing. Raises NoSuchIncident, WrongState, InvalidIncident (`starts_at`, `text`).
    """
    incident = _lock(number, actor)
    if incident.state in (State.CONFIRMED, State.RESOLVED):
        return incident
    _require_turn(incident, actor=actor, now=now)
    said = _check_text(text, field="text", most=LONGEST_TEXT)
    _check_times(starts_at, incident.ends_at, now=now)
    incident.impact, incident.starts_at, incident.decided_at = impact, starts_at, now
    incident.state = _first_state(is_own=True, ends_at=incident.ends_at)
    incident.save(update_fields=["impact", "starts_at", "decided_at", "state"])
    say(incident=incident, text=said, is_public=True, actor=actor, now=now)
    _answer_reporter(incident, text=CONFIRMED, values={"number": number}, now=now)
    return incident


@transaction.atomic
def reject(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Incident:
    """Turn a report down, with a reason that its reporter reads. Raises as `confirm`."""
    incident = _lock(number, actor)
    if incident.state == State.REJECTED:
        return incident
    _require_turn(incident, actor=actor, now=now)
    said = _check_text(reason, field="text", most=LONGEST_TEXT)
    incident.state, incident.decided_at = State.REJECTED, now
    incident.save(update_fields=["state", "decided_at"])
    say(incident=incident, text=said, is_public=False, actor=actor, now=now)
    _answer_reporter(incident, text=REJECTED, values={"number": number, "reason": said}, now=now)
    return incident


@transaction.atomic
def add_update(*, number: str, text: str, actor: actors.Actor, now: datetime) -> IncidentUpdate:
    """Tell the public how far the work is. Raises NoSuchIncident, WrongState, InvalidIncident (`text`)."""
    incident = _lock(number, actor)
    if incident.state != State.CONFIRMED:
        raise WrongState(_("Updates are for confirmed incidents that still last."))
    said = _check_text(text, field="text", most=LONGEST_TEXT)
    return say(incident=incident, text=said, is_public=True, actor=actor, now=now)


@transaction.atomic
def resolve(*, number: str, ends_at: datetime, text: str, actor: actors.Actor, now: datetime) -> Incident:
    """Say since when the service is back. Resolving again changes nothing; the operator alone may correct the end.

    Raises NoSuchIncident, WrongState, InvalidIncident (`ends_at`, `text`).
    """
    incident = _lock(number, actor)
    is_correction = incident.state == State.RESOLVED and actor.side == actors.PLATFORM
    if incident.state == State.RESOLVED and not is_correction:
        return incident
    if incident.state != State.CONFIRMED and not is_correction:
        raise WrongState(_("Only a confirmed incident can be resolved."))
    said = _check_text(text, field="text", most=LONGEST_TEXT)
    _check_times(incident.starts_at, ends_at, now=now)
    incident.state, incident.ends_at = State.RESOLVED, ends_at
    incident.save(update_fields=["state", "ends_at"])
    say(incident=incident, text=said, is_public=True, actor=actor, now=now)
    return incident


@transaction.atomic
def escalate_due(*, now: datetime, limit: int) -> int:
    """Give reports that the provider left without its word for 48 hours to the operator. Returns how many."""
    rows = Incident.objects.select_for_update(skip_locked=True).filter(
        state=State.REPORTED, escalated_at=None, decide_by__lte=now
    )
    due = list(rows.order_by("pk")[:limit])
    platform_id = people.get_platform().pk if due else 0
    for incident in due:
        incident.escalated_at = now
        incident.save(update_fields=["escalated_at"])
        notices.notify(
            organisation_id=platform_id,
            key=f"incident:{incident.number}:escalated",
            permission="sla.decide",
            text=ESCALATED,
            values={"number": incident.number},
            path=f"/operator/incidents/{incident.number}/",
            is_urgent=True,
            now=now,
        )
    return len(due)


def may_decide(*, incident: Incident, side: str, now: datetime) -> bool:
    """Whose turn it is: the provider's for 48 hours, then the operator's. The platform never decides before."""
    if incident.state != State.REPORTED or incident.decide_by is None:
        return False
    return (side == actors.PROVIDER) if now < incident.decide_by else (side == actors.PLATFORM)


def _require_turn(incident: Incident, *, actor: actors.Actor, now: datetime) -> None:
    if incident.state != State.REPORTED:
        raise WrongState(_("This report has been decided already."))
    if may_decide(incident=incident, side=actor.side, now=now):
        return
    if actor.side == actors.PROVIDER:
        raise WrongState(_("48 hours have passed: the operator of the marketplace decides this report now."))
    raise WrongState(_("The provider still has time to answer. Decide when its 48 hours are over."))


def _first_state(*, is_own: bool, ends_at: datetime | None) -> str:
    if not is_own:
        return State.REPORTED
    return State.CONFIRMED if ends_at is None else State.RESOLVED


def _lock(number: str, actor: actors.Actor) -> Incident:
    """The incident, locked, for its provider or the platform."""
    actor.require("incidents.report")
    rows = Incident.objects.select_for_update(of=("self",)).select_related("data_centre", "partner")
    if actor.side == actors.PROVIDER:
        rows = rows.filter(partner__organisation_id=actor.organisation_id or 0)
    elif actor.side != actors.PLATFORM:
        raise NoSuchIncident(number)
    incident = rows.filter(number=number).first()
    if incident is None:
        raise NoSuchIncident(number)
    return incident


def _check_text(text: str, *, field: str, most: int) -> str:
    text = text.strip()
    if not text:
        raise InvalidIncident(_("Say it in a sentence; others read it."), field=field)
    if len(text) > most:
        raise InvalidIncident(_("Shorten this to %(most)s characters.") % {"most": most}, field=field)
    return text


def _check_times(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> None:
    if starts_at > now:
        raise InvalidIncident(_("The beginning lies in the future; announce maintenance instead."), field="starts_at")
    if starts_at < now - OLDEST:
        raise InvalidIncident(_("Report a disturbance within 90 days of its beginning."), field="starts_at")
    if ends_at is not None and not starts_at <= ends_at <= now:
        raise InvalidIncident(_("The end lies between the beginning and now."), field="ends_at")


def say(*, incident: Incident, text: str, is_public: bool, actor: actors.Actor, now: datetime) -> IncidentUpdate:
    """Keep what was said or decided, with its audit row; the caller has the incident's lock."""
    organisations.record(
        actor=actor,
        action=f"incident.{incident.state}",
        object_type="incident",
        object_id=incident.number,
        now=now,
        details={"starts_at": incident.starts_at.isoformat(), "impact": incident.impact}
        | ({"ends_at": incident.ends_at.isoformat()} if incident.ends_at else {}),
    )
    return IncidentUpdate.objects.create(
        incident=incident,
        happened_at=now,
        to_state=incident.state,
        text=text,
        side=actor.side,
        by_name=actor.organisation_name,
        is_public=is_public,
    )


def ask_provider(*, incident: Incident, now: datetime) -> None:
    """Tell the provider of a report that waits for its word."""
    where = incident.offering_title or incident.data_centre.name
    notices.notify(
        organisation_id=incident.data_centre.partner.organisation_id,
        key=f"incident:{incident.number}",
        permission="incidents.report",
        text=REPORTED,
        values={"where": where, "what": incident.what, "by": f"{incident.decide_by:%Y-%m-%d %H:%M} UTC"},
        path=f"/provider/incidents/{incident.number}/",
        is_urgent=True,
        now=now,
    )


def _answer_reporter(incident: Incident, *, text: str, values: dict[str, Any], now: datetime) -> None:
    if incident.source != Source.BUYER:
        return
    notices.notify(
        organisation_id=incident.reporter_id,
        key=f"incident:{incident.number}:{incident.state}",
        permission="contracts.view",
        text=text,
        values=values,
        path=f"/buyer/contracts/{incident.contract_number}/" if incident.contract_number else "/status/",
        now=now,
    )
