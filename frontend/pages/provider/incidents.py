"""A provider's incidents: report one, answer what buyers report, tell everyone how far the work is."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import disturbances
from listings import queries as listings
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.service import operations, queries


class NewForm(disturbances.ReportForm):
    """Which data centre, or which offering in it."""

    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    offering = forms.ChoiceField(
        label=gettext_lazy("Offering"),
        required=False,
        help_text=gettext_lazy("Only if a single offering is disturbed; otherwise all of the data centre count."),
    )


@gate.page(permission="incidents.report", side="provider")
def list_incidents(request: HttpRequest) -> HttpResponse:
    """The provider's incidents by state."""
    context = disturbances.describe_list(request, url_name="provider:incidents", partner_id=_partner(request).pk)
    return render(request, "provider/incidents.html", context)


@gate.page(permission="incidents.report", side="provider", methods=("GET", "POST"))
def report_incident(request: HttpRequest) -> HttpResponse:
    """Report an incident: the provider's own word stands at once."""
    centres = providers.list_data_centres(partner_id=_partner(request).pk)
    offerings = listings.offerings_in(data_centre_ids=[one.pk for one in centres])
    form, status = _new_form(centres, offerings, request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = dict(form.cleaned_data)
            place = values.pop("data_centre")
            centre = next(one for one in centres if one.code == place)
            code = values.pop("offering")
            chosen = next((one for one in offerings if one.code == code and one.data_centre_id == centre.pk), None)
            if code and chosen is None:
                form.add_error("offering", _("This offering stands in another data centre. Choose that one."))
            else:
                try:
                    incident = operations.report(
                        data_centre=centre,
                        offering_code=code,
                        offering_title=chosen.title if chosen else "",
                        actor=gate.actor_of(request),
                        now=clock.now(),
                        **values,
                    )
                except errors.Refused as error:
                    form.add_error(error.field if error.field in form.fields else None, error.message)
                    status = 409 if error.is_conflict else 422
                else:
                    messages.success(request, _("The incident stands on the public status page."))
                    return redirect("provider:incident", incident.number)
    return render(request, "provider/incident_new.html", {"form": form}, status=status)


@gate.page(permission="incidents.report", side="provider")
def show_incident(request: HttpRequest, number: str) -> HttpResponse:
    """One incident, and what can be done about it now."""
    return _render(request, number)


@gate.page(permission="incidents.report", side="provider", methods=("POST",))
def take_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Confirm, reject, update or resolve."""
    queries.get_incident(number=number, partner_id=_partner(request).pk)
    form, status = disturbances.take_step(
        request, number=number, step=step, actor=gate.actor_of(request), now=clock.now()
    )
    if status != 302:
        return _render(request, number, failed=(step, form), status=status)
    messages.success(request, _("Your word is kept and shown."))
    return redirect("provider:incident", number)


def _render(
    request: HttpRequest, number: str, *, failed: tuple[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    incident = queries.get_incident(number=number, partner_id=_partner(request).pk)
    context = disturbances.describe(incident=incident, actor=gate.actor_of(request), now=clock.now(), failed=failed)
    return render(request, "provider/incident.html", {**context, "side": "provider"}, status=status)


def _new_form(centres: list[Any], offerings: list[Any], data: Any) -> NewForm:
    form = NewForm(data, initial={"starts_at": timezone.localtime(clock.now())})
    form.order_fields(["data_centre", "offering", "impact", "starts_at", "ends_at", "what"])
    form.fields["data_centre"].choices = [(one.code, one.name) for one in centres]  # type: ignore[attr-defined]
    form.fields["offering"].choices = [  # type: ignore[attr-defined]
        ("", _("All of the data centre")),
        *((one.code, one.title) for one in offerings),
    ]
    return form


def _partner(request: HttpRequest) -> Any:
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise queries.NoSuchIncident
    return partner
