"""Cards that are kept, and invoices they pay by themselves: once, also when the answer is lost."""

from datetime import timedelta

import pytest

from billing.invoicing.models import InvoiceBalance
from billing.payments.gateways import attempts, autopay, methods
from billing.payments.gateways.models import PaymentAttempt, SavedMethod
from billing.payments.models import Payment
from tests import factories
from tests.billing.payments.conftest import NOW

EARLIER = NOW - timedelta(days=1)


@pytest.fixture
def card(services) -> SavedMethod:
    """草原食品's card, kept by an earlier payment; it pays by itself."""
    buyer = factories.foods()
    customer = methods.ensure_customer(organisation=buyer, mode="test")
    method = services.stripe._add("pm", object="payment_method", type="card", customer=customer,
                                  card={"brand": "visa", "last4": "4242", "exp_month": 1,
                                        "exp_year": 2031})  # fmt: skip
    return SavedMethod.objects.create(
        organisation=buyer, mode="test", customer_id=customer, method_id=method["id"], brand="visa", last4="4242",
        expires="2031-01", is_automatic=True, saved_at=EARLIER,
    )  # fmt: skip


def captures(services) -> int:
    return sum(one["object"] == "charge" for one in services.stripe.things.values())


def test_a_card_is_kept_when_its_owner_asks_for_it(services):
    attempt = services.begin(services.desk.invoice("100"), "stripe", saves_method=True)
    services.press_pay(attempt)
    services.hand_over()
    saved = SavedMethod.objects.get()
    assert (saved.organisation_id, saved.last4, saved.expires) == (attempt.organisation_id, "4242", "2030-12")
    assert not saved.is_automatic
    actor = factories.actor(attempt.organisation, "owner")
    facts = {"pk": saved.pk, "organisation_id": attempt.organisation_id, "actor": actor, "now": NOW}
    assert methods.switch_automatic(is_on=True, **facts).is_automatic
    with pytest.raises(methods.NoSuchMethod):
        methods.remove(**facts | {"organisation_id": services.desk.platform.pk})
    methods.remove(**facts)
    assert services.stripe.things[saved.method_id]["customer"] is None
    with pytest.raises(methods.NoSuchMethod):
        methods.switch_automatic(is_on=True, **facts)


def test_without_being_asked_no_card_is_kept(services):
    services.press_pay(services.begin(services.desk.invoice("100"), "stripe"))
    services.hand_over()
    assert SavedMethod.objects.count() == 0


def test_an_invoice_is_charged_once(services, card):
    services.desk.invoice("100", buyer=card.organisation)
    for _ in range(3):
        autopay.charge_due(now=NOW, limit=10)
    services.hand_over()
    assert (captures(services), Payment.objects.count(), InvoiceBalance.objects.get().status) == (1, 1, "paid")


def test_a_lost_answer_is_asked_for_under_the_same_number(services, card):
    invoice = services.desk.invoice("100", buyer=card.organisation)
    services.stripe.lose.append("/v1/payment_intents")
    autopay.charge_due(now=NOW, limit=10)
    services.letters()  # lost as well
    assert Payment.objects.count() == 0
    with pytest.raises(attempts.PaymentUnderWay):  # a checkout page now could capture a second time
        services.begin(invoice, "stripe")
    autopay.ask_again(now=NOW + timedelta(minutes=1), limit=10)
    assert (captures(services), Payment.objects.count(), InvoiceBalance.objects.get().status) == (1, 1, "paid")


def test_an_open_page_keeps_the_card_away(services, card):
    services.begin(services.desk.invoice("100", buyer=card.organisation), "stripe")
    autopay.charge_due(now=NOW, limit=10)
    assert (captures(services), PaymentAttempt.objects.count()) == (0, 1)


def test_a_decline_is_tried_three_times(services, card):
    services.desk.invoice("100", buyer=card.organisation)
    services.stripe.decline_methods.add(card.method_id)
    for hours in (0, 1, 25, 30, 90, 100, 200, 400):
        autopay.charge_due(now=NOW + timedelta(hours=hours), limit=10)
    assert set(PaymentAttempt.objects.values_list("state", "failure")) == {("failed", "card_declined")}
    assert PaymentAttempt.objects.count() == 3


def test_a_card_pays_no_invoice_from_before_it_was_kept(services, card):
    services.desk.invoice("100", buyer=card.organisation)
    SavedMethod.objects.update(saved_at=NOW + timedelta(days=1))
    autopay.charge_due(now=NOW, limit=10)
    assert PaymentAttempt.objects.count() == 0
