"""Writes: which open invoices are overdue. The clock decides; this stage writes it down, so that others can act."""

from datetime import datetime

from django.db import transaction

from billing.invoicing.models import InvoiceBalance
from billing.rules import periods

_NOT_TOLD = (InvoiceBalance.Status.ISSUED, InvoiceBalance.Status.PARTLY_PAID)


@transaction.atomic
def mark_due(*, now: datetime, limit: int) -> int:
    """Mark up to `limit` open invoices whose due date is over (24:00 in Shanghai). Returns how many.

    One that someone is paying right now is left for the next run.
    """
    due = InvoiceBalance.objects.filter(status__in=_NOT_TOLD, invoice__due_date__lt=periods.civil_date(now))
    claimed = due.select_for_update(of=("self",), skip_locked=True).order_by("pk").values_list("pk", flat=True)
    return InvoiceBalance.objects.filter(pk__in=list(claimed[:limit])).update(status=InvoiceBalance.Status.OVERDUE)
