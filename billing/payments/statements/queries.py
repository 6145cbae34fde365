"""Reads: accounts, statements and their progress, lines that wait, and what a line may pay, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext as _

from billing.invoicing.models import InvoiceBalance, rest_minor
from billing.ledger import queries as ledger
from billing.payments.statements import mappings
from billing.payments.statements.models import (
    BankStatement,
    KnownPayer,
    LineDifference,
    LineMatch,
    StatementAccount,
    StatementLine,
)
from billing.rules import references
from marketplace.organisations import errors
from marketplace.organisations.models import Organisation

PAGE_SIZE: Final = 50
MOST_SUGGESTIONS: Final = 30
STATUSES: Final = StatementLine.Status.choices
COLUMNS: Final = mappings.COLUMNS
DATE_FORMS: Final = mappings.DATE_FORMS
_WAITING: Final = Q(status__in=["unmatched", "partly"])


class NoSuchStatement(errors.NotFound):
    """No statement, account or line of this name."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An invoice that a line may pay: how much of it, and why we think so; the best reason first."""

    balance: InvoiceBalance
    open_minor: int
    amount_minor: int
    reason: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Suspense:
    """What waits: lines and minor units."""

    count: int
    amount_minor: int


def list_accounts() -> list[StatementAccount]:
    return list(StatementAccount.objects.all())


def get_account(*, code: str) -> StatementAccount:
    """Raises NoSuchStatement."""
    account = StatementAccount.objects.filter(code=code).first()
    if account is None:
        raise NoSuchStatement(_("There is no bank account %(code)s.") % {"code": code})
    return account


def list_statements(*, page: int | str = 1) -> Page[BankStatement]:
    """The files, newest first, 50 a page, in 2 queries."""
    return Paginator(BankStatement.objects.select_related("account", "requested_by"), PAGE_SIZE).get_page(page)


def get_statement(*, number: str) -> BankStatement:
    """Raises NoSuchStatement."""
    statement = BankStatement.objects.select_related("account").filter(number=number).first()
    if statement is None:
        raise NoSuchStatement(_("There is no statement %(number)s.") % {"number": number})
    return statement


def list_lines(*, status: str = "", text: str = "", page: int | str = 1) -> Page[Any]:
    """Lines by state, the newest first; `waiting` are those with money on suspense. `text` in payer, remark, number."""
    lines = StatementLine.objects.select_related("account").annotate(
        is_doubted=Exists(LineDifference.objects.filter(line=OuterRef("pk")))
    )
    if status == "waiting":
        lines = lines.filter(_WAITING)
    elif status in StatementLine.Status.values:
        lines = lines.filter(status=status)
    if text:
        found = Q(payer_name__icontains=text) | Q(remark__icontains=text) | Q(reference__icontains=text)
        lines = lines.filter(found)
    return Paginator(lines, PAGE_SIZE).get_page(page)


def count_lines() -> dict[str, int]:
    """How many lines there are of each state; "" for all, `waiting` for those with money on suspense."""
    counts: dict[str, int] = dict(StatementLine.objects.order_by().values_list("status").annotate(Count("id")))
    return counts | {
        "": sum(counts.values()),
        "waiting": counts.get("unmatched", 0) + counts.get("partly", 0),
    }


def suspense(*, currency: str = "CNY") -> Suspense:
    """What is received and not matched; the ledger's suspense account says the same."""
    sums = StatementLine.objects.filter(_WAITING, currency=currency).aggregate(
        count=Count("id"), amount=Sum(F("amount_minor") - F("matched_minor"), default=0)
    )
    return Suspense(sums["count"], int(sums["amount"]))


def get_line(*, line_id: int) -> StatementLine:
    """A line with its account and statement. Raises NoSuchStatement."""
    line = StatementLine.objects.select_related("account", "statement").filter(pk=line_id).first()
    if line is None:
        raise NoSuchStatement(_("There is no such line."))
    return line


def next_waiting(*, line_id: int) -> int | None:
    """The line that waits after this one, in the order of the inbox; the first one at its end."""
    ids = list(StatementLine.objects.filter(_WAITING).exclude(pk=line_id).values_list("pk", flat=True)[:500])
    return next((pk for pk in ids if pk < line_id), ids[0] if ids else None)


def list_matches(*, line_id: int) -> list[LineMatch]:
    """What a line was matched to, with payments, invoices and reversals, the oldest first."""
    matches = LineMatch.objects.filter(line_id=line_id).select_related(
        "payment__organisation", "payment__recorded_by", "payment__reversal"
    )
    return list(matches.prefetch_related("payment__allocations__invoice").order_by("id"))


def list_differences(*, line_id: int) -> list[LineDifference]:
    """What other statements said of a line, the newest first."""
    return list(LineDifference.objects.filter(line_id=line_id).select_related("statement"))


def guess_buyer(*, line: StatementLine) -> Organisation | None:
    """Whose money it probably is: by the account, then by the name."""
    known = KnownPayer.objects.filter(account=line.payer_account).exclude(account="")
    buyers = Organisation.objects.filter(side=Organisation.Side.BUYER)
    for found in (buyers.filter(pk__in=known.values("organisation")), buyers.filter(name=line.payer_name)):
        candidates = list(found[:2])
        if len(candidates) == 1:
            return candidates[0]
    return None


def suggest(*, line: StatementLine, text: str = "") -> list[Suggestion]:
    """Open invoices that the line may pay, the likeliest first, at most 30; `text` searches numbers and buyers.

    What is chosen beforehand never exceeds what is left of the line.
    """
    numbers = references.find_invoices(line.remark)
    buyer = guess_buyer(line=line)
    wanted = Q(invoice__number__in=numbers) | Q(rest_minor=line.open_minor)
    if buyer:
        wanted |= Q(invoice__buyer=buyer)
    if text:
        wanted |= Q(invoice__number__icontains=text) | Q(invoice__buyer_name__icontains=text)
    balances = (
        InvoiceBalance.objects.select_related("invoice__provider")
        .annotate(rest_minor=rest_minor())
        .filter(wanted, invoice__currency=line.currency, status__in=InvoiceBalance.OPEN)
        .order_by("invoice__due_date", "invoice_id")[:200]
    )
    ranked = sorted(
        ((*_why(line, balance, numbers, buyer), balance) for balance in balances), key=lambda one: (one[0], one[2].pk)
    )
    return _choose(line, [(rank, reason, balance) for rank, reason, balance in ranked[:MOST_SUGGESTIONS]])


def _why(line: StatementLine, balance: InvoiceBalance, numbers: Sequence[str], buyer: Any) -> tuple[int, str]:
    invoice, is_exact = balance.invoice, balance.open_minor == line.open_minor
    is_buyer = buyer is not None and invoice.buyer_id == buyer.pk
    if invoice.number in numbers:
        return 0, _("The remark names this invoice.")
    if is_buyer and is_exact:
        return 1, _("This buyer paid before from this account or has this name, and the amount is exact.")
    if is_buyer:
        return 2, _("This buyer paid before from this account or has this name.")
    if is_exact:
        return 3, _("The amount is exact; the payer is not known.")
    return 4, _("Found by your search.")


def _choose(line: StatementLine, ranked: Sequence[tuple[int, str, InvoiceBalance]]) -> list[Suggestion]:
    """What is named or exact is chosen, as far as the line reaches."""
    left, found = line.open_minor, []
    exact = sum(1 for rank, _reason, _balance in ranked if rank == 1)
    for rank, reason, balance in ranked:
        open_minor = balance.open_minor
        amount_minor = min(open_minor, left)
        is_chosen = amount_minor > 0 and (rank == 0 or (rank == 1 and exact == 1))
        if is_chosen:
            left -= amount_minor
        found.append(Suggestion(balance, open_minor, amount_minor or open_minor, reason, is_chosen))
    return found


def suspense_differences() -> list[tuple[str, int, int]]:
    """Currency, what lines wait for, what the ledger's suspense account holds: none, if all is well."""
    lines = StatementLine.objects.filter(_WAITING).order_by().values_list("currency")
    waiting = {
        currency: int(total) for currency, total in lines.annotate(rest=Sum(F("amount_minor") - F("matched_minor")))
    }
    posted = {row.currency: -row.balance_minor for row in ledger.list_balances(kind="suspense")}
    return [
        (currency, waiting.get(currency, 0), posted.get(currency, 0))
        for currency in sorted(waiting.keys() | posted.keys())
        if waiting.get(currency, 0) != posted.get(currency, 0)
    ]
