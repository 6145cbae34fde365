"""Where a provider's systems are told: endpoints with their secrets, messages with every attempt, and sending again."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from frontend.pages.provider.listings import partner_of
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.webhooks import kinds, operations, queries, sending

KIND_WORDS = {
    "delivery.opened": gettext_lazy("A new order"),
    "delivery.cleared": gettext_lazy("An order was approved by its buyer"),
    "delivery.accepted": gettext_lazy("An order was accepted"),
    "delivery.declined": gettext_lazy("An order was declined"),
    "delivery.started": gettext_lazy("Setting up has begun"),
    "delivery.handed_over": gettext_lazy("A delivery was handed over"),
    "delivery.failed": gettext_lazy("Setting up has failed"),
    "delivery.completed": gettext_lazy("The buyer accepted a delivery"),
    "delivery.rejected": gettext_lazy("The buyer rejected a delivery"),
    "delivery.cancelled": gettext_lazy("An order was cancelled"),
    "delivery.changed": gettext_lazy("A contract was changed"),
    "delivery.closed": gettext_lazy("A contract is over"),
    kinds.TEST: gettext_lazy("A test"),
}
ERROR_WORDS = {
    "unreachable": gettext_lazy("Not reachable"),
    "timed_out": gettext_lazy("No answer in time"),
    "certificate": gettext_lazy("Certificate not trusted"),
    "garbled": gettext_lazy("Answer not readable"),
    "too_large": gettext_lazy("Answer too large"),
    "forbidden_address": gettext_lazy("Not a public address"),
    "invalid_address": gettext_lazy("Address not allowed"),
    "secret": gettext_lazy("Secret cannot be opened; rotate it"),
}
OFF_WORDS = {
    operations.BY_PROVIDER: gettext_lazy("You switched it off."),
    operations.FAILED_TOO_LONG: gettext_lazy("It failed for five days, so it was switched off."),
    operations.GONE: gettext_lazy("It answered 410, which says that it wants no more messages."),
}


class EndpointForm(forms.Form):
    """A new endpoint."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("https, reachable from the Internet. Redirects are not followed."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=[(kind, KIND_WORDS[kind]) for kind in kinds.KINDS],
        initial=list(kinds.KINDS),
        widget=forms.CheckboxSelectMultiple,
    )


class KindsForm(forms.Form):
    """What an endpoint is told."""

    kinds = EndpointForm.base_fields["kinds"]


@never_cache
@gate.page(permission="connections.manage", side="provider", methods=("GET", "POST"))
def show_webhooks(request: HttpRequest) -> HttpResponse:
    """The endpoints and the form; POST adds one and shows its secret, this once."""
    partner_id, form, made, status = partner_of(request), EndpointForm(), None, 200
    if request.method == "POST":
        form, status = EndpointForm(request.POST), 422
        if form.is_valid():
            try:
                made = operations.add_endpoint(
                    partner_id=partner_id,
                    url=form.cleaned_data["url"].strip(),
                    wanted=form.cleaned_data["kinds"],
                    actor=gate.actor_of(request),
                    now=clock.now(),
                )
            except errors.Refused as error:
                form.add_error(error.field or None, error.message)
                status = 409 if error.is_conflict else 422
            else:
                form, status = EndpointForm(), 200
    endpoints = queries.list_endpoints(partner_id=partner_id)
    rows = [{"endpoint": one, "state": _state_of_endpoint(one)} for one in endpoints]
    context = {"form": form, "made": made, "rows": rows}
    return render(request, "provider/webhooks.html", context, status=status)


@gate.page(permission="connections.manage", side="provider", methods=("GET", "POST"))
def show_webhook(request: HttpRequest, number: str) -> HttpResponse:
    """One endpoint: what it is told, and its messages by state. POST chooses anew what it is told."""
    partner_id = partner_of(request)
    if request.method == "POST":
        form = KindsForm(request.POST)
        if form.is_valid():
            operations.change_kinds(
                partner_id=partner_id,
                number=number,
                wanted=form.cleaned_data["kinds"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
            messages.success(request, _("Saved."))
            return redirect("provider:webhook", number)
        return _render_webhook(request, number, form=form, status=422)
    return _render_webhook(request, number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def test_webhook(request: HttpRequest, number: str) -> HttpResponse:
    """Send a message that says hello, and show what the other side answered."""
    now = clock.now()
    partner_id, actor = partner_of(request), gate.actor_of(request)
    try:
        message = operations.queue_test(partner_id=partner_id, number=number, actor=actor, now=now)
    except errors.Refused as error:
        messages.error(request, error.message)
        return redirect("provider:webhook", number)
    message = sending.send_now(number=message.number, now=now)
    if message.delivered_at is not None:
        messages.success(request, _("The test arrived: answer %(status)s.") % {"status": message.last_status})
    elif message.attempts:
        messages.error(request, _("The test did not arrive: %(why)s.") % {"why": _why(message)})
    else:
        messages.info(request, _("The test is on its way."))
    return redirect("provider:webhook", number)


@never_cache
@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def rotate_secret(request: HttpRequest, number: str) -> HttpResponse:
    """A new secret, shown this once."""
    made = operations.rotate_secret(
        partner_id=partner_of(request), number=number, actor=gate.actor_of(request), now=clock.now()
    )
    return _render_webhook(request, number, made=made)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def switch_webhook(request: HttpRequest, number: str) -> HttpResponse:
    """On or off."""
    is_active = request.POST.get("on") == "1"
    operations.switch_endpoint(
        partner_id=partner_of(request),
        number=number,
        is_active=is_active,
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    messages.success(request, _("The endpoint is on.") if is_active else _("The endpoint is off."))
    return redirect("provider:webhook", number)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def replay_dead(request: HttpRequest, number: str) -> HttpResponse:
    """Send again what was given up."""
    try:
        count = operations.replay_dead(
            partner_id=partner_of(request), number=number, actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        text = ngettext("%(count)s message is sent again.", "%(count)s messages are sent again.", count)
        messages.success(request, text % {"count": count})
    return redirect("provider:webhook", number)


@gate.page(permission="connections.manage", side="provider")
def show_message(request: HttpRequest, number: str) -> HttpResponse:
    """One message: its content, and how each try went."""
    message = queries.get_message(partner_id=partner_of(request), number=number)
    attempts = [
        {"attempt": one, "why": _why_of(one.status, one.error), "good": _is_good(one.status)}
        for one in queries.list_attempts(message_id=message.pk)
    ]
    context = {
        "crumbs": [
            (_("Webhooks"), reverse("provider:webhooks")),
            (message.endpoint.number, reverse("provider:webhook", args=[message.endpoint.number])),
            (message.object_id, ""),
        ],
        "message": message,
        "kind": KIND_WORDS.get(message.kind, message.kind),
        "state": _state_of_message(message),
        "content": json.dumps(message.payload, ensure_ascii=False, indent=2, sort_keys=True),
        "attempts": attempts,
    }
    return render(request, "provider/webhook_message.html", context)


@gate.page(permission="connections.manage", side="provider", methods=("POST",))
def replay_message(request: HttpRequest, number: str) -> HttpResponse:
    """Send one message again, under its old id."""
    try:
        operations.replay(partner_id=partner_of(request), number=number, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The message is sent again within a minute."))
    return redirect("provider:webhook_message", number)


def _render_webhook(
    request: HttpRequest, number: str, *, form: KindsForm | None = None, made: Any = None, status: int = 200
) -> HttpResponse:
    partner_id = partner_of(request)
    endpoint = queries.get_endpoint(partner_id=partner_id, number=number)
    state = request.GET.get("state", "")
    state = state if state in queries.STATES else ""
    counts = queries.count_messages(partner_id=partner_id, endpoint=number)
    page = queries.list_messages(partner_id=partner_id, endpoint=number, state=state, page=request.GET.get("page", 1))
    context = {
        "crumbs": [(_("Webhooks"), reverse("provider:webhooks")), (endpoint.number, "")],
        "endpoint": endpoint,
        "state": _state_of_endpoint(endpoint),
        "off_reason": OFF_WORDS.get(endpoint.off_reason, ""),
        "form": form or KindsForm(initial={"kinds": endpoint.kinds}),
        "made": made,
        "counts": counts,
        "page": page,
        "is_filtered": bool(state),
        "rows": [
            {
                "message": one,
                "kind": KIND_WORDS.get(one.kind, one.kind),
                "state": _state_of_message(one),
                "why": _why(one) if one.attempts else "",
            }
            for one in page
        ],
        "tabs": _tabs(number, counts, state),
    }
    return render(request, "provider/webhook.html", context, status=status)


def _tabs(number: str, counts: queries.Counts, state: str) -> list[dict[str, Any]]:
    url = reverse("provider:webhook", args=[number])
    views = [
        ("", _("All"), counts.total),
        (queries.WAITING, _("Waiting"), counts.waiting),
        (queries.DELIVERED, _("Arrived"), counts.delivered),
        (queries.DEAD, _("Given up"), counts.dead),
    ]
    return [
        {"label": words, "url": f"{url}?state={key}" if key else url, "count": count, "active": key == state}
        for key, words, count in views
    ]


def _state_of_endpoint(endpoint: Any) -> tuple[str, str]:
    """Tone and word."""
    if not endpoint.is_active:
        return "neutral", _("Off")
    if endpoint.failing_since is not None:
        return "bad", _("Failing")
    return "good", _("On")


def _state_of_message(message: Any) -> tuple[str, str]:
    if message.delivered_at is not None:
        return "good", _("Arrived")
    if message.dead_at is not None:
        return "bad", _("Given up")
    return ("warn", _("Is tried again")) if message.attempts else ("info", _("Waiting"))


def _why(message: Any) -> str:
    return _why_of(message.last_status, message.last_error)


def _why_of(status: int | None, error: str) -> str:
    if status is not None:
        return _("Answer %(status)s") % {"status": status}
    return str(ERROR_WORDS.get(error, error))


def _is_good(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
