"""A buyer's prepaid balance."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.payments import queries
from billing.payments.gateways import queries as gateways
from billing.rules import periods
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
        "may_pay": gate.actor_of(request).can("payments.make"),
        "bank": settings.CLIENT_MONEY_BANK,
        "account": settings.CLIENT_MONEY_ACCOUNT,
    }
    return render(request, "buyer/balance.html", context)
