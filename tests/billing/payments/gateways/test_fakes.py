"""The fakes are strict: what the services refuse, they refuse."""

import pytest
import stripe as library

from billing.payments.gateways import registry
from billing.payments.gateways.interface import Declined, Unavailable
from billing.rules.money import Money
from tests.billing.payments.gateways.conftest import NOW

CNY_40, CNY_70 = Money(40_00, "CNY"), Money(70_00, "CNY")


@pytest.mark.parametrize("name", ["alipay", "stripe"])
def test_refunds_are_idempotent_and_never_above_what_was_paid(services, name):
    attempt = services.begin(services.desk.invoice("100"), name)
    services.press_pay(attempt)
    service = registry.find(name)
    receipt = service.query(number=attempt.number, external_id=attempt.external_id)
    assert (receipt.state, receipt.amount) == ("paid", Money(106_00, "CNY"))
    facts = {"number": attempt.number, "external_id": receipt.external_id}
    first = service.refund(**facts, key="RF1", amount=CNY_70)
    assert service.refund(**facts, key="RF1", amount=CNY_70) == first
    with pytest.raises(Declined):
        service.refund(**facts, key="RF2", amount=CNY_40)
    with pytest.raises(Declined):
        service.refund(**facts, key="RF1", amount=CNY_40)
    since = NOW.replace(hour=0) if name == "stripe" else NOW
    moved = service.movements(since=since, until=NOW.replace(hour=23))
    assert sorted((one.kind, one.amount.amount_minor) for one in moved) == [("payment", 106_00), ("refund", -70_00)]


@pytest.mark.parametrize(("name", "place"), [("alipay", "alipay.trade.refund"), ("stripe", "/v1/refunds")])
def test_a_lost_answer_is_asked_for_again_under_the_same_key(services, name, place):
    attempt = services.begin(services.desk.invoice("100"), name)
    services.press_pay(attempt)
    service = registry.find(name)
    facts = {
        "number": attempt.number,
        "external_id": service.query(number=attempt.number, external_id=attempt.external_id).external_id,
        "key": "RF1",
        "amount": CNY_70,
    }
    (services.alipay if name == "alipay" else services.stripe).lose.append(place)
    with pytest.raises(Unavailable):
        service.refund(**facts)
    assert service.refund(**facts)
    moved = service.movements(since=NOW.replace(hour=0), until=NOW.replace(hour=23))
    assert sum(one.amount.amount_minor for one in moved) == 36_00


def test_stripe_wants_the_key_and_keeps_idempotency_keys(services):
    client = library.StripeClient("sk_test_other", base_addresses={"api": services.stripe.url}, max_network_retries=0)
    with pytest.raises(library.AuthenticationError):
        client.v1.customers.create({})
    client = library.StripeClient(
        services.stripe.key, base_addresses={"api": services.stripe.url}, max_network_retries=0
    )
    one = client.v1.customers.create({"metadata": {"a": "1"}}, {"idempotency_key": "k"})
    assert client.v1.customers.create({"metadata": {"a": "1"}}, {"idempotency_key": "k"}).id == one.id
    with pytest.raises(library.IdempotencyError):
        client.v1.customers.create({"metadata": {"a": "2"}}, {"idempotency_key": "k"})
