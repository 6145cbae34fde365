"""What a payment pays of an invoice, and of each of its lines."""

from datetime import datetime

from django.db.models import Sum

from billing.invoicing.models import InvoiceBalance
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from billing.rules import money


def allocate(*, payment: Payment, balance: InvoiceBalance, collected_at: datetime) -> PaymentAllocation:
    """Spend the whole payment on the invoice whose balance the caller holds locked; it must not be more than open.

    Each line gets its share by what is still owed on it, so that the last payment clears every line exactly.
    A line below zero (a correction) is collected below zero, which the lines above it make up for.
    """
    allocation = PaymentAllocation.objects.create(
        payment=payment, invoice_id=balance.invoice_id, amount_minor=payment.amount_minor
    )
    lines = balance.invoice.lines.annotate(collected=Sum("collections__amount_minor", default=0)).order_by("position")
    owed = {line.pk: line.gross_minor - line.collected for line in lines}
    shares = money.apportion(
        payment.amount_minor,
        numerators=[payment.amount_minor * one for one in owed.values()],
        denominator=sum(owed.values()),
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
