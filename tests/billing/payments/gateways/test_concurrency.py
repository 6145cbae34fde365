"""P4: two hundred captures, each told twenty times at once, have two hundred effects; and what happens unguarded."""

import threading
from urllib.parse import urlencode

import pytest
from django.db import connection

from billing.invoicing.models import InvoiceBalance
from billing.ledger import queries as ledger
from billing.payments import queries
from billing.payments.gateways import attempts, inbox
from billing.payments.gateways.models import GatewayEvent, PaymentAttempt
from billing.payments.models import Payment
from tests import factories
from tests.billing.payments.gateways.conftest import NOW, Services, make_services, post
from tests.billing.payments.gateways.test_messages import FORM
from tests.billing.payments.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS, DELIVERIES = 200, 20


@pytest.fixture
def services(transactional_db, alipay_server, stripe_server, settings, monkeypatch) -> Services:
    return make_services(alipay_server, stripe_server, settings, monkeypatch)


def paid_top_ups(services: Services, count: int) -> list[str]:
    """Messages of that many top-ups of 1.00, signed."""
    buyer = factories.foods()
    bodies = []
    for _ in range(count):
        attempt = services.begin_top_up(buyer, "alipay", 1_00)
        services.press_pay(attempt)
        trade = services.alipay.trades[attempt.number]
        bodies.append(urlencode(services.alipay.sign_fields(services.alipay.notification(trade))))
    services.letters()
    return bodies


def test_two_hundred_events_told_twenty_times_at_once(services):
    bodies = paid_top_ups(services, EVENTS)

    def tell_all(start: int) -> set[bytes]:
        """Each begins at another place, so that messages are reordered and still meet."""
        begin = (start // 4) * (EVENTS // 5)
        return {post("alipay", body, FORM).content for body in bodies[begin:] + bodies[:begin]}

    answers = at_once(*[lambda n=n: tell_all(n) for n in range(DELIVERIES)])
    assert answers == [{b"success"}] * DELIVERIES
    while inbox.process_due(now=NOW, limit=500):
        pass
    assert (GatewayEvent.objects.filter(state="done").count(), GatewayEvent.objects.count()) == (EVENTS, EVENTS)
    assert Payment.objects.count() == PaymentAttempt.objects.filter(state="paid").count() == EVENTS
    assert queries.total_prepaid().amount_minor == EVENTS * 1_00
    held = ledger.balance(kind="alipay_clearing", organisation_id=services.desk.platform.pk)
    assert held.amount_minor == EVENTS * 1_00
    assert queries.wallet_differences() == ledger.verify() == []


@pytest.fixture
def no_guards(services, monkeypatch):
    """Neither the lock on the attempt, nor the unique reference; asking first is all that is left."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_payment DROP CONSTRAINT payment_reference_unique")
        cursor.execute("ALTER TABLE gateways_paymentattempt DROP CONSTRAINT gateways_paymentattempt_payment_id_key")
    monkeypatch.setattr(PaymentAttempt.objects.__class__, "select_for_update", lambda self, **_: self.all())
    yield
    monkeypatch.undo()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE gateways_paymentattempt SET payment_id = NULL, state = 'closed'")
        cursor.execute("DELETE FROM payments_payment")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(
            "ALTER TABLE payments_payment ADD CONSTRAINT payment_reference_unique UNIQUE (gateway, reference)"
        )
        cursor.execute(
            "ALTER TABLE gateways_paymentattempt"
            " ADD CONSTRAINT gateways_paymentattempt_payment_id_key UNIQUE (payment_id)"
        )


def test_control_without_lock_and_constraint_one_capture_counts_twice(services, no_guards, monkeypatch):
    """Two ways to learn of one capture, at once: each sees that nobody entered it yet."""
    attempt = services.begin_top_up(factories.foods(), "alipay", 1_00)
    services.press_pay(attempt)
    service = attempts.registry.find("alipay")
    receipt = service.query(number=attempt.number, external_id="")
    both_asked, wallet = threading.Barrier(2, timeout=20), attempts.receipts.operations.enter

    def enter(**facts):
        both_asked.wait()
        return Payment.objects.create(
            number=f"SK-{threading.get_ident() % 10**9}",
            gateway=facts["gateway"],
            purpose=facts["purpose"],
            reference=facts["reference"],
            organisation_id=facts["organisation_id"],
            amount_minor=facts["amount"].amount_minor,
            currency="CNY",
            received_at=NOW,
            recorded_at=NOW,
        ), True

    monkeypatch.setattr(attempts.receipts.operations, "enter", enter)
    at_once(*[lambda: attempts.take(gateway="alipay", mode="test", receipt=receipt, now=NOW)] * 2)
    monkeypatch.setattr(attempts.receipts.operations, "enter", wallet)
    assert Payment.objects.count() == 2
    assert queries.total_prepaid().amount_minor == 2_00


def test_two_people_pay_one_invoice_at_once_by_two_services(services):
    invoice = services.desk.invoice("100")
    first = services.begin(invoice, "alipay")
    second = services.begin(invoice, "stripe")
    services.press_pay(first)
    services.press_pay(second)
    letters = services.letters()
    answers = at_once(*[lambda letter=letter: services.hand_over([letter]) for letter in letters * 3])
    assert all(isinstance(one, list) for one in answers)
    while inbox.process_due(now=NOW, limit=50):
        pass
    assert InvoiceBalance.objects.get().paid_minor == 106_00
    assert queries.wallet_balance(organisation_id=invoice.buyer_id).amount_minor == 106_00
    assert Payment.objects.count() == 2
    assert queries.wallet_differences() == ledger.verify() == []


def test_two_people_begin_at_once_and_the_invoice_has_one_open_attempt(services):
    invoice = services.desk.invoice("100")
    results = at_once(*[lambda n=n: services.begin(invoice, ("alipay", "stripe")[n % 2]) for n in range(6)])
    allowed = (PaymentAttempt, attempts.PaymentUnderWay)
    assert all(isinstance(one, allowed) for one in results), results
    assert PaymentAttempt.objects.filter(state="open").count() == 1


def test_control_without_the_constraint_it_has_two(services):
    invoice = services.desk.invoice("100")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX attempt_one_open_per_invoice")
    try:
        both = threading.Barrier(2, timeout=20)
        write = attempts.write

        def slow(**facts):
            both.wait()
            return write(**facts)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attempts, "write", slow)
            at_once(*[lambda name=name: services.begin(invoice, name) for name in ("alipay", "stripe")])
        assert PaymentAttempt.objects.filter(state="open").count() == 2
    finally:
        PaymentAttempt.objects.update(state="closed")
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE UNIQUE INDEX attempt_one_open_per_invoice ON gateways_paymentattempt (invoice_id)"
                " WHERE state = 'open'"
            )
