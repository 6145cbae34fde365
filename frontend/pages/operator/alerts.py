"""The operator's page of security alerts: what came in, what it did, who may send."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from frontend.pages import onboarded
from listings import standing
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.evidence import alerts, queries

TONES = {"medium": "warn", "high": "bad", "critical": "bad"}


class SourceForm(forms.Form):
    """Who is to send alerts."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)


class LiftForm(forms.Form):
    """Why an alert is over."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


@never_cache
@gate.page(permission="alerts.manage", side="platform", methods=("GET", "POST"))
def show_alerts(request: HttpRequest) -> HttpResponse:
    """Alerts and sources; POST opens a source and shows its secret, this once."""
    opened = None
    form = SourceForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            opened = alerts.open_source(actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            form, status = SourceForm(), 200
    return _render(request, form=form, opened=opened, status=status)


@gate.page(permission="alerts.manage", side="platform", methods=("POST",))
def close_source(request: HttpRequest, number: str) -> HttpResponse:
    """Refuse what a source signs from now on."""
    alerts.close_source(number=number, actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("The source is closed; what it sends is refused."))
    return redirect("operator:alerts")


@gate.page(permission="alerts.manage", side="platform", methods=("POST",))
def lift_alert(request: HttpRequest, number: str) -> HttpResponse:
    """The danger is over: show what only this alert hid."""
    form, status = LiftForm(request.POST), 422
    if form.is_valid():
        try:
            standing.lift_alert(number=number, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The alert is lifted."))
            return redirect("operator:alerts")
    for texts in form.errors.values():
        messages.error(request, " ".join(str(text) for text in texts))
    return _render(request, form=SourceForm(), status=status)


def _render(request: HttpRequest, *, form: SourceForm, opened: Any = None, status: int = 200) -> HttpResponse:
    rows: list[Any] = queries.list_alerts()
    context = {
        "open": [_row(one) for one in rows if one.lifted_at is None],
        "lifted": [_row(one) for one in rows if one.lifted_at is not None],
        "sources": queries.list_sources(),
        "form": form,
        "opened": opened,
    }
    return render(request, "operator/alerts.html", context, status=status)


def _row(alert: Any) -> dict[str, Any]:
    return {"alert": alert, "tone": TONES[alert.severity], "form": LiftForm(auto_id=f"lift-{alert.number}-%s")}
