"""Reads: the ways to pay, attempts, saved methods, and messages that need a person."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, F

from billing.payments.gateways import registry
from billing.payments.gateways.models import (
    GatewayEvent,
    PaymentAttempt,
    ReconciliationDay,
    ReconciliationDifference,
    SavedMethod,
    Service,
)

PAGE_SIZE: Final = 50
EVENT_STATES: Final = GatewayEvent.State.choices


@dataclass(frozen=True, slots=True)
class Way:
    """A service that can be chosen; `is_sandbox` when no money moves."""

    name: str
    label: str
    is_sandbox: bool


def list_ways(*, currency: str) -> list[Way]:
    """The services configured here that take the currency."""
    labels = dict(Service.choices)
    return [Way(one.name, str(labels[one.name]), one.mode == "test") for one in registry.configured(currency=currency)]


def open_attempt(*, invoice_id: int) -> PaymentAttempt | None:
    """The one attempt on an invoice that may still be paid."""
    return PaymentAttempt.objects.filter(invoice_id=invoice_id, state=PaymentAttempt.State.OPEN).first()


def list_methods(*, organisation_id: int) -> list[SavedMethod]:
    """An organisation's saved methods of the mode that is configured."""
    service = registry.find_stripe()
    if service is None:
        return []
    return list(SavedMethod.objects.filter(organisation_id=organisation_id, mode=service.mode, removed_at__isnull=True))


def list_events(*, state: str, page: int | str = 1) -> Page[Any]:
    """Messages in a state, the newest first, 50 a page, without their bodies."""
    events = GatewayEvent.objects.filter(state=state) if state else GatewayEvent.objects.all()
    return Paginator(events.defer("body"), PAGE_SIZE).get_page(page)


def count_events() -> dict[str, int]:
    """Messages by state; "" for all."""
    rows = GatewayEvent.objects.order_by().values_list("state").annotate(count=Count("id"))
    counts = dict.fromkeys([value for value, _label in EVENT_STATES], 0) | dict(rows)
    return {"": sum(counts.values()), **counts}


def list_differences(*, page: int | str = 1) -> Page[Any]:
    """Differences with day and owner, the open ones first, 50 a page."""
    rows = ReconciliationDifference.objects.select_related("day", "owner").order_by(
        F("state").desc(),
        "-id",  # "open" comes after "explained" in the alphabet
    )
    return Paginator(rows, PAGE_SIZE).get_page(page)


def count_differences() -> int:
    """How many differences nobody has explained."""
    return ReconciliationDifference.objects.filter(state=ReconciliationDifference.State.OPEN).count()


def list_days(*, page: int | str = 1) -> Page[Any]:
    """Days that were compared, the latest first, 50 a page."""
    return Paginator(ReconciliationDay.objects.all(), PAGE_SIZE).get_page(page)
