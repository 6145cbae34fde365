"""Writes of the applicant: register, write the application step by step, hand it in."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.rules import periods, uscc
from marketplace.organisations import actors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from marketplace.organisations.models import Division, User
from providers.documents import operations as documents
from providers.documents.models import Document
from providers.onboarding import checks, steps
from providers.onboarding.findings import Finding
from providers.onboarding.models import OPEN_STATES, Application
from providers.onboarding.steps import InvalidApplication, NoSuchApplication, ReviewerIsMember, WrongState

__all__ = [
    "ChecksFailed",
    "InvalidApplication",
    "NoSuchApplication",
    "ReviewerIsMember",
    "WrongState",
    "begin",
    "keep_document",
    "register_applicant",
    "save",
    "submit",
]

State = Application.State
SERVICES: Final = ("iaas", "paas", "saas", "network", "value_added", "development")
LONGEST: Final = {
    "legal_representative": 60,
    "address": 200,
    "telecom_number": 40,
    "contact_name": 60,
    "contact_phone": 30,
    "contact_email": 254,
}
DOCUMENT_FIELDS: Final = ("business_licence", "telecom_licence")
APPLIED: Final = gettext_noop("%(name)s has handed in its application as a provider. Please review it.")


class ChecksFailed(InvalidApplication):
    """The checks found errors; `findings` names them and they are stored with the application."""

    def __init__(self, found: list[Finding]) -> None:
        self.findings = found
        wrong = [one for one in found if one.is_error]
        super().__init__(
            _("Mend what the checks found first: %(messages)s") % {"messages": " ".join(one.message for one in wrong)},
            field=wrong[0].field,
        )


@transaction.atomic
def register_applicant(
    *, name: str, code: str, full_name: str, email: str, password: str, now: datetime
) -> tuple[User, Application]:
    """Register an organisation on the provider side with its owner, and begin its application.

    Raises ValidationError naming `name`, `code` (form, check character, taken), `email` (taken) or `password` (weak).
    """
    if not name.strip():
        raise ValidationError({"name": _("Give the name as it stands on the business licence.")})
    try:
        with transaction.atomic():
            organisation = organisations.create_organisation(
                side=actors.PROVIDER,
                name=name.strip(),
                code=uscc.normalise(code),
                county_code=None,
                needs_approval=False,
                actor=actors.VISITOR,
                now=now,
            )
            user = organisations.create_user(
                email=email, password=password, full_name=full_name.strip(), actor=actors.VISITOR, now=now
            )
    except IntegrityError as error:  # two at once: the constraint knows, the check before it could not
        raise ValidationError(
            {"code": _("An organisation with this code, or a person with this address, has just been registered.")}
        ) from error
    organisations.add_member(organisation=organisation, user=user, roles=["owner"], actor=actors.VISITOR, now=now)
    owner = people.find_actor(user=user, organisation_id=organisation.pk)
    return user, begin(actor=owner, now=now)


@transaction.atomic
def begin(*, actor: actors.Actor, now: datetime) -> Application:
    """The open or approved application of the actor's organisation, or a new draft."""
    actor.require("providers.apply")
    organisation_id = actor.organisation_id or 0
    found = _current(organisation_id)
    if found is not None:
        return found
    try:
        with transaction.atomic():
            application = Application.objects.create(
                number=organisations.random_number(prefix="SQ"), organisation_id=organisation_id, created_at=now
            )
            steps.note(application=application, before="", actor=actor, now=now)
    except IntegrityError:  # another click was faster
        return Application.objects.filter(organisation_id=organisation_id, state__in=OPEN_STATES).get()
    return application


@transaction.atomic
def save(*, number: str, values: Mapping[str, Any], actor: actors.Actor, now: datetime) -> Application:
    """Write some fields of a draft (or of a returned application); what is left out stays.

    `name`, `code` and `county` are written to the organisation too. Raises InvalidApplication, WrongState.
    """
    application = _lock_own(number, actor)
    remarks = {field: text for field, text in application.remarks.items() if field not in values}
    if {"name", "code", "county"} & values.keys():
        _correct_organisation(application, values, actor=actor, now=now)
    written = {field: _read(field, value) for field, value in values.items() if field not in ("name", "code")}
    if written.get("licence_is_long_term"):
        written["licence_valid_until"] = None
    for field, value in {**written, "remarks": remarks}.items():
        setattr(application, f"{field}_id" if field == "county" else field, value)
    application.save(update_fields=[*written, "remarks"])
    return application


@transaction.atomic
def keep_document(*, number: str, field: str, file: File, actor: actors.Actor, now: datetime) -> Document:
    """Take in the business licence or the telecom licence of a draft. Raises UnusableDocument, WrongState."""
    if field not in DOCUMENT_FIELDS:
        raise ValueError(f"no document of an application is called {field!r}")
    application = _lock_own(number, actor)
    document = documents.keep(file=file, kind=field, organisation_id=application.organisation_id, actor=actor, now=now)
    setattr(application, field, document)
    application.remarks.pop(field, None)
    application.save(update_fields=[field, "remarks"])
    return document


def submit(*, number: str, actor: actors.Actor, now: datetime) -> Application:
    """Hand a draft in for review. Submitting twice changes nothing. Raises ChecksFailed (and stores it), WrongState."""
    actor.require("providers.apply")
    with transaction.atomic():
        application = steps.lock(number=number, organisation_id=actor.organisation_id)
        if application.state == State.SUBMITTED:
            return application
        if application.state not in (State.DRAFT, State.RETURNED):
            raise steps.refuse(state=application.state)
        found = checks.run(application=application, on=periods.civil_date(now))
        application.findings = [one.to_json() for one in found]
        application.save(update_fields=["findings"])
        if not any(one.is_error for one in found):
            steps.move(application=application, after=State.SUBMITTED, actor=actor, now=now, submitted_at=now)
            _tell_platform(application, now=now)
            return application
    raise ChecksFailed(found)


def _tell_platform(application: Application, *, now: datetime) -> None:
    notices.notify(
        organisation_id=people.get_platform().pk,
        key=f"application:{application.number}:{now.isoformat()}",
        permission="providers.review",
        text=APPLIED,
        values={"name": application.organisation.name},
        path=f"/operator/applications/{application.number}/",
        now=now,
    )


def _current(organisation_id: int) -> Application | None:
    return (
        Application.objects.filter(organisation_id=organisation_id, state__in=[*OPEN_STATES, State.APPROVED])
        .select_related("organisation")
        .first()
    )


def _lock_own(number: str, actor: actors.Actor) -> Application:
    actor.require("providers.apply")
    application = steps.lock(number=number, organisation_id=actor.organisation_id)
    if application.state not in (State.DRAFT, State.RETURNED):
        raise steps.refuse(state=application.state)
    return application


def _correct_organisation(
    application: Application, values: Mapping[str, Any], *, actor: actors.Actor, now: datetime
) -> None:
    organisation = application.organisation
    county = _read("county", values["county"]) if "county" in values else organisation.county_id
    name = str(values.get("name", organisation.name))
    if len(name) > 120:
        raise InvalidApplication(_("At most %(most)s characters.") % {"most": 120}, field="name")
    try:
        application.organisation = organisations.correct_organisation(
            organisation_id=organisation.pk,
            name=name,
            code=str(values.get("code", organisation.uscc)),
            county_code=county,
            actor=actor,
            now=now,
        )
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidApplication(" ".join(messages), field=field) from error


def _read(field: str, value: Any) -> Any:
    """A value as the column takes it. Raises InvalidApplication naming the field; KeyError for no such field."""
    if field in LONGEST:
        text = " ".join(str(value or "").split())
        if len(text) > LONGEST[field]:
            raise InvalidApplication(_("At most %(most)s characters.") % {"most": LONGEST[field]}, field=field)
        return text
    return _READERS[field](value)


def _read_county(value: Any) -> str | None:
    if value and not Division.objects.filter(code=value, prefecture__isnull=False).exists():
        raise InvalidApplication(_("Choose a county from the list."), field="county")
    return value or None


def _read_services(value: Any) -> list[str]:
    if set(value) - set(SERVICES):
        raise InvalidApplication(_("Choose services from the list."), field="services")
    return sorted(set(value), key=SERVICES.index)


def _read_rate(value: Any) -> Decimal | None:
    if value is not None and not Decimal(0) <= value < 1:
        raise InvalidApplication(_("Give a rate from 0 to below 100 per cent."), field="requested_rate")
    return value


def _read_day(value: Any) -> date | None:
    return value or None


_READERS: Final[dict[str, Any]] = {
    "county": _read_county,
    "services": _read_services,
    "requested_rate": _read_rate,
    "licence_valid_until": _read_day,
    "telecom_valid_until": _read_day,
    "licence_is_long_term": bool,
}
