"""Keys for a provider's machines: issued, shown once, revoked."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from marketplace import clock
from marketplace.organisations import actors, errors, gate, operations, queries

KEYS_A_PAGE = 50
SCOPE_WORDS = {
    "contracts.view": gettext_lazy("Read contracts"),
    "contracts.deliver": gettext_lazy("Confirm deliveries"),
    "usage.report": gettext_lazy("Report usage"),
    "settlements.view": gettext_lazy("Read settlements"),
    "exports.view": gettext_lazy("Read and download exports"),
    "exports.request": gettext_lazy("Ask for exports"),
}
LIVES = [("30", gettext_lazy("30 days")), ("90", gettext_lazy("90 days")), ("366", gettext_lazy("1 year"))]


class KeyForm(forms.Form):
    """What a new key is for."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("Where the key is used, such as: meter of data centre 1."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope, SCOPE_WORDS[scope]) for scope in actors.SCOPES[actors.PROVIDER]],
        widget=forms.CheckboxSelectMultiple,
    )
    lives_for = forms.ChoiceField(label=gettext_lazy("Valid for"), choices=LIVES, initial="90")


@never_cache
@gate.page(permission="api_keys.manage", side="provider", methods=("GET", "POST"))
def show_keys(request: HttpRequest) -> HttpResponse:
    """The keys and the form; POST issues one and shows its secret, this once."""
    issued = None
    form = KeyForm()
    if request.method == "POST":
        form = KeyForm(request.POST)
        issued = _issue(request, form)
        if issued is not None:
            form = KeyForm()
    now = clock.now()
    keys = queries.list_api_keys(organisation_id=_actor(request).organisation_id or 0)
    page = Paginator(keys, KEYS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "issued": issued,
        "page": page,
        "rows": [{"key": key, "state": _state(key, now), "scopes": _scopes(key)} for key in page],
    }
    return render(request, "provider/api_keys.html", context, status=422 if form.is_bound else 200)


@gate.page(permission="api_keys.manage", side="provider", methods=("POST",))
def revoke_key(request: HttpRequest, prefix: str) -> HttpResponse:
    """Stop a key at once."""
    actor = _actor(request)
    key = queries.find_api_key(organisation_id=actor.organisation_id or 0, prefix=prefix)
    if key is None:
        raise errors.NotFound
    operations.revoke_api_key(key=key, actor=actor, now=clock.now())
    messages.success(request, _("The key %(name)s no longer works.") % {"name": key.name})
    return redirect("provider:api_keys")


def _issue(request: HttpRequest, form: KeyForm) -> operations.IssuedKey | None:
    if not form.is_valid():
        return None
    wanted = form.cleaned_data
    try:
        return operations.issue_api_key(
            name=wanted["name"],
            scopes=wanted["scopes"],
            lives_for=timedelta(days=int(wanted["lives_for"])),
            actor=_actor(request),
            now=clock.now(),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return None


def _state(key: Any, now: Any) -> tuple[str, str]:
    """A key's tone and word."""
    if key.revoked_at is not None:
        return "neutral", _("Revoked")
    if key.expires_at <= now:
        return "warn", _("Expired")
    return "good", _("Valid")


def _scopes(key: Any) -> list[str]:
    return [str(SCOPE_WORDS.get(scope, scope)) for scope in key.scopes]


def _actor(request: HttpRequest) -> actors.Actor:
    actor: actors.Actor = gate.actor_of(request)
    return actor
