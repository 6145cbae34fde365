"""Payment services as finance sees them: messages that need a person, differences, and the days that were compared."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.payments.gateways import inbox, queries, reconciliation
from marketplace import clock
from marketplace.organisations import gate

TONES = {"pending": "info", "done": "good", "ignored": "info", "parked": "bad", "open": "bad", "explained": "good"}


@gate.page(permission="payments.view", side="platform")
def show(request: HttpRequest) -> HttpResponse:
    """Differences (open first) and days; or messages by their state."""
    tab, page = request.GET.get("tab", ""), request.GET.get("page", 1)
    states = {value for value, _label in queries.EVENT_STATES}
    tab = tab if tab in {*states, "days"} else ""
    context: dict[str, Any] = {
        "tab": tab,
        "tabs": _tabs(tab),
        "ways": queries.list_ways(currency=""),
        "may_act": gate.actor_of(request).can("payments.record"),
    }
    if tab == "days":
        context["page"] = queries.list_days(page=page)
    elif tab:
        context["page"] = queries.list_events(state=tab, page=page)
    else:
        context["page"] = queries.list_differences(page=page)
    context["rows"] = [(one, TONES.get(getattr(one, "state", ""), "info")) for one in context["page"]]
    return render(request, "finance/services.html", context)


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a message be done again."""
    inbox.retry(event_id=pk, actor=gate.actor_of(request), now=clock.now())
    inbox.process(event_id=pk, now=clock.now())
    messages.success(request, _("The message was done again. If it still stands here, its reason has not changed."))
    return redirect(f"{reverse('finance:services')}?tab=parked")


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def set_aside(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why a message needs nothing more."""
    reason = request.POST.get("reason", "")
    inbox.set_aside(event_id=pk, reason=reason, actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("The message is set aside."))
    return redirect(f"{reverse('finance:services')}?tab=parked")


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def explain(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a difference was."""
    explanation = request.POST.get("reason", "")
    reconciliation.explain(pk=pk, explanation=explanation, actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("The difference is explained."))
    return redirect("finance:services")


def _tabs(tab: str) -> list[dict[str, Any]]:
    counts, open_count = queries.count_events(), queries.count_differences()
    tabs = [("", _("Differences"), open_count), ("days", _("Days compared"), None)]
    tabs += [(value, str(label), counts[value]) for value, label in queries.EVENT_STATES]
    return [
        {
            "label": label,
            "count": count,
            "url": reverse("finance:services") + (f"?{urlencode({'tab': value})}" if value else ""),
            "active": value == tab,
        }
        for value, label, count in tabs
    ]
