"""A buyer's prepaid balance."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.payments import queries, wallets
from billing.payments.gateways import queries as gateways
from billing.rules import periods
from frontend.pages import receipts
from marketplace import clock
from marketplace.organisations import gate
from marketplace.organisations import queries as organisations


@gate.page(permission="payments.view", side="buyer")
def show_balance(request: HttpRequest) -> HttpResponse:
    """The balance, how to top it up, and what moved it."""
    organisation_id = gate.organisation_of(request)
    today = periods.civil_date(clock.now())
    context = {
        "balance": queries.wallet_balance(organisation_id=organisation_id),
        "overview": queries.receivable_overview(buyer_id=organisation_id, today=today),
        "page": queries.wallet_statement(organisation_id=organisation_id, page=request.GET.get("page", 1)),
        "organisation": organisations.get_organisation(organisation_id=organisation_id),
        "operator": organisations.get_platform(),
        "ways": gateways.list_ways(currency="CNY"),
        "methods": gateways.list_methods(organisation_id=organisation_id),
        "alert_minor": queries.wallet_alert(organisation_id=organisation_id),
        "may_pay": gate.actor_of(request).can("payments.make"),
        "bank": settings.CLIENT_MONEY_BANK,
        "account": settings.CLIENT_MONEY_ACCOUNT,
    }
    return render(request, "buyer/balance.html", context)


@gate.page(permission="payments.make", side="buyer", methods=("POST",))
def set_alert(request: HttpRequest) -> HttpResponse:
    """Ask to be told when the balance falls below an amount; a blank one asks no more."""
    text = request.POST.get("alert", "").strip()
    try:
        alert = receipts.YuanField().clean(text) if text else None
    except forms.ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("buyer:balance")
    wallets.set_alert(
        organisation_id=gate.organisation_of(request),
        alert=alert,
        currency=receipts.CURRENCY,
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    messages.success(request, _("Saved."))
    return redirect("buyer:balance")
