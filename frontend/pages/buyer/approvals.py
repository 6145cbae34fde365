"""Orders that wait for a second person's yes."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import operations
from billing.contracts import queries as contracts
from frontend.pages import agreed
from frontend.pages.buyer import advice as advice_of
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.procurement import queries

TONES = {"waiting": "warn", "approved": "good", "rejected": "bad"}


class DecisionForm(forms.Form):
    """Yes or no; a no has a reason."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("Needed to reject; the person who ordered reads it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    decision = forms.ChoiceField(
        choices=[("approve", gettext_lazy("Approve")), ("reject", gettext_lazy("Reject"))], widget=forms.HiddenInput
    )


@gate.page(permission="orders.approve", side="buyer")
def list_approvals(request: HttpRequest) -> HttpResponse:
    """All approvals of the organisation; those that wait come first."""
    organisation_id = gate.organisation_of(request)
    page = queries.list_approvals(organisation_id=organisation_id, page=request.GET.get("page", 1))
    counts = queries.count_approvals(organisation_id=organisation_id)
    context = {
        "page": page,
        "rows": [{"approval": one, "tone": TONES[one.status]} for one in page],
        "waiting": counts.get("waiting", 0),
    }
    return render(request, "buyer/approvals.html", context)


@gate.page(permission="orders.approve", side="buyer", methods=("GET", "POST"))
def show_approval(request: HttpRequest, number: str) -> HttpResponse:
    """One order to decide on, with what it commits to."""
    if request.method != "POST":
        return _render(request, number, form=DecisionForm())
    actor = gate.actor_of(request)
    form = DecisionForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            approval = operations.decide_order(
                order_number=number,
                organisation_id=gate.organisation_of(request),
                approve=form.cleaned_data["decision"] == "approve",
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
                _("Order %(number)s: %(status)s.") % {"number": number, "status": approval.get_status_display()},
            )
            return redirect("buyer:approvals")
    return _render(request, number, form=form, status=status)


def _render(request: HttpRequest, number: str, *, form: DecisionForm, status: int = 200) -> HttpResponse:
    actor = gate.actor_of(request)
    approval = queries.find_approval(order_number=number, organisation_id=gate.organisation_of(request))
    order = contracts.get_order(order_number=number, organisation_id=actor.organisation_id, side=actor.side)
    context = {
        "approval": approval,
        "tone": TONES[approval.status],
        "order": order,
        "lines": [{"line": line, "tone": agreed.TONES[line.contract.status]} for line in order.lines],
        "form": form,
        "advice": advice_of.describe(order_number=number),
        "is_own": approval.requested_by_id == actor.user_id,
        "crumbs": [(_("Approvals"), reverse("buyer:approvals")), (number, None)],
    }
    return render(request, "buyer/approval.html", context, status=status)
