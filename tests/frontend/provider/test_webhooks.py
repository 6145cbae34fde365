"""The pages of webhooks: a secret is shown once, every outcome has its words, and nothing of another's is seen."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from providers.webhooks import kinds, operations
from providers.webhooks.models import WebhookEndpoint, WebhookMessage
from tests import factories
from tests.fakes import receiver as receivers

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def receiver(settings: Any) -> Iterator[receivers.Receiver]:
    with receivers.receiving() as running:
        settings.OUTBOUND_EXCEPTIONS = [running.host]
        yield running


@pytest.fixture
def hongshan() -> Any:
    return factories.hongshan()


@pytest.fixture
def provider(hongshan: Any) -> Client:
    client = Client()
    client.force_login(factories.member(hongshan.organisation, "operations"))
    return client


def add(client: Client, url: str) -> Any:
    return client.post("/provider/webhooks/", {"url": url, "kinds": ["delivery.accepted"]})


def test_the_secret_is_shown_once_and_verifies(provider: Client, receiver: Any) -> None:
    page = add(provider, receiver.url).content.decode()
    (secret,) = re.findall(r'value="(whsec_[^"]+)"', page)
    number = WebhookEndpoint.objects.get().number
    for address in ("/provider/webhooks/", f"/provider/webhooks/{number}/"):
        assert "whsec_" not in provider.get(address).content.decode()
    answer = provider.post(f"/provider/webhooks/{number}/test/", follow=True)
    assert "测试消息已送达：应答 204" in answer.content.decode()
    Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)
    page = provider.post(f"/provider/webhooks/{number}/rotate/").content.decode()
    (other,) = re.findall(r'value="(whsec_[^"]+)"', page)
    assert other != secret


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "必填"),
        ("https://127.0.0.1/", "不指向公网地址"),
        ("https://2130706433/", "不指向公网地址"),
        ("http://example.com/", "须以 https:// 开头"),
        ("https://example.com:6379/", "端口 6379 属于其他服务"),
    ],
)
def test_a_wrong_address_is_refused_beside_its_field(provider: Client, url: str, words: str) -> None:
    answer = add(provider, url)
    assert (answer.status_code, WebhookEndpoint.objects.count()) == (422, 0)
    assert words in answer.content.decode()


def test_an_address_twice_is_a_conflict(provider: Client) -> None:
    assert add(provider, "https://example.com/a").status_code == 200
    assert add(provider, "https://example.com/a").status_code == 409


def test_what_went_wrong_is_told_and_can_be_sent_again(provider: Client, receiver: Any, hongshan: Any) -> None:
    add(provider, receiver.url)
    endpoint = WebhookEndpoint.objects.get()
    address = f"/provider/webhooks/{endpoint.number}/"
    receiver.answer = 500
    assert "测试消息未送达：应答 500" in provider.post(f"{address}test/", follow=True).content.decode()
    WebhookMessage.objects.update(next_attempt_at=None, dead_at=AT)
    page = provider.get(f"{address}?state=dead").content.decode()
    assert "已放弃" in page
    message = WebhookMessage.objects.get()
    shown = provider.get(f"/provider/webhooks/messages/{message.number}/").content.decode()
    assert "应答 500" in shown
    assert endpoint.number in shown
    provider.post(f"/provider/webhooks/messages/{message.number}/replay/")
    message.refresh_from_db()
    assert (message.dead_at, message.attempts) == (None, 0)
    provider.post(f"{address}switch/", {"on": "0"})
    for refused in (f"{address}test/", f"{address}replay/", f"/provider/webhooks/messages/{message.number}/replay/"):
        assert "该端点已停用" in provider.post(refused, follow=True).content.decode()
    provider.post(f"{address}switch/", {"on": "1"})
    assert WebhookEndpoint.objects.get().is_active


def test_a_test_waits_four_seconds_at_most(provider: Client, receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from providers.connectors import outbound
    from providers.webhooks import sending

    assert sending.WITHIN_A_REQUEST.total_s <= 4
    monkeypatch.setattr(sending, "WITHIN_A_REQUEST", outbound.Limits(connect_s=0.2, read_s=0.2, total_s=0.3))
    add(provider, receiver.url)
    receiver.answer = receivers.hang
    address = f"/provider/webhooks/{WebhookEndpoint.objects.get().number}/test/"
    assert "测试消息未送达：应答超时" in provider.post(address, follow=True).content.decode()


def test_lists_take_the_same_queries_however_long(provider: Client, hongshan: Any) -> None:
    add(provider, "https://example.com/a")
    endpoint = WebhookEndpoint.objects.get()
    counts = []
    for size in (1, 30):
        for place in range(size):
            operations.announce(
                partner_id=hongshan.pk, kind="delivery.accepted", object_id=f"HT-{place}", payload={}, now=AT
            )
        with CaptureQueriesContext(connection) as counted:
            provider.get(f"/provider/webhooks/{endpoint.number}/")
        counts.append(len(counted))
    assert counts[0] == counts[1] <= 12


def test_every_kind_has_its_words() -> None:
    from frontend.pages.provider import webhooks

    assert set(webhooks.KIND_WORDS) == {*kinds.KINDS, kinds.TEST}
