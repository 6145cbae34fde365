"""A buyer pays: an invoice by one of the ways, or a top-up of the balance; and the cards left with Stripe."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.invoicing import queries as invoicing
from billing.payments import queries as payments
from billing.payments import receipts as balances
from billing.payments.gateways import attempts, methods, queries
from frontend.pages import receipts
from frontend.templatetags import marketplace_ui
from marketplace import clock
from marketplace.organisations import errors, gate

TONES = {"open": "info", "paid": "good", "closed": "warn", "failed": "bad"}


@gate.page(permission="invoices.view", side="buyer")
def choose(request: HttpRequest, number: str) -> HttpResponse:
    """The ways to pay what is open on an invoice."""
    return render(request, "buyer/pay.html", _invoice(request, number))


@gate.page(permission="payments.make", side="buyer", methods=("POST",))
def pay(request: HttpRequest, number: str) -> HttpResponse:
    """Begin to pay by the way that was chosen; its page is one link away."""
    context = _invoice(request, number)
    actor, method = gate.actor_of(request), request.POST.get("method", "")
    try:
        if method == "balance":
            payment = balances.pay_from_balance(invoice_id=context["invoice"].pk, actor=actor, now=clock.now())
            amount = marketplace_ui.money(payment.amount_minor, payment.currency)
            messages.success(request, _("%(amount)s are paid from the balance.") % {"amount": amount})
            return redirect("buyer:invoice", number)
        attempt = attempts.pay_invoice(
            gateway=method,
            invoice_number=number,
            organisation_id=gate.organisation_of(request),
            saves_method=request.POST.get("saves_method") == "on",
            site_url=_site(request),
            actor=actor,
            now=clock.now(),
        )
    except errors.Refused as error:
        status = 409 if error.is_conflict else 422
        return render(request, "buyer/pay.html", {**context, "problem": error.message}, status=status)
    return redirect("buyer:paying", attempt.number)


@gate.page(permission="invoices.view", side="buyer")
def show_attempt(request: HttpRequest, number: str) -> HttpResponse:
    """An attempt: what is paid, and the link to the service."""
    attempt = attempts.find(number=number, organisation_id=gate.organisation_of(request))
    return render(request, "buyer/paying.html", _attempt(attempt))


@gate.page(permission="invoices.view", side="buyer")
def come_back(request: HttpRequest, number: str) -> HttpResponse:
    """Where a service sends the buyer back to. That proves nothing: the service is asked."""
    attempt = attempts.find(number=number, organisation_id=gate.organisation_of(request))
    try:
        attempt = attempts.refresh(attempt=attempt, now=clock.now())
    except (attempts.Mismatch, errors.Refused):
        attempt.refresh_from_db()  # a person looks at it; the page says that it is not settled
    return render(request, "buyer/paying.html", {**_attempt(attempt), "has_returned": True})


@gate.page(permission="payments.make", side="buyer", methods=("POST",))
def top_up(request: HttpRequest) -> HttpResponse:
    """Begin to top up the balance."""
    form = receipts.YuanField(label=_("Amount"))
    try:
        amount = form.clean(request.POST.get("amount", ""))
        attempt = attempts.top_up(
            gateway=request.POST.get("method", ""),
            organisation_id=gate.organisation_of(request),
            amount=amount,
            site_url=_site(request),
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except receipts.forms.ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("buyer:balance")
    return redirect("buyer:paying", attempt.number)


@gate.page(permission="payments.make", side="buyer", methods=("POST",))
def switch_method(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a saved card pay invoices by itself, or stop it."""
    is_on = request.POST.get("is_on") == "1"
    methods.switch_automatic(
        pk=pk,
        organisation_id=gate.organisation_of(request),
        is_on=is_on,
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    told = _("The card pays new invoices by itself.") if is_on else _("The card pays nothing by itself any more.")
    messages.success(request, told)
    return redirect("buyer:balance")


@gate.page(permission="payments.make", side="buyer", methods=("POST",))
def remove_method(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a saved card."""
    methods.remove(pk=pk, organisation_id=gate.organisation_of(request), actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("The card is forgotten."))
    return redirect("buyer:balance")


def _site(request: HttpRequest) -> str:
    """This site as the services reach it; the request's host is one of ALLOWED_HOSTS."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def _invoice(request: HttpRequest, number: str) -> dict[str, Any]:
    """Raises NotFound for another organisation's."""
    actor = gate.actor_of(request)
    detail = invoicing.get_invoice(number=number, organisation_id=actor.organisation_id, side=actor.side)
    invoice = detail.invoice
    open_minor = detail.balance.open_minor
    balance = payments.wallet_balance(organisation_id=gate.organisation_of(request), currency=invoice.currency)
    return {
        "invoice": invoice,
        "open_minor": open_minor,
        "balance": balance,
        "from_balance_minor": min(balance.amount_minor, open_minor),
        "ways": queries.list_ways(currency=invoice.currency),
        "attempt": queries.open_attempt(invoice_id=invoice.pk),
        "bank": settings.CLIENT_MONEY_BANK,
        "account": settings.CLIENT_MONEY_ACCOUNT,
        "may_pay": actor.can("payments.make"),
        "crumbs": [
            (_("Invoices"), reverse("buyer:invoices")),
            (number, reverse("buyer:invoice", args=[number])),
            (_("Pay"), None),
        ],
    }


def _attempt(attempt: Any) -> dict[str, Any]:
    invoice = attempt.invoice
    if invoice:
        url = reverse("buyer:invoice", args=[invoice.number])
        crumbs = [(_("Invoices"), reverse("buyer:invoices")), (invoice.number, url)]
    else:
        crumbs = [(_("Balance"), reverse("buyer:balance"))]
    return {
        "attempt": attempt,
        "invoice": invoice,
        "tone": TONES[attempt.state],
        "is_sandbox": attempt.mode == "test",
        "crumbs": [*crumbs, (_("Pay"), None)],
        "went_to_balance": bool(invoice and attempt.payment and attempt.payment.purpose == "top_up"),
    }
