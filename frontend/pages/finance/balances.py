"""Buyers' prepaid balances and debts, beside the ledger's own figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.ledger import queries as ledger
from billing.payments import queries
from billing.rules import periods
from frontend.pages.finance.dashboard import ACCOUNTS
from marketplace import clock
from marketplace.organisations import gate


@gate.page(permission="payments.view", side="platform")
def list_balances(request: HttpRequest) -> HttpResponse:
    """Each buyer's standing; the trial balance; whether wallets and ledger agree."""
    today = periods.civil_date(clock.now())
    trial = ledger.trial_balance()
    context = {
        "page": queries.list_buyer_balances(today=today, page=request.GET.get("page", 1)),
        "prepaid": queries.total_prepaid(),
        "overview": queries.receivable_overview(today=today),
        "differences": queries.wallet_differences(),
        "faults": ledger.verify(),
        "accounts": [(ACCOUNTS.get(line.kind, line.kind), line) for line in trial],
        "sums": _sums(trial),
    }
    return render(request, "finance/balances.html", context)


def _sums(trial: list[ledger.TrialLine]) -> list[tuple[str, int, int, int]]:
    """Debits, credits and balance of each currency: the last is zero, or the books are wrong."""
    return [
        (
            currency,
            sum(line.debits_minor for line in trial if line.currency == currency),
            sum(line.credits_minor for line in trial if line.currency == currency),
            sum(line.balance_minor for line in trial if line.currency == currency),
        )
        for currency in sorted({line.currency for line in trial})
    ]
