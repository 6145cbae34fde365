"""What a match writes: payment, allocation, shares of the lines, ledger entry. One match or a hundred thousand.

The caller holds the statement lines and the invoices' balances locked; wallets are locked here, last.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.db import connection
from django.db.models import Exists, F, OuterRef, Sum
from django.db.models.functions import Coalesce

from billing.invoicing.models import Dispute, InvoiceBalance, InvoiceLine
from billing.ledger import bulk as ledger
from billing.ledger.models import Account
from billing.payments import allocation
from billing.payments import operations as payments
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from billing.payments.statements.models import LineMatch, StatementLine
from billing.rules import periods
from listings.exchange.copying import Rows, take_ids
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries


@dataclass(frozen=True, slots=True)
class Match:
    """What of a line pays an invoice (locked), or tops up the buyer's balance where there is none."""

    line: StatementLine
    balance: InvoiceBalance | None
    buyer_id: int
    amount_minor: int
    reason: str


def write_matches(*, matches: Sequence[Match], actor_id: int | None, now: datetime) -> list[str]:
    """Write them all, in order; the payments' numbers. Raises IntegrityError where a line would be spent twice."""
    if not matches:
        return []
    numbers = [organisations.random_number(prefix="SK") for _ in matches]
    ids = take_ids(Payment, len(matches))
    _write_payments(matches, numbers, ids, actor_id, now)
    _write_shares(matches, ids)
    links = Rows(LineMatch, ["id", "line_id", "payment_id", "reason"])
    for link_id, match, payment_id in zip(take_ids(LineMatch, len(matches)), matches, ids, strict=True):
        links.add([link_id, match.line.pk, payment_id, str(match.reason)])
    links.send()
    _spend_lines(matches)
    _save_balances({match.balance.invoice_id: match.balance for match in matches if match.balance})
    _top_up(matches)
    _post(matches, numbers, now)
    return numbers


def _write_payments(
    matches: Sequence[Match], numbers: list[str], ids: list[int], actor_id: int | None, now: datetime
) -> None:
    names = ["id", "number", "organisation_id", "gateway", "purpose", "reference", "amount_minor", "currency"]
    rows = Rows(Payment, [*names, "received_at", "recorded_at", "recorded_by_id"])
    made: dict[int, int] = defaultdict(int)
    for match, number, payment_id in zip(matches, numbers, ids, strict=True):
        line = match.line
        made[line.pk] += 1
        purpose = Payment.Purpose.INVOICE if match.balance else Payment.Purpose.TOP_UP
        reference = f"{line.reference}#{line.pk}.{line.matches_count + made[line.pk]}"
        facts = [match.buyer_id, "bank", str(purpose), reference, match.amount_minor, line.currency]
        rows.add([payment_id, number, *facts, received_at(line), now, actor_id])
    rows.send()


def received_at(line: StatementLine) -> datetime:
    """Statements know days only: the first instant of the day in Shanghai."""
    return datetime.combine(line.booked_date, time(), tzinfo=periods.SHANGHAI)


def _write_shares(matches: Sequence[Match], payment_ids: list[int]) -> None:
    """The allocations, and what each pays of the invoice's lines; `paid_minor` of the balances goes up in memory."""
    paying = [(match, pk) for match, pk in zip(matches, payment_ids, strict=True) if match.balance]
    owed, held = _owed({match.balance.invoice_id for match, _pk in paying if match.balance})
    ids = take_ids(PaymentAllocation, len(paying))
    allocations = Rows(PaymentAllocation, ["id", "payment_id", "invoice_id", "amount_minor"])
    shares: list[tuple[int, int, int, datetime]] = []
    for (match, payment_id), allocation_id in zip(paying, ids, strict=True):
        balance = match.balance
        if balance is None:
            continue
        allocations.add([allocation_id, payment_id, balance.invoice_id, match.amount_minor])
        lines = owed[balance.invoice_id]
        parts = allocation.share(amount_minor=match.amount_minor, owed=lines, held=held)
        collected_at = received_at(match.line)
        for line_id, part in parts.items():
            shares.append((allocation_id, line_id, part, collected_at))
            lines[line_id] -= part
        balance.paid_minor += match.amount_minor
    allocations.send()
    collections = Rows(LineCollection, ["id", "allocation_id", "line_id", "amount_minor", "collected_at"])
    for share_id, facts in zip(take_ids(LineCollection, len(shares)), shares, strict=True):
        collections.add([share_id, *facts])
    collections.send()


def _owed(invoice_ids: set[int]) -> tuple[dict[int, dict[int, int]], set[int]]:
    """Invoice → line → what is owed on it, as `allocation.owed_by_line` for many; and the lines that are disputed."""
    owed: dict[int, dict[int, int]] = defaultdict(dict)
    held: set[int] = set()
    lines = (
        InvoiceLine.objects.extra(where=["invoicing_invoiceline.invoice_id = ANY(%s)"], params=[list(invoice_ids)])
        .annotate(
            gross=F("net_minor") + F("tax_minor"),
            collected=Sum("collections__amount_minor", default=0),
            credited_minor=Coalesce(F("credited__net_minor") + F("credited__tax_minor"), 0),
            is_held=Exists(Dispute.objects.filter(line=OuterRef("pk"), state=Dispute.State.OPEN)),
        )
        .order_by("invoice_id", "position")
        .values_list("invoice_id", "id", "gross", "credited_minor", "collected", "is_held")
    )
    for invoice_id, line_id, gross, credited, collected, is_held in lines:
        owed[invoice_id][line_id] = gross - credited - collected
        if is_held:
            held.add(line_id)
    return owed, held


def _spend_lines(matches: Sequence[Match]) -> None:
    """Add to what the row holds now, not to what was read: the CHECK then refuses to spend a line twice."""
    spent: dict[int, tuple[int, int]] = {}
    for match in matches:
        amount, count = spent.get(match.line.pk, (0, 0))
        spent[match.line.pk] = (amount + match.amount_minor, count + 1)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE statements_statementline AS line
            SET matched_minor = matched_minor + spent.amount, matches_count = matches_count + spent.count,
                status = CASE WHEN matched_minor + spent.amount = line.amount_minor THEN 'matched' ELSE 'partly' END
            FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS spent (id, amount, count)
            WHERE line.id = spent.id
            """,
            [list(spent), [one[0] for one in spent.values()], [one[1] for one in spent.values()]],
        )


def _save_balances(balances: dict[int, InvoiceBalance]) -> None:
    if len(balances) == 1:
        allocation.save_paid(next(iter(balances.values())))
        return
    for balance in balances.values():
        balance.tell_status()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoicing_invoicebalance AS balance SET paid_minor = new.paid, status = new.status"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS new (id, paid, status) WHERE balance.id = new.id",
            [
                [one.pk for one in balances.values()],
                [one.paid_minor for one in balances.values()],
                [str(one.status) for one in balances.values()],
            ],
        )


def _top_up(matches: Sequence[Match]) -> None:
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for match in matches:
        if match.balance is None:
            sums[match.buyer_id, match.line.currency] += match.amount_minor
    for (buyer_id, currency), amount_minor in sorted(sums.items()):
        wallet = payments.lock_wallet(organisation_id=buyer_id, currency=currency)
        wallet.balance_minor += amount_minor
        wallet.save(update_fields=["balance_minor"])


def _post(matches: Sequence[Match], numbers: list[str], now: datetime) -> None:
    platform_id = organisation_queries.get_platform().pk
    transfers = []
    for match, number in zip(matches, numbers, strict=True):
        kind = Account.Kind.RECEIVABLE if match.balance else Account.Kind.BUYER_BALANCE
        currency = match.line.currency
        transfers.append(
            ledger.Transfer(
                business_key=f"payment:{number}",
                description=f"{number} {match.line.reference}",
                debit=("suspense", platform_id, currency),
                credit=(str(kind.value), match.buyer_id, currency),
                amount_minor=match.amount_minor,
            )
        )
    ledger.transfer_all(transfers=transfers, now=now)
