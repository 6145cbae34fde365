"""A buyer checks what was delivered: accepts it, or sends it back with a reason."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from billing.contracts import operations
from frontend.pages.buyer import contracts
from marketplace import clock
from marketplace.organisations import errors, gate


class AcceptForm(forms.Form):
    """The quantity that the buyer saw: what was handed over meanwhile is looked at first."""

    accepted_quantity = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


@gate.page(permission="contracts.accept", side="buyer", methods=("POST",))
def accept_delivery(request: HttpRequest, number: str) -> HttpResponse:
    """It is as ordered, or the part is enough: billing begins today."""
    form = AcceptForm(request.POST)

    def act(said: dict[str, Any], whose: dict[str, Any]) -> None:
        operations.accept_delivery(quantity=said["accepted_quantity"], **whose)
        messages.success(request, _("Contract %(number)s is accepted. It runs from today.") % {"number": number})

    return _act(request, number, form=form, name="accept_form", act=act)


@gate.page(permission="contracts.accept", side="buyer", methods=("POST",))
def reject_delivery(request: HttpRequest, number: str) -> HttpResponse:
    """It goes back to the provider."""
    form = contracts.RejectForm(request.POST)

    def act(said: dict[str, Any], whose: dict[str, Any]) -> None:
        operations.reject_delivery(reason=said["reason"], **whose)
        messages.success(request, _("Contract %(number)s went back to the provider.") % {"number": number})

    return _act(request, number, form=form, name="reject_form", act=act)


def _act(
    request: HttpRequest, number: str, *, form: forms.Form, name: str, act: Callable[[dict, dict], None]
) -> HttpResponse:
    whose = {
        "number": number,
        "organisation_id": gate.organisation_of(request),
        "actor": gate.actor_of(request),
        "now": clock.now(),
    }
    status = 422
    if form.is_valid():
        try:
            act(form.cleaned_data, whose)
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            return redirect("buyer:contract", number)
    return contracts.render_contract(request, number, status=status, **{name: form})
