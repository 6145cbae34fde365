"""Credit notes, disputes, write-offs and parked accounts as finance works on them."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.invoicing import crediting, disputes, parking, write_offs
from billing.invoicing import queries as invoicing
from frontend.pages import corrections, papers
from marketplace import clock
from marketplace.organisations import actors, errors, gate


@gate.page(permission="invoices.view", side="platform")
def show_corrections(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and what is not invoiced for now."""
    actor = gate.actor_of(request)
    may_decide = actor.can("disputes.decide")
    rows = [
        {
            "one": one,
            "tone": corrections.TONES[one.state],
            "form": _form(one) if may_decide and one.state == "open" else None,
            "other": corrections.ReasonForm(prefix=None, auto_id=f"reject_{one.pk}_%s"),
        }
        for one in invoicing.list_disputes(organisation_id=None, side=actors.PLATFORM)
    ]
    context = {
        "disputes": rows,
        "write_offs": list(invoicing.list_write_offs()),
        "parked": invoicing.list_parked(),
        "held": invoicing.list_held(),
        "may_decide": actor.can("write_offs.decide"),
        "may_hold": actor.can("invoices.hold"),
    }
    return render(request, "finance/corrections.html", context)


def _form(dispute: Any) -> corrections.DecisionForm:
    return corrections.DecisionForm(auto_id=f"uphold_{dispute.pk}_%s")


@gate.page(permission="invoices.view", side="platform")
def list_credit_notes(request: HttpRequest) -> HttpResponse:
    """All credit notes, newest first."""
    return render(request, "invoices/credit_notes.html", corrections.credit_notes(request, console="finance"))


@gate.page(permission="invoices.view", side="platform")
def show_paper(request: HttpRequest, number: str) -> HttpResponse:
    """The PDF of an invoice or credit note."""
    return papers.serve(request, number=number, console="finance")


@gate.page(permission="credit_notes.issue", side="platform", methods=("POST",))
def credit(request: HttpRequest, number: str) -> HttpResponse:
    """Issue a credit note on an invoice: all lines, or one of them, or an amount of one."""
    detail = invoicing.get_invoice(number=number, organisation_id=None, side=actors.PLATFORM)
    form = corrections.CreditForm(request.POST, lines=detail.lines)

    def issue() -> str:
        line = form.cleaned_data["line"]
        amount = corrections.minor(form, currency=detail.invoice.currency)
        note = crediting.credit_invoice(
            invoice_number=number,
            lines=None if line == "all" else [crediting.LineRequest(int(line), gross_minor=amount)],
            reason=form.cleaned_data["kind"],
            remark=form.cleaned_data["reason"],
            request_key=form.cleaned_data["request_key"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
        return _("Credit note %(number)s is issued.") % {"number": note.number}

    return _decide(request, form, issue, "finance:invoice", number)


@gate.page(permission="disputes.decide", side="platform", methods=("POST",))
def uphold(request: HttpRequest, number: str) -> HttpResponse:
    """Agree with the buyer: a credit note."""
    form = corrections.DecisionForm(request.POST)

    def close() -> str:
        closed = disputes.uphold(
            number=number,
            gross_minor=corrections.minor(form, currency="CNY"),
            decision=form.cleaned_data["reason"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
        return _("Credit note %(number)s is issued.") % {"number": closed.credit_note.number}  # type: ignore[union-attr]

    return _decide(request, form, close, "finance:corrections")


@gate.page(permission="disputes.decide", side="platform", methods=("POST",))
def reject(request: HttpRequest, number: str) -> HttpResponse:
    """Disagree with the buyer, with the reason."""
    form = corrections.ReasonForm(request.POST)

    def close() -> str:
        disputes.reject(
            number=number, decision=form.cleaned_data["reason"], actor=gate.actor_of(request), now=clock.now()
        )
        return _("The dispute is rejected; the buyer reads why.")

    return _decide(request, form, close, "finance:corrections")


@gate.page(permission="write_offs.decide", side="platform", methods=("POST",))
def propose_write_off(request: HttpRequest, number: str) -> HttpResponse:
    """Propose to give up what is open of an invoice."""
    form = corrections.ReasonForm(request.POST)

    def propose() -> str:
        write_offs.propose(
            invoice_number=number, reason=form.cleaned_data["reason"], actor=gate.actor_of(request), now=clock.now()
        )
        return _("The write-off waits for a second person.")

    return _decide(request, form, propose, "finance:invoice", number)


@gate.page(permission="write_offs.decide", side="platform", methods=("POST",))
def approve_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person agrees."""

    def approve() -> str:
        made = write_offs.approve(write_off_id=pk, actor=gate.actor_of(request), now=clock.now())
        return _("Invoice %(number)s is written off.") % {"number": made.invoice.number}

    return _decide(request, None, approve, "finance:corrections")


@gate.page(permission="write_offs.decide", side="platform", methods=("POST",))
def refuse_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    """It is asked for as before."""

    def refuse() -> str:
        write_offs.refuse(write_off_id=pk, actor=gate.actor_of(request), now=clock.now())
        return _("The write-off is refused.")

    return _decide(request, None, refuse, "finance:corrections")


@gate.page(permission="invoices.hold", side="platform", methods=("POST",))
def retry_parked(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a parked account tried again at the next run."""

    def retry() -> str:
        parking.retry(parked_id=pk, actor=gate.actor_of(request), now=clock.now())
        return _("It is tried again within a minute.")

    return _decide(request, None, retry, "finance:corrections")


@gate.page(permission="invoices.hold", side="platform", methods=("POST",))
def release_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a draft that was held back be issued."""

    def release() -> str:
        parking.release(held_id=pk, actor=gate.actor_of(request), now=clock.now())
        return _("The draft is issued when its month is closed.")

    return _decide(request, None, release, "finance:corrections")


def _decide(request: HttpRequest, form: Any, act: Callable[[], str], to: str, *arguments: Any) -> HttpResponse:
    """Do it and say so, or say why not; then back to the page. The sentence names the field and the remedy."""
    if form is not None and not form.is_valid():
        for name, found in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            messages.error(request, f"{label}: {' '.join(found)}" if label else " ".join(found))
    else:
        try:
            messages.success(request, act())
        except errors.Refused as error:
            messages.error(request, error.message)
    return redirect(to, *arguments)
