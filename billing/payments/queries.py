"""Reads: prepaid balances and their statements, payments, and what buyers still owe."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce

from billing.invoicing.models import Invoice, InvoiceBalance, rest_minor
from billing.ledger import queries as ledger
from billing.payments.models import Payment, PaymentAllocation, Wallet
from billing.rules import periods
from billing.rules.money import Money
from billing.rules.periods import Month
from marketplace.organisations.models import Organisation

PAGE_SIZE: Final = 50
GATEWAYS: Final = Payment.Gateway.choices
PURPOSES: Final = Payment.Purpose.choices

# What a payment does to its buyer's prepaid balance; others pay an invoice from the bank and do nothing to it.
_IN = Q(purpose=Payment.Purpose.TOP_UP)
_OUT = Q(gateway=Payment.Gateway.BALANCE)
_EFFECT = Case(When(_IN, then=F("amount_minor")), default=-F("amount_minor"), output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class Drawn:
    """What an invoice took from the prepaid balance so far, in minor units, and in how many draws."""

    amount_minor: int
    times: int


@dataclass(frozen=True, slots=True)
class PaymentList:
    """A page of payments and the sums over all that match, in minor units."""

    page: Page[Payment]
    count: int
    received_minor: int
    drawn_minor: int


@dataclass(frozen=True, slots=True)
class PaymentCounts:
    """How many payments there are of each kind."""

    all: int
    transfers: int
    top_ups: int
    draws: int


@dataclass(frozen=True, slots=True)
class Receivables:
    """What is owed: counts of invoices and minor units."""

    open_count: int
    open_minor: int
    overdue_count: int
    overdue_minor: int
    paid_this_year_minor: int


@dataclass(frozen=True, slots=True)
class WalletDifference:
    """A wallet that does not agree with the ledger. There should be none."""

    organisation_id: int
    currency: str
    wallet_minor: int
    ledger_minor: int


def wallet_balance(*, organisation_id: int, currency: str = "CNY") -> Money:
    """A buyer's prepaid balance; zero if there never was one."""
    found = Wallet.objects.filter(organisation_id=organisation_id, currency=currency).values_list("balance_minor")
    return Money(found[0][0] if found else 0, currency)


def wallet_alert(*, organisation_id: int, currency: str = "CNY") -> int | None:
    """Below which amount a buyer asked to be told, in minor units."""
    found = Wallet.objects.filter(organisation_id=organisation_id, currency=currency)
    return found.values_list("alert_minor", flat=True).first()


def wallet_statement(*, organisation_id: int, currency: str = "CNY", page: int | str = 1) -> Page[Any]:
    """What moved a prepaid balance, newest first, 50 a page: each with `effect_minor` and `balance_minor` after it.

    Allocations with their invoices are prefetched.
    """
    moved = Payment.objects.filter(_IN | _OUT, organisation_id=organisation_id, currency=currency)
    rows = (
        moved.annotate(effect_minor=_EFFECT)
        .annotate(balance_minor=Window(Sum("effect_minor"), order_by=F("id").asc()))
        .order_by("-id")
        .prefetch_related("allocations__invoice")
    )
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.__dict__["count"] = moved.count()  # without the window, which would be worked out to be counted
    return paginator.get_page(page)


def list_payments(
    *,
    organisation_id: int | None = None,
    gateway: str = "",
    purpose: str = "",
    month: Month | None = None,
    invoice_number: str = "",
    currency: str = "CNY",
    page: int | str = 1,
) -> PaymentList:
    """Payments received in `month` (Shanghai), newest first, with organisation and allocations' invoices."""
    payments = Payment.objects.filter(currency=currency)
    if organisation_id is not None:
        payments = payments.filter(organisation_id=organisation_id)
    if gateway:
        payments = payments.filter(gateway=gateway)
    if purpose:
        payments = payments.filter(purpose=purpose)
    if month is not None:
        payments = payments.filter(received_at__gte=month.start_at, received_at__lt=month.end_at)
    if invoice_number:
        payments = payments.filter(allocations__invoice__number=invoice_number)
    sums = payments.aggregate(
        count=Count("id"),
        received=Sum("amount_minor", filter=Q(gateway=Payment.Gateway.BANK, reversal=None), default=0),
        drawn=Sum("amount_minor", filter=Q(gateway=Payment.Gateway.BALANCE), default=0),
    )
    rows = payments.select_related("organisation", "recorded_by", "reversal").prefetch_related("allocations__invoice")
    paginator = Paginator(rows.order_by("-received_at", "-id"), PAGE_SIZE)
    paginator.__dict__["count"] = sums["count"]
    return PaymentList(paginator.get_page(page), sums["count"], int(sums["received"]), int(sums["drawn"]))


def count_payments(*, month: Month | None = None, currency: str = "CNY") -> PaymentCounts:
    """How many payments of each kind were received in `month`, or ever."""
    payments = Payment.objects.filter(currency=currency)
    if month is not None:
        payments = payments.filter(received_at__gte=month.start_at, received_at__lt=month.end_at)
    counts = payments.aggregate(
        all=Count("id"),
        transfers=Count("id", filter=Q(gateway=Payment.Gateway.BANK, purpose=Payment.Purpose.INVOICE)),
        top_ups=Count("id", filter=_IN),
        draws=Count("id", filter=_OUT),
    )
    return PaymentCounts(**counts)


def list_payment_months() -> list[Month]:
    """The months in which payments were received, the latest first."""
    days = Payment.objects.dates("received_at", "month", order="DESC")
    return [Month.of_date(day) for day in days]


def payments_of_invoice(*, invoice_id: int) -> list[PaymentAllocation]:
    """What was paid of an invoice, oldest first, each with its payment."""
    allocations = PaymentAllocation.objects.filter(invoice_id=invoice_id)
    return list(allocations.select_related("payment__recorded_by").order_by("payment__received_at", "id"))


def receivable_overview(*, buyer_id: int | None = None, today: date, currency: str = "CNY") -> Receivables:
    """What a buyer (or all of them) owes, what of it was due before `today`, and what was paid in `today`'s year."""
    balances = InvoiceBalance.objects.filter(invoice__currency=currency).filter(status__in=InvoiceBalance.OPEN)
    new_year = datetime.combine(date(today.year, 1, 1), time(), tzinfo=periods.SHANGHAI)
    paid = PaymentAllocation.objects.filter(payment__received_at__gte=new_year, invoice__currency=currency)
    if buyer_id is not None:
        balances, paid = balances.filter(invoice__buyer_id=buyer_id), paid.filter(invoice__buyer_id=buyer_id)
    overdue = Q(invoice__due_date__lt=today)
    sums = balances.aggregate(
        open_count=Count("id"),
        open_minor=Sum(rest_minor(), default=0),
        overdue_count=Count("id", filter=overdue),
        overdue_minor=Sum(rest_minor(), filter=overdue, default=0),
    )
    this_year = paid.aggregate(total=Sum("amount_minor", default=0))["total"]
    return Receivables(**{key: int(value) for key, value in sums.items()}, paid_this_year_minor=int(this_year))


def list_buyer_balances(*, today: date, currency: str = "CNY", page: int | str = 1) -> Page[Any]:
    """Buyers with a prepaid balance or an invoice, by name, 50 a page.

    Each has `balance_minor`, `open_minor` and `overdue_minor`.
    """
    wallet = Wallet.objects.filter(organisation=OuterRef("pk"), currency=currency)
    invoices = Invoice.objects.filter(buyer=OuterRef("pk"), currency=currency)
    buyers = (
        Organisation.objects.filter(side=Organisation.Side.BUYER)
        .filter(Exists(wallet) | Exists(invoices))
        .annotate(
            balance_minor=Coalesce(Subquery(wallet.values("balance_minor")), Value(0)),
            open_minor=_owed(invoices),
            overdue_minor=_owed(invoices.filter(due_date__lt=today)),
        )
        .order_by("name", "id")
    )
    return Paginator(buyers, PAGE_SIZE).get_page(page)


def total_prepaid(*, currency: str = "CNY") -> Money:
    """What all prepaid balances hold together."""
    total = Wallet.objects.filter(currency=currency).aggregate(total=Sum("balance_minor", default=0))["total"]
    return Money(int(total), currency)


def wallet_differences() -> list[WalletDifference]:
    """Wallets that do not agree with the ledger's buyer balances (credits, so below zero): none, if all is well."""
    wallets = {
        (owner, currency): balance
        for owner, currency, balance in Wallet.objects.values_list("organisation_id", "currency", "balance_minor")
    }
    posted = {
        (row.organisation_id, row.currency): -row.balance_minor for row in ledger.list_balances(kind="buyer_balance")
    }
    return [
        WalletDifference(*key, wallets.get(key, 0), posted.get(key, 0))
        for key in sorted(wallets.keys() | posted.keys())
        if wallets.get(key, 0) != posted.get(key, 0)
    ]


def find_drawable(*, limit: int) -> list[int]:
    """Ids of open invoices that may take more from a prepaid balance that is not empty, the oldest first."""
    wallet = Wallet.objects.filter(organisation=OuterRef("buyer"), currency=OuterRef("currency"), balance_minor__gt=0)
    drawn = _drawn_of(PaymentAllocation.objects.filter(invoice=OuterRef("pk"))).order_by()
    drawn_sum = drawn.values("invoice").annotate(total=Sum("amount_minor")).values("total")
    invoices = (
        Invoice.objects.filter(prepaid_minor__gt=0)
        .filter(balance__status__in=InvoiceBalance.OPEN)
        .filter(Exists(wallet))
        .annotate(drawn_minor=Coalesce(Subquery(drawn_sum), Value(0), output_field=BigIntegerField()))
        .filter(prepaid_minor__gt=F("drawn_minor"))
        .order_by("issued_at", "id")
    )
    return list(invoices.values_list("id", flat=True)[:limit])


def drawn_minor(*, invoice_id: int) -> Drawn:
    """What an invoice took from the prepaid balance so far."""
    sums = _drawn_of(PaymentAllocation.objects.filter(invoice_id=invoice_id)).aggregate(
        total=Sum("amount_minor", default=0), times=Count("id")
    )
    return Drawn(int(sums["total"]), sums["times"])


def _drawn_of(allocations: QuerySet[PaymentAllocation]) -> QuerySet[PaymentAllocation]:
    return allocations.filter(payment__gateway=Payment.Gateway.BALANCE)


def _owed(invoices: QuerySet[Invoice]) -> Coalesce:
    """What is open on the buyer's invoices."""
    owed = (
        invoices.filter(balance__status__in=InvoiceBalance.OPEN)
        .order_by()
        .values("buyer")
        .annotate(total=Sum(rest_minor("balance__")))
        .values("total")
    )
    return Coalesce(Subquery(owed), Value(0), output_field=BigIntegerField())
