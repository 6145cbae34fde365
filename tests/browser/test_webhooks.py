"""The pages of webhooks and clouds in a real browser, at every width and in both colours."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from providers.webhooks import kinds, operations
from providers.webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from tests import factories
from tests.browser.accessibility import assert_page_passes

AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_a_provider_adds_an_endpoint_and_sends_a_dead_message_again(visit: Callable[..., Page]) -> None:
    hongshan = factories.hongshan()
    person: Any = factories.member(hongshan.organisation, "operations")
    page = visit("/provider/webhooks/", person)
    page.get_by_label("地址").fill("https://hooks.example.com/market")
    page.get_by_role("button", name="添加端点").click()
    assert page.get_by_label("密钥", exact=True).input_value().startswith("whsec_")
    assert_page_passes(page)
    endpoint = WebhookEndpoint.objects.get()
    actor = factories.actor(hongshan.organisation, "operations", user=person)
    operations.queue_test(partner_id=hongshan.pk, number=endpoint.number, actor=actor, now=AT)
    WebhookMessage.objects.update(next_attempt_at=None, dead_at=AT, attempts=10, last_error="timed_out")
    message = WebhookMessage.objects.get()
    WebhookAttempt.objects.create(message=message, happened_at=AT, error="timed_out", duration_ms=8000)
    page.get_by_role("link", name=endpoint.number).click()
    expect(page.get_by_role("row", name=kinds.TEST)).to_contain_text("已放弃")
    assert_page_passes(page)
    page.get_by_role("link", name="测试消息").click()
    expect(page.get_by_role("row", name="应答超时")).to_be_visible()
    assert_page_passes(page)
    page.get_by_role("button", name="重新发送").click()
    expect(page.get_by_text("消息将在一分钟内重新发送")).to_be_visible()
