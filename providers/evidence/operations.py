"""Writes: record a claim, verify it, revoke it."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from billing.rules import periods
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.documents.models import Document
from providers.evidence import assessors, mlps, proven
from providers.models import Assessor, DataCentre, Evidence, MlpsSystem, Partner

MLPS_LEVELS: Final = range(1, 6)
LEAST_PUE, MOST_PUE = Decimal(1), Decimal(5)  # below 1 is impossible; above 5 is a slip of the hand
LONGEST_REASON: Final = 200
LONGEST_ISSUER, LONGEST_NUMBER, LONGEST_NAME = 120, 60, 60
CLASSES: Final = {"A": 1, "B": 2, "C": 3}  # how a GB 50174 class stands in `value`


class NoSuchEvidence(errors.NotFound):
    """No evidence with this id, for this actor."""


class InvalidEvidence(errors.Refused):
    """A value, a date or an issuer is missing or impossible."""


class OwnEvidence(errors.Refused):
    """Someone of the provider was to verify the provider's own document."""


class NoDocument(errors.Refused):
    """A claim without its document: the platform has seen nothing that it could verify."""


class AlreadyRevoked(errors.Conflict):
    """Revoked evidence does not come back: record the new document."""


@transaction.atomic
def record_evidence(
    *,
    kind: str,
    partner: Partner,
    data_centre: DataCentre | None = None,
    value: Decimal | None = None,
    issuer: str = "",
    document_number: str = "",
    document: Document | None = None,
    system: MlpsSystem | None = None,
    assessor: Assessor | None = None,
    signed_by: str = "",
    issued_date: date | None = None,
    valid_from: date,
    valid_until: date | None = None,
    actor: actors.Actor,
    now: datetime,
) -> Evidence:
    """Write down a claim (status `claimed`). `value` as the kind has it; `valid_until` is the last good day.

    `document` is the file that proves it, kept for the provider. A third-party assessment names a registered `assessor`
    and who signed.

    Raises InvalidEvidence naming the field, PermissionDenied (needs `evidence.record`, and one's own organisation).
    """
    actor.require("evidence.record")
    if actor.side == actors.PROVIDER and actor.organisation_id != partner.organisation_id:
        raise PermissionDenied
    _check(kind=kind, partner=partner, data_centre=data_centre, value=value)
    if document is not None and document.organisation_id != partner.organisation_id:
        raise InvalidEvidence(_("Upload the document for this provider."), field="document")
    signed_by = signed_by.strip()
    if kind == Evidence.Kind.ASSESSMENT and (assessor is None or not signed_by):
        raise InvalidEvidence(
            _("Name the assessor and the person who signed the report."), field="signed_by" if assessor else "assessor"
        )
    if assessor is not None:
        assessors.require_independent(assessor=assessor, partner=partner, on=issued_date or valid_from)
        issuer = assessor.name
    for field, text, longest in (
        ("issuer", issuer, LONGEST_ISSUER),
        ("document_number", document_number, LONGEST_NUMBER),
        ("signed_by", signed_by, LONGEST_NAME),
    ):
        if len(text) > longest or "\x00" in text:
            raise InvalidEvidence(_("At most %(most)s characters fit here.") % {"most": longest}, field=field)
    if valid_until is not None and valid_until < valid_from:
        raise InvalidEvidence(_("The last valid day lies before the first one."), field="valid_until")
    if issued_date is not None and issued_date > periods.civil_date(now):
        raise InvalidEvidence(_("The day of the document lies in the future."), field="issued_date")
    evidence = Evidence.objects.create(
        kind=kind,
        partner=partner,
        data_centre=data_centre,
        value=value,
        issuer=issuer,
        document_number=document_number,
        document=document,
        system=system,
        assessor=assessor,
        signed_by=signed_by,
        issued_date=issued_date,
        valid_from=valid_from,
        valid_until=valid_until,
        recorded_by_id=actor.user_id,
        recorded_at=now,
    )
    _note(evidence, "evidence.recorded", actor=actor, now=now)
    return evidence


@transaction.atomic
def verify_evidence(*, evidence_id: int, actor: actors.Actor, now: datetime) -> Evidence:
    """The platform has seen the document: claimed → verified. Verifying twice changes nothing.

    Raises NoSuchEvidence, OwnEvidence, AlreadyRevoked, NoDocument, assessors.NotIndependent, PermissionDenied (needs
    `evidence.verify`).
    """
    actor.require("evidence.verify")
    evidence = _lock(evidence_id)
    memberships = people.list_memberships(user_id=actor.user_id) if actor.user_id else []
    if evidence.partner.organisation_id in {one.organisation_id for one in memberships}:
        raise OwnEvidence(
            _("You belong to %(provider)s. Let a colleague who does not verify its documents.")
            % {"provider": evidence.partner.name}
        )
    if evidence.status == Evidence.Status.REVOKED:
        raise AlreadyRevoked(_("This evidence was revoked. Record the new document instead."))
    if evidence.status == Evidence.Status.VERIFIED:
        return evidence
    if evidence.document_id is None and evidence.kind != Evidence.Kind.RECOGNITION:
        raise NoDocument(_("Nothing is uploaded that proves this. Ask the provider for the document."))
    if evidence.assessor is not None:
        assessors.require_independent(
            assessor=evidence.assessor, partner=evidence.partner, on=evidence.issued_date or evidence.valid_from
        )
    evidence.status = Evidence.Status.VERIFIED
    evidence.verified_by_id, evidence.verified_at = actor.user_id, now
    evidence.save(update_fields=["status", "verified_by", "verified_at"])
    _note(evidence, "evidence.verified", actor=actor, now=now)
    if evidence.system is not None:
        mlps.become_valid(evidence=evidence, actor=actor, now=now)
    if evidence.kind == Evidence.Kind.PUE:
        _show_measured(evidence)
    _restate(evidence, now=now)
    return evidence


@transaction.atomic
def revoke_evidence(*, evidence_id: int, reason: str, actor: actors.Actor, now: datetime) -> Evidence:
    """The document no longer stands. `reason` is public. Revoking twice changes nothing.

    Raises NoSuchEvidence, InvalidEvidence without a reason, PermissionDenied (needs `evidence.verify`).
    """
    actor.require("evidence.verify")
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise InvalidEvidence(
            _("Say why, in at most %(most)s characters: everyone can read it.") % {"most": LONGEST_REASON},
            field="reason",
        )
    evidence = _lock(evidence_id)
    if evidence.status == Evidence.Status.REVOKED:
        return evidence
    evidence.status, evidence.revoked_at, evidence.revoked_reason = Evidence.Status.REVOKED, now, reason
    evidence.save(update_fields=["status", "revoked_at", "revoked_reason"])
    _note(evidence, "evidence.revoked", actor=actor, now=now)
    if evidence.system is not None:
        mlps.lose(evidence=evidence, reason=reason, actor=actor, now=now)
    _restate(evidence, now=now)
    return evidence


def _check(*, kind: str, partner: Partner, data_centre: DataCentre | None, value: Decimal | None) -> None:
    if kind not in Evidence.Kind.values:
        raise InvalidEvidence(_("Choose one of: %(kinds)s.") % {"kinds": ", ".join(Evidence.Kind.values)}, field="kind")
    is_of_provider = kind == Evidence.Kind.RECOGNITION
    if is_of_provider is not (data_centre is None):
        raise InvalidEvidence(
            _("A recognition is of a provider; every other document is of one data centre."), field="data_centre"
        )
    if data_centre is not None and data_centre.partner_id != partner.pk:
        raise InvalidEvidence(_("Choose one of the provider's own data centres."), field="data_centre")
    if kind == Evidence.Kind.MLPS and (value is None or value not in MLPS_LEVELS):
        raise InvalidEvidence(_("Give the MLPS level, from 1 to 5."), field="value")
    if kind == Evidence.Kind.PUE and (value is None or not LEAST_PUE <= value <= MOST_PUE):
        raise InvalidEvidence(_("Give the measured PUE, from 1 to 5."), field="value")
    if kind == Evidence.Kind.GREEN_POWER and (value is None or not 0 < value <= 100):
        raise InvalidEvidence(_("Give the share of green power in percent, above 0 and at most 100."), field="value")
    if kind == Evidence.Kind.GB50174 and value not in CLASSES.values():
        raise InvalidEvidence(_("Choose the class A, B or C."), field="value")


def _show_measured(evidence: Evidence) -> None:
    """The newest verified measurement is what the data centre states from now on."""
    centre = evidence.data_centre
    if centre is None or evidence.issued_date is None:
        return
    if centre.measured_pue_until is None or centre.measured_pue_until <= evidence.issued_date:
        value = None if evidence.value is None else evidence.value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        centre.measured_pue, centre.measured_pue_until = value, evidence.issued_date
        centre.save(update_fields=["measured_pue", "measured_pue_until"])


def _restate(evidence: Evidence, *, now: datetime) -> None:
    """The catalogue filters by what is proven from now on."""
    if evidence.data_centre_id is not None:
        proven.restate(data_centre_ids=[evidence.data_centre_id], on=periods.civil_date(now))


def _lock(evidence_id: int) -> Evidence:
    evidence = (
        Evidence.objects.select_for_update(of=("self",))
        .select_related("partner__organisation", "assessor", "system", "data_centre")
        .filter(pk=evidence_id)
        .first()
    )
    if evidence is None:
        raise NoSuchEvidence
    return evidence


def _note(evidence: Evidence, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="evidence",
        object_id=evidence.pk,
        now=now,
        details={"kind": evidence.kind, "document": evidence.document_number},
    )
