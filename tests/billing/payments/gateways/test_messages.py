"""Messages that are forged, stale, altered or meant for others have no effect; told again a hundred times, one."""

import json
from datetime import UTC, timedelta
from urllib.parse import urlencode

import pytest
from Cryptodome.PublicKey import RSA
from django.urls import reverse

from billing.payments.gateways.models import GatewayEvent
from billing.payments.models import Payment
from tests.billing.payments.conftest import NOW
from tests.billing.payments.gateways.conftest import post
from tests.fakes.alipay import CHINA

FORM = "application/x-www-form-urlencoded; charset=utf-8"
OTHER_KEY = RSA.generate(2048)


@pytest.fixture
def trade(services):
    """A trade that is paid, whose own message was lost."""
    attempt = services.begin(services.desk.invoice("100"), "alipay")
    services.press_pay(attempt)
    services.letters()
    return services.alipay.trades[attempt.number]


def at(moment) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"


# what is changed before it is signed | the key that signs | answered | parked
ALIPAY = {
    "right": ({}, None, "success", 0),
    "another key": ({}, OTHER_KEY, "fail", 0),
    "another app": ({"app_id": "9021000000000002"}, None, "fail", 0),
    "another seller": ({"seller_id": "2088000000000002"}, None, "fail", 0),
    "another amount": ({"total_amount": "105.99"}, None, "success", 1),
    "a fen more": ({"total_amount": "106.01"}, None, "success", 1),
    "parts of a fen": ({"total_amount": "106.001"}, None, "fail", 0),
    "another trade": ({"out_trade_no": "PA" + "2" * 26}, None, "success", 1),
    "sent three days ago": ({"notify_time": at(NOW - timedelta(days=3))}, None, "fail", 0),
    "sent tomorrow": ({"notify_time": at(NOW + timedelta(days=1))}, None, "fail", 0),
    "no date": ({"notify_time": "today"}, None, "fail", 0),
    "not paid yet": ({"trade_status": "WAIT_BUYER_PAY"}, None, "success", 0),
    "closed": ({"trade_status": "TRADE_CLOSED"}, None, "success", 0),
    "a refund": ({"gmt_refund": at(NOW), "refund_fee": "1.00"}, None, "success", 1),
    "an unknown state": ({"trade_status": "TRADE_WON"}, None, "success", 0),
}


@pytest.mark.parametrize(("changed", "key", "answered", "parked"), ALIPAY.values(), ids=ALIPAY)
def test_messages_of_alipay(services, trade, changed, key, answered, parked):
    fields = services.alipay.sign_fields(services.alipay.notification(trade, **changed), key)
    answer = post("alipay", urlencode(fields), FORM)
    assert (answer.content.decode(), answer.status_code) == (answered, 200)
    assert Payment.objects.count() == (changed == {} and key is None)
    assert GatewayEvent.objects.count() == (answered == "success")
    assert GatewayEvent.objects.filter(state="parked").count() == parked


def test_a_signature_by_sha1_or_none_is_refused(services, trade):
    fields = services.alipay.sign_fields(services.alipay.notification(trade))
    for changed in ({"sign_type": "RSA"}, {"sign_type": ""}, {"sign": ""}, {"sign": "AAAA"}, {"extra": "1"}):
        assert post("alipay", urlencode(fields | changed), FORM).content == b"fail"
    for missing in ("sign", "sign_type", "notify_id", "out_trade_no"):
        rest = {name: value for name, value in fields.items() if name != missing}
        assert post("alipay", urlencode(rest), FORM).content == b"fail"
    assert post("alipay", urlencode(fields) + "&total_amount=0.01", FORM).content == b"fail"
    for body in (b"\xff\xfe=1", b"not a form", b"{}", b"=&=&=", b"a=1&" * 1000):
        assert post("alipay", body, FORM).content == b"fail"
    assert Payment.objects.count() == GatewayEvent.objects.count() == 0


def test_every_byte_counts(services, trade):
    body = urlencode(services.alipay.sign_fields(services.alipay.notification(trade))).encode()
    for place in range(0, len(body), 7):
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert post("alipay", altered, FORM).content == b"fail", altered
    assert Payment.objects.count() == GatewayEvent.objects.count() == 0


def test_told_a_hundred_times(services, trade):
    body = urlencode(services.alipay.sign_fields(services.alipay.notification(trade)))
    assert {post("alipay", body, FORM).content for _ in range(100)} == {b"success"}
    assert (Payment.objects.count(), GatewayEvent.objects.count()) == (1, 1)


@pytest.fixture
def session(services):
    attempt = services.begin(services.desk.invoice("100"), "stripe")
    services.press_pay(attempt)
    services.letters()
    return services.stripe.things[attempt.external_id]


# what is changed in the session | in the event | in the signature | status | parked
STRIPE = {
    "right": ({}, {}, {}, 200, 0),
    "another secret": ({}, {}, {"secret": "whsec_other"}, 400, 0),
    "signed six minutes ago": ({}, {}, {"at": -360}, 400, 0),
    "signed in six minutes": ({}, {}, {"at": 360}, 400, 0),
    "signed tomorrow": ({}, {}, {"at": 86400}, 400, 0),
    "live mode": ({}, {"livemode": True}, {}, 400, 0),
    "mode as text": ({}, {"livemode": "false"}, {}, 400, 0),
    "another amount": ({"amount_total": 105_99}, {}, {}, 200, 1),
    "another currency": ({"currency": "jpy"}, {}, {}, 200, 1),
    "no currency": ({"currency": "xxz"}, {}, {}, 400, 0),
    "another attempt": ({"metadata": {"attempt": "PA" + "2" * 26}}, {}, {}, 200, 1),
    "not ours": ({"metadata": {}}, {}, {}, 200, 0),
    "not paid yet": ({"payment_status": "unpaid"}, {}, {}, 200, 0),
    "without an intent": ({"payment_intent": None}, {}, {}, 200, 0),
    "a dispute": ({}, {"type": "charge.dispute.created"}, {}, 200, 1),
    "given back at the service": ({}, {"type": "charge.refunded"}, {}, 200, 1),
    "another kind": ({}, {"type": "customer.created"}, {}, 200, 0),
}


@pytest.mark.parametrize(("thing", "event", "signature", "status", "parked"), STRIPE.values(), ids=STRIPE)
def test_messages_of_stripe(services, session, thing, event, signature, status, parked):
    body = services.stripe.event("checkout.session.completed", session | thing, **event)
    signed = services.stripe.signature(
        body, at=int(NOW.timestamp()) + signature.get("at", 0), secret=signature.get("secret", "")
    )
    answer = post("stripe", body, "application/json", HTTP_STRIPE_SIGNATURE=signed)
    assert answer.status_code == status
    assert Payment.objects.count() == (not (thing or event or signature))
    assert GatewayEvent.objects.count() == (status == 200)
    assert GatewayEvent.objects.filter(state="parked").count() == parked


def test_what_is_no_event(services):
    for body in ("[]", "{}", "null", "{", '{"id": 1}', json.dumps({"data": {"object": []}}), "\x00"):
        signed = services.stripe.signature(body)
        assert post("stripe", body, "application/json", HTTP_STRIPE_SIGNATURE=signed).status_code == 400
        assert post("stripe", body, "application/json").status_code == 400
    assert post("stripe", b"\xff", "application/json", HTTP_STRIPE_SIGNATURE="t=1,v1=2").status_code == 400
    assert GatewayEvent.objects.count() == 0


def test_the_door(services, anonymous):
    """No session, no token; small bodies by POST only."""
    url = reverse("gateway_notification", args=["alipay"])
    assert anonymous.post(url, {"a": "1"}).content == b"fail"
    assert anonymous.get(url).status_code == 405
    assert anonymous.post(reverse("gateway_notification", args=["paypal"]), {"a": "1"}).status_code == 404
    assert anonymous.post(url, b"a" * (256 * 1024 + 1), content_type=FORM).status_code == 413
    assert anonymous.post(url, b"", content_type=FORM).status_code == 400


def test_a_service_that_is_not_configured_is_not_believed(services, trade, settings):
    fields = services.alipay.sign_fields(services.alipay.notification(trade))
    settings.GATEWAYS = {}
    assert post("alipay", urlencode(fields), FORM).content == b"fail"
    assert GatewayEvent.objects.count() == 0


def test_test_money_is_not_taken_for_live_money(services, trade, settings):
    """The attempt was made in test mode; the app has gone live since, with the same keys."""
    settings.GATEWAYS = {"alipay": settings.GATEWAYS["alipay"] | {"mode": "live"}}
    body = urlencode(services.alipay.sign_fields(services.alipay.notification(trade)))
    assert post("alipay", body, FORM).content == b"success"
    assert Payment.objects.count() == 0
    assert "live mode" in GatewayEvent.objects.get(state="parked").problem


def test_a_date_at_the_edge(services, trade):
    assert NOW.tzinfo == UTC
    for moment, answered in ((NOW - timedelta(hours=47), b"success"), (NOW + timedelta(minutes=4), b"success")):
        fields = services.alipay.sign_fields(services.alipay.notification(trade, notify_time=at(moment)))
        assert post("alipay", urlencode(fields), FORM).content == answered
    assert Payment.objects.count() == 1
