"""Invoices as finance sees them: all buyers', with the confirmation of bank transfers."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.payments import operations
from billing.rules import periods
from frontend.pages import invoices, receipts
from frontend.templatetags import marketplace_ui
from marketplace import clock
from marketplace.organisations import errors, gate


@gate.page(permission="invoices.view", side="platform")
def list_invoices(request: HttpRequest) -> HttpResponse:
    """All invoices, by state and month, with what is open."""
    return render(request, "invoices/list.html", invoices.show_list(request, console="finance"))


@gate.page(permission="invoices.view", side="platform")
def show_invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice, with the form for a transfer that pays it."""
    return _render(request, number, receipts.ReceiptForm(initial={"received_at": periods.civil_date(clock.now())}))


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def confirm_transfer(request: HttpRequest, number: str) -> HttpResponse:
    """Record a transfer that pays the invoice, all of it or a part."""
    form = receipts.ReceiptForm(request.POST)
    if form.is_valid():
        try:
            payment = operations.confirm_bank_transfer(
                invoice_number=number,
                amount=form.cleaned_data["amount"],
                bank_reference=form.cleaned_data["bank_reference"],
                received_at=form.cleaned_data["received_at"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field or None, error.message)
        else:
            amount = marketplace_ui.money(payment.amount_minor, payment.currency)
            messages.success(
                request, _("%(amount)s are recorded on %(number)s.") % {"amount": amount, "number": number}
            )
            return redirect("finance:invoice", number)
    return _render(request, number, form, status=422)


def _render(request: HttpRequest, number: str, form: receipts.ReceiptForm, *, status: int = 200) -> HttpResponse:
    context = {**invoices.show_detail(request, number=number, console="finance"), "form": form}
    return render(request, "invoices/detail.html", context, status=status)
