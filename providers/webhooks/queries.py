"""Reads: a provider's endpoints, its messages, and what became of them."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from providers.webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from providers.webhooks.operations import NoSuchEndpoint, NoSuchMessage

PAGE_SIZE: Final = 50
WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
STATES: Final = {
    WAITING: Q(next_attempt_at__isnull=False),
    DELIVERED: Q(delivered_at__isnull=False),
    DEAD: Q(dead_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages are in each state."""

    waiting: int
    delivered: int
    dead: int

    @property
    def total(self) -> int:
        return self.waiting + self.delivered + self.dead


def list_endpoints(*, partner_id: int) -> list[WebhookEndpoint]:
    """Endpoints with `waiting` and `dead`, the counts of their messages; one query."""
    counts: dict[str, Any] = {
        state: Count("messages", filter=Q(**{f"messages__{field}__isnull": False}))
        for state, field in ((WAITING, "next_attempt_at"), (DEAD, "dead_at"))
    }
    return list(WebhookEndpoint.objects.filter(partner_id=partner_id).annotate(**counts).order_by("created_at", "pk"))


def get_endpoint(*, partner_id: int, number: str) -> WebhookEndpoint:
    """One endpoint of a provider. Raises NoSuchEndpoint."""
    endpoint = WebhookEndpoint.objects.filter(partner_id=partner_id, number=number).first()
    if endpoint is None:
        raise NoSuchEndpoint(number)
    return endpoint


def count_messages(*, partner_id: int, endpoint: str = "", object_id: str = "") -> Counts:
    """How many of a provider's messages are in each state; one query."""
    rows = _messages(partner_id=partner_id, endpoint=endpoint, object_id=object_id)
    return Counts(**rows.aggregate(**{state: Count("pk", filter=where) for state, where in STATES.items()}))


def list_messages(
    *, partner_id: int, state: str = "", endpoint: str = "", object_id: str = "", page: int | str = 1
) -> Page:
    """Messages with their endpoint, newest first, 50 a page; a state that does not exist shows all. Two queries."""
    rows = _messages(partner_id=partner_id, endpoint=endpoint, object_id=object_id)
    if state in STATES:
        rows = rows.filter(STATES[state])
    return Paginator(rows.select_related("endpoint").order_by("-created_at", "-pk"), PAGE_SIZE).get_page(page)


def get_message(*, partner_id: int, number: str) -> WebhookMessage:
    """One message of a provider, with its endpoint. Raises NoSuchMessage."""
    message = (
        WebhookMessage.objects.select_related("endpoint").filter(endpoint__partner_id=partner_id, number=number).first()
    )
    if message is None:
        raise NoSuchMessage(number)
    return message


def list_attempts(*, message_id: int) -> list[WebhookAttempt]:
    """How each try of a message went, the last one first; the newest hundred."""
    return list(WebhookAttempt.objects.filter(message_id=message_id).order_by("-happened_at", "-pk")[:100])


def _messages(*, partner_id: int, endpoint: str, object_id: str) -> Any:
    rows = WebhookMessage.objects.filter(endpoint__partner_id=partner_id)
    if endpoint:
        rows = rows.filter(endpoint__number=endpoint)
    return rows.filter(object_id=object_id) if object_id else rows
