"""Settlements as finance sees them: a month, one settlement, approval and payout."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.settlement import operations
from frontend.pages import settlements
from marketplace import clock
from marketplace.organisations import errors, gate


class PayoutForm(forms.Form):
    """The transfer that paid a settlement."""

    bank_reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=80,
        help_text=gettext_lazy("As it stands in the bank's statement; it can be used once."),
    )


@gate.page(permission="settlements.view", side="platform")
def show_month(request: HttpRequest) -> HttpResponse:
    return render(request, "settlements/month.html", settlements.show_month(request, console="finance"))


@gate.page(permission="settlements.view", side="platform")
def show_settlement(request: HttpRequest, number: str) -> HttpResponse:
    return _render(request, number, PayoutForm())


@gate.page(permission="settlements.approve", side="platform", methods=("POST",))
def approve(request: HttpRequest, number: str) -> HttpResponse:
    try:
        operations.approve(number=number, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Settlement %(number)s is approved.") % {"number": number})
    return redirect("finance:settlement", number)


@gate.page(permission="settlements.pay", side="platform", methods=("POST",))
def pay(request: HttpRequest, number: str) -> HttpResponse:
    form = PayoutForm(request.POST)
    if form.is_valid():
        try:
            operations.record_payout(
                number=number,
                bank_reference=form.cleaned_data["bank_reference"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field or None, error.message)
        else:
            messages.success(request, _("The payout of settlement %(number)s is recorded.") % {"number": number})
            return redirect("finance:settlement", number)
    return _render(request, number, form, status=422)


def _render(request: HttpRequest, number: str, form: PayoutForm, *, status: int = 200) -> HttpResponse:
    context = {**settlements.show_detail(request, number=number, console="finance"), "form": form}
    return render(request, "settlements/detail.html", context, status=status)
