"""Money under concurrency, each with the guard that makes it right taken away once."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from billing.invoicing.models import InvoiceBalance
from billing.ledger import queries as ledger
from billing.payments import operations as payments
from billing.payments import queries
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from tests import factories
from tests.billing.payments.conftest import NOW, Desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(transactional_db) -> Desk:
    return Desk()


def at_once(*work: Callable[[], object]) -> list[object]:
    """Run all at the same moment; what each returned or raised."""
    barrier = threading.Barrier(len(work), timeout=20)
    results: list[object] = [None] * len(work)

    def run(place: int) -> None:
        try:
            barrier.wait()
            results[place] = work[place]()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_people_confirm_an_invoice_by_two_references(desk):
    """Eight transfers of 30.00 on an invoice of 106.00: three fit, the others are told why not."""
    invoice = desk.invoice("100")
    results = at_once(*[lambda n=n: desk.confirm(invoice, 30_00, f"B{n}") for n in range(8)])
    assert sorted(type(one).__name__ for one in results) == ["OverOpenAmount"] * 5 + ["Payment"] * 3
    assert InvoiceBalance.objects.get().paid_minor == 90_00
    assert sum(PaymentAllocation.objects.values_list("amount_minor", flat=True)) == 90_00
    assert sum(LineCollection.objects.values_list("amount_minor", flat=True)) == 90_00
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 16_00


def test_control_without_the_lock_payments_are_lost(desk, monkeypatch):
    """Both read that 1.00 is paid, both write what they alone have paid on top of it."""
    invoice = desk.invoice("100")
    desk.confirm(invoice, 1_00, "B")  # the ledger's accounts exist from now on: two who made them could deadlock
    both_read = threading.Barrier(2, timeout=20)

    def read_without_lock(*, invoice_id: int, skip_locked: bool = False) -> InvoiceBalance:
        balance = InvoiceBalance.objects.select_related("invoice").get(invoice_id=invoice_id)
        both_read.wait()
        return balance

    monkeypatch.setattr(payments, "lock_invoice_balance", read_without_lock)
    at_once(*[lambda n=n: desk.confirm(invoice, 60_00, f"B{n}") for n in range(2)])
    assert sum(PaymentAllocation.objects.values_list("amount_minor", flat=True)) == 121_00  # of 106.00
    assert InvoiceBalance.objects.get().paid_minor == 61_00


def test_the_same_receipt_many_times_at_once_has_one_effect(desk):
    invoice = desk.invoice("100")
    results = at_once(*[lambda: desk.confirm(invoice, 60_00, "B1")] * 8)
    assert {one.pk for one in results} == {Payment.objects.get().pk}
    assert InvoiceBalance.objects.get().paid_minor == 60_00


def test_one_reference_for_two_buyers_is_credited_once(desk):
    buyers = [factories.foods(), factories.bureau()]
    for number in range(5):
        results = at_once(*[lambda b=b, n=number: desk.top_up(b, 10_00, f"T{n}") for b in buyers])
        assert sorted(type(one).__name__ for one in results) == ["Payment", "ReferenceUsed"]
    assert queries.total_prepaid().amount_minor == 50_00
    assert ledger.balance(kind="bank_client_money", organisation_id=desk.platform.pk).amount_minor == 50_00


@pytest.fixture
def no_unique_reference(desk) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_payment DROP CONSTRAINT payment_reference_unique")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM payments_payment")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(
            "ALTER TABLE payments_payment ADD CONSTRAINT payment_reference_unique UNIQUE (gateway, reference)"
        )


def test_control_without_the_constraints_it_is_credited_twice(desk, no_unique_reference, monkeypatch):
    """Asking first is no guard: neither sees the other's payment, which is not committed yet."""
    monkeypatch.setattr(payments, "_claim_reference", lambda reference: None)
    buyers = [factories.foods(), factories.bureau()]
    for number, buyer in enumerate(buyers):  # opens the accounts, so that nobody waits for those
        desk.top_up(buyer, 1_00, f"first {number}")
    entered = threading.Barrier(2, timeout=20)

    def top_up(buyer) -> None:
        with transaction.atomic():
            desk.top_up(buyer, 10_00, "T1")
            entered.wait()

    assert at_once(*[lambda b=b: top_up(b) for b in buyers]) == [None, None]
    assert Payment.objects.filter(reference="T1").count() == 2
    assert queries.total_prepaid().amount_minor == 22_00


def test_many_draw_at_once(desk):
    """Four collectors, three invoices of 106.00, a balance of 250.00: all of it is drawn, and no more."""
    buyer = factories.foods()
    for partner in (factories.hongshan(), factories.songmo(), factories.provider(name="第三家")):
        from billing.invoicing import operations as invoicing
        from tests import charges

        product = factories.offering(factories.data_centre(partner))
        charges.rated_contract("100", buyer=buyer, product=product, payment_method="prepaid_balance")
    assert invoicing.issue_due(now=NOW, limit=9) == 3
    desk.top_up(buyer, 250_00)

    def work() -> None:
        while payments.collect_due(now=NOW, limit=2):
            pass

    assert at_once(*[work] * 4) == [None] * 4
    work()
    assert queries.wallet_balance(organisation_id=buyer.pk).amount_minor == 0
    assert sorted(InvoiceBalance.objects.values_list("paid_minor", flat=True)) == [38_00, 106_00, 106_00]
    assert queries.wallet_differences() == []


def test_top_ups_draws_and_transfers_at_once_agree_in_the_end(desk):
    invoice = desk.invoice("100", payment_method="prepaid_balance")
    buyer = invoice.buyer
    work = [lambda n=n: desk.top_up(buyer, 7_00, f"T{n}") for n in range(6)]
    work += [lambda n=n: desk.confirm(invoice, 5_00, f"B{n}") for n in range(6)]
    work += [lambda: payments.collect_due(now=NOW, limit=5)] * 4
    failures = [one for one in at_once(*work) if isinstance(one, Exception)]
    assert failures == []
    payments.collect_due(now=NOW, limit=5)
    assert InvoiceBalance.objects.get().paid_minor == 6 * 7_00 + 6 * 5_00
    assert queries.wallet_balance(organisation_id=buyer.pk).amount_minor == 0
    assert queries.wallet_differences() == []
    assert ledger.verify() == []
