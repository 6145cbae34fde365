"""The services' own accounts of a day against ours: matched, missed and taken in, foreign, another amount, absent."""

from datetime import date, timedelta

import pytest

from billing.invoicing.models import InvoiceBalance
from billing.ledger import queries as ledger
from billing.payments.gateways import reconciliation, registry
from billing.payments.gateways.models import GatewayEvent, PaymentAttempt, ReconciliationDay, ReconciliationDifference
from billing.payments.models import Payment
from billing.rules.money import Money
from tests import factories
from tests.billing.payments.conftest import NOW
from tests.billing.payments.gateways.conftest import post
from tests.fakes.alipay import COLUMNS

DAY = date(2026, 11, 2)
NEXT_NOON = NOW + timedelta(days=1)


def differences() -> list[tuple]:
    rows = ReconciliationDifference.objects.order_by("kind")
    return [(one.kind, one.theirs_minor, one.ours_minor, one.state) for one in rows]


@pytest.mark.parametrize("name", ["alipay", "stripe"])
def test_what_was_told_matches_and_what_was_missed_is_taken_in(services, name):
    buyer = factories.foods()
    told, missed = (services.begin_top_up(buyer, name, amount) for amount in (100_00, 7_00))
    services.press_pay(told)
    services.hand_over()
    services.press_pay(missed)
    services.letters()  # lost
    PaymentAttempt.objects.filter(pk=missed.pk).update(state="closed")
    assert reconciliation.reconcile_due(now=NEXT_NOON, limit=10) == 1
    day = ReconciliationDay.objects.get()
    assert (day.day_date, day.matched_count, day.taken_in_count, day.gross_minor) == (DAY, 1, 1, 107_00)
    assert day.fees_minor == {"alipay": 64, "stripe": 290 + 30 + 20 + 30}[name]
    assert differences() == []
    assert Payment.objects.count() == 2
    assert reconciliation.reconcile_due(now=NEXT_NOON, limit=10) == 0


def test_differences_are_kept_until_somebody_explains_them(services):
    invoice = services.desk.invoice("100")
    attempt = services.begin(invoice, "alipay")
    services.press_pay(attempt)
    services.letters()
    services.alipay.trades[attempt.number].total -= 1  # Alipay says 105.00
    foreign = dict.fromkeys(COLUMNS, "") | {
        "支付宝交易号": "20261102X\t",
        "商户订单号": "ANOTHER-SHOP\t",
        "业务类型": "交易",
        "完成时间": "2026-11-02 12:00:00",
        "订单金额（元）": "9.90",
        "服务费（元）": "-0.06",
    }
    services.alipay.foreign.append(list(foreign.values()))
    absent = services.begin_top_up(invoice.buyer, "alipay", 50_00)
    services.press_pay(absent)
    services.hand_over()
    del services.alipay.trades[absent.number]
    reconciliation.reconcile(service=registry.find("alipay"), day=DAY, now=NEXT_NOON)
    assert differences() == [
        ("absent", None, 50_00, "open"),
        ("amount", 105_00, 106_00, "open"),
        ("foreign", 9_90, None, "open"),
    ]
    assert InvoiceBalance.objects.get().paid_minor == 0
    actor = factories.actor(services.desk.platform, "finance", user=factories.member(services.desk.platform, "finance"))
    first = ReconciliationDifference.objects.get(kind="foreign")
    with pytest.raises(reconciliation.NoExplanation):
        reconciliation.explain(pk=first.pk, explanation=" ", actor=actor, now=NEXT_NOON)
    reconciliation.explain(pk=first.pk, explanation="另一个店铺", actor=actor, now=NEXT_NOON)
    with pytest.raises(reconciliation.AlreadyExplained):
        reconciliation.explain(pk=first.pk, explanation="再次", actor=actor, now=NEXT_NOON)
    with pytest.raises(reconciliation.NoSuchDifference):
        reconciliation.explain(pk=0, explanation="无", actor=actor, now=NEXT_NOON)


@pytest.mark.parametrize("name", ["alipay", "stripe"])
def test_money_given_back_at_the_service_is_a_difference(services, name):
    """Somebody used the service's own pages."""
    attempt = services.begin_top_up(factories.foods(), name, 100_00)
    services.press_pay(attempt)
    services.hand_over()
    attempt.refresh_from_db()
    service, key = registry.find(name), "by hand"
    external_id = attempt.payment.reference.removeprefix("test:")
    service.refund(number=attempt.number, external_id=external_id, key=key, amount=Money(40_00, "CNY"))
    reconciliation.reconcile(service=service, day=DAY, now=NEXT_NOON)
    assert [row[:2] for row in differences()] == [("foreign", -40_00)]


def test_a_service_that_does_not_tell_is_asked_again(services):
    services.begin_top_up(factories.foods(), "alipay", 1_00)
    services.alipay.lose.append("alipay.data.dataservice.bill.downloadurl.query")
    assert reconciliation.reconcile_due(now=NEXT_NOON, limit=10) == 0
    assert reconciliation.reconcile_due(now=NEXT_NOON, limit=10) == 1


def bank_and_fees(services) -> tuple[int, ...]:
    kinds = ("bank_client_money", "gateway_fees", "stripe_clearing")
    platform = services.desk.platform.pk
    return tuple(ledger.balance(kind=kind, organisation_id=platform).amount_minor for kind in kinds)


def test_a_payout_of_stripe_is_posted_once_with_its_fees_apart(services):
    for amount_minor in (100_00, 50_00):
        services.press_pay(services.begin_top_up(factories.foods(), "stripe", amount_minor))
    payout = services.stripe.pay_out()
    letters = services.letters()
    services.hand_over(letters * 3)
    fees = 290 + 30 + 145 + 30
    assert bank_and_fees(services) == (150_00 - fees, fees, 0)
    again = services.stripe.event("payout.paid", payout)  # another message of the same payout
    signed = services.stripe.signature(again)
    assert post("stripe", again, "application/json", HTTP_STRIPE_SIGNATURE=signed).status_code == 200
    assert bank_and_fees(services) == (150_00 - fees, fees, 0)
    assert ledger.verify() == []


def test_a_payout_whose_parts_do_not_add_up_waits_for_a_person(services):
    services.press_pay(services.begin_top_up(factories.foods(), "stripe", 100_00))
    services.stripe.pay_out()["amount"] += 1
    services.stripe.postman.letters.clear()
    payout = next(one for one in services.stripe.things.values() if one["object"] == "payout")
    services.stripe.tell("payout.paid", payout)
    services.hand_over()
    assert bank_and_fees(services)[:2] == (0, 0)
    assert GatewayEvent.objects.get(state="parked").problem.startswith("the payout is")
