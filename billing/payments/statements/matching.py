"""Matching by itself: by the reference in the remark, then by a known payer and the exact amount.

What is not certain is left to a person (`suggestions`). All lines of a statement are matched in one pass: the invoices
they may pay are locked together, who pays what is decided in memory, and the rows are written by COPY.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from billing.invoicing.models import InvoiceBalance
from billing.payments.statements.models import KnownPayer, LineMatch, StatementLine
from billing.payments.statements.writing import Match, write_matches
from billing.rules import references
from marketplace.organisations.models import Organisation

Reason = LineMatch.Reason


@dataclass(slots=True)
class Books:
    """What lines may pay: invoices and what is open on them, and who pays from which account or under which name."""

    by_number: dict[str, InvoiceBalance] = field(default_factory=dict)
    open_minor: dict[int, int] = field(default_factory=dict)  # invoice id →
    of_buyer: dict[int, list[InvoiceBalance]] = field(default_factory=lambda: defaultdict(list))
    buyers_by_account: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    buyers_by_name: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    buyers_by_top_up: dict[str, int] = field(default_factory=dict)


def match_lines(*, line_ids: Collection[int], now: datetime) -> list[Match]:
    """Match what is certain of lines that wait, in the caller's transaction. Returns what was matched."""
    lines = list(
        StatementLine.objects.select_for_update()
        .filter(status__in=[StatementLine.Status.UNMATCHED, StatementLine.Status.PARTLY])
        .extra(where=["id = ANY(%s)"], params=[list(line_ids)])
        .order_by("booked_date", "id")
    )
    if not lines:
        return []
    named = {line.pk: references.find_invoices(line.remark) for line in lines}
    books = open_books(lines=lines, named=named)
    matches = [match for line in lines for match in _decide(line, named[line.pk], books)]
    write_matches(matches=matches, actor_id=None, now=now)
    return matches


def open_books(*, lines: Sequence[StatementLine], named: dict[int, list[str]]) -> Books:
    """Everything that the lines may pay, the invoices locked in the order of their ids."""
    books = Books()
    _find_buyers(books, lines)
    numbers = {number for found in named.values() for number in found}
    buyers = {one for found in (*books.buyers_by_account.values(), *books.buyers_by_name.values()) for one in found}
    wanted = Q(invoice__number__in=numbers) | Q(invoice__buyer_id__in=buyers)
    balances = (
        InvoiceBalance.objects.select_for_update(of=("self",))
        .select_related("invoice")
        .filter(wanted, status__in=InvoiceBalance.OPEN)
        .order_by("invoice_id")
    )
    for balance in balances:
        books.by_number[balance.invoice.number] = balance
        books.open_minor[balance.invoice_id] = balance.open_minor
        books.of_buyer[balance.invoice.buyer_id].append(balance)
    return books


def _find_buyers(books: Books, lines: Sequence[StatementLine]) -> None:
    accounts = {line.payer_account for line in lines if line.payer_account}
    names = {line.payer_name for line in lines if line.payer_name}
    top_ups = {found for line in lines if (found := references.find_top_up(line.remark))}
    for account, buyer_id in KnownPayer.objects.filter(account__in=accounts).values_list("account", "organisation_id"):
        books.buyers_by_account[account].add(buyer_id)
    buyers = Organisation.objects.filter(side=Organisation.Side.BUYER)
    for name, buyer_id in buyers.filter(name__in=names).values_list("name", "id"):
        books.buyers_by_name[name].add(buyer_id)
    books.buyers_by_top_up.update(buyers.filter(public_id__in=top_ups).values_list("public_id", "id"))


def _decide(line: StatementLine, numbers: list[str], books: Books) -> Iterator[Match]:
    """What a line pays for certain. `books` are lowered by it, for the lines after it."""
    rest = line.open_minor
    named = [books.by_number[number] for number in numbers if number in books.by_number]
    if named and len(named) == len(numbers):
        yield from _pay_named(line, named, rest, books)
        return
    top_up = references.find_top_up(line.remark)
    if not numbers and top_up in books.buyers_by_top_up:
        yield Match(line, None, books.buyers_by_top_up[top_up], rest, Reason.REFERENCE)
        return
    buyers = books.buyers_by_account.get(line.payer_account) or books.buyers_by_name.get(line.payer_name) or set()
    if len(buyers) != 1 or numbers:
        return
    exact = [
        balance
        for balance in books.of_buyer[next(iter(buyers))]
        if books.open_minor[balance.invoice_id] == rest and balance.invoice.currency == line.currency
    ]
    if len(exact) == 1:
        yield _pay(line, exact[0], rest, Reason.PAYER, books)


def _pay_named(line: StatementLine, named: list[InvoiceBalance], rest: int, books: Books) -> Iterator[Match]:
    """One invoice takes as far as it is open; several only if they are open by exactly what came."""
    opens = [books.open_minor[balance.invoice_id] for balance in named]
    if any(balance.invoice.currency != line.currency for balance in named):
        return
    if len({balance.invoice.buyer_id for balance in named}) != 1:
        return
    if len(named) == 1 and opens[0] > 0:
        yield _pay(line, named[0], min(rest, opens[0]), Reason.REFERENCE, books)
    elif len(named) > 1 and sum(opens) == rest and min(opens) > 0:
        for balance, amount_minor in zip(named, opens, strict=True):
            yield _pay(line, balance, amount_minor, Reason.REFERENCE, books)


def _pay(line: StatementLine, balance: InvoiceBalance, amount_minor: int, reason: str, books: Books) -> Match:
    books.open_minor[balance.invoice_id] -= amount_minor
    return Match(line, balance, balance.invoice.buyer_id, amount_minor, reason)
