"""A provider's contracts: its own lines of its buyers' orders, nothing else of them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import changes, operations, queries
from frontend.pages import agreed
from marketplace import clock
from marketplace.organisations import errors, gate


class ReasonForm(forms.Form):
    """Why a service is suspended or resumed."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("The buyer reads it."),
    )


@gate.page(permission="contracts.view", side="provider")
def list_contracts(request: HttpRequest) -> HttpResponse:
    """The provider's contracts, by status."""
    own = {"provider_organisation_id": gate.actor_of(request).organisation_id}
    status = agreed.chosen_status(request)
    page = queries.list_contracts(**own, status=status, page=request.GET.get("page", 1))
    counts = queries.count_contracts(**own)
    context = {
        "page": page,
        "rows": agreed.with_tones(page),
        "tabs": agreed.status_tabs(url_name="provider:contracts", counts=counts, chosen=status),
        "total": sum(counts.values()),
    }
    return render(request, "provider/contracts.html", context)


@gate.page(permission="contracts.view", side="provider")
def show_contract(request: HttpRequest, number: str) -> HttpResponse:
    """One contract with what was used of it."""
    return _render(request, number, form=ReasonForm())


@gate.page(permission="contracts.view", side="provider")
def show_charges(request: HttpRequest, number: str) -> HttpResponse:
    """How the charges of one month came about."""
    organisation_id = gate.actor_of(request).organisation_id
    contract = queries.get_contract(number=number, organisation_id=organisation_id, side="provider")
    context = agreed.describe_charges(request, contract=contract, console="provider", now=clock.now())
    return render(request, "shop/contract_charges.html", context)


@gate.page(permission="contracts.suspend", side="provider", methods=("POST",))
def suspend_contract(request: HttpRequest, number: str) -> HttpResponse:
    """Stop the service for a while, with a reason."""
    return _change(request, number, operation=operations.suspend)


@gate.page(permission="contracts.suspend", side="provider", methods=("POST",))
def resume_contract(request: HttpRequest, number: str) -> HttpResponse:
    """Start the service again."""
    return _change(request, number, operation=operations.resume)


@gate.page(permission="contracts.change", side="provider", methods=("POST",))
def decide_change(request: HttpRequest, number: str) -> HttpResponse:
    """Agree to the change that the buyer asks for, or decline it with a reason."""
    confirm = request.POST.get("decision") == "confirm"
    form = ReasonForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            changes.decide(
                number=number,
                provider_organisation_id=gate.organisation_of(request),
                confirm=confirm,
                reason=form.cleaned_data["reason"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(request, _("The change is agreed.") if confirm else _("The change is declined."))
            return redirect("provider:contract", number)
    return _render(request, number, form=form, status=status)


def _change(request: HttpRequest, number: str, *, operation: Callable[..., Any]) -> HttpResponse:
    actor = gate.actor_of(request)
    form = ReasonForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            contract = operation(
                number=number,
                organisation_id=actor.organisation_id,
                reason=form.cleaned_data["reason"],
                actor=actor,
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field or None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(
                request,
                _("Contract %(number)s: %(status)s.")
                % {"number": contract.number, "status": contract.get_status_display()},
            )
            return redirect("provider:contract", number)
    return _render(request, number, form=form, status=status)


def _render(request: HttpRequest, number: str, *, form: ReasonForm, status: int = 200) -> HttpResponse:
    actor = gate.actor_of(request)
    contract = queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    described = agreed.describe(request, contract=contract, side=actor.side, now=clock.now())
    delivery = described["delivery"]
    context = {
        **described,
        "form": form,
        "can_decide": actor.can("contracts.change")
        and described["change"] is not None
        and described["change"].status == "requested",
        "has_delivery": delivery is not None and contract.status == "pending",
        "can_suspend": actor.can("contracts.suspend") and contract.status == "active",
        "can_resume": actor.can("contracts.suspend") and contract.status == "suspended",
        "crumbs": [(_("Contracts"), reverse("provider:contracts")), (number, None)],
    }
    return render(request, "provider/contract.html", context, status=status)
