"""What a payment pays of an invoice, and of each of its lines."""

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
    owed = owed_by_line(balance=balance)
    held = _disputed(balance)
    shares = receivables.collect(
        payment.amount_minor, lines=[LineStanding(one, 0, line_id in held) for line_id, one in owed.items()]
    )
    LineCollection.objects.bulk_create(
        LineCollection(allocation=allocation, line_id=line_id, amount_minor=share, collected_at=collected_at)
        for line_id, share in zip(owed, shares, strict=True)
        if share
    )
    balance.paid_minor += payment.amount_minor
    balance.tell_status()
    balance.save(update_fields=["paid_minor", "status"])
    return allocation


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
