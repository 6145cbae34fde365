"""What reaches a provider's system, when it is tried again, and when it is given up."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook, WebhookVerificationError

from marketplace.organisations.models import Notice
from providers.webhooks import kinds, operations, queries, sending, signing
from providers.webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from tests import factories
from tests.fakes import receiver as receivers

pytestmark = pytest.mark.django_db
KIND = "delivery.accepted"


@pytest.fixture
def receiver(settings: Any) -> Iterator[receivers.Receiver]:
    with receivers.receiving() as running:
        settings.OUTBOUND_EXCEPTIONS = [running.host]
        yield running


@pytest.fixture
def hongshan() -> Any:
    return factories.hongshan()


@pytest.fixture
def actor(hongshan: Any) -> Any:
    return factories.actor(hongshan.organisation, "operations")


@pytest.fixture
def added(receiver: receivers.Receiver, hongshan: Any, actor: Any, now: datetime) -> operations.NewSecret:
    return add(hongshan, receiver.url, actor, now)


def add(partner: Any, url: str, actor: Any, now: datetime, wanted: tuple[str, ...] = (KIND,)) -> operations.NewSecret:
    return operations.add_endpoint(partner_id=partner.pk, url=url, wanted=wanted, actor=actor, now=now)


def announce(partner: Any, now: datetime, kind: str = KIND, number: str = "HT-1") -> int:
    return operations.announce(
        partner_id=partner.pk, kind=kind, object_id=number, payload={"number": number, "title": "云主机"}, now=now
    )


def state(message: WebhookMessage) -> tuple[int, bool, bool, bool]:
    message.refresh_from_db()
    return (
        message.attempts,
        message.next_attempt_at is not None,
        message.delivered_at is not None,
        message.dead_at is not None,
    )


def test_a_message_arrives_signed(receiver: Any, added: Any, hongshan: Any, now: datetime) -> None:
    assert announce(hongshan, now) == 1
    assert sending.send_due(now=now, limit=10) == 1
    (request,) = receiver.requests
    content = Webhook(added.secret).verify(request.body, request.headers)
    assert content == {
        "type": KIND,
        "timestamp": "2026-11-02T04:00:00+00:00",
        "data": {"number": "HT-1", "title": "云主机"},
    }
    message = WebhookMessage.objects.get()
    assert (request.method, request.path, request.headers["webhook-id"]) == ("POST", "/hooks", message.number)
    assert message.number.startswith("msg_")
    assert state(message) == (1, False, True, False)
    assert [(one.status, one.error) for one in queries.list_attempts(message_id=message.pk)] == [(204, "")]
    assert sending.send_due(now=now + timedelta(days=1), limit=10) == 0
    with pytest.raises(WebhookVerificationError):
        Webhook(added.secret).verify(request.body + b" ", request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.make_secret()).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(added.secret).verify(request.body, {**request.headers, "webhook-timestamp": "1700000000"})


def test_only_those_who_asked_are_told(hongshan: Any, added: Any, actor: Any, now: datetime) -> None:
    songmo = factories.songmo()
    with CaptureQueriesContext(connection) as counted:
        assert announce(songmo, now) == 0
    assert len(counted) == 1
    assert announce(hongshan, now, kind="delivery.cancelled") == 0
    operations.switch_endpoint(
        partner_id=hongshan.pk, number=added.endpoint.number, is_active=False, actor=actor, now=now
    )
    assert announce(hongshan, now) == 0
    with pytest.raises(KeyError):
        announce(hongshan, now, kind="delivery.made_up")


@pytest.mark.django_db(transaction=True)
def test_what_did_not_happen_is_not_told(hongshan: Any, added: Any, now: datetime) -> None:
    with pytest.raises(RuntimeError):
        announce(hongshan, now)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        announce(hongshan, now)
        raise ZeroDivisionError
    assert WebhookMessage.objects.count() == 0


def test_a_failure_is_tried_again_and_given_up_in_the_end(
    receiver: Any, added: Any, hongshan: Any, now: datetime
) -> None:
    receiver.answer = 500
    announce(hongshan, now)
    message = WebhookMessage.objects.get()
    at, waits = now, []
    while message.next_attempt_at is not None:
        assert sending.send_due(now=at, limit=10) == 1
        assert sending.send_due(now=at, limit=10) == 0, "not before its time"
        message.refresh_from_db()
        if message.next_attempt_at is not None:
            waits.append((message.next_attempt_at - at) / sending.WAITS[message.attempts - 1])
            at = message.next_attempt_at
    assert len(receiver.requests) == sending.MOST_ATTEMPTS == WebhookAttempt.objects.count() == 10
    assert all(1 - sending.JITTER <= wait <= 1 + sending.JITTER for wait in waits)
    assert len(set(waits)) == len(waits), "no jitter"
    assert state(message) == (10, False, False, True)
    assert {request.headers["webhook-id"] for request in receiver.requests} == {message.number}
    assert len({request.body for request in receiver.requests}) == 1
    assert Notice.objects.get(organisation=hongshan.organisation).key.startswith("webhook.dead:")


def test_a_dead_message_is_sent_again(receiver: Any, added: Any, hongshan: Any, actor: Any, now: datetime) -> None:
    announce(hongshan, now)
    message = WebhookMessage.objects.get()
    WebhookMessage.objects.update(attempts=10, next_attempt_at=None, dead_at=now)
    with pytest.raises(operations.NoSuchMessage):
        operations.replay(partner_id=factories.songmo().pk, number=message.number, actor=actor, now=now)
    for _ in range(2):  # pressed twice
        operations.replay(partner_id=hongshan.pk, number=message.number, actor=actor, now=now)
    assert sending.send_due(now=now, limit=10) == 1
    assert state(message) == (1, False, True, False)
    WebhookMessage.objects.update(delivered_at=None, dead_at=now)
    assert operations.replay_dead(partner_id=hongshan.pk, number=added.endpoint.number, actor=actor, now=now) == 1
    assert sending.send_due(now=now, limit=10) == 1
    assert {request.headers["webhook-id"] for request in receiver.requests} == {message.number}


@pytest.mark.parametrize(
    ("answer", "expected", "error", "holds_up"),
    [
        (200, True, "", False),
        (301, False, "", False),
        (400, False, "", False),
        (503, False, "", True),
        (receivers.say(b"\x00\x01\x02 nonsense\r\n\r\n"), False, "garbled", True),
        (receivers.say(b""), False, "unreachable", True),
        (receivers.redirect_to("http://127.0.0.1:6379/"), False, "", False),
        (receivers.send(b"x" * 100_000), False, "too_large", True),
    ],
    ids=["ok", "moved", "bad request", "down", "garbage", "cut", "redirect", "endless"],
)
def test_every_answer_has_its_outcome(
    receiver: Any, added: Any, hongshan: Any, now: datetime, answer: Any, expected: bool, error: str, holds_up: bool
) -> None:
    """A receiver that is down holds up its other messages, uncounted; one that refuses a message does not."""
    receiver.answer = answer
    for number in ("HT-1", "HT-2"):
        announce(hongshan, now, number=number)
    assert sending.send_due(now=now, limit=10) == (1 if holds_up else 2)
    first, second = WebhookMessage.objects.order_by("pk")
    assert (first.delivered_at is not None, first.last_error) == (expected, error)
    assert second.attempts == (0 if holds_up else 1)
    if holds_up:
        assert second.next_attempt_at == first.next_attempt_at > now
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.failing_since is None) == expected
    assert (endpoint.lease, endpoint.lease_until) == ("", None)


def test_one_that_is_down_does_not_hold_up_another(
    receiver: Any, added: Any, hongshan: Any, actor: Any, now: datetime, settings: Any
) -> None:
    port = receivers.closed_port()
    settings.OUTBOUND_EXCEPTIONS = [receiver.host, f"127.0.0.1:{port}"]
    add(hongshan, f"http://127.0.0.1:{port}/", actor, now)
    for number in range(12):
        announce(hongshan, now, number=f"HT-{number}")
    assert sending.send_due(now=now, limit=50) == 13
    assert len(receiver.requests) == 12
    counts = queries.count_messages(partner_id=hongshan.pk)
    assert (counts.waiting, counts.delivered, counts.dead) == (12, 12, 0)


def test_an_endpoint_that_fails_for_days_is_switched_off(
    receiver: Any, added: Any, hongshan: Any, actor: Any, now: datetime
) -> None:
    receiver.answer = 500
    for day in range(7):
        announce(hongshan, now + timedelta(days=day), number=f"HT-{day}")
        sending.send_due(now=now + timedelta(days=day), limit=10)
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.is_active, endpoint.off_reason, endpoint.failing_since) == (False, "failing", now)
    assert WebhookMessage.objects.filter(next_attempt_at__isnull=False).exists()
    assert [notice.is_urgent for notice in Notice.objects.filter(key__startswith="webhook.off:")] == [True]
    later = now + timedelta(days=8)
    assert sending.send_due(now=later, limit=50) == 0
    receiver.answer = 204
    operations.switch_endpoint(partner_id=hongshan.pk, number=endpoint.number, is_active=True, actor=actor, now=later)
    assert sending.send_due(now=later, limit=50) > 0
    assert queries.count_messages(partner_id=hongshan.pk).waiting == 0


def test_a_receiver_that_is_gone_is_switched_off_at_once(
    receiver: Any, added: Any, hongshan: Any, now: datetime
) -> None:
    receiver.answer = 410
    announce(hongshan, now)
    sending.send_due(now=now, limit=10)
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.is_active, endpoint.off_reason) == (False, "gone")


def test_after_a_rotation_both_secrets_sign_for_a_day(
    receiver: Any, added: Any, hongshan: Any, actor: Any, now: datetime
) -> None:
    new = operations.rotate_secret(partner_id=hongshan.pk, number=added.endpoint.number, actor=actor, now=now)
    assert new.secret != added.secret
    for hours in (1, 25):
        announce(hongshan, now)
        sending.send_due(now=now + timedelta(hours=hours), limit=10)
    early, late = receiver.requests
    for secret in (new.secret, added.secret):
        Webhook(secret).verify(early.body, early.headers)
    Webhook(new.secret).verify(late.body, late.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(added.secret).verify(late.body, late.headers)


def test_the_secret_is_nowhere_to_be_read(added: Any, caplog: Any, settings: Any, hongshan: Any, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM webhooks_webhookendpoint e")
        assert added.secret.removeprefix("whsec_") not in cursor.fetchone()[0]
        cursor.execute("SELECT details::text FROM organisations_auditentry")
        assert all("whsec_" not in row[0] for row in cursor.fetchall())
    settings.CREDENTIALS_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    announce(hongshan, now)
    assert sending.send_due(now=now, limit=10) == 1
    assert WebhookMessage.objects.get().last_error == "secret"
    assert added.endpoint.number in caplog.text
    assert added.secret.removeprefix("whsec_") not in caplog.text


def test_a_test_message_is_answered_at_once(
    receiver: Any, added: Any, hongshan: Any, actor: Any, now: datetime
) -> None:
    message = operations.queue_test(partner_id=hongshan.pk, number=added.endpoint.number, actor=actor, now=now)
    assert sending.send_now(number=message.number, now=now).last_status == 204
    assert json.loads(receiver.requests[0].body)["type"] == kinds.TEST
    other = operations.queue_test(partner_id=hongshan.pk, number=added.endpoint.number, actor=actor, now=now)
    lease(minutes=5)
    assert sending.send_now(number=other.number, now=now).delivered_at is None, "another worker serves the endpoint"


def lease(*, minutes: int) -> None:
    """As if another worker held the endpoint; below zero, as if it had died."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhooks_webhookendpoint SET lease = 'another', lease_until = now() + make_interval(mins => %s)",
            [minutes],
        )


def test_a_worker_that_died_is_followed_by_another(receiver: Any, added: Any, hongshan: Any, now: datetime) -> None:
    announce(hongshan, now)
    lease(minutes=5)
    assert sending.send_due(now=now, limit=10) == 0
    lease(minutes=-1)
    assert sending.send_due(now=now, limit=10) == 1
    assert len(receiver.requests) == 1


def test_one_who_lost_its_lease_writes_nothing(receiver: Any, added: Any, hongshan: Any, now: datetime) -> None:
    """Its message was sent; the one who took over says what came of it. Without the lease's check it would be both."""
    announce(hongshan, now)
    batches = sending._claim(now=now, most=1)
    lease(minutes=5)
    sending._send(batches[0])
    sending._write_down(batches[0], now=now)
    assert state(WebhookMessage.objects.get()) == (1, True, False, False)
    assert WebhookAttempt.objects.count() == 0


@pytest.mark.parametrize("fields", [{"delivered_at": "now"}, {"next_attempt_at": None}, {"dead_at": "now"}])
def test_a_message_is_in_one_state(added: Any, hongshan: Any, now: datetime, fields: dict[str, Any]) -> None:
    announce(hongshan, now)
    with pytest.raises(IntegrityError, match="webhook_message_one_state"):
        WebhookMessage.objects.update(**{name: value and now for name, value in fields.items()})
