"""Hours that machines run become readings: one for each machine, full hour and meter, if the cloud says it runs."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from marketplace.organisations import sealed
from providers.connectors import addresses, clouds
from providers.fulfilment import queries as deliveries
from providers.provisioning import machines
from providers.provisioning.models import Machine, Reading

logger = logging.getLogger(__name__)

HOUR: Final = timedelta(hours=1)
MOST_HOURS: Final = 24  # of one machine in one turn


def read_usage(*, now: datetime, limit: int) -> int:
    """Ask after at most `limit` machines whose last reading is an hour old. Returns how many were read.

    Nothing is read before the buyer has accepted, because billing begins then. An hour whose end finds the machine
    stopped or gone is not billed.
    """
    due = (
        Machine.objects.annotate(since=Coalesce("read_until", "running_since"))
        .filter(Q(lease_until=None) | Q(lease_until__lt=Now()), state=Machine.State.RUNNING, since__lte=now - HOUR)
        .filter(connection__is_active=True, handed_over_at__isnull=False)
        .exclude(meters={})
        .select_related("connection")
        .order_by("since", "pk")[:limit]
    )
    rows = list(due)
    accepted = deliveries.deliveries_of(numbers={row.delivery_number for row in rows})
    done, failed = 0, set()
    for row in rows:
        delivery = accepted.get(row.delivery_number)
        if delivery is None or delivery.completed_at is None or row.connection_id in failed:
            continue
        state = _ask(row)
        if state is None:
            failed.add(row.connection_id)
            continue
        done += _write_down(row, state, begin=delivery.completed_at, contract=delivery.runs_for, now=now)
    return done


def _ask(row: Machine) -> str | None:
    """How the machine is; None if the cloud does not say."""
    try:
        return clouds.Cloud(machines.open_access(row.connection)).status(row.cloud_id).state
    except (clouds.CloudError, addresses.InvalidAddress, addresses.ForbiddenAddress, sealed.CannotOpen) as error:
        logger.warning("usage of connection %s was not read: %s", row.connection.number, type(error).__name__)
        return None


@transaction.atomic
def _write_down(row: Machine, state: str, *, begin: datetime, contract: str, now: datetime) -> int:
    """The full hours since the last reading. The constraint `reading_once` keeps two workers from writing both."""
    fresh = Machine.objects.select_for_update(no_key=True).get(pk=row.pk)
    start = fresh.read_until or max(fresh.running_since or begin, begin)
    hours = min(int((now - start) / HOUR), MOST_HOURS)
    if hours < 1 or fresh.read_until != row.read_until:
        return 0
    if state == "running":
        Reading.objects.bulk_create(
            [
                Reading(
                    machine=fresh,
                    contract_number=contract,
                    hour_at=start + HOUR * hour,
                    meter=meter,
                    quantity=Decimal(quantity),
                )
                for hour in range(hours)
                for meter, quantity in fresh.meters.items()
            ],
            ignore_conflicts=True,
        )
    fresh.read_until = start + HOUR * hours
    fresh.save(update_fields=["read_until"])
    return 1
