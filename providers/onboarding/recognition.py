"""Writes of the recognition as a cloud enterprise (云计算企业认定): apply, joint review, certificate, revocation.

Granting takes two persons in two roles, officer and operator; one opinion against refuses. The certificate is evidence
of kind `recognition`: its number, days and revocation are public.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.documents import operations as documents
from providers.evidence import operations as evidence
from providers.models import Evidence, Partner
from providers.onboarding import qualifications, steps
from providers.onboarding.models import Opinion, Recognition
from providers.onboarding.steps import InvalidApplication

State = Recognition.State
ROLES: Final = ("officer", "operator")  # whose opinions in favour grant it
VALID_YEARS: Final = 2  # the platform's own rule; the policy names no term
LONGEST_STATEMENT: Final = 1000
MOST_DOCUMENTS: Final = 10
PATH: Final = "/provider/onboarding/recognition/"
APPLIED: Final = gettext_noop("%(name)s applies for the recognition as a cloud enterprise.")
GRANTED: Final = gettext_noop("The recognition as a cloud enterprise is granted: %(number)s.")
REFUSED: Final = gettext_noop("The recognition as a cloud enterprise is refused: %(reason)s")
REVOKED: Final = gettext_noop("The certificate %(number)s is revoked: %(reason)s")


class NoSuchRecognition(errors.NotFound):
    """No application for a recognition with this number."""


class AlreadyApplied(errors.Conflict):
    """An application waits already."""


class AlreadyDecided(errors.Conflict):
    """Granted, refused or revoked before."""


class SecondOpinion(errors.Conflict):
    """The person, or the role, has spoken in this case already."""


@transaction.atomic
def apply(
    *, partner: Partner, statement: str, files: Sequence[File], actor: actors.Actor, now: datetime
) -> Recognition:
    """Ask for the recognition, with what supports it. Raises InvalidApplication, UnusableDocument, AlreadyApplied."""
    actor.require("providers.apply")
    if actor.organisation_id != partner.organisation_id:
        raise NoSuchRecognition
    statement = statement.strip()
    if not statement or len(statement) > LONGEST_STATEMENT:
        raise InvalidApplication(
            _("Say in at most %(most)s characters why you should be recognised.") % {"most": LONGEST_STATEMENT},
            field="statement",
        )
    if not 1 <= len(files) <= MOST_DOCUMENTS:
        raise InvalidApplication(
            _("Upload one to %(most)s documents that support it.") % {"most": MOST_DOCUMENTS}, field="files"
        )
    Partner.objects.select_for_update().get(pk=partner.pk)
    if Recognition.objects.filter(partner=partner, state=State.APPLIED).exists():
        raise AlreadyApplied(_("An application for the recognition is under review already."))
    kept = [
        documents.keep(file=one, kind="recognition", organisation_id=partner.organisation_id, actor=actor, now=now)
        for one in files
    ]
    found = Recognition.objects.create(
        number=organisations.random_number(prefix="RD"),
        partner=partner,
        statement=statement,
        applied_by_id=actor.user_id,
        applied_at=now,
    )
    found.documents.set(kept)
    _note(found, "recognition.applied", actor=actor, now=now)
    notices.notify(
        organisation_id=people.get_platform().pk,
        key=f"recognition:{found.number}:applied",
        permission="providers.recognise",
        text=APPLIED,
        values={"name": partner.name},
        path=f"/operator/recognitions/{found.number}/",
        now=now,
    )
    return found


@transaction.atomic
def give_opinion(
    *, number: str, role: str, is_in_favour: bool, reason: str, actor: actors.Actor, now: datetime
) -> Recognition:
    """Say what one thinks, in a role that one holds. The second role in favour grants; one against refuses.

    Raises NoSuchRecognition, ReviewerIsMember, SecondOpinion, AlreadyDecided, InvalidApplication (`role`, `reason`).
    """
    actor.require("providers.recognise")
    if role not in ROLES or role not in actor.roles:
        raise InvalidApplication(_("Choose a role that you hold: officer or operator."), field="role")
    reason = " ".join(reason.split()) if is_in_favour else steps.check_reason(reason)
    found = _lock(number, actor)
    if found.state != State.APPLIED:
        raise AlreadyDecided(_("This application is decided. Reload the page."))
    given = list(found.opinions.all())
    if any(one.user_id == actor.user_id for one in given):
        raise SecondOpinion(_("You have given your opinion. Somebody else has to give the other one."))
    if is_in_favour and any(one.role == role for one in given):
        raise SecondOpinion(_("This role has spoken. Somebody in the other role has to decide."), field="role")
    if actor.user_id is None:
        raise NoSuchRecognition
    Opinion.objects.create(
        recognition=found,
        user_id=actor.user_id,
        role=role,
        is_in_favour=is_in_favour,
        reason=reason[: steps.LONGEST_REASON],
        given_at=now,
    )
    _note(found, "recognition.opinion", actor=actor, now=now)
    if not is_in_favour:
        return _refuse(found, reason, actor=actor, now=now)
    in_favour = {one.role for one in given if one.is_in_favour} | {role}
    return _grant(found, actor=actor, now=now) if in_favour >= set(ROLES) else found


@transaction.atomic
def revoke(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Recognition:
    """Take a certificate back; the reason is public. Revoking twice changes nothing.

    Raises NoSuchRecognition, ReviewerIsMember, AlreadyDecided, InvalidEvidence (`reason`).
    """
    actor.require("providers.recognise")
    found = _lock(number, actor)
    if found.state == State.REVOKED:
        return found
    if found.state != State.GRANTED or found.evidence_id is None:
        raise AlreadyDecided(_("There is no certificate to revoke."))
    evidence.revoke_evidence(evidence_id=found.evidence_id, reason=reason, actor=actor, now=now)
    found.state, found.revoked_at, found.reason = State.REVOKED, now, reason.strip()
    found.save(update_fields=["state", "revoked_at", "reason"])
    _note(found, "recognition.revoked", actor=actor, now=now)
    _tell(found, REVOKED, {"number": str(found.certificate_number), "reason": found.reason}, now=now)
    return found


def _grant(found: Recognition, *, actor: actors.Actor, now: datetime) -> Recognition:
    on = periods.civil_date(now)
    until = qualifications.add_years(on, VALID_YEARS)
    number = organisations.random_number(prefix=f"YQ{on:%Y}", length=8)
    claim = evidence.record_evidence(
        kind=Evidence.Kind.RECOGNITION,
        partner=found.partner,
        issuer=people.get_platform().name,
        document_number=number,
        issued_date=on,
        valid_from=on,
        valid_until=until,
        actor=actor,
        now=now,
    )
    evidence.verify_evidence(evidence_id=claim.pk, actor=actor, now=now)
    found.state, found.decided_at, found.certificate_number = State.GRANTED, now, number
    found.valid_from, found.valid_until, found.evidence_id = on, until, claim.pk
    found.save(update_fields=["state", "decided_at", "certificate_number", "valid_from", "valid_until", "evidence"])
    _note(found, "recognition.granted", actor=actor, now=now)
    _tell(found, GRANTED, {"number": number}, now=now)
    return found


def _refuse(found: Recognition, reason: str, *, actor: actors.Actor, now: datetime) -> Recognition:
    found.state, found.decided_at, found.reason = State.REFUSED, now, reason[:200]
    found.save(update_fields=["state", "decided_at", "reason"])
    _note(found, "recognition.refused", actor=actor, now=now)
    _tell(found, REFUSED, {"reason": found.reason}, now=now)
    return found


def _lock(number: str, actor: actors.Actor) -> Recognition:
    rows = Recognition.objects.select_for_update(of=("self",)).select_related("partner__organisation")
    found = rows.filter(number=number).first()
    if found is None:
        raise NoSuchRecognition
    steps.require_outsider(organisation_id=found.partner.organisation_id, actor=actor)
    return found


def _tell(found: Recognition, text: str, values: dict[str, str], *, now: datetime) -> None:
    notices.notify(
        organisation_id=found.partner.organisation_id,
        key=f"recognition:{found.number}:{found.state}",
        permission="providers.apply",
        text=text,
        values=values,
        path=PATH,
        now=now,
    )


def _note(found: Recognition, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(actor=actor, action=action, object_type="recognition", object_id=found.number, now=now)
