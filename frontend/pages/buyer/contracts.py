"""A buyer's contracts and what was used of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import operations, queries
from frontend.pages import agreed, changing, freezes, reviewed
from listings import standing
from listings.reviews import queries as reviews
from marketplace import clock
from marketplace.organisations import errors, gate


class EndForm(forms.Form):
    """Why a contract is ended."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("The provider reads it."),
    )


class RejectForm(forms.Form):
    """Why it is sent back."""

    reason = forms.CharField(
        label=gettext_lazy("What is wrong or missing"),
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("The provider reads it and sets it up again."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@gate.page(permission="contracts.view", side="buyer")
def list_contracts(request: HttpRequest) -> HttpResponse:
    """The organisation's contracts, by status."""
    buyer_id, status = gate.actor_of(request).organisation_id, agreed.chosen_status(request)
    page = queries.list_contracts(buyer_id=buyer_id, status=status, page=request.GET.get("page", 1))
    counts = queries.count_contracts(buyer_id=buyer_id)
    context = {
        "page": page,
        "rows": agreed.with_tones(page),
        "tabs": agreed.status_tabs(url_name="buyer:contracts", counts=counts, chosen=status),
        "total": sum(counts.values()),
    }
    return render(request, "buyer/contracts.html", context)


@gate.page(permission="contracts.view", side="buyer")
def show_contract(request: HttpRequest, number: str) -> HttpResponse:
    """One contract: what was agreed, what it holds, what happened, what was used."""
    return render_contract(request, number)


@gate.page(permission="contracts.view", side="buyer")
def show_charges(request: HttpRequest, number: str) -> HttpResponse:
    """How the charges of one month came about."""
    organisation_id = gate.actor_of(request).organisation_id
    contract = queries.get_contract(number=number, organisation_id=organisation_id, side="buyer")
    context = agreed.describe_charges(request, contract=contract, console="buyer", now=clock.now())
    return render(request, "shop/contract_charges.html", context)


@gate.page(permission="contracts.end", side="buyer", methods=("POST",))
def end_contract(request: HttpRequest, number: str) -> HttpResponse:
    """End it early, or cancel it before its delivery."""
    actor = gate.actor_of(request)
    form = EndForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            contract = operations.end_contract(
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
            return redirect("buyer:contract", number)
    return render_contract(request, number, end_form=form, status=status)


def render_contract(request: HttpRequest, number: str, *, status: int = 200, **sent: forms.Form) -> HttpResponse:
    """A contract's page; `sent` are forms that were sent and could not be done, by their names on the page."""
    actor = gate.actor_of(request)
    contract = queries.get_contract(number=number, organisation_id=actor.organisation_id, side=actor.side)
    described = agreed.describe(request, contract=contract, side=actor.side, now=clock.now())
    delivery = described["delivery"]
    is_waiting, is_running = contract.status == "pending", contract.status in ("active", "suspended")
    must_notify = operations.needs_notice(contract=contract)
    to_check = delivery is not None and delivery.status == "delivered"
    context = {
        **described,
        "hidden": _why_hidden(contract),
        "form": EndForm(),
        "reject_form": RejectForm(),
        "to_check": to_check,
        "can_accept": to_check and actor.can("contracts.accept"),
        "part": queries.price_of_part(contract=contract, quantity=delivery.delivered_quantity)
        if to_check and delivery.is_partial
        else None,
        "crumbs": [(_("Contracts"), reverse("buyer:contracts")), (number, None)],
        "can_end": actor.can("contracts.end") and ((is_running and not must_notify) or (is_waiting and not to_check)),
        "can_change": actor.can("contracts.change") and is_running,
        "kinds": changing.kinds(contract=contract),
        "failed": list(sent.values()),
        **_reviewed(actor, delivery),
    }
    context.update({"form" if name == "end_form" else name: form for name, form in sent.items()})
    return render(request, "buyer/contract.html", context, status=status)


def _reviewed(actor: Any, delivery: Any) -> dict[str, Any]:
    """The review of a delivery and the form for it, as far as there can be one."""
    if delivery is None or delivery.status != "completed":
        return {}
    review = reviews.find_review(number=delivery.number)
    return {
        "review": review,
        "reviewed": reviewed.show(review) if review else None,
        "may_review": reviews.may_review(delivery=delivery, actor=actor, now=clock.now()),
        "review_form": reviewed.review_form(review),
    }


def _why_hidden(contract: Any) -> list[dict[str, Any]]:
    """Why the offering behind a contract that is not over is hidden; empty if it is shown."""
    if contract.status not in ("pending", "active", "suspended"):
        return []
    return freezes.describe(standing.open_freezes(product_ids=[contract.offering_id])[contract.offering_id])
