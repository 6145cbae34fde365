"""The checkout: one page, then the order."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing.payments import queries as payments
from billing.rules import periods
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.organisations import queries as organisations
from marketplace.procurement import adviser
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.checkout import forms, holds, operations, terms


@never_cache
@gate.page(permission="orders.place", methods=("GET", "POST"))
def check_out(request: HttpRequest) -> HttpResponse:
    """Show what is ordered and ask the rest; a POST places the order."""
    if request.method != "POST":
        return _render(request, form=None)
    form = forms.CheckoutForm(request.POST, asks=_asks(request))
    status = 422
    if form.is_valid():
        try:
            placed = operations.place_order(
                **form.answers(),
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            if placed.is_new:
                messages.success(request, _("The order is placed."))
            else:
                messages.info(request, _("This purchase list was ordered already; nothing was ordered twice."))
            return redirect("buyer:order", placed.number)
    return _render(request, form=form, status=status)


@gate.page(permission="orders.place", methods=("POST",))
def begin(request: HttpRequest) -> HttpResponse:
    """Keep the capacity of the list while its checkout is filled in; a refusal is shown on the list."""
    try:
        holds.begin(actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as error:
        messages.error(request, error.message)
        return redirect("basket:summary")
    return redirect("checkout:index")


def _asks(request: HttpRequest) -> bool:
    """Whether the person buys for one of those who say what a purchase is for."""
    return adviser.must_state(organisations.get_organisation(organisation_id=gate.organisation_of(request)))


def _render(request: HttpRequest, *, form: forms.CheckoutForm | None, status: int = 200) -> HttpResponse:
    actor = gate.actor_of(request)
    wanted = purchase_lists.read_purchase_list(
        user_id=gate.person_of(request), organisation_id=gate.organisation_of(request)
    )
    if wanted is None or not wanted.lines or (form is None and not wanted.is_orderable):
        return redirect("basket:summary")
    gross = wanted.total.term.gross
    fresh = forms.first_answers(basket_id=wanted.basket.pk, gross_minor=gross.amount_minor)
    if form is None:
        form = forms.CheckoutForm(initial={**fresh, "contact_name": actor.user_name}, asks=_asks(request))
    else:
        # What is shown now is what the next click orders.
        shown = {name: str(fresh[name]) for name in ("terms_version", "basket", "seen_gross_minor")}
        form.data = {**form.data.dict(), **shown}  # type: ignore[attr-defined]
    organisation = organisations.get_organisation(organisation_id=gate.organisation_of(request))
    rules = adviser.rules_in_force(on=periods.civil_date(clock.now())) if adviser.must_state(organisation) else None
    context = {
        "form": form,
        "purchase_list": wanted,
        "organisation": organisation,
        "rules": rules,
        "balance": payments.wallet_balance(organisation_id=gate.organisation_of(request), currency=gross.currency),
        "clauses": terms.CLAUSES,
        "terms_version": terms.VERSION,
        "steps": [_("Purchase list"), _("Checkout"), _("Order")],
    }
    return render(request, "shop/checkout.html", context, status=status)
