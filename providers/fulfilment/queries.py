"""Reads: a provider's deliveries by state, one delivery with its steps, what a stage has to do."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.core.paginator import Page, Paginator
from django.db.models import Count

from providers.fulfilment import deadlines
from providers.fulfilment.models import Delivery
from providers.fulfilment.operations import NoSuchDelivery

PAGE_SIZE: Final = 50
STATUSES: Final = Delivery.Status.choices
TO_DO: Final = (Delivery.Status.WAITING, Delivery.Status.ACCEPTED, Delivery.Status.PROVISIONING)


def list_deliveries(*, partner_id: int, statuses: Collection[str] = (), page: int | str = 1) -> Page:
    """A provider's deliveries in some states (all, if none is named), those due first; 50 a page, 2 queries."""
    rows = Delivery.objects.filter(partner_id=partner_id).select_related("buyer", "data_centre")
    if statuses:
        rows = rows.filter(status__in=statuses)
    is_to_do = bool(statuses) and set(statuses) <= {*TO_DO, Delivery.Status.DELIVERED, Delivery.Status.HELD}
    return Paginator(rows.order_by("opened_at", "pk") if is_to_do else rows, PAGE_SIZE).get_page(page)


def count_deliveries(*, partner_id: int) -> dict[str, int]:
    """How many deliveries a provider has, by status; one query."""
    rows = Delivery.objects.filter(partner_id=partner_id).order_by().values_list("status").annotate(Count("pk"))
    return dict(rows)


def count_overdue(*, partner_id: int, now: datetime) -> int:
    """How many of a provider's deadlines have passed."""
    return Delivery.objects.filter(deadlines.overdue(now=now), partner_id=partner_id).count()


def get_delivery(*, number: str, partner_id: int) -> Delivery:
    """A provider's delivery with its steps. Raises NoSuchDelivery for another's."""
    delivery = find_delivery(number=number)
    if delivery is None or delivery.partner_id != partner_id:
        raise NoSuchDelivery(number)
    return delivery


def find_delivery(*, number: str) -> Delivery | None:
    """The delivery of a contract that the caller may see, with its steps.

    None for contracts older than deliveries, and for those that follow another: what they use was delivered before.
    """
    return (
        Delivery.objects.filter(number=number)
        .select_related("partner", "buyer", "data_centre")
        .prefetch_related("steps")
        .first()
    )


def deliveries_of(*, numbers: Collection[str]) -> dict[str, Delivery]:
    """Deliveries by the numbers of contracts that the caller may see; one query."""
    return {one.number: one for one in Delivery.objects.filter(number__in=numbers)}


def list_to_provision(*, partner_id: int, limit: int) -> list[Delivery]:
    """What a provider has to set up, the oldest first: accepted, or being set up."""
    rows = Delivery.objects.filter(
        partner_id=partner_id,
        status__in=[Delivery.Status.WAITING, Delivery.Status.ACCEPTED, Delivery.Status.PROVISIONING],
    )
    return list(rows.order_by("opened_at", "pk")[:limit])


def list_to_remove(*, now: datetime, numbers: Collection[str]) -> list[Delivery]:
    """Of some deliveries, those whose resources may be removed: declined, cancelled, or over and exported."""
    return list(Delivery.objects.filter(number__in=numbers, remove_at__lte=now).order_by("pk"))
