"""Service level credits of a provider: agree, or dispute with a reason."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import sla
from frontend.pages import credited
from marketplace import clock
from marketplace.organisations import errors, gate


class DisputeForm(forms.Form):
    """Why no credit is due."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=errors.LONGEST_REASON)


@gate.page(permission="sla.decide", side="provider")
def list_credits(request: HttpRequest) -> HttpResponse:
    """The provider's credits by state."""
    return _render(request)


@gate.page(permission="sla.decide", side="provider", methods=("POST",))
def agree(request: HttpRequest, number: str, month: str) -> HttpResponse:
    """Grant a credit."""
    try:
        sla.agree(number=number, month=credited.month_in_address(month), actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The credit stands on the buyer's next invoice."))
    return redirect("provider:credits")


@gate.page(permission="sla.decide", side="provider", methods=("POST",))
def dispute(request: HttpRequest, number: str, month: str) -> HttpResponse:
    """Say why no credit is due."""
    form = DisputeForm(request.POST)
    if not form.is_valid():
        return _render(request, form=form, failed=(number, month), status=422)
    try:
        sla.dispute(
            number=number,
            month=credited.month_in_address(month),
            actor=gate.actor_of(request),
            now=clock.now(),
            **form.cleaned_data,
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The operator of the marketplace decides; both sides read its reason."))
    return redirect("provider:credits")


def _render(
    request: HttpRequest, *, form: DisputeForm | None = None, failed: tuple[str, str] = ("", ""), status: int = 200
) -> HttpResponse:
    organisation_id = gate.organisation_of(request)
    context = credited.describe_list(request, url_name="provider:credits", provider_organisation_id=organisation_id)
    for place, row in enumerate(context["rows"]):
        is_failed = (row["credit"].contract.number, row["month"]) == failed
        row["form"] = form if form and is_failed else DisputeForm(auto_id=f"dispute{place}_%s")
    context["now"] = clock.now()
    return render(request, "provider/credits.html", context, status=status)
