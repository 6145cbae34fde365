"""From charges to settlements, to the fen: every sum is the next room's sum, and running again changes nothing."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.db.models import Sum

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceBalance, InvoiceLine, InvoiceTax
from billing.ledger import queries as ledger
from billing.payments import operations as payments
from billing.payments import queries
from billing.payments.models import LineCollection, Payment, PaymentAllocation, Wallet
from billing.rating import operations as rating
from billing.rating.models import Charge
from billing.rules import money
from billing.rules.money import Money
from billing.rules.periods import Month
from billing.settlement import operations as settlement
from billing.settlement.models import Settlement
from tests import charges, factories

pytestmark = pytest.mark.django_db

STAGES = (rating.rate_pending, invoicing.issue_due, payments.collect_due, settlement.settle_due)


def advance(now: datetime) -> int:
    return sum(stage(now=now, limit=500) for stage in STAGES)


def closed(month: Month) -> datetime:
    """A moment at which the month is closed."""
    return month.end_at + timedelta(hours=25)


# A rack at 100.00 a month with 6 % VAT: docs/rounding.md and tests/worked/test_months.py have the same charges.
#  month      from          until         net       VAT     total, in fen
MONTHS = [
    ("2026-02", "2026-02-01", None,         100_00,  6_00,  106_00),
    ("2026-02", "2026-02-15", None,          50_00,  3_00,   53_00),
    ("2026-02", "2026-02-28", None,           3_57,    21,    3_78),
    ("2028-02", "2028-02-01", None,         100_00,  6_00,  106_00),
    ("2028-02", "2028-02-29", None,           3_45,    21,    3_66),
    ("2028-02", "2028-02-28", "2028-02-29",   3_45,    21,    3_66),
    ("2028-02", "2028-02-01", "2028-02-15",  48_28,  2_90,   51_18),
    ("2026-09", "2026-09-16", None,          50_00,  3_00,   53_00),
    ("2026-09", "2026-09-30", None,           3_33,    20,    3_53),
    ("2026-10", "2026-10-15", None,          54_84,  3_29,   58_13),
    ("2026-10", "2026-10-15", "2026-10-16",   3_23,    19,    3_42),
    ("2026-12", "2026-12-31", None,           3_23,    19,    3_42),
]  # fmt: skip


@pytest.mark.parametrize(("month", "first", "until", "net", "tax", "total"), MONTHS)
def test_an_invoice_of_each_kind_of_month(month, first, until, net, tax, total):
    factories.platform()
    rack = factories.Price("recurring", "100.00", name="机柜", unit="柜·月")
    product = factories.offering(factories.data_centre(factories.hongshan()), plans={"rack": [rack]})
    ends = {"status": "ended", "end_date": date.fromisoformat(until)} if until else {}
    factories.contract(
        factories.foods(), product, plan_code="rack", term_months=1, start=date.fromisoformat(first), **ends
    )
    last_open = Month.parse(month).end_at + timedelta(hours=24) - timedelta(seconds=1)
    assert advance(last_open) == 0
    advance(last_open + timedelta(seconds=1))
    invoice = Invoice.objects.get()
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (net, tax, total)
    assert (str(Month.of_date(invoice.period_start_date)), invoice.lines.count()) == (month, 1)


def make_world(chance: random.Random) -> None:
    """Six buyers, three providers, contracts at odd prices and both methods, over the turn of a year."""
    prices = [
        factories.Price("recurring", "212.70", "0.06", name="云主机", code="host"),
        factories.Price("recurring", "58.80333333", "0.13", name="机柜", code="rack"),
        factories.Price("one_time", "199.995", "0.09", name="开通费", code="setup"),
    ]
    partners = [factories.hongshan(), factories.songmo(), factories.provider(name="第三家", commission_rate="0.0333")]
    products = [factories.offering(factories.data_centre(one), plans={"p": prices}) for one in partners]
    buyers = [factories.organisation(side="buyer", name=f"采购方{number}") for number in range(6)]
    for buyer in buyers:
        for product in chance.sample(products, 2):
            factories.contract(
                buyer,
                product,
                plan_code="p",
                quantity=chance.randint(1, 9),
                start=date(2026, chance.randint(10, 12), chance.randint(1, 28)),
                payment_method=chance.choice(["prepaid_balance", "bank_transfer"]),
            )


def pay_something(chance: random.Random, actor, now: datetime) -> None:
    """Top-ups, and transfers that pay invoices in full, in part or not at all."""
    for number, wallet in enumerate({invoice.buyer_id for invoice in Invoice.objects.all()}):
        payments.record_top_up(
            organisation_id=wallet,
            amount=Money(chance.randint(1, 3000_00), "CNY"),
            bank_reference=f"T{now:%m}{number}",
            received_at=now,
            actor=actor,
            now=now,
        )
    for balance in InvoiceBalance.objects.exclude(status="paid").select_related("invoice"):
        left = balance.total_minor - balance.paid_minor
        amount_minor = chance.choice([left, chance.randint(1, left), 0])
        if amount_minor:
            payments.confirm_bank_transfer(
                invoice_number=balance.invoice.number,
                amount=Money(amount_minor, "CNY"),
                bank_reference=f"B{now:%m}{balance.invoice.number}",
                received_at=now,
                actor=actor,
                now=now,
            )


def late_usage(chance: random.Random, month: Month) -> None:
    """A correction, up or down, of some charges that are invoiced already."""
    for charge in chance.sample(list(Charge.objects.filter(period_start_date=month.first_date, revision=0)), 3):
        charges.charge(
            charge.contract,
            f"{chance.randint(-5000, 5000)}.{chance.randint(0, 999999):06d}".replace("-", "-0"),
            code=charge.component.code,
            month=month,
            revision=1,
        )


def total(model, field: str) -> int:
    return model.objects.aggregate(total=Sum(field, default=0))["total"]


def snapshot() -> dict[str, int]:
    """Rows of every table of these rooms, and all their amounts."""
    found = {}
    for label in ("rating", "invoicing", "payments", "ledger", "settlement"):
        for model in apps.get_app_config(label).get_models():
            found[model.__name__] = model.objects.count()
            for field in model._meta.get_fields():
                if getattr(field, "name", "").endswith(("_minor", "amount")):
                    found[f"{model.__name__}.{field.name}"] = total(model, field.name)
    return found


def check_invoices() -> None:
    """Σ rounded charges = Σ lines = Σ taxes = Σ invoices."""
    invoiced = Charge.objects.exclude(line=None)
    rounded = sum(money.round_to_minor(charge.amount, currency="CNY") for charge in invoiced)
    assert rounded == total(InvoiceLine, "net_minor") == total(InvoiceTax, "net_minor") == total(Invoice, "net_minor")
    assert total(InvoiceLine, "tax_minor") == total(InvoiceTax, "tax_minor") == total(Invoice, "tax_minor")
    assert total(Invoice, "total_minor") == total(InvoiceBalance, "total_minor")
    for invoice in Invoice.objects.all():
        for tax in invoice.taxes.all():
            lines = invoice.lines.filter(vat_rate=tax.vat_rate)
            assert tax.net_minor == sum(line.net_minor for line in lines)
            assert tax.tax_minor == sum(line.tax_minor for line in lines)
            assert abs(tax.net_minor * tax.vat_rate - tax.tax_minor) <= Decimal("0.5")


def check_collections() -> None:
    """Σ paid = Σ allocations = Σ collections, for every invoice and within every line."""
    paid = total(InvoiceBalance, "paid_minor")
    assert 0 < paid < total(InvoiceBalance, "total_minor")
    assert paid == total(PaymentAllocation, "amount_minor") == total(LineCollection, "amount_minor")
    for balance in InvoiceBalance.objects.select_related("invoice"):
        collected = LineCollection.objects.filter(line__invoice=balance.invoice)
        assert balance.paid_minor == sum(collected.values_list("amount_minor", flat=True))
        for line in balance.invoice.lines.all():
            got = sum(line.collections.values_list("amount_minor", flat=True))
            assert min(0, line.gross_minor) <= got <= max(0, line.gross_minor)
            assert balance.status != "paid" or got == line.gross_minor


def check_books() -> None:
    """Wallets and ledger say what payments and invoices say."""
    top_ups = sum(Payment.objects.filter(purpose="top_up").values_list("amount_minor", flat=True))
    draws = sum(Payment.objects.filter(gateway="balance").values_list("amount_minor", flat=True))
    transfers = sum(Payment.objects.filter(gateway="bank", purpose="invoice").values_list("amount_minor", flat=True))
    assert draws > 0
    assert (transfers + draws, top_ups - draws) == (total(InvoiceBalance, "paid_minor"), total(Wallet, "balance_minor"))
    assert queries.wallet_differences() == []

    books = {line.kind: line.balance_minor for line in ledger.trial_balance()}
    assert books["receivable"] == total(Invoice, "total_minor") - total(InvoiceBalance, "paid_minor")
    assert books["bank_client_money"] == transfers + top_ups
    assert books["buyer_balance"] == draws - top_ups
    assert books["provider_clearing"] == -total(Invoice, "total_minor")  # no settlement is approved yet
    assert sum(books.values()) == 0
    assert ledger.verify() == []


def check_settlements() -> None:
    """What was collected is settled, but for what came in after the last month that has ended."""
    waiting = LineCollection.objects.filter(settlement_line=None)
    assert not waiting.filter(collected_at__lt=Month(2027, 3).start_at).exists()
    later = sum(waiting.values_list("amount_minor", flat=True))
    assert total(Settlement, "gross_minor") + later == total(LineCollection, "amount_minor")
    for one in Settlement.objects.all():
        assert one.gross_minor == one.commission_minor + one.commission_vat_minor + one.net_minor


def check_numbers() -> None:
    """No gap in either year."""
    numbers = list(Invoice.objects.order_by("number").values_list("number", flat=True))
    years = [sorted(int(number[-6:]) for number in numbers if number[3:7] == year) for year in ("2026", "2027")]
    assert all(found == list(range(1, len(found) + 1)) for found in years)
    assert all(years)


@pytest.mark.parametrize("seed", [20261101, 20261102, 20261103])
def test_every_sum_is_the_next_rooms_sum(seed):
    print(f"seed {seed}")
    chance = random.Random(seed)
    actor = factories.actor(factories.platform(), "finance")
    make_world(chance)
    for month in (Month(2026, 10), Month(2026, 11), Month(2026, 12), Month(2027, 1)):
        advance(closed(month))
        pay_something(chance, actor, closed(month) + timedelta(days=5))
        late_usage(chance, month)
    now = closed(Month(2027, 2))
    for _ in range(3):
        advance(now)
    check_invoices()
    check_collections()
    check_books()
    check_settlements()
    check_numbers()
    before = snapshot()
    assert advance(now) == 0
    assert snapshot() == before
