"""Reads: what is overdue and what comes next for it, letters as sent, steps and holidays."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.core.paginator import Page, Paginator
from django.utils.functional import Promise

from billing.invoicing.models import InvoiceBalance
from billing.payments.dunning import days, operations
from billing.payments.dunning.models import DunningStep, Holiday, Letter

PAGE_SIZE: Final = 50
AUDIENCES: Final = DunningStep.Audience.choices
ACTIONS: Final = DunningStep.Action.choices


@dataclass(frozen=True, slots=True)
class Overdue:
    """An overdue invoice: for how long, what was sent, and what would be sent next from which day on."""

    balance: InvoiceBalance
    days: int
    letters: list[Letter]
    next_action: str | Promise
    next_days: int
    is_disputed: bool


def list_overdue(*, today: date, page: int | str = 1) -> tuple[Page[InvoiceBalance], list[Overdue]]:
    """Open invoices that were due before `today`, the longest overdue first, 50 a page, in 6 queries."""
    balances = (
        InvoiceBalance.objects.filter(invoice__due_date__lt=today, status__in=InvoiceBalance.OPEN)
        .select_related("invoice__buyer", "invoice__provider")
        .prefetch_related("invoice__letters")
        .order_by("invoice__due_date", "invoice_id")
    )
    found = Paginator(balances, PAGE_SIZE).get_page(page)
    steps, exceptions = operations.read_steps(), operations.read_exceptions()
    disputed = operations.disputed_minor(invoice_ids=[one.invoice_id for one in found])
    labels = dict(ACTIONS)
    rows = []
    for balance in found:
        letters = list(balance.invoice.letters.all())
        sent = {letter.action for letter in letters}
        order = sorted(steps[operations.audience_of(invoice=balance.invoice)].items(), key=lambda one: one[1])
        action, from_day = next(((one, day) for one, day in order if one not in sent), ("", 0))
        overdue = days.days_overdue(balance.invoice.due_date, today=today, exceptions=exceptions)
        is_disputed = disputed.get(balance.invoice_id, 0) >= balance.open_minor
        rows.append(Overdue(balance, overdue, letters, labels.get(action, ""), from_day, is_disputed))
    return found, rows


def list_letters(*, invoice_id: int) -> list[Letter]:
    """The letters of an invoice, newest first."""
    return list(Letter.objects.filter(invoice_id=invoice_id))


def list_holidays(*, year: int) -> list[Holiday]:
    return list(Holiday.objects.filter(day__year=year))


def list_steps() -> dict[str, dict[str, int]]:
    """Audience → action → days overdue."""
    return operations.read_steps()
