"""Writes of qualifications: renew, verify, refuse, remind; and the dated table of standard rates.

A qualification holds from the day it is verified until its last day, both included. The newest verified row of a kind
counts; a renewal beside it changes nothing until it is verified too.
"""

from datetime import date, datetime
from typing import Any, Final

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.documents import operations as documents
from providers.models import Partner
from providers.onboarding import expiry, steps
from providers.onboarding.models import Qualification, Reminder, StandardCommission
from providers.onboarding.steps import InvalidApplication

Status = Qualification.Status
RENEWABLE: Final = (Qualification.Kind.BUSINESS_LICENCE, Qualification.Kind.TELECOM_LICENCE)
RENEWED: Final = gettext_noop("%(name)s has renewed a qualification. Please verify it.")
REFUSED: Final = gettext_noop("A renewed qualification was refused: %(reason)s")
VERIFIED: Final = gettext_noop("A renewed qualification is verified. It holds until %(day)s.")


class NoSuchQualification(errors.NotFound):
    """No qualification with this id."""


class RenewalWaits(errors.Conflict):
    """A renewal of this kind waits for verification already."""


class AlreadyDecided(errors.Conflict):
    """The qualification was verified or refused before."""


def standard_commission(*, on: date) -> StandardCommission | None:
    """The standard rates of a day; None before the first row of the table."""
    return StandardCommission.objects.filter(effective_date__lte=on).order_by("-effective_date").first()


def add_years(day: date, years: int) -> date:
    """The last day of a term of whole years that begins on `day`: the day before its return."""
    try:
        back = day.replace(year=day.year + years)
    except ValueError:  # 29 February
        back = day.replace(year=day.year + years, month=3, day=1)
    return date.fromordinal(back.toordinal() - 1)


def write_verified(
    *,
    partner: Partner,
    kind: str,
    document: Any,
    document_number: str,
    valid_from: date,
    valid_until: date | None,
    recorded_by: int | None,
    actor: actors.Actor,
    now: datetime,
) -> Qualification:
    """A qualification that the platform has seen in the application, in the caller's transaction."""
    return Qualification.objects.create(
        partner=partner,
        kind=kind,
        status=Status.VERIFIED,
        document=document,
        document_number=document_number,
        valid_from=valid_from,
        valid_until=valid_until,
        recorded_by_id=recorded_by,
        recorded_at=now,
        decided_by_id=actor.user_id,
        decided_at=now,
    )


@transaction.atomic
def renew(
    *,
    partner: Partner,
    kind: str,
    file: File,
    document_number: str,
    valid_until: date | None,
    actor: actors.Actor,
    now: datetime,
) -> Qualification:
    """The provider hands in a newer licence. It counts once the platform has verified it.

    Raises InvalidApplication (`valid_until`, `document_number`), UnusableDocument, RenewalWaits.
    """
    actor.require("providers.apply")
    if kind not in RENEWABLE or actor.organisation_id != partner.organisation_id:
        raise NoSuchQualification
    on = periods.civil_date(now)
    number = " ".join(document_number.split())
    if not number or len(number) > 60:
        raise InvalidApplication(_("Enter the number, in at most 60 characters."), field="document_number")
    if valid_until is not None and valid_until < on:
        raise InvalidApplication(_("This licence has ended. Upload the new one."), field="valid_until")
    if valid_until is None and kind == Qualification.Kind.TELECOM_LICENCE:
        raise InvalidApplication(_("Enter its last day: a telecom licence has one."), field="valid_until")
    Partner.objects.select_for_update().get(pk=partner.pk)
    if Qualification.objects.filter(partner=partner, kind=kind, status=Status.CLAIMED).exists():
        raise RenewalWaits(_("A renewal waits for verification already."), field="file")
    document = documents.keep(file=file, kind=kind, organisation_id=partner.organisation_id, actor=actor, now=now)
    found = Qualification.objects.create(
        partner=partner,
        kind=kind,
        document=document,
        document_number=number,
        valid_from=on,
        valid_until=valid_until,
        recorded_by_id=actor.user_id,
        recorded_at=now,
    )
    _note(found, "qualification.renewed", actor=actor, now=now)
    notices.notify(
        organisation_id=people.get_platform().pk,
        key=f"qualification:{found.pk}:claimed",
        permission="providers.review",
        text=RENEWED,
        values={"name": partner.name},
        path=f"/operator/providers/{partner.organisation.public_id}/",
        now=now,
    )
    return found


@transaction.atomic
def renew_agreement(*, partner: Partner, years: int, actor: actors.Actor, now: datetime) -> Qualification:
    """Platform and provider go on for a term: the agreement's end moves by whole years from today."""
    actor.require("providers.review")
    steps.require_outsider(organisation_id=partner.organisation_id, actor=actor)
    on = periods.civil_date(now)
    found = write_verified(
        partner=partner,
        kind=Qualification.Kind.AGREEMENT,
        document=None,
        document_number=f"{partner.organisation.public_id}-{on:%Y%m%d}",
        valid_from=on,
        valid_until=add_years(on, years),
        recorded_by=actor.user_id,
        actor=actor,
        now=now,
    )
    _note(found, "qualification.agreement_renewed", actor=actor, now=now)
    return found


@transaction.atomic
def decide(
    *, qualification_id: int, is_verified: bool, reason: str = "", actor: actors.Actor, now: datetime
) -> Qualification:
    """The platform has looked at a renewal. A refusal needs a reason, which the provider reads.

    Raises NoSuchQualification, ReviewerIsMember, AlreadyDecided, InvalidApplication (`reason`).
    """
    actor.require("providers.review")
    if not is_verified:
        reason = steps.check_reason(reason)
    rows = Qualification.objects.select_for_update(of=("self",)).select_related("partner__organisation")
    found = rows.filter(pk=qualification_id).first()
    if found is None:
        raise NoSuchQualification
    steps.require_outsider(organisation_id=found.partner.organisation_id, actor=actor)
    wanted = Status.VERIFIED if is_verified else Status.REFUSED
    if found.status == wanted:
        return found
    if found.status != Status.CLAIMED:
        raise AlreadyDecided(_("This qualification was decided before. Reload the page."))
    found.status, found.decided_by_id, found.decided_at, found.reason = wanted, actor.user_id, now, reason
    found.save(update_fields=["status", "decided_by", "decided_at", "reason"])
    _note(found, f"qualification.{wanted}", actor=actor, now=now)
    notices.notify(
        organisation_id=found.partner.organisation_id,
        key=f"qualification:{found.pk}:{wanted}",
        permission="providers.apply",
        text=VERIFIED if is_verified else REFUSED,
        values={"reason": reason, "day": found.valid_until.isoformat() if found.valid_until else "–"},
        path="/provider/onboarding/",
        now=now,
    )
    return found


def remind_due(*, now: datetime, limit: int) -> int:
    """Tell providers of what ends in 60, 30 or 7 days, and of what has ended; each once. Returns how many were told.

    Whoever comes late (a licence handed in 20 days before its end) is told the nearest of them, not all.
    """
    due = expiry.list_due(on=periods.civil_date(now))[:limit]
    for one in due:
        with transaction.atomic():
            # The unique row is the claim: another worker that is here too waits, and then writes nothing.
            row = Reminder.objects.bulk_create(
                [Reminder(what=one.what, days=one.days, sent_at=now)], ignore_conflicts=True
            )
            if row:
                notices.notify(
                    organisation_id=one.organisation_id,
                    key=f"expiry:{one.what}:{one.days}",
                    permission="providers.apply",
                    text=one.text,
                    values={"day": one.valid_until.isoformat(), "days": one.days},
                    path=one.path,
                    is_urgent=one.days <= expiry.URGENT_DAYS,
                    now=now,
                )
    return len(due)


def _note(found: Qualification, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="qualification",
        object_id=found.pk,
        now=now,
        details={"kind": found.kind, "document": found.document_number},
    )
