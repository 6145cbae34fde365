"""Top-ups, and what invoices draw from them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from billing.invoicing.models import Invoice, InvoiceBalance
from billing.ledger import queries as ledger
from billing.ledger.models import Entry
from billing.payments import operations as payments
from billing.payments import queries
from billing.payments.models import LineCollection, Payment, Wallet
from billing.rules.money import Money
from billing.rules.periods import Month
from tests import charges, factories
from tests.billing.payments.conftest import NOW, RECEIVED_AT

pytestmark = pytest.mark.django_db
PREPAID = {"payment_method": "prepaid_balance"}


def balance(buyer) -> int:
    return queries.wallet_balance(organisation_id=buyer.pk).amount_minor


def collect(limit: int = 10) -> int:
    return payments.collect_due(now=NOW, limit=limit)


def test_a_top_up_adds_to_the_balance(desk):
    buyer = factories.foods()
    assert balance(buyer) == 0
    payment = desk.top_up(buyer, 500_00)
    assert (payment.gateway, payment.purpose, payment.amount_minor) == ("bank", "top_up", 500_00)
    desk.top_up(buyer, 1, "T2")
    assert balance(buyer) == 500_01
    assert ledger.balance(kind="buyer_balance", organisation_id=buyer.pk) == Money(-500_01, "CNY")
    assert ledger.balance(kind="bank_client_money", organisation_id=desk.platform.pk) == Money(500_01, "CNY")
    assert queries.wallet_differences() == []


def test_the_same_top_up_again_has_no_effect(desk):
    buyer = factories.foods()
    assert desk.top_up(buyer, 500_00) == desk.top_up(buyer, 500_00, " T1 ")
    assert balance(buyer) == 500_00
    with pytest.raises(payments.ReferenceUsed), transaction.atomic():
        desk.top_up(factories.bureau(), 500_00)
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("error", "field", "fields"),
    [
        (payments.InvalidAmount, "amount", {"amount": Money(0, "CNY")}),
        (payments.InvalidReference, "bank_reference", {"bank_reference": ""}),
        (payments.NotReceivedYet, "received_at", {"received_at": NOW + timedelta(minutes=1)}),
        (payments.NotABuyer, "organisation", {"organisation_id": 0}),
    ],
)
def test_a_wrong_top_up_is_refused(desk, error, field, fields):
    with pytest.raises(error) as caught:
        desk.top_up(factories.foods(), 1, **fields)
    assert caught.value.field == field
    assert (Payment.objects.count(), Wallet.objects.count()) == (0, 0)


def test_only_buyers_have_a_balance(desk):
    with pytest.raises(payments.NotABuyer):
        desk.top_up(desk.product.partner.organisation, 1)


def test_an_invoice_draws_what_it_may(desk):
    invoice = desk.invoice("100", **PREPAID)
    desk.top_up(invoice.buyer, 500_00)
    assert collect() == 1
    payment = Payment.objects.get(gateway="balance")
    assert (payment.purpose, payment.amount_minor, payment.reference) == ("invoice", 106_00, f"{invoice.number}/1")
    assert (payment.received_at, payment.recorded_by) == (NOW, None)
    assert invoice.allocations.get().amount_minor == 106_00
    assert list(LineCollection.objects.values_list("amount_minor", "collected_at")) == [(106_00, NOW)]
    assert InvoiceBalance.objects.get(invoice=invoice).status == "paid"
    assert balance(invoice.buyer) == 394_00
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 0
    assert ledger.balance(kind="buyer_balance", organisation_id=invoice.buyer_id).amount_minor == -394_00
    assert collect() == 0


def test_only_contracts_on_the_balance_are_drawn_for(desk):
    buyer = factories.foods()
    charges.rated_contract("50", buyer=buyer, product=desk.product, **PREPAID)
    invoice = desk.invoice("100", buyer=buyer)
    assert (invoice.total_minor, invoice.prepaid_minor) == (159_00, 53_00)
    desk.top_up(buyer, 500_00)
    assert [collect(), collect()] == [1, 0]
    assert InvoiceBalance.objects.get(invoice=invoice).paid_minor == 53_00
    assert balance(buyer) == 447_00


def test_a_balance_that_does_not_reach_is_drawn_again_after_a_top_up(desk):
    invoice = desk.invoice("100", **PREPAID)
    assert collect() == 0
    desk.top_up(invoice.buyer, 6_00, "T1")
    assert [collect(), collect()] == [1, 0]
    desk.top_up(invoice.buyer, 100_01, "T2")
    assert [collect(), collect()] == [1, 0]
    drawn = Payment.objects.filter(gateway="balance").order_by("id").values_list("reference", "amount_minor")
    assert list(drawn) == [(f"{invoice.number}/1", 6_00), (f"{invoice.number}/2", 100_00)]
    assert balance(invoice.buyer) == 1


def test_a_draw_never_takes_more_than_is_open(desk):
    invoice = desk.invoice("100", **PREPAID)
    desk.confirm(invoice, 100_00)
    desk.top_up(invoice.buyer, 500_00)
    assert collect() == 1
    assert Payment.objects.get(gateway="balance").amount_minor == 6_00


def test_the_oldest_invoice_draws_first(desk):
    foods, other = factories.foods(), factories.offering(factories.data_centre(factories.songmo()))
    first = desk.invoice("100", buyer=foods, **PREPAID)
    contract = charges.rated_contract("100", buyer=foods, product=other, **PREPAID)
    from billing.invoicing import operations as invoicing

    invoicing.issue_due(now=NOW + timedelta(hours=1), limit=1)
    desk.top_up(foods, 110_00)
    assert collect(limit=1) == 1
    assert InvoiceBalance.objects.get(invoice=first).status == "paid"
    assert collect(limit=1) == 1
    later = Invoice.objects.get(provider=contract.provider)
    assert InvoiceBalance.objects.get(invoice=later).paid_minor == 4_00


def test_the_balance_never_goes_below_zero(desk):
    desk.top_up(factories.foods(), 1)
    with pytest.raises(IntegrityError, match="wallet_not_negative"), transaction.atomic():
        Wallet.objects.update(balance_minor=-1)


def test_the_statement_ends_with_the_balance(desk, django_assert_num_queries):
    invoice = desk.invoice("100", **PREPAID)
    desk.confirm(invoice, 6_00, "B1")  # paid from the bank: not on the statement
    desk.top_up(invoice.buyer, 70_00, "T1")
    collect()
    desk.top_up(invoice.buyer, 50_00, "T2")
    desk.top_up(factories.bureau(), 9_00, "T3")
    collect()
    with django_assert_num_queries(4):
        statement = queries.wallet_statement(organisation_id=invoice.buyer_id)
        rows = [
            (row.effect_minor, row.balance_minor, [one.invoice.number for one in row.allocations.all()])
            for row in statement
        ]
    assert rows == [
        (-30_00, 20_00, [invoice.number]),
        (50_00, 50_00, []),
        (-70_00, 0, [invoice.number]),
        (70_00, 70_00, []),
    ]
    assert rows[0][1] == balance(invoice.buyer)


def test_what_is_owed(desk):
    invoice = desk.invoice("100")
    paid = desk.invoice("200", buyer=factories.bureau())
    desk.confirm(paid, 212_00, "B1")
    desk.confirm(invoice, 6_00, "B2")
    overview = queries.receivable_overview(today=invoice.due_date)
    assert overview == queries.Receivables(1, 100_00, 0, 0, 218_00)
    overdue = queries.receivable_overview(today=invoice.due_date + timedelta(days=1), buyer_id=invoice.buyer_id)
    assert overdue == queries.Receivables(1, 100_00, 1, 100_00, 6_00)
    assert queries.receivable_overview(today=date(2027, 1, 1)).paid_this_year_minor == 0


def test_payments_by_kind_and_month(desk, django_assert_num_queries):
    invoice = desk.invoice("100", **PREPAID)
    desk.top_up(invoice.buyer, 70_00, "T1", received_at=Month(2026, 11).start_at - timedelta(seconds=1))
    collect()
    desk.confirm(invoice, 36_00, "B1")
    with django_assert_num_queries(4):
        listed = queries.list_payments()
        assert [(row.reference, row.organisation.name) for row in listed.page][-1] == ("T1", "赤峰草原食品有限公司")
    assert (listed.count, listed.received_minor, listed.drawn_minor) == (3, 106_00, 70_00)
    assert queries.list_payments(purpose="top_up").received_minor == 70_00
    assert queries.list_payments(gateway="balance").count == 1
    assert queries.list_payments(month=Month(2026, 10)).count == 1
    assert queries.list_payments(organisation_id=desk.platform.pk).count == 0
    assert queries.list_payments(invoice_number=invoice.number).count == 2
    assert queries.list_payment_months() == [Month(2026, 11), Month(2026, 10)]


def test_standing_of_each_buyer(desk):
    invoice = desk.invoice("100")
    bureau = factories.bureau()
    desk.top_up(bureau, 5_00)
    organisations = queries.list_buyer_balances(today=invoice.due_date + timedelta(days=1))
    found = {one.pk: (one.balance_minor, one.open_minor, one.overdue_minor) for one in organisations}
    assert found == {invoice.buyer_id: (0, 106_00, 106_00), bureau.pk: (5_00, 0, 0)}
    assert queries.total_prepaid() == Money(5_00, "CNY")


def test_a_wallet_that_was_meddled_with_shows(desk):
    buyer = factories.foods()
    desk.top_up(buyer, 5_00)
    Wallet.objects.update(balance_minor=6_00)
    assert queries.wallet_differences() == [queries.WalletDifference(buyer.pk, "CNY", 6_00, 5_00)]


def test_received_at_is_an_instant_of_shanghai(desk):
    assert Month(2026, 11).start_at + timedelta(days=1) == RECEIVED_AT
