"""A buyer's orders."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.contracts import queries as contracts
from frontend.pages import agreed
from frontend.pages.buyer import advice as advice_of
from marketplace.organisations import gate


@gate.page(permission="orders.view", side="buyer")
def list_orders(request: HttpRequest) -> HttpResponse:
    """All orders of the organisation, newest first."""
    page = contracts.list_orders(buyer_id=gate.organisation_of(request), page=request.GET.get("page", 1))
    return render(request, "buyer/orders.html", {"page": page})


@gate.page(permission="orders.view", side="buyer")
def show_order(request: HttpRequest, number: str) -> HttpResponse:
    """One order: what was ordered of whom, for how much, and how far it is."""
    actor = gate.actor_of(request)
    order = contracts.get_order(order_number=number, organisation_id=actor.organisation_id, side=actor.side)
    context = {
        "order": order,
        "lines": [{"line": line, "tone": agreed.TONES[line.contract.status]} for line in order.lines],
        "advice": advice_of.describe(order_number=order.number),
        "crumbs": [(_("Orders"), reverse("buyer:orders")), (order.number, None)],
        "can_decide": actor.can("orders.approve") and order.state == "waiting",
    }
    return render(request, "buyer/order.html", context)
