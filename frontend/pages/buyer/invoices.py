"""A buyer's invoices, credit notes and disputes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.invoicing import disputes
from billing.invoicing import queries as invoicing
from frontend.pages import corrections, invoices, papers
from marketplace import clock
from marketplace.organisations import actors, errors, gate


@gate.page(permission="invoices.view", side="buyer")
def list_invoices(request: HttpRequest) -> HttpResponse:
    """The organisation's invoices, by state and month, with what is open."""
    return render(request, "invoices/list.html", invoices.show_list(request, console="buyer"))


@gate.page(permission="invoices.view", side="buyer")
def show_invoice(request: HttpRequest, number: str) -> HttpResponse:
    """One invoice: lines and how they came about, payments made, and how to pay the rest."""
    return render(request, "invoices/detail.html", invoices.show_detail(request, number=number, console="buyer"))


@gate.page(permission="invoices.view", side="buyer")
def list_credit_notes(request: HttpRequest) -> HttpResponse:
    """The organisation's credit notes, newest first."""
    return render(request, "invoices/credit_notes.html", corrections.credit_notes(request, console="buyer"))


@gate.page(permission="invoices.view", side="buyer")
def show_paper(request: HttpRequest, number: str) -> HttpResponse:
    """The PDF of an invoice or credit note of one's own."""
    return papers.serve(request, number=number, console="buyer")


@gate.page(permission="disputes.open", side="buyer", methods=("POST",))
def dispute(request: HttpRequest, number: str) -> HttpResponse:
    """Dispute a line, with the reason; what is open of it is held until finance decides."""
    actor: actors.Actor = gate.actor_of(request)
    detail = invoicing.get_invoice(number=number, organisation_id=actor.organisation_id, side=actor.side)
    form = corrections.DisputeForm(request.POST, lines=detail.lines)
    if form.is_valid():
        try:
            disputes.open_dispute(
                invoice_number=number,
                position=int(form.cleaned_data["line"]),
                reason=form.cleaned_data["reason"],
                actor=actor,
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, _("Finance and the provider read your objection. The line is held until then."))
            return redirect("buyer:invoice", number)
    context = {**invoices.show_detail(request, number=number, console="buyer"), "dispute_form": form}
    return render(request, "invoices/detail.html", context, status=422)


@gate.page(permission="disputes.open", side="buyer", methods=("POST",))
def withdraw_dispute(request: HttpRequest, number: str) -> HttpResponse:
    """Take an objection back."""
    try:
        closed = disputes.withdraw(number=number, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as error:
        messages.error(request, error.message)
        return redirect("buyer:invoices")
    messages.success(request, _("Your objection is withdrawn."))
    return redirect("buyer:invoice", closed.line.invoice.number)
