"""Payments received, and the form for a top-up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.payments import operations, queries
from billing.rules import periods
from frontend.pages import months, receipts
from frontend.templatetags import marketplace_ui
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.organisations import queries as organisations

# A view of the list: its value in the address → gateway and purpose.
KINDS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "transfer": ("bank", "invoice"),
    "top_up": ("bank", "top_up"),
    "balance": ("balance", "invoice"),
}


@gate.page(permission="payments.view", side="platform")
def list_payments(request: HttpRequest) -> HttpResponse:
    """What was received and drawn, by kind and month."""
    return _render(request, _form(request))


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def record_top_up(request: HttpRequest) -> HttpResponse:
    """Add a transfer to a buyer's prepaid balance."""
    form = _form(request)
    if form.is_valid():
        try:
            payment = operations.record_top_up(
                organisation_id=int(form.cleaned_data["organisation"]),
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
            messages.success(request, _("The top-up of %(amount)s is recorded.") % {"amount": amount})
            return redirect("finance:payments")
    return _render(request, form, status=422)


def _form(request: HttpRequest) -> receipts.TopUpForm:
    buyers = [(one.pk, one.name) for one in organisations.list_organisations(side="buyer")]
    if request.method == "POST":
        return receipts.TopUpForm(request.POST, buyers=buyers)
    return receipts.TopUpForm(buyers=buyers, initial={"received_at": periods.civil_date(clock.now())})


def _render(request: HttpRequest, form: receipts.TopUpForm, *, status: int = 200) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        kind = ""
    try:
        month = periods.Month.parse(request.GET.get("month", ""))
    except periods.InvalidMonth:
        month = None
    gateway, purpose = KINDS[kind]
    known = queries.list_payment_months()
    context = {
        "form": form,
        "may_record": gate.actor_of(request).can("payments.record"),
        "kind": kind,
        "month": month,
        "month_name": months.month_name(month) if month else "",
        "month_options": [("", _("All months")), *months.month_options({month, *known} if month else set(known))],
        "tabs": _tabs(kind, month),
        "listing": queries.list_payments(
            gateway=gateway, purpose=purpose, month=month, page=request.GET.get("page", 1)
        ),
    }
    return render(request, "finance/payments.html", context, status=status)


def _tabs(kind: str, month: periods.Month | None) -> list[dict[str, object]]:
    labels = {
        "": _("All"),
        "transfer": _("Transfers for invoices"),
        "top_up": _("Top-ups"),
        "balance": _("Drawn from balances"),
    }
    counts = queries.count_payments(month=month)
    by_kind = {
        "": counts.all,
        "transfer": counts.transfers,
        "top_up": counts.top_ups,
        "balance": counts.draws,
    }
    tabs = []
    for value, label in labels.items():
        query = ({"kind": value} if value else {}) | ({"month": str(month)} if month else {})
        url = f"{reverse('finance:payments')}?{urlencode(query)}"
        tabs.append({"label": label, "url": url, "count": by_kind[value], "active": value == kind})
    return tabs
