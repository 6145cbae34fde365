"""The joint review of recognitions as a cloud enterprise: two persons in two roles, the certificate, its revocation."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import onboarded
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.onboarding import queries, recognition

ROLES: dict[str, Promise] = {"officer": gettext_lazy("Officer"), "operator": gettext_lazy("Operator")}


class OpinionForm(forms.Form):
    """What a member of the joint review thinks."""

    role = forms.ChoiceField(label=gettext_lazy("In the role of"))
    verdict = forms.ChoiceField(
        label=gettext_lazy("Opinion"),
        choices=[("for", gettext_lazy("In favour")), ("against", gettext_lazy("Against: the recognition is refused"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed for an opinion against; the provider reads it."),
    )


class RevocationForm(forms.Form):
    """Why a certificate is revoked."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everyone can read it."),
    )


@gate.page(permission="providers.recognise", side="platform")
def list_recognitions(request: HttpRequest) -> HttpResponse:
    """Applications and certificates, by state."""
    found = queries.list_recognitions()
    chosen = request.GET.get("view", "applied")
    words = {"applied": _("To review"), "granted": _("Granted"), "refused": _("Refused"), "revoked": _("Revoked")}
    chosen = chosen if chosen in words else "applied"
    url = reverse("operator:recognitions")
    context = {
        "tabs": [
            {
                "label": label,
                "url": f"{url}?view={state}",
                "count": sum(one.state == state for one in found),
                "active": state == chosen,
            }
            for state, label in words.items()
        ],
        "rows": [
            {"row": one, "tone": onboarded.RECOGNITION_TONES[one.state], "spoken": len(one.opinions.all())}
            for one in found
            if one.state == chosen
        ],
    }
    return render(request, "operator/recognitions.html", context)


@gate.page(permission="providers.recognise", side="platform")
def show_recognition(request: HttpRequest, number: str) -> HttpResponse:
    """One application with its documents and opinions."""
    return _render(request, number)


@gate.page(permission="providers.recognise", side="platform", methods=("POST",))
def give_opinion(request: HttpRequest, number: str) -> HttpResponse:
    """Give one's opinion."""
    form, status = _opinion_form(request, request.POST), 422
    if form.is_valid():
        try:
            recognition.give_opinion(
                number=number,
                role=form.cleaned_data["role"],
                is_in_favour=form.cleaned_data["verdict"] == "for",
                reason=form.cleaned_data["reason"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("Your opinion is noted."))
            return redirect("operator:recognition", number)
    return _render(request, number, opinion=form, status=status)


@gate.page(permission="providers.recognise", side="platform", methods=("POST",))
def revoke(request: HttpRequest, number: str) -> HttpResponse:
    """Revoke a certificate with a public reason."""
    form, status = RevocationForm(request.POST, auto_id="revoke_%s"), 422
    if form.is_valid():
        try:
            recognition.revoke(
                number=number, reason=form.cleaned_data["reason"], actor=gate.actor_of(request), now=clock.now()
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The certificate is revoked."))
            return redirect("operator:recognition", number)
    return _render(request, number, revocation=form, status=status)


def _opinion_form(request: HttpRequest, data: Any = None) -> OpinionForm:
    form = OpinionForm(data)
    own = [role for role in recognition.ROLES if role in gate.actor_of(request).roles]
    form.fields["role"].choices = [(role, ROLES[role]) for role in own]  # type: ignore[attr-defined]
    return form


def _render(
    request: HttpRequest,
    number: str,
    *,
    opinion: forms.Form | None = None,
    revocation: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    found = queries.get_recognition(number=number)
    given = list(found.opinions.all())
    has_spoken = any(one.user_id == gate.person_of(request) for one in given)
    context = {
        "row": found,
        "tone": onboarded.RECOGNITION_TONES[found.state],
        "opinions": [
            {
                "title": (_("%(role)s: in favour") if one.is_in_favour else _("%(role)s: against"))
                % {"role": ROLES[one.role]},
                "state": "done" if one.is_in_favour else "failed",
                "at": one.given_at,
                "text": " · ".join(part for part in (one.user.get_full_name(), one.reason) if part),
            }
            for one in given
        ],
        "missing": [ROLES[role] for role in recognition.ROLES if role not in {one.role for one in given}],
        "has_spoken": has_spoken,
        "can_speak": found.state == "applied" and not has_spoken,
        "opinion": opinion or _opinion_form(request),
        "revocation": revocation or RevocationForm(auto_id="revoke_%s"),
        "crumbs": [(_("Recognitions"), reverse("operator:recognitions")), (found.number, None)],
    }
    return render(request, "operator/recognition.html", context, status=status)
