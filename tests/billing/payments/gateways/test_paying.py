"""Paying by a service: by its message, by asking it, or both; and what becomes of money that came second."""

from datetime import timedelta

import pytest

from billing.invoicing.models import InvoiceBalance
from billing.ledger import queries as ledger
from billing.payments import queries, receipts
from billing.payments.gateways import attempts, inbox
from billing.payments.gateways.models import GatewayEvent, PaymentAttempt
from billing.payments.models import LineCollection, Payment
from tests import factories
from tests.billing.payments.conftest import NOW

LATER = NOW + timedelta(minutes=3)
BOTH = pytest.mark.parametrize("name", ["alipay", "stripe"])


def ledger_of(services, name: str, buyer) -> tuple[int, int, int]:
    """Held by the service, receivable, the buyer's balance (a credit)."""
    return (
        ledger.balance(kind=f"{name}_clearing", organisation_id=services.desk.platform.pk).amount_minor,
        ledger.balance(kind="receivable", organisation_id=buyer.pk).amount_minor,
        ledger.balance(kind="buyer_balance", organisation_id=buyer.pk).amount_minor,
    )


@BOTH
def test_a_message_pays_the_invoice(services, name):
    invoice = services.desk.invoice("100")
    attempt = services.begin(invoice, name)
    services.press_pay(attempt)
    assert set(services.hand_over()) <= {"success", "ok"}
    assert InvoiceBalance.objects.get().status == "paid"
    assert ledger_of(services, name, invoice.buyer) == (106_00, 0, 0)
    assert sum(LineCollection.objects.values_list("amount_minor", flat=True)) == 106_00
    attempt.refresh_from_db()
    assert (attempt.state, attempt.payment.gateway, attempt.payment.reference[:5]) == ("paid", name, "test:")
    assert set(GatewayEvent.objects.values_list("state", flat=True)) == {"done"}


@BOTH
def test_killed_between_capture_and_message_it_is_found_by_asking(services, name):
    """The letters are thrown away; the stage asks."""
    attempt = services.begin(services.desk.invoice("100"), name)
    services.press_pay(attempt)
    lost = services.letters()
    attempts.ask_due(now=LATER, limit=10)
    assert InvoiceBalance.objects.get().status == "paid"
    services.hand_over(lost)  # and when they come after all, nothing more happens
    assert Payment.objects.count() == 1
    assert ledger.verify() == []


@BOTH
def test_the_return_address_proves_nothing(services, name):
    attempt = services.begin(services.desk.invoice("100"), name)
    assert attempts.refresh(attempt=attempt, now=NOW).state == "open"
    assert Payment.objects.count() == 0
    services.press_pay(attempt)
    assert attempts.refresh(attempt=attempt, now=NOW).state == "paid"


@BOTH
def test_killed_before_it_was_opened_it_is_opened_under_the_same_number(services, name, monkeypatch):
    invoice = services.desk.invoice("100")
    if name == "stripe":
        services.stripe.lose.append("/v1/checkout/sessions")
        with pytest.raises(attempts.ServiceSilent):
            services.begin(invoice, name)
    else:
        with monkeypatch.context() as killed:
            killed.setattr(attempts, "_ensure_opened", lambda attempt, **_: attempt)
            services.begin(invoice, name)
    written = PaymentAttempt.objects.get()
    assert written.url == ""
    assert services.begin(invoice, name).pk == written.pk
    sessions = [one for one in services.stripe.things.values() if one["object"] == "checkout.session"]
    assert len(sessions) == (name == "stripe")


def test_another_way_closes_the_first(services):
    invoice = services.desk.invoice("100")
    first = services.begin(invoice, "stripe")
    second = services.begin(invoice, "alipay")
    first.refresh_from_db()
    assert (first.state, second.state) == ("closed", "open")
    assert services.stripe.things[first.external_id]["status"] == "expired"


def test_another_way_after_a_capture_nobody_told_us_of_says_that_it_is_paid(services):
    invoice = services.desk.invoice("100")
    services.press_pay(services.begin(invoice, "stripe"))
    with pytest.raises(attempts.AlreadyPaid):
        services.begin(invoice, "alipay")
    assert Payment.objects.get().gateway == "stripe"


def test_a_capture_of_another_amount_keeps_others_from_the_invoice(services):
    invoice = services.desk.invoice("100")
    attempt = services.begin(invoice, "alipay")
    services.press_pay(attempt)
    services.alipay.trades[attempt.number].total -= 1
    with pytest.raises(attempts.PaymentUnderWay):
        services.begin(invoice, "stripe")
    assert Payment.objects.count() == 0


def test_the_second_capture_goes_to_the_balance(services):
    """Alipay's cashier was open in a window when another person paid by Stripe."""
    invoice = services.desk.invoice("100")
    first = services.begin(invoice, "alipay")
    second = services.begin(invoice, "stripe")
    services.press_pay(first)
    services.press_pay(second)
    services.hand_over()
    assert InvoiceBalance.objects.get().paid_minor == 106_00
    assert queries.wallet_balance(organisation_id=invoice.buyer_id).amount_minor == 106_00
    assert queries.wallet_differences() == []
    assert sorted(Payment.objects.values_list("purpose", flat=True)) == ["invoice", "top_up"]
    assert ledger.verify() == []


def test_what_does_not_fit_any_more_pays_the_rest_from_the_balance(services):
    invoice = services.desk.invoice("100")
    attempt = services.begin(invoice, "alipay")
    services.desk.confirm(invoice, 60_00)
    services.press_pay(attempt)
    services.hand_over()
    assert InvoiceBalance.objects.get().status == "paid"
    assert queries.wallet_balance(organisation_id=invoice.buyer_id).amount_minor == 60_00
    assert ledger_of(services, "alipay", invoice.buyer) == (106_00, 0, -60_00)


@BOTH
def test_a_top_up(services, name):
    buyer = factories.foods()
    services.press_pay(services.begin_top_up(buyer, name, 500_00))
    services.hand_over()
    assert ledger_of(services, name, buyer) == (500_00, 0, -500_00)
    assert queries.wallet_differences() == []


def test_an_attempt_that_nobody_paid_is_closed_in_the_end(services):
    attempt = services.begin(services.desk.invoice("100"), "alipay")
    attempts.ask_due(now=LATER, limit=10)
    attempt.refresh_from_db()
    assert attempt.state == "open"
    attempts.ask_due(now=attempt.expires_at + timedelta(minutes=1), limit=10)
    attempt.refresh_from_db()
    assert attempt.state == "closed"


def test_from_the_balance_at_once(services):
    invoice = services.desk.invoice("100")
    services.desk.top_up(invoice.buyer, 100_00)
    receipts.pay_from_balance(invoice_id=invoice.pk, actor=services.desk.actor, now=NOW)
    assert InvoiceBalance.objects.get().paid_minor == 100_00
    with pytest.raises(receipts.NothingToPay):
        receipts.pay_from_balance(invoice_id=invoice.pk, actor=services.desk.actor, now=NOW)


def test_a_message_that_fails_is_done_again_and_parked_in_the_end(services, monkeypatch):
    attempt = services.begin(services.desk.invoice("100"), "alipay")
    services.press_pay(attempt)
    with monkeypatch.context() as broken:
        broken.setattr(receipts, "take_in", lambda **_: 1 / 0)
        assert services.hand_over() == ["success"]
        for _ in range(5):
            inbox.process_due(now=NOW, limit=10)
    event = GatewayEvent.objects.get()
    assert (event.state, event.tries, event.problem) == ("parked", 5, "ZeroDivisionError")
    inbox.retry(event_id=event.pk, actor=services.desk.actor, now=NOW)
    assert inbox.process_due(now=NOW, limit=10) == 1
    assert InvoiceBalance.objects.get().status == "paid"
