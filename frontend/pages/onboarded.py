"""What the applicant's and the operator's pages of onboarding share: words, tones, facts, findings, timeline."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.organisations import errors
from providers.onboarding import findings, queries

LABELS: Final[dict[str, Any]] = {  # lazy words
    "name": gettext_lazy("Name on the business licence"),
    "code": gettext_lazy("Unified social credit code"),
    "legal_representative": gettext_lazy("Legal representative"),
    "county": gettext_lazy("County"),
    "address": gettext_lazy("Registered address"),
    "business_licence": gettext_lazy("Business licence"),
    "licence_valid_until": gettext_lazy("Last day of the business licence"),
    "licence_is_long_term": gettext_lazy("The licence has no end (长期)"),
    "services": gettext_lazy("Services"),
    "telecom_licence": gettext_lazy("Value-added telecom licence"),
    "telecom_number": gettext_lazy("Number of the telecom licence"),
    "telecom_valid_until": gettext_lazy("Last day of the telecom licence"),
    "contact_name": gettext_lazy("Contact"),
    "contact_phone": gettext_lazy("Telephone"),
    "contact_email": gettext_lazy("E-mail address of the contact"),
    "requested_rate": gettext_lazy("Commission asked for, %"),
}
SERVICES: Final[dict[str, Promise]] = {
    "iaas": gettext_lazy("IaaS: compute, storage, hosting"),
    "paas": gettext_lazy("PaaS: databases, containers, middleware"),
    "saas": gettext_lazy("SaaS: applications"),
    "network": gettext_lazy("Network: bandwidth, lines, CDN"),
    "value_added": gettext_lazy("Value-added: backup, video, data, security"),
    "development": gettext_lazy("Development of applications"),
}
STATES: Final[dict[str, Promise]] = {
    "draft": gettext_lazy("Draft"),
    "submitted": gettext_lazy("Submitted"),
    "in_review": gettext_lazy("In review"),
    "returned": gettext_lazy("Returned"),
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
}
TONES: Final = {"submitted": "info", "in_review": "info", "returned": "warn", "approved": "good", "rejected": "bad"}
ACCOUNT_TONES: Final = {"entered": "warn", "drawn": "info", "sent": "info", "verified": "good", "replaced": "neutral"}
RECOGNITION_TONES: Final = {"applied": "info", "granted": "good", "refused": "bad", "revoked": "bad"}
STEP_OF: Final[dict[str, str]] = {
    **dict.fromkeys(("name", "code", "legal_representative", "county", "address"), "organisation"),
    **dict.fromkeys(("business_licence", "licence_valid_until", "licence_is_long_term"), "licence"),
    **dict.fromkeys(("services", "telecom_licence", "telecom_number", "telecom_valid_until"), "services"),
    **dict.fromkeys(("contact_name", "contact_phone", "contact_email", "requested_rate"), "contact"),
}


def badge(state: str) -> dict[str, Any]:
    """An application's state in words, with its tone."""
    return {"words": STATES[state], "tone": TONES.get(state, "neutral")}


def facts(application: Any) -> list[dict[str, Any]]:
    """What an application says, field by field; `document` is one that can be opened."""
    organisation, rate = application.organisation, application.requested_rate
    values: dict[str, Any] = {
        "name": organisation.name,
        "code": organisation.uscc,
        "legal_representative": application.legal_representative,
        "county": application.county.name if application.county else "",
        "address": application.address,
        "business_licence": application.business_licence,
        "licence_valid_until": _("no end") if application.licence_is_long_term else application.licence_valid_until,
        "services": "、".join(str(SERVICES[one]) for one in application.services),
        "telecom_licence": application.telecom_licence,
        "telecom_number": application.telecom_number,
        "telecom_valid_until": application.telecom_valid_until,
        "contact_name": application.contact_name,
        "contact_phone": application.contact_phone,
        "contact_email": application.contact_email,
        "requested_rate": "" if rate is None else f"{rate * 100:.2f} %",
    }
    return [
        {
            "label": LABELS[field],
            "value": value,
            "document": value if field.endswith("_licence") else None,
            "remark": application.remarks.get(field, ""),
        }
        for field, value in values.items()
    ]


def found(application: Any, *, edit_url: str = "") -> list[dict[str, Any]]:
    """What the checks found, with the address of the step that mends it."""
    return [
        {
            "level": _("Must be mended") if one.is_error else _("Note"),
            "tone": "bad" if one.is_error else "warn",
            "message": one.message,
            "remedy": one.remedy,
            "url": f"{edit_url}?step={STEP_OF.get(one.field, 'organisation')}" if edit_url else "",
        }
        for one in findings.Finding.read(application.findings)
    ]


def timeline(application: Any) -> list[dict[str, Any]]:
    """The steps of an application for c-timeline, the newest first."""
    return [
        {
            "title": STATES[one.to_state],
            "state": "failed" if one.to_state in ("returned", "rejected") else "done",
            "at": one.happened_at,
            "text": " · ".join(part for part in (one.user.get_full_name() if one.user else "", one.reason) if part),
        }
        for one in reversed(queries.list_steps(application=application))
    ]


def remarks(application: Any, fields: Sequence[str] = ()) -> list[tuple[Any, str]]:
    """What the reviewer remarked, of some fields or of all."""
    return [(LABELS[field], text) for field, text in application.remarks.items() if not fields or field in fields]


def add_error(form: forms.Form, refusal: errors.Refused) -> int:
    """Show a refusal beside its field; the status that the page answers with."""
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
    return 409 if refusal.is_conflict else 422


def field_errors(form: forms.Form, messages: Mapping[str, Sequence[str]]) -> None:
    """Show what a ValidationError says beside its fields."""
    for field, texts in messages.items():
        for text in texts:
            form.add_error(field if field in form.fields else None, text)


def date_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def file_input() -> forms.ClearableFileInput:
    return forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"})
