"""What a provider has to deliver."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import operations, queries
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.fulfilment import operations as fulfilment


class DeliveryForm(forms.Form):
    """The resource that was set up for a contract."""

    resource_id = forms.CharField(
        label=gettext_lazy("Resource id"),
        max_length=fulfilment.LONGEST_RESOURCE_ID,
        help_text=gettext_lazy("Its name in your own system, such as an instance id."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def delivery_form(*, number: str, data: Any = None) -> DeliveryForm:
    """A contract's form; several stand on one page, so their ids differ."""
    return DeliveryForm(data, auto_id=f"{number}-%s")


@gate.page(permission="contracts.view", side="provider")
def list_deliveries(request: HttpRequest) -> HttpResponse:
    """Contracts to deliver, the oldest first; in a second view those whose buyers have yet to approve."""
    return _render(request)


@gate.page(permission="contracts.deliver", side="provider", methods=("POST",))
def confirm_delivery(request: HttpRequest, number: str) -> HttpResponse:
    """The resource runs; the buyer checks it."""
    actor = gate.actor_of(request)
    form = delivery_form(number=number, data=request.POST)
    status = 422
    if form.is_valid():
        try:
            contract = operations.confirm_delivery(
                number=number,
                provider_organisation_id=gate.organisation_of(request),
                resource_id=form.cleaned_data["resource_id"],
                actor=actor,
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error("resource_id", error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(
                request, _("Contract %(number)s is handed over. The buyer checks it.") % {"number": contract.number}
            )
            return redirect("provider:deliveries")
    # Not in the list any more (delivered, cancelled): its own page shows why. A 404 for another's.
    queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    return _render(request, sent={number: form}, status=status)


def _render(request: HttpRequest, *, sent: dict[str, DeliveryForm] | None = None, status: int = 200) -> HttpResponse:
    actor, sent = gate.actor_of(request), sent or {}
    organisation_id = gate.organisation_of(request)
    waits = request.GET.get("view") == "waiting"
    page = queries.list_deliveries(
        provider_organisation_id=organisation_id, is_cleared=not waits, page=request.GET.get("page", 1)
    )
    others = queries.list_deliveries(provider_organisation_id=organisation_id, is_cleared=waits)
    counts = {
        waits: page.paginator.count,
        not waits: others.paginator.count,
    }
    url = reverse("provider:deliveries")
    rows = [{"contract": one, "form": sent.pop(one.number, None) or delivery_form(number=one.number)} for one in page]
    context = {
        "page": page,
        "rows": rows,
        "waits": waits,
        "failed": sent,  # sent for a contract that is not in this list
        "can_deliver": actor.can("contracts.deliver") and not waits,
        "tabs": [
            {"label": _("To deliver"), "url": url, "count": counts[False], "active": not waits},
            {
                "label": _("Waiting for the buyer's approval"),
                "url": f"{url}?view=waiting",
                "count": counts[True],
                "active": waits,
            },
        ],
    }
    return render(request, "provider/deliveries.html", context, status=status)
