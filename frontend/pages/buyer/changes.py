"""A buyer asks for a change of a running contract: first the price, then the question."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import changes, queries
from billing.rules import periods
from frontend.pages import changing
from listings.prices import pricing
from listings.prices import queries as prices
from marketplace import clock
from marketplace.organisations import errors, gate


class ChangeForm(forms.Form):
    """What is to follow; which of the fields are there depends on the kind."""

    months = forms.TypedChoiceField(label=gettext_lazy("Months"), coerce=int)
    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), min_value=1, max_value=pricing.MAX_QUANTITY)
    plan_id = forms.TypedChoiceField(label=gettext_lazy("Plan"), coerce=int)

    def __init__(self, data: Any, *, kind: str, contract: Any) -> None:
        super().__init__(data)
        kept = {"renew": "months", "resize": "quantity", "switch": "plan_id"}.get(kind)
        for name in list(self.fields):
            if name != kept:
                del self.fields[name]
        plans = prices.plans_for(products=[contract.offering_id], organisation_id=contract.buyer_id)
        sold = plans[contract.offering_id]
        if kept == "months":
            terms = [term for plan in sold if plan.code == contract.plan.code for term in plan.terms.all()]
            self.fields["months"].choices = [(term.months, term.months) for term in terms]  # type: ignore[attr-defined]
        elif kept == "plan_id":
            others = [(plan.pk, plan.name) for plan in sold if plan.pk != contract.plan_id]
            self.fields["plan_id"].choices = others  # type: ignore[attr-defined]


@gate.page(permission="contracts.change", side="buyer", methods=("GET", "POST"))
def ask_change(request: HttpRequest, number: str, kind: str) -> HttpResponse:
    """GET shows what the change would cost (the form's values stand in the address); POST asks for it."""
    if kind not in changing.KINDS:
        raise Http404
    actor = gate.actor_of(request)
    contract = queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    data = request.POST if request.method == "POST" else request.GET
    is_answered = bool(data) or kind == "terminate" or request.method == "POST"
    form = ChangeForm(data if is_answered else None, kind=kind, contract=contract)
    shown, status = None, 200
    if form.is_bound and form.is_valid():
        try:
            shown = changes.preview(
                contract=contract, kind=kind, on=periods.civil_date(clock.now()), **form.cleaned_data
            )
            if request.method == "POST":
                changes.request_change(
                    number=number,
                    organisation_id=gate.organisation_of(request),
                    kind=kind,
                    seen_minor=_seen(request),
                    actor=actor,
                    now=clock.now(),
                    **form.cleaned_data,
                )
                messages.success(request, _("The change is asked for. Its state stands on the contract's page."))
                return redirect("buyer:contract", number)
        except errors.Refused as error:
            field = {"term_months": "months", "plan": "plan_id"}.get(error.field, error.field)
            form.add_error(field if field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
    elif form.is_bound:
        status = 422
    title, text, _icon = changing.KINDS[kind]
    context = {
        "contract": contract,
        "kind": kind,
        "title": title,
        "text": text,
        "form": form,
        "shown": shown,
        "crumbs": [
            (_("Contracts"), reverse("buyer:contracts")),
            (number, reverse("buyer:contract", args=[number])),
            (title, None),
        ],
    }
    return render(request, "buyer/change.html", context, status=status if request.method == "POST" else 200)


@gate.page(permission="contracts.change", side="buyer", methods=("POST",))
def withdraw_change(request: HttpRequest, number: str) -> HttpResponse:
    """Take the open change back."""
    try:
        changes.withdraw(
            number=number,
            organisation_id=gate.organisation_of(request),
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The change is withdrawn."))
    return redirect("buyer:contract", number)


def _seen(request: HttpRequest) -> int:
    """The price that stood on the page; -1, which no price is, for anything else."""
    text = request.POST.get("seen_minor", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
