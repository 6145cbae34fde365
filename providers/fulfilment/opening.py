"""Writes: the deliveries of an order, opened together in its transaction; as many queries for ten as for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from marketplace.organisations import actors
from providers.fulfilment import deadlines, steps
from providers.fulfilment.models import Delivery


@dataclass(frozen=True, slots=True)
class Ordered:
    """What one contract asks a provider to set up, by the version that was bought."""

    number: str
    partner_id: int
    buyer_id: int
    data_centre_id: int | None
    offering_code: str
    offering_title: str
    plan_code: str
    specs: Mapping[str, Any]
    quantity: int
    lead_time_days: int
    export_days: int


@transaction.atomic
def open_deliveries(*, ordered: Sequence[Ordered], is_held: bool, actor: actors.Actor, now: datetime) -> list[Delivery]:
    """Open the deliveries of contracts, in the transaction that opens these. Opening one twice returns the first.

    `is_held`: a second person at the buyer has yet to approve; no deadline runs and the provider cannot act.
    """
    numbers = [one.number for one in ordered]
    known = set(Delivery.objects.filter(number__in=numbers).values_list("number", flat=True))
    Delivery.objects.bulk_create(
        [_delivery(one, is_held=is_held, now=now) for one in ordered if one.number not in known],
        ignore_conflicts=True,
    )
    found = {one.number: one for one in Delivery.objects.filter(number__in=numbers).select_related("partner")}
    new = [found[number] for number in numbers if number not in known]
    steps.write_each(deliveries=new, kind="open", actor=actor, now=now)
    return [found[number] for number in numbers]


def first_deadlines(*, now: datetime, lead_time_days: int) -> dict[str, Any]:
    """What runs from the moment at which the provider may act."""
    return {
        "accept_due_at": deadlines.accept_due_at(now=now),
        "deliver_due_at": deadlines.deliver_due_at(now=now, lead_time_days=lead_time_days),
    }


def _delivery(one: Ordered, *, is_held: bool, now: datetime) -> Delivery:
    running = {} if is_held else first_deadlines(now=now, lead_time_days=one.lead_time_days)
    return Delivery(
        number=one.number,
        runs_for=one.number,
        partner_id=one.partner_id,
        buyer_id=one.buyer_id,
        data_centre_id=one.data_centre_id,
        offering_code=one.offering_code,
        offering_title=one.offering_title,
        plan_code=one.plan_code,
        specs=dict(one.specs),
        quantity=one.quantity,
        lead_time_days=one.lead_time_days,
        export_days=one.export_days,
        status=Delivery.Status.HELD if is_held else Delivery.Status.WAITING,
        opened_at=now,
        **running,
    )
