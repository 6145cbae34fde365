"""One machine at a time: claimed by a lease, asked of its cloud outside any transaction, written down afterwards.

A worker that is killed between the cloud and the database leaves a lease that ends by itself; whoever follows asks for
the same token again and finds what is there. The lease is by the database's clock and longer than any call.
"""

import json
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from marketplace.organisations import sealed
from providers.connectors import addresses, clouds
from providers.provisioning.models import Blueprint, Connection, Machine

logger = logging.getLogger(__name__)

LEASE: timedelta = timedelta(minutes=3)  # above two calls of libcloud_transport.LIMITS.total_s each, and a third
POLL: Final = timedelta(seconds=15)  # a machine that is being built is looked at again
WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800))
MOST_ATTEMPTS: Final = len(WAITS) + 1
VISIBLE_AFTER: Final = timedelta(minutes=10)  # a cloud may not know for a while what it has just made
State = Machine.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cloud said about one machine. `puts_off`: the next machine of the connection would fail as well."""

    server: clouds.Server | None = None
    error: str = ""
    puts_off: bool = False


def want(
    *, delivery_number: str, count: int, first_index: int, made_from: Blueprint | Machine | None, now: datetime
) -> None:
    """Write down the machines that a delivery needs, with a token each. The constraint `machine_once` makes it once."""
    if made_from is None:
        return
    Machine.objects.bulk_create(
        Machine(
            connection_id=made_from.connection_id,
            delivery_number=delivery_number,
            index=index,
            token=secrets.token_hex(16),
            size=made_from.size,
            image=made_from.image,
            meters=made_from.meters,
            created_at=now,
            next_attempt_at=now,
        )
        for index in range(first_index, first_index + count)
    )


def open_access(connection: Connection) -> clouds.Access:
    """Unseal the credentials, for one use. Raises sealed.CannotOpen."""
    kept = json.loads(sealed.unseal(sealed=connection.credentials_sealed))
    return clouds.Access(
        kind=connection.kind,
        url=connection.url,
        user=kept["user"],
        password=kept["password"],
        region=connection.region,
        project=connection.project,
        domain=connection.domain,
    )


@transaction.atomic
def claim(*, states: Collection[str], now: datetime) -> Machine | None:
    """Take the machine that is due longest and that nobody holds. The attempt counts before the work."""
    machine = (
        Machine.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("connection")
        .filter(Q(lease_until=None) | Q(lease_until__lt=Now()), state__in=states, next_attempt_at__lte=now)
        .filter(connection__is_active=True)
        .order_by("next_attempt_at", "pk")
        .first()
    )
    if machine is None:
        return None
    machine.lease, machine.attempts = secrets.token_hex(16), machine.attempts + 1
    if machine.state == State.WANTED:
        machine.state = State.CREATING
    machine.save(update_fields=["lease", "attempts", "state"])
    Machine.objects.filter(pk=machine.pk).update(lease_until=Now() + LEASE)
    return machine


def ask(machine: Machine) -> Outcome:
    """Create the machine, look how it comes on, or remove it: no database in here."""
    try:
        cloud = clouds.Cloud(open_access(machine.connection))
        return _remove(cloud, machine) if machine.state == State.REMOVING else _build(cloud, machine)
    except clouds.CloudRefused as error:
        return Outcome(error=error.message)
    except clouds.CloudError as error:
        return Outcome(error=error.message, puts_off=True)
    except (addresses.InvalidAddress, addresses.ForbiddenAddress) as error:
        return Outcome(error=error.message, puts_off=True)
    except sealed.CannotOpen:
        logger.error("credentials of connection %s cannot be opened: see CREDENTIALS_KEYS", machine.connection.number)
        return Outcome(error=_("The credentials of the connection cannot be opened."), puts_off=True)


def _build(cloud: clouds.Cloud, machine: Machine) -> Outcome:
    server = (
        cloud.status(machine.cloud_id)
        if machine.cloud_id
        else cloud.create(
            token=machine.token,
            name=f"{machine.delivery_number}-{machine.index}-{machine.token[:12]}",
            size=machine.size,
            image=machine.image,
        )
    )
    if not machine.cloud_id and server.state == "pending":
        seen = cloud.status(server.cloud_id)
        server = server if seen.state == "gone" else seen
    if server.state == "error":
        cloud.delete(server.cloud_id)
        return Outcome(server=server, error=_("The cloud could not build the machine."))
    return Outcome(server=server)


def _remove(cloud: clouds.Cloud, machine: Machine) -> Outcome:
    """Also what a call has created whose answer never came: it is found by the token."""
    for cloud_id in {machine.cloud_id, *(server.cloud_id for server in cloud.find(machine.token))} - {""}:
        cloud.delete(cloud_id)
    return Outcome()


@transaction.atomic
def write_down(machine: Machine, outcome: Outcome, *, now: datetime) -> Machine | None:
    """What came of it, unless the lease was lost to another worker, who writes then. Returns the row as it is now."""
    row = Machine.objects.select_for_update(no_key=True).filter(pk=machine.pk, lease=machine.lease).first()
    if row is None:
        logger.warning("the lease of machine %s-%s was lost", machine.delivery_number, machine.index)
        return None
    row.lease, row.lease_until, row.error = "", None, outcome.error[:200]
    if row.state != machine.state:  # it is not wanted any more, since it was claimed
        row.cloud_id = outcome.server.cloud_id if outcome.server else row.cloud_id
    elif outcome.error:
        _note_failure(row, outcome, now=now)
    elif row.state == State.REMOVING:
        row.state, row.removed_at, row.next_attempt_at = State.REMOVED, now, None
    elif outcome.server is not None:
        _note_server(row, outcome.server, now=now)
    row.save()
    return row


def _note_server(row: Machine, server: clouds.Server, *, now: datetime) -> None:
    row.cloud_id = server.cloud_id
    if server.state == "running":
        row.state, row.running_since, row.next_attempt_at, row.attempts = State.RUNNING, now, None, 0
        return
    if server.state == "gone" and now - row.created_at > VISIBLE_AFTER:
        row.token, row.cloud_id = secrets.token_hex(16), ""  # what is gone does not come back under its token
    row.attempts = max(row.attempts - 1, 0)  # to wait for a machine is no failure
    row.next_attempt_at = now + POLL


def _note_failure(row: Machine, outcome: Outcome, *, now: datetime) -> None:
    """The next try, later each time. Removing is never given up; creating is, after MOST_ATTEMPTS."""
    if outcome.server is not None:
        row.token, row.cloud_id = secrets.token_hex(16), ""
    if row.attempts >= MOST_ATTEMPTS and row.state != State.REMOVING:
        row.state, row.next_attempt_at = State.FAILED, None
        return
    row.next_attempt_at = now + WAITS[min(row.attempts, len(WAITS)) - 1]
    if outcome.puts_off:
        waiting = Machine.objects.filter(connection_id=row.connection_id, next_attempt_at__lt=row.next_attempt_at)
        waiting.exclude(pk=row.pk).update(next_attempt_at=row.next_attempt_at)


def live(delivery_numbers: Collection[str]) -> Any:
    """Machines of deliveries that are not being removed."""
    return Machine.objects.filter(delivery_number__in=delivery_numbers).exclude(
        state__in=[State.REMOVING, State.REMOVED]
    )
