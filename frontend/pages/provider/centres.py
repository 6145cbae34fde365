"""What a provider states about its data centres: adding one, its facts, its pools, and asking for it to open."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages import onboarded
from frontend.pages.provider import centre_forms, data_centres
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import operations as providers
from providers import queries
from providers.evidence import centres
from providers.evidence import queries as evidence


@gate.page(permission="evidence.record", side="provider", methods=("GET", "POST"))
def add_data_centre(request: HttpRequest) -> HttpResponse:
    """Enter a data centre that is planned or being built."""
    partner = queries.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        messages.info(request, _("Data centres are entered once the platform has approved your application."))
        return redirect("provider:onboarding")
    statuses = frozenset({"planned", "building"})
    is_sent = request.method == "POST"
    form, status = centre_forms.NewForm(request.POST if is_sent else None, statuses=statuses), 422 if is_sent else 200
    if is_sent and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            centre = centres.add(
                partner=partner,
                code=given.pop("code"),
                status=given.pop("status"),
                facts=centres.Facts(**given),
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The data centre is entered. Add its capacity and what proves its facts."))
            return redirect("provider:data_centre", centre.code)
    return _render_form(request, form, title=_("Add a data centre"), status=status)


@gate.page(permission="evidence.record", side="provider", methods=("GET", "POST"))
def edit_data_centre(request: HttpRequest, code: str) -> HttpResponse:
    """State the facts anew."""
    centre = evidence.get_data_centre(code=code, organisation_id=gate.organisation_of(request))
    facts = centres.facts_of(data_centre=centre)
    now_stated = {name: getattr(facts, name) for name in centres.Facts.__slots__}
    statuses = centres.CHANGES[centre.status] | {centre.status}
    is_sent = request.method == "POST"
    form = centre_forms.FactsForm(
        request.POST if is_sent else None, initial={**now_stated, "status": centre.status}, statuses=statuses
    )
    status = 422 if is_sent else 200
    if is_sent and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            centres.edit(
                data_centre_id=centre.pk,
                status=given.pop("status"),
                facts=centres.Facts(**given),
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The facts are stated anew; the catalogue follows."))
            return redirect("provider:data_centre", code)
    return _render_form(request, form, title=_("Edit the facts"), centre=centre, status=status)


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def ask_to_open(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the platform to say that it operates."""
    centre = evidence.get_data_centre(code=code, organisation_id=gate.organisation_of(request))
    try:
        centres.ask_to_open(data_centre_id=centre.pk, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The platform is asked to open it; you are told what it decides."))
    return redirect("provider:data_centre", code)


@gate.page(permission="capacity.edit", side="provider", methods=("POST",))
def add_pool(request: HttpRequest, code: str) -> HttpResponse:
    """Add a pool of a resource that the data centre has none of."""
    centre = evidence.get_data_centre(code=code, organisation_id=gate.organisation_of(request))
    form, status = centre_forms.PoolForm(request.POST, centre=centre), 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            providers.set_pool(
                data_centre=centre,
                unit=wording.RESOURCE_UNITS[given["resource"]],
                actor=gate.actor_of(request),
                now=clock.now(),
                **given,
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The pool is added; offerings can draw from it."))
            return redirect("provider:data_centre", code)
    return data_centres.render_page(request, centre, status=status, pool_form=form)


def _render_form(
    request: HttpRequest, form: forms.Form, *, title: str, centre: Any = None, status: int
) -> HttpResponse:
    crumbs = [(_("Data centres"), reverse("provider:data_centres"))]
    if centre is not None:
        crumbs.append((centre.name, reverse("provider:data_centre", args=[centre.code])))
    context = {"form": form, "title": title, "centre": centre, "crumbs": [*crumbs, (title, None)]}
    return render(request, "provider/data_centre_form.html", context, status=status)
