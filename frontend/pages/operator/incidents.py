"""Incidents of all providers for the platform: what waits for its decision, and what its probe has measured."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import disturbances
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.service import operations, queries


class ProbeForm(disturbances.ReportForm):
    """Which data centre the probe could not reach."""

    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))


@gate.page(permission="incidents.report", side="platform", methods=("GET", "POST"))
def show_incidents(request: HttpRequest) -> HttpResponse:
    """All incidents by state, and the form for what the probe has measured."""
    centres = providers.list_data_centres()
    form, status = _probe_form(centres, request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = dict(form.cleaned_data)
            place = values.pop("data_centre")
            centre = next(one for one in centres if one.code == place)
            try:
                incident = operations.report(
                    data_centre=centre, actor=gate.actor_of(request), now=clock.now(), **values
                )
            except errors.Refused as error:
                form.add_error(error.field if error.field in form.fields else None, error.message)
            else:
                messages.success(request, _("The provider is asked for its word within 48 hours."))
                return redirect("operator:incident", incident.number)
    context = disturbances.describe_list(request, url_name="operator:incidents", partner_id=None)
    return render(request, "operator/incidents.html", {**context, "form": form}, status=status)


@gate.page(permission="incidents.report", side="platform")
def show_incident(request: HttpRequest, number: str) -> HttpResponse:
    """One incident with everything that was said."""
    return _render(request, number)


@gate.page(permission="incidents.report", side="platform", methods=("POST",))
def take_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Decide a report that the provider left unanswered, tell, resolve, or correct the end."""
    queries.get_incident(number=number)
    form, status = disturbances.take_step(
        request, number=number, step=step, actor=gate.actor_of(request), now=clock.now()
    )
    if status != 302:
        return _render(request, number, failed=(step, form), status=status)
    messages.success(request, _("Your word is kept and shown."))
    return redirect("operator:incident", number)


def _render(
    request: HttpRequest, number: str, *, failed: tuple[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    incident = queries.get_incident(number=number)
    context = disturbances.describe(incident=incident, actor=gate.actor_of(request), now=clock.now(), failed=failed)
    return render(request, "provider/incident.html", {**context, "side": "operator"}, status=status)


def _probe_form(centres: list[Any], data: Any) -> ProbeForm:
    form = ProbeForm(data, initial={"starts_at": timezone.localtime(clock.now())})
    form.order_fields(["data_centre", "impact", "starts_at", "ends_at", "what"])
    form.fields["data_centre"].choices = [(one.code, one.name) for one in centres]  # type: ignore[attr-defined]
    return form
