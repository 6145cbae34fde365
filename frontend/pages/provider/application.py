"""The application to become a provider: five steps, each saved by itself, each with its address."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend.pages import onboarded
from frontend.pages.onboarded import LABELS
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.onboarding import operations, queries

STEPS: Final[dict[str, Promise]] = {
    "organisation": gettext_lazy("Organisation"),
    "licence": gettext_lazy("Business licence"),
    "services": gettext_lazy("Services and telecom licence"),
    "contact": gettext_lazy("Contact and commission"),
    "submit": gettext_lazy("Check and submit"),
}
NEEDED: Final = gettext_lazy("Needed for review.")
FILE_HELP: Final = gettext_lazy("PDF, PNG or JPEG, at most 10 MB. It is kept privately; only reviewers open it.")


@gate.page(permission="providers.apply", side="provider", methods=("GET", "POST"))
def edit_application(request: HttpRequest) -> HttpResponse:
    """One step of the application; POST saves it and goes on to the next, the first POST opens the draft."""
    application = queries.find_application(organisation_id=gate.organisation_of(request))
    if application is None or application.state == "rejected":
        if request.method != "POST":
            return redirect("provider:onboarding")
        operations.begin(actor=gate.actor_of(request), now=clock.now())
        return redirect("provider:application")
    if application.state not in ("draft", "returned"):
        return redirect("provider:onboarding")
    step = request.GET.get("step", "organisation") if request.GET.get("step") in STEPS else "organisation"
    build = FORMS.get(step)
    form = build(request, application) if build else None
    status = 422 if form is not None and form.is_bound else 200
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            _save(request, application, form)
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            return redirect(f"{reverse('provider:application')}?step={_next(step)}")
    return render(request, "provider/application.html", _describe(application, step, form), status=status)


@gate.page(permission="providers.apply", side="provider", methods=("POST",))
def submit_application(request: HttpRequest) -> HttpResponse:
    """Hand the application in; what the checks found stands on the last step."""
    application = queries.find_application(organisation_id=gate.organisation_of(request))
    if application is None:
        raise errors.NotFound
    try:
        operations.submit(number=application.number, actor=gate.actor_of(request), now=clock.now())
    except operations.ChecksFailed:
        messages.error(request, _("Mend what the checks found, then submit again."))
        return redirect(f"{reverse('provider:application')}?step=submit")
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The application is submitted. The operator reviews it and you are told."))
    return redirect("provider:onboarding")


def _describe(application: Any, step: str, form: forms.Form | None) -> dict[str, Any]:
    url = reverse("provider:application")
    return {
        "application": application,
        "state": onboarded.badge(application.state),
        "step": step,
        "step_label": STEPS[step],
        "tabs": [
            {"label": f"{place} {words}", "url": f"{url}?step={one}", "count": None, "active": one == step}
            for place, (one, words) in enumerate(STEPS.items(), start=1)
        ],
        "form": form,
        "has_files": form is not None and form.is_multipart(),
        "documents": [one for one in _documents(application, step) if one],
        "remarks": onboarded.remarks(application, tuple(form.fields) if form else ()),
        "findings": onboarded.found(application, edit_url=url),
        "facts": onboarded.facts(application) if step == "submit" else [],
        "crumbs": [(_("Onboarding"), reverse("provider:onboarding")), (str(STEPS[step]), None)],
    }


def _documents(application: Any, step: str) -> list[Any]:
    return {"licence": [application.business_licence], "services": [application.telecom_licence]}.get(step, [])


def _next(step: str) -> str:
    order = list(STEPS)
    return order[min(order.index(step) + 1, len(order) - 1)]


def _save(request: HttpRequest, application: Any, form: forms.Form) -> None:
    """Values first, then the file: a file that is refused leaves the values saved, and the page says what is wrong."""
    common: dict[str, Any] = {"number": application.number, "actor": gate.actor_of(request), "now": clock.now()}
    values = dict(form.cleaned_data)
    files = {field: values.pop(field) for field in operations.DOCUMENT_FIELDS if field in values}
    if values.get("requested_rate") is not None:
        values["requested_rate"] = values["requested_rate"] / 100
    operations.save(values=values, **common)
    for field, file in files.items():
        if file:
            try:
                operations.keep_document(field=field, file=file, **common)
            except errors.Refused as refusal:
                raise errors.Refused(refusal.message, field=field) from refusal


def _data(request: HttpRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _text(field: str, **options: Any) -> forms.CharField:
    return forms.CharField(label=LABELS[field], required=False, **options)


def _file(field: str) -> forms.FileField:
    return forms.FileField(label=LABELS[field], required=False, help_text=FILE_HELP, widget=onboarded.file_input())


def _day(field: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=LABELS[field], required=False, widget=onboarded.date_input(), **options)


def _organisation_form(request: HttpRequest, application: Any) -> forms.Form:
    organisation = application.organisation
    initial = {
        "name": organisation.name,
        "code": organisation.uscc,
        "legal_representative": application.legal_representative,
        "county": application.county_id,
        "address": application.address,
    }
    form = forms.Form(*_data(request), initial=initial)
    form.fields["name"] = forms.CharField(label=LABELS["name"], max_length=120)
    form.fields["code"] = forms.CharField(
        label=LABELS["code"],
        max_length=40,
        widget=forms.TextInput(attrs={"class": "code", "autocomplete": "off"}),
        help_text=_("It can be mended until you submit."),
    )
    form.fields["legal_representative"] = _text("legal_representative", help_text=NEEDED)
    form.fields["county"] = forms.ChoiceField(
        label=LABELS["county"], required=False, help_text=NEEDED, choices=[("", "–"), *queries.list_counties()]
    )
    form.fields["address"] = _text("address", help_text=NEEDED)
    return form


def _licence_form(request: HttpRequest, application: Any) -> forms.Form:
    names = ("licence_valid_until", "licence_is_long_term")
    form = forms.Form(*_data(request), initial={name: getattr(application, name) for name in names})
    form.fields["business_licence"] = _file("business_licence")
    form.fields["licence_valid_until"] = _day("licence_valid_until")
    form.fields["licence_is_long_term"] = forms.BooleanField(label=LABELS["licence_is_long_term"], required=False)
    return form


def _services_form(request: HttpRequest, application: Any) -> forms.Form:
    names = ("services", "telecom_number", "telecom_valid_until")
    form = forms.Form(*_data(request), initial={name: getattr(application, name) for name in names})
    form.fields["services"] = forms.MultipleChoiceField(
        label=LABELS["services"],
        required=False,
        choices=list(onboarded.SERVICES.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("IaaS, PaaS and network need a value-added telecom licence (B11 to B14)."),
    )
    form.fields["telecom_licence"] = _file("telecom_licence")
    form.fields["telecom_number"] = _text("telecom_number", help_text=_("As it stands there, e.g. B1-20261234."))
    form.fields["telecom_valid_until"] = _day("telecom_valid_until")
    return form


def _contact_form(request: HttpRequest, application: Any) -> forms.Form:
    names = ("contact_name", "contact_phone", "contact_email")
    rate = application.requested_rate
    initial = {name: getattr(application, name) for name in names}
    form = forms.Form(*_data(request), initial={**initial, "requested_rate": None if rate is None else rate * 100})
    form.fields["contact_name"] = _text("contact_name", help_text=NEEDED)
    form.fields["contact_phone"] = _text(
        "contact_phone", help_text=NEEDED, widget=forms.TextInput(attrs={"type": "tel"})
    )
    form.fields["contact_email"] = forms.EmailField(label=LABELS["contact_email"], required=False)
    standard = queries.standard_commission(on=periods.civil_date(clock.now()))
    form.fields["requested_rate"] = forms.DecimalField(
        label=LABELS["requested_rate"],
        required=False,
        min_value=0,
        max_digits=4,
        decimal_places=2,
        help_text=_("Left empty, the standard of %(rate)s %% applies.")
        % {"rate": f"{standard.commission_rate * 100:.2f}"}
        if standard
        else "",
    )
    return form


FORMS: Final[dict[str, Callable[[HttpRequest, Any], forms.Form]]] = {
    "organisation": _organisation_form,
    "licence": _licence_form,
    "services": _services_form,
    "contact": _contact_form,
}
