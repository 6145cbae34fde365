"""What the buyer's and finance's pages of invoices share: the same figures, to different eyes."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.invoicing import queries as invoicing
from billing.payments import queries as payments
from billing.rules import periods
from frontend.pages import corrections, months
from frontend.templatetags import marketplace_ui
from marketplace import clock
from marketplace.organisations import actors, gate

TONES: Final = {"issued": "info", "partly_paid": "warn", "paid": "good", "overdue": "bad", "written_off": "neutral"}


def show_list(request: HttpRequest, *, console: str) -> dict[str, Any]:
    """The context of a list: figures, tabs by state, months, rows, totals of all that match."""
    actor: actors.Actor = gate.actor_of(request)
    owner = None if actor.side == actors.PLATFORM else actor.organisation_id
    today = periods.civil_date(clock.now())
    month, status = _chosen_month(request), request.GET.get("status", "")
    counts = invoicing.count_by_status(buyer_id=owner, period=month, today=today)
    if status not in counts:
        status = ""
    listing = invoicing.list_invoices(
        buyer_id=owner, page=request.GET.get("page", 1), period=month, status=status, today=today
    )
    known = invoicing.list_months(buyer_id=owner)
    return {
        "console": console,
        "is_platform": owner is None,
        "year": str(today.year),
        "overview": payments.receivable_overview(buyer_id=owner, today=today),
        "balance": payments.total_prepaid() if owner is None else payments.wallet_balance(organisation_id=owner),
        "month": month,
        "month_name": months.month_name(month) if month else "",
        "month_options": [("", _("All months")), *months.month_options({month, *known} if month else set(known))],
        "status": status,
        "tabs": _tabs(counts, status, month=month),
        "count": counts[""],
        "listing": listing,
        "rows": [describe(row, today=today) for row in listing.page],
    }


def describe(invoice: Any, *, today: date) -> dict[str, Any]:
    """An invoice as a list shows it: tone and word of its state, what is open, whether it is late."""
    balance = invoice.balance
    is_overdue = bool(balance.open_minor) and invoice.due_date < today
    return {
        "invoice": invoice,
        "month": periods.Month.of_date(invoice.period_start_date),
        "paid_minor": balance.held_minor,
        "open_minor": balance.open_minor,
        "status": balance.get_status_display(),
        "tone": TONES[balance.status],
        "is_overdue": is_overdue,
        "late_days": (today - invoice.due_date).days if is_overdue else 0,
    }


def show_detail(request: HttpRequest, *, number: str, console: str) -> dict[str, Any]:
    """The context of one invoice. Raises NotFound for another organisation's."""
    actor: actors.Actor = gate.actor_of(request)
    detail = invoicing.get_invoice(number=number, organisation_id=actor.organisation_id, side=actor.side)
    invoice = detail.invoice
    paid = payments.payments_of_invoice(invoice_id=invoice.pk)
    described = describe(invoice, today=periods.civil_date(clock.now()))
    drawn = sum(one.amount_minor for one in paid if one.payment.gateway == "balance")
    month_name = months.month_name(described["month"])
    return {
        "console": console,
        "is_platform": actor.side == actors.PLATFORM,
        "detail": detail,
        **described,
        "month_name": month_name,
        "crumbs": [(_("Invoices"), reverse(f"{console}:invoices")), (invoice.number, None)],
        "lines": [_line(line) for line in detail.lines],
        "paid": paid,
        "steps": _steps(described, paid),
        "prepaid_minor": min(described["open_minor"], invoice.prepaid_minor - drawn),
        "bank": settings.CLIENT_MONEY_BANK,
        "account": settings.CLIENT_MONEY_ACCOUNT,
        "may_confirm": bool(described["open_minor"]) and actor.can("payments.record"),
        **corrections.of_invoice(request, invoice=invoice, console=console),
        **_forms(actor, detail),
    }


def _forms(actor: actors.Actor, detail: Any) -> dict[str, Any]:
    """The forms of those who may use them: a dispute for the buyer; a credit note and a write-off for finance."""
    forms: dict[str, Any] = {}
    if actor.side == actors.BUYER and actor.can("disputes.open"):
        forms["dispute_form"] = corrections.DisputeForm(lines=detail.lines, auto_id="dispute_%s")
    if actor.can("credit_notes.issue") and detail.balance.credited_minor < detail.balance.total_minor:
        forms["credit_form"] = corrections.CreditForm(lines=detail.lines, auto_id="credit_%s")
    if actor.can("write_offs.decide") and detail.open_minor:
        forms["write_off_form"] = corrections.ReasonForm(auto_id="write_off_%s")
    return forms


def _line(line: Any) -> dict[str, Any]:
    """A line with how its amount was worked out, and what a correction takes off again."""
    explanation = line.charge.explanation or {}
    before = explanation.get("charged_before") or {}
    return {
        "line": line,
        "month": str(periods.Month.of_date(line.charge.period_start_date)),
        "formula": explanation.get("formula", ""),
        "charged_before": _number(before.get("amount")),
        "difference": line.charge.amount if before else None,
        "is_correction": bool(line.charge.revision),
    }


def _number(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)) if text is not None else None
    except InvalidOperation:
        return None


def _steps(described: dict[str, Any], paid: Iterable[Any]) -> list[dict[str, Any]]:
    """What happened to an invoice, and what comes next, for the timeline."""
    invoice = described["invoice"]
    steps = [{"title": _("Issued"), "state": "done", "at": invoice.issued_at}]
    for one in paid:
        day = date_format(periods.civil_date(one.payment.received_at), "SHORT_DATE_FORMAT")
        amount = marketplace_ui.money(one.amount_minor, invoice.currency)
        steps.append({"title": one.payment.get_gateway_display(), "state": "done", "text": f"{day} · {amount}"})
    due = _("due %(day)s") % {"day": date_format(invoice.due_date, "SHORT_DATE_FORMAT")}
    if not described["open_minor"]:
        steps.append({"title": _("Paid in full"), "state": "done"})
    elif described["is_overdue"]:
        steps.append({"title": _("Overdue"), "state": "failed", "text": due})
    else:
        steps.append({"title": _("Payment"), "state": "current", "text": due})
    return steps


def _chosen_month(request: HttpRequest) -> periods.Month | None:
    try:
        return periods.Month.parse(request.GET.get("month", ""))
    except periods.InvalidMonth:
        return None


def _tabs(counts: dict[str, int], status: str, *, month: periods.Month | None) -> list[dict[str, Any]]:
    """One tab for all, one for each state, with the counts of the month that is chosen."""
    labels = [("", _("All")), *((value, str(label)) for value, label in invoicing.STATUSES)]
    tabs = []
    for value, label in labels:
        query = {"status": value} if value else {}
        if month:
            query["month"] = str(month)
        tabs.append(
            {
                "label": label,
                "url": f"?{urlencode(query)}",
                "count": counts[value],
                "active": value == status,
            }
        )
    return tabs
