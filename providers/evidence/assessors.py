"""Writes and the rule of assessors: who is registered, and whom they may not assess."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.rules import uscc
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.models import Assessor, AssessorTie, Partner


class InvalidAssessor(errors.Refused):
    """A name, a code or a date of an assessor or of its tie is missing or wrong."""


class NotIndependent(errors.Refused):
    """The assessor is the provider itself, or tied to it."""


def require_independent(*, assessor: Assessor, partner: Partner, on: date) -> None:
    """Raise NotIndependent if the assessor may not assess a provider: itself, or tied to it on that day."""
    if assessor.uscc == partner.organisation.uscc:
        raise NotIndependent(
            _("%(assessor)s may not assess itself. Have another assessor do it.") % {"assessor": assessor.name},
            field="assessor",
        )
    tie = AssessorTie.objects.filter(
        Q(end_date=None) | Q(end_date__gte=on), assessor=assessor, partner=partner, since_date__lte=on
    ).first()
    if tie is not None:
        raise NotIndependent(
            _("%(assessor)s is tied to %(provider)s (%(tie)s), so its report proves nothing. Have another assess.")
            % {"assessor": assessor.name, "provider": partner.name, "tie": tie.get_kind_display()},
            field="assessor",
        )


@transaction.atomic
def register_assessor(*, name: str, code: str, accreditation: str, actor: actors.Actor, now: datetime) -> Assessor:
    """Take an assessor into the register. Raises InvalidAssessor naming the field (needs `evidence.verify`)."""
    actor.require("evidence.verify")
    for field, text, longest in (("name", name, 120), ("accreditation", accreditation, 60)):
        if not text.strip() or len(text) > longest:
            raise InvalidAssessor(_("Give at most %(most)s characters.") % {"most": longest}, field=field)
    try:
        uscc.check(uscc.normalise(code))
    except uscc.InvalidCode as error:
        raise InvalidAssessor(str(error), field="code") from error
    try:
        with transaction.atomic():
            assessor = Assessor.objects.create(
                name=name.strip(),
                uscc=uscc.normalise(code),
                accreditation=accreditation.strip(),
                registered_at=now,
            )
    except IntegrityError as error:
        raise InvalidAssessor(_("An assessor with this code is registered already."), field="code") from error
    organisations.record(
        actor=actor, action="assessor.registered", object_type="assessor", object_id=assessor.uscc, now=now
    )
    return assessor


@transaction.atomic
def tie_assessor(
    *,
    assessor: Assessor,
    partner: Partner,
    kind: str,
    since_date: date,
    end_date: date | None = None,
    actor: actors.Actor,
    now: datetime,
) -> AssessorTie:
    """Note that an assessor and a provider belong together; said again with other days, those count.

    Raises InvalidAssessor naming the field (needs `evidence.verify`).
    """
    actor.require("evidence.verify")
    if kind not in AssessorTie.Kind.values:
        raise InvalidAssessor(_("Choose what ties them."), field="kind")
    if end_date is not None and end_date < since_date:
        raise InvalidAssessor(_("The tie ends before it begins."), field="end_date")
    tie, _created = AssessorTie.objects.update_or_create(
        assessor=assessor, partner=partner, kind=kind, defaults={"since_date": since_date, "end_date": end_date}
    )
    organisations.record(
        actor=actor,
        action="assessor.tied",
        object_type="assessor",
        object_id=assessor.uscc,
        now=now,
        details={"partner": partner.pk, "kind": kind},
    )
    return tie
