"""Stages of the pipeline: deliveries become machines, machines that run are handed over, and in the end removed."""

import logging
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from marketplace.organisations import actors, errors
from providers.fulfilment import operations as fulfilment
from providers.fulfilment import queries as deliveries
from providers.fulfilment.models import Delivery
from providers.provisioning import machines
from providers.provisioning.models import Blueprint, Machine

logger = logging.getLogger(__name__)

MOST_DELIVERIES: Final = 1_000  # of one provider, looked at in one run
LONGEST_RESOURCE_ID: Final = 100
State = Machine.State


def provision_due(*, now: datetime, limit: int) -> int:
    """Begin deliveries that have a blueprint, create at most `limit` machines, hand over what runs. Returns the steps.

    What fails leaves its delivery where it was, with the reason, and is tried again later.
    """
    done = _begin(now=now)
    for _turn in range(limit):
        machine = machines.claim(states=[State.WANTED, State.CREATING], now=now)
        if machine is None:
            break
        row = machines.write_down(machine, machines.ask(machine), now=now)
        if row is not None and row.error:
            _tell_failure(row, now=now)
        done += 1
    return done + _hand_over(now=now)


def remove_due(*, now: datetime, limit: int) -> int:
    """Remove machines of deliveries that are over or were never to be, at most `limit`. Returns the steps."""
    numbers = Machine.objects.exclude(state__in=[State.REMOVING, State.REMOVED])
    over = deliveries.list_to_remove(now=now, numbers=set(numbers.values_list("delivery_number", flat=True)))
    done = machines.live([one.number for one in over]).update(
        state=State.REMOVING, next_attempt_at=now, attempts=0, error=""
    )
    for _turn in range(limit):
        machine = machines.claim(states=[State.REMOVING], now=now)
        if machine is None:
            break
        machines.write_down(machine, machines.ask(machine), now=now)
        done += 1
    return done


def _begin(*, now: datetime) -> int:
    """Take on what was accepted, and what waits if the blueprint accepts by itself: one row for each machine."""
    begun = 0
    by_partner: dict[int, dict[str, Blueprint]] = {}
    rows = Blueprint.objects.filter(is_active=True, connection__is_active=True).select_related("partner", "connection")
    for blueprint in rows:
        by_partner.setdefault(blueprint.partner_id, {})[blueprint.offering_code] = blueprint
    for partner_id, blueprints in by_partner.items():
        for delivery in deliveries.list_to_provision(partner_id=partner_id, limit=MOST_DELIVERIES):
            blueprint_of = blueprints.get(delivery.offering_code)
            if blueprint_of is not None and _begin_one(delivery, blueprint_of, now=now):
                begun += 1
    return begun


def _begin_one(delivery: Delivery, blueprint: Blueprint, *, now: datetime) -> bool:
    """Accept, start, and write the machines down, in one transaction: another worker finds it begun."""
    may_accept = delivery.status == Delivery.Status.WAITING and blueprint.accepts_orders
    if not may_accept and delivery.status != Delivery.Status.ACCEPTED:
        return False
    actor = _actor(blueprint)
    common: dict[str, Any] = {"number": delivery.number, "partner_id": delivery.partner_id}
    try:
        with transaction.atomic():
            if may_accept:
                fulfilment.accept(**common, actor=actor, now=now)
            begun = fulfilment.start(**common, method=Delivery.Method.CLOUD, actor=actor, now=now)
            if begun.method != Delivery.Method.CLOUD or machines.live([delivery.number]).exists():
                return False
            machines.want(
                delivery_number=delivery.number,
                count=delivery.quantity,
                first_index=1,
                made_from=blueprint,
                now=now,
            )
    except (errors.Refused, IntegrityError) as error:
        logger.info("delivery %s was not begun: %s", delivery.number, type(error).__name__)
        return False
    return True


def _hand_over(*, now: datetime) -> int:
    """Deliveries all of whose machines run, and that were not handed over yet."""
    open_machines = Machine.objects.filter(handed_over_at=None)
    running = set(open_machines.filter(state=State.RUNNING).values_list("delivery_number", flat=True))
    building = machines.live(running).exclude(state=State.RUNNING).values_list("delivery_number", flat=True)
    return sum(_hand_over_one(number, now=now) for number in sorted(running - set(building)))


@transaction.atomic
def _hand_over_one(number: str, *, now: datetime) -> int:
    rows = list(machines.live([number]).select_for_update(of=("self",)).select_related("connection__partner"))
    if not rows or any(row.state != State.RUNNING or row.handed_over_at for row in rows):
        return 0
    try:
        with transaction.atomic():
            fulfilment.hand_over(
                number=number,
                partner_id=rows[0].connection.partner_id,
                resource_id=_resource_id(rows),
                quantity=len(rows),
                actor=_actor(rows[0]),
                now=now,
            )
    except errors.Refused as error:  # cancelled meanwhile, or handed over by hand: not ours to mend
        logger.info("delivery %s was not handed over: %s", number, type(error).__name__)
    Machine.objects.filter(pk__in=[row.pk for row in rows]).update(handed_over_at=now)
    return 1


def _resource_id(rows: list[Machine]) -> str:
    """The cloud's ids, as many as fit, and how many more there are."""
    ids = [row.cloud_id for row in rows]
    for shown in range(len(ids), 0, -1):
        more = f" +{len(ids) - shown}" if shown < len(ids) else ""
        text = ", ".join(ids[:shown]) + more
        if len(text) <= LONGEST_RESOURCE_ID:
            return text
    return f"{len(ids)}"


def _tell_failure(row: Machine, *, now: datetime) -> None:
    connection = row.connection
    try:
        fulfilment.fail(
            number=row.delivery_number,
            partner_id=connection.partner_id,
            reason=row.error,
            actor=_actor(row),
            now=now,
        )
    except (errors.Refused, errors.NotFound) as error:
        logger.info("delivery %s does not take a failure: %s", row.delivery_number, type(error).__name__)


def _actor(of: Blueprint | Machine) -> actors.Actor:
    """The provider itself, by its connection: no person."""
    partner = of.connection.partner
    return actors.Actor(side=actors.PROVIDER, organisation_id=partner.organisation_id, organisation_name=partner.name)
