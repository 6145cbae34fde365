"""Writes: the steps of an information system under the multi-level protection scheme (等级保护).

graded ─ file ▶ filed ─ assess ▶ assessed ─ (verified) ▶ valid ─ (its last day passes, or revoked) ▶ expired
                                   │ ▲ assess                                                  │
                                   ▼ │                                                         └ assess ▶ assessed
                               remediating
A level-1 system is neither filed nor assessed: its owner protects it. A valid one may be assessed again before its
end; it stays valid.
Source: GB/T 22239-2019 and 信息安全等级保护管理办法 arts. 14 and 15; intervals are data (`MlpsInterval`).
"""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.rules import periods
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.models import Assessor, DataCentre, Evidence, MlpsInterval, MlpsStep, MlpsSystem

if TYPE_CHECKING:
    from providers.documents.models import Document

Status = MlpsSystem.Status
CLOCK: Final = actors.Actor(user_name="pipeline")
LEVELS: Final = range(1, 6)
LEAST_FILED_LEVEL: Final = 2
MAY_BE_ASSESSED: Final = (Status.FILED, Status.ASSESSED, Status.REMEDIATING, Status.VALID, Status.EXPIRED)
LONGEST_REASON: Final = 200


class NoSuchSystem(errors.NotFound):
    """No such system, or another provider's."""


class InvalidSystem(errors.Refused):
    """A name, level, number or date is missing or impossible."""


class WrongStep(errors.Conflict):
    """The system's present state does not allow the step."""


@transaction.atomic
def grade_system(*, data_centre: DataCentre, name: str, level: int, actor: actors.Actor, now: datetime) -> MlpsSystem:
    """Enter a system with the level it was graded at. Raises InvalidSystem, PermissionDenied."""
    _require_own(data_centre, actor)
    name = name.strip()
    if not name or len(name) > 80:
        raise InvalidSystem(_("Give the system a name of at most 80 characters."), field="name")
    if level not in LEVELS:
        raise InvalidSystem(_("Give the MLPS level, from 1 to 5."), field="level")
    try:
        with transaction.atomic():
            system = MlpsSystem.objects.create(data_centre=data_centre, name=name, level=level)
    except IntegrityError as error:
        raise InvalidSystem(_("This data centre has a system of that name already."), field="name") from error
    _write(system, before="", actor=actor, now=now)
    return system


@transaction.atomic
def file_system(
    *, system_id: int, filing_number: str, filed_with: str, filed_date: date, actor: actors.Actor, now: datetime
) -> MlpsSystem:
    """Filed with public security, which level 2 and above has to be. Raises InvalidSystem, WrongStep, NoSuchSystem."""
    system = _lock(system_id, actor)
    if system.level < LEAST_FILED_LEVEL:
        raise WrongStep(_("A system of level 1 is neither filed nor assessed: its owner protects it."))
    if system.status != Status.GRADED:
        raise _wrong(system)
    for field, text, longest in (("filing_number", filing_number, 40), ("filed_with", filed_with, 80)):
        if not text.strip() or len(text) > longest:
            raise InvalidSystem(_("Give at most %(most)s characters.") % {"most": longest}, field=field)
    if filed_date > periods.civil_date(now):
        raise InvalidSystem(_("The day of the filing lies in the future."), field="filed_date")
    system.filing_number, system.filed_with, system.filed_date = filing_number.strip(), filed_with.strip(), filed_date
    return _move(system, Status.FILED, actor=actor, now=now)


@transaction.atomic
def assess_system(
    *,
    system_id: int,
    assessor: Assessor,
    signed_by: str,
    document: "Document",
    document_number: str,
    assessed_date: date,
    actor: actors.Actor,
    now: datetime,
) -> Evidence:
    """Record an assessment: a claim that the platform verifies, valid as long as the table of intervals says.

    Raises InvalidSystem, WrongStep, NoSuchSystem, what record_evidence does.
    """
    from providers.evidence import operations  # it verifies, and then comes back here

    system = _lock(system_id, actor)
    if system.status not in MAY_BE_ASSESSED:
        raise WrongStep(_("File this system with public security first: level 2 and above has to be."))
    if assessed_date > periods.civil_date(now):
        raise InvalidSystem(_("The day of the assessment lies in the future."), field="assessed_date")
    if not signed_by.strip():
        raise InvalidSystem(_("Name the person who signed the report."), field="signed_by")
    evidence = operations.record_evidence(
        kind=Evidence.Kind.MLPS,
        partner=system.data_centre.partner,
        data_centre=system.data_centre,
        system=system,
        value=system.level,  # type: ignore[arg-type]  # a whole number is a good Decimal
        assessor=assessor,
        signed_by=signed_by,
        document=document,
        document_number=document_number,
        issued_date=assessed_date,
        valid_from=assessed_date,
        valid_until=last_day(level=system.level, assessed=assessed_date),
        actor=actor,
        now=now,
    )
    if system.status != Status.VALID:
        _move(system, Status.ASSESSED, actor=actor, now=now)
    return evidence


@transaction.atomic
def remediate_system(*, system_id: int, reason: str, actor: actors.Actor, now: datetime) -> MlpsSystem:
    """The assessment found what has to be mended; it is assessed again afterwards. Raises InvalidSystem, WrongStep."""
    system = _lock(system_id, actor)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidSystem(_("Say what has to be mended, in at most 200 characters."), field="reason")
    if system.status == Status.REMEDIATING:
        return system
    if system.status != Status.ASSESSED:
        raise _wrong(system)
    return _move(system, Status.REMEDIATING, reason=reason, actor=actor, now=now)


def become_valid(*, evidence: Evidence, actor: actors.Actor, now: datetime) -> None:
    """What verifying an assessment does to its system, in that transaction; an assessment that is over does nothing."""
    system = _lock(evidence.system_id or 0)
    last = evidence.valid_until or date.max
    if last < periods.civil_date(now):
        return
    system.valid_until = max(last, system.valid_until) if system.status == Status.VALID and system.valid_until else last
    if system.status == Status.VALID:
        system.save(update_fields=["valid_until"])
        return
    _move(system, Status.VALID, actor=actor, now=now)


def lose(*, evidence: Evidence, reason: str, actor: actors.Actor, now: datetime) -> None:
    """What revoking an assessment does to its system: without another one in force it is not valid any more."""
    system = _lock(evidence.system_id or 0)
    today = periods.civil_date(now)
    others = Evidence.objects.filter(system=system, status=Evidence.Status.VERIFIED, valid_until__gte=today)
    if system.status == Status.VALID and not others.exists():
        _move(system, Status.EXPIRED, reason=reason, actor=actor, now=now)


def expire_due(*, now: datetime, limit: int) -> int:
    """Systems whose last day has passed, at most `limit`. Returns how many."""
    today = periods.civil_date(now)
    due = MlpsSystem.objects.filter(status=Status.VALID, valid_until__lt=today).order_by("pk")
    done = 0
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            system = _lock(pk)
            if system.status == Status.VALID and system.valid_until is not None and system.valid_until < today:
                _move(system, Status.EXPIRED, actor=CLOCK, now=now)
        done += 1
    return done


def last_day(*, level: int, assessed: date) -> date:
    """The last day an assessment holds, by the interval in force on its day. Raises InvalidSystem without one."""
    row = MlpsInterval.objects.filter(level=level, effective_date__lte=assessed).order_by("-effective_date").first()
    if row is None:
        raise InvalidSystem(
            _("No interval of assessments is known for level %(level)s. Ask the operator to enter it.")
            % {"level": level},
            field="assessed_date",
        )
    return periods.add_months(assessed, row.months) - timedelta(days=1)


def _require_own(data_centre: DataCentre, actor: actors.Actor) -> None:
    actor.require("evidence.record")
    if actor.side == actors.PROVIDER and actor.organisation_id != data_centre.partner.organisation_id:
        raise PermissionDenied


def _lock(system_id: int, actor: actors.Actor | None = None) -> MlpsSystem:
    system = (
        MlpsSystem.objects.select_for_update(of=("self",))
        .select_related("data_centre__partner__organisation")
        .filter(pk=system_id)
        .first()
    )
    if system is None:
        raise NoSuchSystem
    if actor is not None:
        _require_own(system.data_centre, actor)
    return system


def _move(system: MlpsSystem, after: str, *, reason: str = "", actor: actors.Actor, now: datetime) -> MlpsSystem:
    before, system.status = system.status, after
    system.save()
    _write(system, before=before, reason=reason, actor=actor, now=now)
    return system


def _write(system: MlpsSystem, *, before: str, reason: str = "", actor: actors.Actor, now: datetime) -> None:
    MlpsStep.objects.create(
        system=system,
        from_status=before,
        to_status=system.status,
        happened_at=now,
        by_name=actor.organisation_name or actor.user_name,
        reason=reason,
    )
    organisations.record(
        actor=actor,
        action=f"mlps.{system.status}",
        object_type="mlps_system",
        object_id=system.pk,
        now=now,
        details={"before": before},
    )


def _wrong(system: MlpsSystem) -> WrongStep:
    return WrongStep(
        _("The system is in the state “%(status)s”. Reload the page to see what can be done.")
        % {"status": system.get_status_display()}
    )
