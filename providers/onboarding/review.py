"""Writes of the platform: take an application, decide it, change what was agreed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import actors, errors, notices
from providers import operations as providers
from providers.models import Agreement, Partner
from providers.onboarding import checks, qualifications, steps
from providers.onboarding.models import Application, Qualification
from providers.onboarding.operations import ChecksFailed

State = Application.State
# E-commerce Law (电子商务法) article 34: changes of a platform's rules are made public at least seven days ahead.
NOTICE: Final = timedelta(days=7)
AGREEMENT_TERM_YEARS: Final = 2  # the platform's own rule: E-commerce Law 27 asks for verification again, at intervals
REMARKABLE: Final = frozenset(
    {
        *("name", "code", "legal_representative", "address", "county", "services", "requested_rate"),
        *("business_licence", "licence_valid_until", "telecom_licence", "telecom_number", "telecom_valid_until"),
        *("contact_name", "contact_phone", "contact_email"),
    }
)
RETURNED: Final = gettext_noop("Your application %(number)s was returned: %(reason)s")
APPROVED: Final = gettext_noop("Your application %(number)s is approved. You can list offerings now.")
REJECTED: Final = gettext_noop("Your application %(number)s was rejected: %(reason)s")
RATE_CHANGES: Final = gettext_noop("From %(day)s the commission is %(rate)s %%: %(reason)s")


class TakenByAnother(errors.Conflict):
    """Another reviewer has this application in hand."""


class NoStandardRate(errors.Conflict):
    """No standard commission is in force, so that nothing can be agreed."""


class NoticeTooShort(errors.Refused):
    """A new version of the agreement was to come into force too soon."""


@transaction.atomic
def take(*, number: str, actor: actors.Actor, now: datetime, is_takeover: bool = False) -> Application:
    """Make a submitted application the actor's to review. Taking it twice changes nothing.

    Raises TakenByAnother unless `is_takeover`; NoSuchApplication, ReviewerIsMember, WrongState.
    """
    application = _lock(number, actor)
    if application.state == State.IN_REVIEW:
        if reviewer_of(application=application) == actor.user_id:
            return application
        if not is_takeover:
            raise _taken()
    elif application.state != State.SUBMITTED:
        raise steps.refuse(state=application.state)
    return steps.move(application=application, after=State.IN_REVIEW, actor=actor, now=now)


@transaction.atomic
def return_application(
    *, number: str, reason: str, remarks: Mapping[str, str], actor: actors.Actor, now: datetime
) -> Application:
    """Give an application back with a reason and, field by field, what to mend. The applicant edits and submits again.

    Raises InvalidApplication (`reason`), NoSuchApplication, ReviewerIsMember, TakenByAnother, WrongState.
    """
    reason = steps.check_reason(reason)
    kept = {field: steps.check_reason(text) for field, text in remarks.items() if text.strip() and field in REMARKABLE}
    application = _lock_taken(number, actor)
    steps.move(
        application=application,
        after=State.RETURNED,
        reason=reason,
        remarks=kept,
        actor=actor,
        now=now,
    )
    application.remarks = kept
    application.save(update_fields=["remarks"])
    _tell(application, RETURNED, {"reason": reason}, now=now)
    return application


@transaction.atomic
def reject(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Application:
    """Close an application for good; the organisation may begin another. Raises like `return_application`."""
    reason = steps.check_reason(reason)
    application = _lock_taken(number, actor)
    steps.move(application=application, after=State.REJECTED, reason=reason, actor=actor, now=now, decided_at=now)
    _tell(application, REJECTED, {"reason": reason}, now=now)
    return application


@transaction.atomic
def require_telecom_licence(
    *, number: str, is_required: bool | None, reason: str, actor: actors.Actor, now: datetime
) -> Application:
    """Decide for this case whether a telecom licence is needed; None: as the services say. Raises like `reject`."""
    reason = steps.check_reason(reason)
    application = _lock_taken(number, actor)
    if application.is_telecom_required != is_required:
        application.is_telecom_required = is_required
        application.findings = [
            one.to_json() for one in checks.run(application=application, on=periods.civil_date(now))
        ]
        application.save(update_fields=["is_telecom_required", "findings"])
        steps.note(application=application, before=application.state, reason=reason, actor=actor, now=now)
    return application


def approve(*, number: str, actor: actors.Actor, now: datetime, commission_rate: Decimal | None = None) -> Application:
    """Make the organisation a provider: registered, its first agreement open, its qualifications dated.

    The checks run again. The rate is that of the standard table unless another one is given, which stands in the step.
    Approving twice changes nothing. Raises ChecksFailed (findings stored), NoStandardRate, or like `reject`.
    """
    on = periods.civil_date(now)
    with transaction.atomic():
        application = _lock(number, actor)
        if application.state == State.APPROVED:
            return application
        _require_taken(application, actor)
        found = checks.run(application=application, on=on)
        application.findings = [one.to_json() for one in found]
        application.save(update_fields=["findings"])
        if not any(one.is_error for one in found):
            return _put_in_force(application, commission_rate, on=on, actor=actor, now=now)
    raise ChecksFailed(found)


@transaction.atomic
def change_agreement(
    *, partner: Partner, effective_date: date, commission_rate: Decimal, reason: str, actor: actors.Actor, now: datetime
) -> Agreement:
    """Announce the next version of what the platform keeps, at least seven days ahead; the provider is told at once.

    Raises NoticeTooShort, InvalidApplication (`reason`), ReviewerIsMember, InvalidRate.
    """
    actor.require("providers.review")
    reason = steps.check_reason(reason)
    steps.require_outsider(organisation_id=partner.organisation_id, actor=actor)
    first = periods.civil_date(now) + NOTICE
    if effective_date < first:
        raise NoticeTooShort(
            _("A change is announced at least 7 days ahead (E-commerce Law, article 34). Choose %(day)s or later.")
            % {"day": first.isoformat()},
            field="effective_date",
        )
    standard = qualifications.standard_commission(on=effective_date)
    agreement = providers.agree(
        partner=partner,
        effective_date=effective_date,
        commission_rate=commission_rate,
        commission_vat_rate=standard.commission_vat_rate if standard else Decimal("0.06"),
        actor=actor,
        now=now,
    )
    notices.notify(
        organisation_id=partner.organisation_id,
        key=f"agreement:{agreement.pk}",
        permission="providers.apply",
        text=RATE_CHANGES,
        values={"day": effective_date.isoformat(), "rate": f"{commission_rate * 100:.2f}", "reason": reason},
        path="/provider/onboarding/",
        now=now,
    )
    return agreement


def reviewer_of(*, application: Application) -> int | None:
    """Who took an application for review last; None if nobody did."""
    taken = application.steps.filter(to_state=State.IN_REVIEW).exclude(from_state=State.IN_REVIEW, reason__gt="")
    return taken.order_by("-pk").values_list("user_id", flat=True).first()


def _put_in_force(
    application: Application, rate: Decimal | None, *, on: date, actor: actors.Actor, now: datetime
) -> Application:
    standard = qualifications.standard_commission(on=on)
    if standard is None:
        raise NoStandardRate(_("No standard commission is in force. Enter one in the back office first."))
    agreed = standard.commission_rate if rate is None else rate
    partner = providers.register_provider(organisation_id=application.organisation_id, actor=actor, now=now)
    # A provider that the operator had registered before it applied keeps what was agreed with it.
    agreement = Agreement.objects.filter(partner=partner).order_by("-version").first() or providers.agree(
        partner=partner,
        effective_date=on,
        commission_rate=agreed,
        commission_vat_rate=standard.commission_vat_rate,
        actor=actor,
        now=now,
    )
    common: dict[str, Any] = {"partner": partner, "actor": actor, "recorded_by": None, "valid_from": on, "now": now}
    kinds = Qualification.Kind
    qualifications.write_verified(
        kind=kinds.BUSINESS_LICENCE,
        document=application.business_licence,
        document_number=application.organisation.uscc,
        valid_until=application.licence_valid_until,
        **common,
    )
    if application.telecom_licence is not None:
        qualifications.write_verified(
            kind=kinds.TELECOM_LICENCE,
            document=application.telecom_licence,
            document_number=application.telecom_number,
            valid_until=application.telecom_valid_until,
            **common,
        )
    qualifications.write_verified(
        kind=kinds.AGREEMENT,
        document=None,
        document_number=f"{application.number}-{agreement.version}",
        valid_until=qualifications.add_years(on, AGREEMENT_TERM_YEARS),
        **common,
    )
    reason = "" if rate is None else f"{agreed * 100:.2f} %"
    steps.move(application=application, after=State.APPROVED, reason=reason, actor=actor, now=now, decided_at=now)
    _tell(application, APPROVED, {}, now=now)
    return application


def _lock(number: str, actor: actors.Actor) -> Application:
    actor.require("providers.review")
    application = steps.lock(number=number)
    steps.require_outsider(organisation_id=application.organisation_id, actor=actor)
    return application


def _lock_taken(number: str, actor: actors.Actor) -> Application:
    application = _lock(number, actor)
    _require_taken(application, actor)
    return application


def _require_taken(application: Application, actor: actors.Actor) -> None:
    if application.state != State.IN_REVIEW:
        raise steps.refuse(state=application.state)
    if reviewer_of(application=application) != actor.user_id:
        raise _taken()


def _taken() -> TakenByAnother:
    return TakenByAnother(_("Another reviewer has this application. Take it over first."), field="reviewer")


def _tell(application: Application, text: str, values: dict[str, str], *, now: datetime) -> None:
    notices.notify(
        organisation_id=application.organisation_id,
        key=f"application:{application.number}:{application.state}:{now.isoformat()}",
        permission="providers.apply",
        text=text,
        values={"number": application.number, **values},
        path="/provider/onboarding/",
        is_urgent=application.state == State.RETURNED,
        now=now,
    )
