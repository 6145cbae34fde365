"""What a provider has to deliver: the list by state, one delivery, and the steps it takes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import operations
from billing.contracts import queries as contracts
from frontend.pages import agreed
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.fulfilment import deadlines, queries
from providers.fulfilment import operations as fulfilment

TONES: Final = {
    "held": "neutral",
    "waiting": "warn",
    "accepted": "info",
    "provisioning": "info",
    "delivered": "info",
    "completed": "good",
    "declined": "neutral",
    "cancelled": "neutral",
}
# The way of an order that goes well, as the stepper of its page shows it.
WAY: Final[dict[str, str | Promise]] = {
    "waiting": gettext_lazy("To be accepted"),
    "accepted": gettext_lazy("Order accepted"),
    "provisioning": gettext_lazy("Being set up"),
    "delivered": gettext_lazy("Checked by the buyer"),
    "completed": gettext_lazy("Billed"),
}


class HandOverForm(forms.Form):
    """What was set up: its id, and how many of those that were ordered."""

    resource_id = forms.CharField(
        label=gettext_lazy("Resource id"),
        max_length=fulfilment.LONGEST_RESOURCE_ID,
        help_text=gettext_lazy("Its name in your own system, such as an instance id."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("Quantity that runs"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("In all. Empty: everything that was ordered."),
    )


class ReasonForm(forms.Form):
    """Why the provider declines, or why a try failed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("The buyer reads it."),
    )


class NoAnswers(forms.Form):
    """A step that is a button only."""


STEPS: Final[dict[str, tuple[type[forms.Form], str | Promise]]] = {
    "accept": (NoAnswers, gettext_lazy("Order %(number)s is accepted.")),
    "start": (NoAnswers, gettext_lazy("%(number)s is being set up.")),
    "confirm": (HandOverForm, gettext_lazy("Contract %(number)s is handed over. The buyer checks it.")),
    "fail": (ReasonForm, gettext_lazy("The failure of %(number)s is noted.")),
    "decline": (ReasonForm, gettext_lazy("Order %(number)s is declined, and its contract cancelled.")),
}


def hand_over_form(*, number: str, data: Any = None) -> HandOverForm:
    """A delivery's form; several stand on one page, so their ids differ."""
    return HandOverForm(data, auto_id=f"{number}-%s")


@gate.page(permission="contracts.view", side="provider")
def list_deliveries(request: HttpRequest) -> HttpResponse:
    """Deliveries by state; first those that the provider has to do, the oldest at the top."""
    return _render_list(request)


@gate.page(permission="contracts.view", side="provider")
def show_delivery(request: HttpRequest, number: str) -> HttpResponse:
    """One delivery: what to set up, until when, what happened, and what may be done next."""
    return _render_one(request, number)


@gate.page(permission="contracts.deliver", side="provider", methods=("POST",))
def take_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Accept, start, hand over, note a failure, decline."""
    if step not in STEPS:
        raise Http404
    kind, words = STEPS[step]
    is_in_list = request.POST.get("from") == "list"
    form = hand_over_form(number=number, data=request.POST) if step == "confirm" else kind(request.POST)
    status = 422
    if form.is_valid():
        try:
            _act(request, number, step=step, said=form.cleaned_data)
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(request, words % {"number": number})
            return redirect("provider:deliveries") if is_in_list else redirect("provider:delivery", number)
    if is_in_list and step == "confirm":
        # Not in the list any more (delivered, cancelled): a 404 for another's, else an alert above the list.
        queries.get_delivery(number=number, partner_id=_partner_id(request))
        return _render_list(request, sent={number: form}, status=status)
    return _render_one(request, number, sent={step: form}, status=status)


def _act(request: HttpRequest, number: str, *, step: str, said: Mapping[str, Any]) -> None:
    whose: dict[str, Any] = {"number": number, "actor": gate.actor_of(request), "now": clock.now()}
    own = {**whose, "partner_id": _partner_id(request)}
    organisation = {**whose, "provider_organisation_id": gate.organisation_of(request)}
    acts: dict[str, Callable[[], object]] = {
        "accept": lambda: fulfilment.accept(**own),
        "start": lambda: fulfilment.start(**own),
        "confirm": lambda: operations.confirm_delivery(
            resource_id=said["resource_id"], quantity=said["quantity"], **organisation
        ),
        "fail": lambda: fulfilment.fail(reason=said["reason"], **own),
        "decline": lambda: operations.decline_delivery(reason=said["reason"], **organisation),
    }
    acts[step]()


def _partner_id(request: HttpRequest) -> int:
    """The provider that asks; 0, which is nobody's, for an organisation that is not registered as one."""
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    return partner.pk if partner else 0


def _render_list(request: HttpRequest, *, sent: dict[str, forms.Form] | None = None, status: int = 200) -> HttpResponse:
    actor, sent, now = gate.actor_of(request), sent or {}, clock.now()
    partner_id = _partner_id(request)
    chosen = request.GET.get("status", "")
    chosen = chosen if chosen in TONES else ""
    page = queries.list_deliveries(
        partner_id=partner_id,
        statuses=[chosen] if chosen else queries.TO_DO,
        page=request.GET.get("page", 1),
    )
    rows = [
        {**_due(one, now=now), "form": sent.pop(one.number, None) or hand_over_form(number=one.number)} for one in page
    ]
    context = {
        "page": page,
        "rows": rows,
        "failed": sent,  # sent for a delivery that is not in this list
        "chosen": chosen,
        "overdue": queries.count_overdue(partner_id=partner_id, now=now),
        "can_deliver": actor.can("contracts.deliver") and (not chosen or chosen in queries.TO_DO),
        "tabs": _tabs(counts=queries.count_deliveries(partner_id=partner_id), chosen=chosen),
    }
    return render(request, "provider/deliveries.html", context, status=status)


def _tabs(*, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    """To do first, then each state that has any."""
    url = reverse("provider:deliveries")
    to_do = sum(counts.get(status, 0) for status in queries.TO_DO)
    tabs = [{"label": _("To do"), "url": url, "count": to_do, "active": not chosen}]
    for status, words in queries.STATUSES:
        if counts.get(status) or status == chosen:
            tabs.append(
                {
                    "label": words,
                    "url": f"{url}?status={status}",
                    "count": counts.get(status, 0),
                    "active": status == chosen,
                }
            )
    return tabs


def _due(delivery: Any, *, now: datetime) -> dict[str, Any]:
    """A delivery with the deadline that runs, and whether it has passed."""
    due_at = deadlines.due_at(delivery=delivery)
    return {
        "delivery": delivery,
        "tone": TONES[delivery.status],
        "due": deadlines.last_day(due_at) if due_at else None,
        "is_overdue": due_at is not None and due_at <= now and delivery.status in queries.TO_DO,
    }


def _render_one(
    request: HttpRequest, number: str, *, sent: dict[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    actor, sent, now = gate.actor_of(request), sent or {}, clock.now()
    delivery = queries.get_delivery(number=number, partner_id=_partner_id(request))
    contract = contracts.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    may = actor.can("contracts.deliver")
    is_to_do = delivery.status in queries.TO_DO
    context = {
        **agreed.describe(request, contract=contract, side=actor.side, now=now),
        **_due(delivery, now=now),
        "steps": list(WAY.values()) if delivery.status in WAY else [],
        "current": list(WAY).index(delivery.status) + 1 if delivery.status in WAY else 0,
        "machines_url": _machines_url(request, delivery),
        "can_accept": may and delivery.status == "waiting",
        "can_start": may and delivery.status == "accepted",
        "can_hand_over": may and (is_to_do or (delivery.status == "delivered" and delivery.is_partial)),
        "can_fail": may and delivery.status in ("accepted", "provisioning"),
        "can_decline": may and is_to_do,
        "hand_over_form": sent.get("confirm") or hand_over_form(number=number),
        "fail_form": sent.get("fail") or ReasonForm(auto_id="fail-%s"),
        "decline_form": sent.get("decline") or ReasonForm(auto_id="decline-%s"),
        "failed": list(sent.values()),
        "crumbs": [(_("To deliver"), reverse("provider:deliveries")), (number, None)],
    }
    return render(request, "provider/delivery.html", context, status=status)


def _machines_url(request: HttpRequest, delivery: Any) -> str:
    """Where its machines are shown, to those who may see them, once a cloud connection sets it up."""
    is_shown = delivery.method == "cloud" and gate.actor_of(request).can("connections.manage")
    return reverse("provider:machines", args=[delivery.number]) if is_shown else ""
