"""Reads: invoices, as their buyer or the platform may see them."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from billing.invoicing.models import (
    CreditNote,
    CreditNoteLine,
    Dispute,
    HeldBack,
    Invoice,
    InvoiceBalance,
    InvoiceLine,
    InvoiceTax,
    ParkedAccount,
    WriteOff,
    rest_minor,
)
from billing.rules.periods import Month
from marketplace.organisations import actors, errors

PAGE_SIZE: Final = 50
STATUSES: Final = InvoiceBalance.Status.choices
OPEN, OVERDUE = "open", "overdue"
_OPEN: Final = Q(balance__status__in=InvoiceBalance.OPEN)


class NoSuchInvoice(errors.NotFound):
    """No invoice of this number, or not one of this organisation."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over a list of invoices, in minor units of the one currency they are in; paid is less what was paid back."""

    count: int
    net_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    open_minor: int


@dataclass(frozen=True, slots=True)
class InvoiceList:
    """A page of invoices (each with `balance`, `provider`, `buyer`) and the sums over all that match."""

    page: Page[Invoice]
    totals: Totals


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """An invoice with everything that stands on it, and what is paid of it (minor units)."""

    invoice: Invoice
    lines: list[InvoiceLine]
    taxes: list[InvoiceTax]
    balance: InvoiceBalance

    @property
    def open_minor(self) -> int:
        return self.balance.open_minor


def list_invoices(
    *,
    buyer_id: int | None = None,
    page: int | str = 1,
    period: Month | None = None,
    status: str = "",
    today: date | None = None,
    currency: str = "CNY",
    page_size: int = PAGE_SIZE,
) -> InvoiceList:
    """Invoices of a buyer, or of all buyers for the platform, newest first.

    `status` is issued, partly_paid, paid, written_off, or open (something is asked for), or overdue (open and due
    before `today`).
    Raises ValueError for another one, or for overdue without `today`.
    """
    invoices = _filter(_of_buyer(buyer_id, currency), period=period, status=status, today=today)
    sums = invoices.aggregate(
        count=Count("id"),
        net_minor=Sum("net_minor", default=0),
        tax_minor=Sum("tax_minor", default=0),
        total_minor=Sum("total_minor", default=0),
        paid_minor=Sum(F("balance__paid_minor") - F("balance__refunded_minor"), default=0),
        open_minor=Sum(rest_minor("balance__"), filter=_OPEN, default=0),
    )
    totals = Totals(**{key: int(value) for key, value in sums.items()})
    rows = invoices.select_related("balance", "provider", "buyer").order_by("-issued_at", "-number")
    paginator = Paginator(rows, page_size)
    paginator.__dict__["count"] = totals.count  # counted above; the paginator need not ask again
    return InvoiceList(page=paginator.get_page(page), totals=totals)


def count_by_status(
    *, buyer_id: int | None = None, period: Month | None = None, today: date, currency: str = "CNY"
) -> dict[str, int]:
    """How many invoices `list_invoices` finds for each status; "" for all of them."""
    due = Q(due_date__lt=today)
    counts = _filter(_of_buyer(buyer_id, currency), period=period, status="", today=today).aggregate(
        all=Count("id"),
        issued=Count("id", filter=Q(balance__status=InvoiceBalance.Status.ISSUED)),
        partly_paid=Count("id", filter=Q(balance__status=InvoiceBalance.Status.PARTLY_PAID)),
        paid=Count("id", filter=Q(balance__status=InvoiceBalance.Status.PAID)),
        written_off=Count("id", filter=Q(balance__status=InvoiceBalance.Status.WRITTEN_OFF)),
        open=Count("id", filter=_OPEN),
        overdue=Count("id", filter=_OPEN & due),
    )
    return {"" if key == "all" else key: value for key, value in counts.items()}


def list_months(*, buyer_id: int | None = None) -> list[Month]:
    """The months that have invoices, the latest first."""
    invoices = _of_buyer(buyer_id, None).order_by("-period_start_date")
    return [Month.of_date(day) for day in invoices.values_list("period_start_date", flat=True).distinct()]


def get_invoice(*, number: str, organisation_id: int | None, side: str) -> InvoiceDetail:
    """One invoice: its buyer's own, or any for the platform. Raises NoSuchInvoice for everybody else."""
    invoices = Invoice.objects.filter(number=number)
    if side == actors.BUYER:
        invoices = invoices.filter(buyer_id=organisation_id)
    elif side != actors.PLATFORM:
        invoices = invoices.none()
    invoice = invoices.select_related("balance", "provider", "buyer", "issuer").first()
    if invoice is None:
        raise NoSuchInvoice(_("There is no invoice %(number)s.") % {"number": number})
    lines = invoice.lines.select_related("charge__component", "contract")
    return InvoiceDetail(invoice, list(lines), list(invoice.taxes.all()), invoice.balance)


def _of_buyer(buyer_id: int | None, currency: str | None) -> QuerySet[Invoice]:
    invoices = Invoice.objects.all()
    if buyer_id is not None:
        invoices = invoices.filter(buyer_id=buyer_id)
    return invoices if currency is None else invoices.filter(currency=currency)


def _filter(invoices: QuerySet[Invoice], *, period: Month | None, status: str, today: date | None) -> QuerySet[Invoice]:
    if period is not None:
        invoices = invoices.filter(period_start_date=period.first_date)
    if not status:
        return invoices
    if status == OVERDUE and today is not None:
        return invoices.filter(_OPEN, due_date__lt=today)
    if status == OPEN:
        return invoices.filter(_OPEN)
    if status != OVERDUE and status in InvoiceBalance.Status.values:
        return invoices.filter(balance__status=status)
    raise ValueError(f"status is {status!r}; overdue needs `today`.")


def billed_by_month(*, provider_id: int, first: Month, last: Month, currency: str = "CNY") -> dict[Month, int]:
    """Month → what was invoiced for a provider's services without tax, minor units; months without are 0. One query."""
    rows = Invoice.objects.filter(
        provider_id=provider_id,
        currency=currency,
        period_start_date__gte=first.first_date,
        period_start_date__lt=last.end_date,
    )
    sums = dict(rows.order_by().values_list("period_start_date").annotate(Sum("net_minor")))
    months, found = first, {}
    while months <= last:
        found[months] = sums.get(months.first_date, 0)
        months = months.next()
    return found


@dataclass(frozen=True, slots=True)
class CreditNoteDetail:
    """A credit note with its lines (each with `line`, the invoice line) and its invoice."""

    credit_note: CreditNote
    lines: list[CreditNoteLine]


def get_credit_note(*, number: str, organisation_id: int | None, side: str) -> CreditNoteDetail:
    """One credit note: its buyer's own, or any for the platform. Raises NoSuchInvoice for everybody else."""
    note = _visible(CreditNote.objects.filter(number=number), organisation_id, side).first()
    if note is None:
        raise NoSuchInvoice(_("There is no credit note %(number)s.") % {"number": number})
    return CreditNoteDetail(note, list(note.lines.select_related("line__contract", "charge")))


def list_credit_notes(
    *,
    organisation_id: int | None,
    side: str,
    invoice_id: int | None = None,
    reason: str = "",
    page: int | str = 1,
    page_size: int = PAGE_SIZE,
) -> Page[CreditNote]:
    """Credit notes of a buyer, or of all for the platform, newest first, each with its invoice; 2 queries."""
    notes = _visible(CreditNote.objects.all(), organisation_id, side)
    if invoice_id is not None:
        notes = notes.filter(invoice_id=invoice_id)
    if reason:
        notes = notes.filter(reason=reason)
    return Paginator(notes.order_by("-issued_at", "-number"), page_size).get_page(page)


def list_disputes(
    *, organisation_id: int | None, side: str, state: str = "", invoice_id: int | None = None, page: int | str = 1
) -> Page[Dispute]:
    """Disputes of a buyer, about a provider, or all for the platform, newest first, each with line and invoice."""
    disputes = Dispute.objects.select_related("line__invoice__provider", "line__contract", "credit_note")
    if side == actors.BUYER:
        disputes = disputes.filter(line__invoice__buyer_id=organisation_id)
    elif side == actors.PROVIDER and organisation_id is not None:
        disputes = disputes.filter(line__invoice__provider__organisation_id=organisation_id)
    elif side != actors.PLATFORM:
        disputes = disputes.none()
    if state:
        disputes = disputes.filter(state=state)
    if invoice_id is not None:
        disputes = disputes.filter(line__invoice_id=invoice_id)
    return Paginator(disputes.order_by("-opened_at", "-id"), PAGE_SIZE).get_page(page)


def list_write_offs(*, page: int | str = 1) -> Page[WriteOff]:
    """Write-offs, those that wait first, then the newest; with invoice and both people."""
    rows = WriteOff.objects.select_related("invoice", "proposed_by", "decided_by")
    return Paginator(rows.order_by("-state", "-proposed_at", "-id"), PAGE_SIZE).get_page(page)


def list_parked() -> list[ParkedAccount]:
    """Accounts that could not be invoiced, with buyer and provider."""
    return list(ParkedAccount.objects.select_related("buyer", "provider"))


def list_held() -> list[HeldBack]:
    """Drafts that finance holds back."""
    return list(HeldBack.objects.filter(released_at=None).select_related("buyer", "provider", "held_by"))


def _visible(notes: QuerySet[CreditNote], organisation_id: int | None, side: str) -> QuerySet[CreditNote]:
    if side == actors.BUYER:
        notes = notes.filter(invoice__buyer_id=organisation_id)
    elif side != actors.PLATFORM:
        notes = notes.none()
    return notes.select_related("invoice__provider", "invoice__buyer", "issued_by")
