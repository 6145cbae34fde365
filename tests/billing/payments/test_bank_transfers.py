"""A bank receipt pays an invoice, wholly or in part, once."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from billing.invoicing.models import InvoiceBalance
from billing.ledger import queries as ledger
from billing.ledger.models import Entry
from billing.payments import operations as payments
from billing.payments import queries
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from billing.rules.money import Money
from marketplace.organisations.models import AuditEntry
from tests import charges, factories
from tests.billing.payments.conftest import NOW, RECEIVED_AT

pytestmark = pytest.mark.django_db


def state(invoice) -> tuple[int, str]:
    balance = InvoiceBalance.objects.get(invoice=invoice)
    return balance.paid_minor, balance.status


def shares(payment: Payment) -> list[tuple[int, int]]:
    return list(
        LineCollection.objects.filter(allocation__payment=payment)
        .order_by("line__position")
        .values_list("line__position", "amount_minor")
    )


def test_a_full_payment(desk):
    invoice = desk.invoice("100")
    payment = desk.confirm(invoice, 106_00, " 2026 1102 A ")
    assert state(invoice) == (106_00, "paid")
    assert (payment.gateway, payment.purpose, payment.reference) == ("bank", "invoice", "20261102A")
    assert (payment.received_at, payment.recorded_at) == (RECEIVED_AT, NOW)
    assert payment.recorded_by_id == desk.actor.user_id
    assert shares(payment) == [(1, 106_00)]
    assert LineCollection.objects.get().collected_at == RECEIVED_AT
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id) == Money(0, "CNY")
    assert ledger.balance(kind="bank_client_money", organisation_id=desk.platform.pk) == Money(106_00, "CNY")
    audit = AuditEntry.objects.get(action="payment.confirmed")
    assert (audit.object_id, audit.details["invoice"]) == (payment.number, invoice.number)


def test_the_partial_payment_of_the_rounding_page(desk):
    """docs/rounding.md: 2,000.07 of 3,627.06, then the rest clears every line."""
    prices = [
        factories.Price("recurring", "1", rate, name=str(place), code=f"c{place}")
        for place, rate in enumerate(["0.06", "0.13", "0.06", "0.06", "0.06"])
    ]
    product = factories.offering(factories.data_centre(factories.hongshan()), plans={"rack": prices})
    contract = factories.contract(factories.foods(), product, plan_code="rack")
    for place, amount in enumerate(
        ["199.99", "1480.645161290322580645", "158.76", "217.7777759724", "1266.7991761655"]
    ):
        charges.charge(contract, amount, code=f"c{place}")
    charges.rated(contract)
    from billing.invoicing import operations as invoicing

    invoicing.issue_due(now=NOW, limit=1)
    invoice = contract.buyer.invoices.get()
    first = desk.confirm(invoice, 2000_07, "B1")
    assert shares(first) == [(1, 116_90), (2, 922_61), (3, 92_79), (4, 127_30), (5, 740_47)]
    assert state(invoice) == (2000_07, "partly_paid")
    rest = desk.confirm(invoice, 1626_99, "B2")
    assert shares(rest) == [(1, 95_09), (2, 750_52), (3, 75_49), (4, 103_55), (5, 602_34)]
    assert state(invoice) == (3627_06, "paid")


def test_a_correction_below_zero_is_collected_below_zero(desk):
    """Lines of 106.00 and −21.20; half of the 84.80 takes half of each."""
    invoice = desk.invoice("100", "-20")
    assert shares(desk.confirm(invoice, 42_40, "B1")) == [(1, 53_00), (2, -10_60)]
    assert shares(desk.confirm(invoice, 42_40, "B2")) == [(1, 53_00), (2, -10_60)]
    assert state(invoice) == (84_80, "paid")


def test_one_fen_at_a_time(desk):
    invoice = desk.invoice("0.01", "0.03", "-0.02")
    assert invoice.total_minor == 2
    for number in range(2):
        desk.confirm(invoice, 1, f"B{number}")
    lines = invoice.lines.order_by("position")
    assert [sum(line.collections.values_list("amount_minor", flat=True)) for line in lines] == [
        line.gross_minor for line in lines
    ]


def refused(desk, error, field, **fields):
    invoice = fields.pop("invoice", None) or desk.invoice("100")
    with pytest.raises(error) as caught, transaction.atomic():
        desk.confirm(invoice, fields.pop("amount_minor", 100_00), **fields)
    assert caught.value.field == field
    assert (Payment.objects.count(), PaymentAllocation.objects.count()) == (0, 0)
    assert state(invoice) == (0, "issued")
    return caught.value


def test_more_than_is_open_is_refused(desk):
    error = refused(desk, payments.OverOpenAmount, "amount", amount_minor=106_01)
    assert "106.00 CNY" in error.message
    assert not error.is_conflict


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_nothing_is_not_a_payment(desk, amount_minor):
    refused(desk, payments.InvalidAmount, "amount", amount_minor=amount_minor)


def test_another_currency_is_refused(desk):
    refused(desk, payments.InvalidAmount, "amount", amount=Money(100, "USD"))


@pytest.mark.parametrize("reference", ["", "   ", "x" * 81])
def test_a_reference_is_needed(desk, reference):
    refused(desk, payments.InvalidReference, "bank_reference", reference=reference)


def test_the_future_is_refused(desk):
    refused(desk, payments.NotReceivedYet, "received_at", received_at=NOW + timedelta(seconds=1))


def test_no_such_invoice(desk):
    with pytest.raises(payments.NoSuchInvoice):
        desk.confirm(desk.invoice(), 1, invoice_number="FP-2026-000009")


def test_the_same_receipt_again_has_no_effect(desk):
    invoice = desk.invoice("100")
    first = desk.confirm(invoice, 60_00, "B1")
    assert desk.confirm(invoice, 60_00, "B1", now=NOW + timedelta(days=1)) == first
    assert state(invoice) == (60_00, "partly_paid")
    assert (Payment.objects.count(), PaymentAllocation.objects.count(), LineCollection.objects.count()) == (1, 1, 1)
    assert Entry.objects.filter(business_key__startswith="payment:").count() == 1
    assert AuditEntry.objects.filter(action="payment.confirmed").count() == 1


@pytest.mark.parametrize(
    "other",
    [{"amount_minor": 60_01}, {"received_at": RECEIVED_AT - timedelta(days=1)}, {"invoice": True}],
)
def test_the_same_reference_for_another_receipt_is_refused(desk, other):
    invoice = desk.invoice("100")
    desk.confirm(invoice, 60_00, "B1")
    fields = {"amount_minor": 60_00, **other}
    second = desk.invoice("100", buyer=factories.bureau()) if fields.pop("invoice", False) else invoice
    with pytest.raises(payments.ReferenceUsed) as caught, transaction.atomic():
        desk.confirm(second, fields.pop("amount_minor"), "B1", **fields)
    assert (caught.value.field, caught.value.is_conflict) == ("bank_reference", True)
    assert Payment.objects.count() == 1


def test_a_top_up_and_a_transfer_cannot_share_a_reference(desk):
    invoice = desk.invoice("100")
    desk.top_up(invoice.buyer, 106_00, "B1")
    with pytest.raises(payments.ReferenceUsed), transaction.atomic():
        desk.confirm(invoice, 106_00, "B1")
    assert state(invoice) == (0, "issued")


@pytest.mark.parametrize(
    ("paid_minor", "status"),
    [(106_01, "paid"), (106_01, "partly_paid"), (-1, "issued"), (-1, "partly_paid"), (106_00, "issued"), (0, "paid")],
)
def test_the_database_keeps_paid_within_the_total(desk, paid_minor, status):
    desk.invoice("100")
    with pytest.raises(IntegrityError, match=r"invoice_(balance_status|paid_within_total)"), transaction.atomic():
        InvoiceBalance.objects.update(paid_minor=paid_minor, status=status)


@pytest.mark.parametrize("table", ["payments_payment", "payments_paymentallocation", "payments_linecollection"])
def test_what_was_paid_is_never_changed(desk, table):
    desk.confirm(desk.invoice("100"), 106_00)
    for statement in (f"UPDATE {table} SET amount_minor = 1", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)


def test_payments_of_an_invoice(desk, django_assert_num_queries):
    invoice = desk.invoice("100")
    desk.confirm(invoice, 60_00, "B2")
    desk.confirm(invoice, 1_00, "B1", received_at=RECEIVED_AT - timedelta(days=1))
    with django_assert_num_queries(1):
        found = queries.payments_of_invoice(invoice_id=invoice.pk)
        assert [(one.payment.reference, one.amount_minor) for one in found] == [("B1", 1_00), ("B2", 60_00)]
        assert found[0].payment.recorded_by.pk == desk.actor.user_id
