"""Overview of finance: what waits, what is owed, what the books and the market say."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from billing.exports import queries as exports
from billing.ledger import queries as ledger
from billing.payments import queries as payments
from billing.rules import periods
from billing.settlement import queries as settlements
from frontend.pages import settlements as settlement_pages
from marketplace import clock
from marketplace.organisations import gate
from marketplace.statistics import queries as statistics

SHOWN_ROWS = 5
ACCOUNTS = {
    "receivable": _("Receivable from buyers"),
    "bank_client_money": _("Bank: client money"),
    "buyer_balance": _("Buyers' prepaid balances"),
    "provider_clearing": _("Held for providers, not settled"),
    "provider_payable": _("Payable to providers"),
    "commission_revenue": _("Commission revenue"),
    "vat_payable": _("VAT payable"),
    "suspense": _("Suspense: received, not matched yet"),
    "alipay_clearing": _("Held by Alipay"),
    "stripe_clearing": _("Held by Stripe"),
    "gateway_fees": _("Fees of the payment services"),
}


@gate.page(permission="settlements.view", side="platform")
def show_overview(request: HttpRequest) -> HttpResponse:
    today = periods.civil_date(clock.now())
    waiting = [
        settlement_pages.describe(row, today=today)
        for status in ("draft", "approved")
        for row in settlements.list_settlements(status=status).rows[:SHOWN_ROWS]
    ]
    context = {
        "overview": settlements.overview(today=today),
        "receivables": payments.receivable_overview(today=today),
        "waiting": waiting,
        "accounts": [(ACCOUNTS.get(line.kind, line.kind), line) for line in ledger.trial_balance()],
        "exports_waiting": exports.count_waiting(organisation_id=gate.actor_of(request).organisation_id),
        "snapshots": statistics.list_latest(),
    }
    return render(request, "finance/dashboard.html", context)
