"""What a payment pays of an invoice, and of each of its lines; and taking that back."""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Sum

from billing.invoicing.models import InvoiceBalance, InvoiceLine
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from billing.rules import receivables
from billing.rules.receivables import LineStanding


def allocate(*, payment: Payment, balance: InvoiceBalance, collected_at: datetime) -> PaymentAllocation:
    """Spend the whole payment on the invoice whose balance the caller holds locked; it must not be more than open.

    Each line gets its share by what is still owed on it, so that the last payment clears every line exactly; a line
    that the buyer disputes comes last.
    A line below zero (a correction) is collected below zero, which the lines above it make up for.
    """
    allocation = PaymentAllocation.objects.create(
        payment=payment, invoice_id=balance.invoice_id, amount_minor=payment.amount_minor
    )
    owed, held = owed_by_line(balance=balance), _disputed(balance)
    shares = share(amount_minor=payment.amount_minor, owed=owed, held=held)
    LineCollection.objects.bulk_create(
        LineCollection(allocation=allocation, line_id=line_id, amount_minor=part, collected_at=collected_at)
        for line_id, part in shares.items()
    )
    balance.paid_minor += payment.amount_minor
    save_paid(balance)
    return allocation


def share(*, amount_minor: int, owed: Mapping[int, int], held: Collection[int]) -> dict[int, int]:
    """Line id → its part of the amount, by what is owed on the line, held lines last; parts of zero are left out."""
    parts = receivables.collect(
        amount_minor, lines=[LineStanding(one, 0, line_id in held) for line_id, one in owed.items()]
    )
    return {line_id: part for line_id, part in zip(owed, parts, strict=True) if part}


def take_back(
    *, allocation: PaymentAllocation, balance: InvoiceBalance, kind: str, taken_at: datetime
) -> PaymentAllocation:
    """Undo a whole allocation by one of the opposite sign, line by line; the invoice's balance is held locked."""
    undone = PaymentAllocation.objects.create(
        payment_id=allocation.payment_id,
        invoice_id=allocation.invoice_id,
        kind=kind,
        amount_minor=-allocation.amount_minor,
    )
    LineCollection.objects.bulk_create(
        LineCollection(allocation=undone, line_id=line_id, amount_minor=-part, collected_at=taken_at)
        for line_id, part in allocation.lines.order_by("id").values_list("line_id", "amount_minor")
    )
    balance.paid_minor -= allocation.amount_minor
    save_paid(balance)
    return undone


def save_paid(balance: InvoiceBalance) -> None:
    """Write what is paid, and the state that goes with it."""
    balance.tell_status()
    balance.save(update_fields=["paid_minor", "status"])


def owed_by_line(*, balance: InvoiceBalance) -> dict[int, int]:
    """Line id → what it came to after credits, less what is collected of it; below zero where that is too much."""
    lines = balance.invoice.lines.select_related("credited").order_by("position")
    collected = dict(
        LineCollection.objects.filter(line__invoice=balance.invoice_id)
        .order_by()
        .values_list("line_id")
        .annotate(Sum("amount_minor"))
    )
    return {line.pk: line.gross_minor - _credited(line) - int(collected.get(line.pk, 0)) for line in lines}


def disputed_minor(*, balance: InvoiceBalance) -> int:
    """What is open of the lines that the buyer disputes: not drawn from a balance, not pressed for."""
    disputed = _disputed(balance)
    if not disputed:
        return 0
    return sum(max(0, owed) for line_id, owed in owed_by_line(balance=balance).items() if line_id in disputed)


def _credited(line: InvoiceLine) -> int:
    credited = getattr(line, "credited", None)  # a line that was never credited has no such row
    return credited.gross_minor if credited else 0


def _disputed(balance: InvoiceBalance) -> set[int]:
    return set(balance.invoice.lines.filter(disputes__state="open").values_list("pk", flat=True))
