"""Writes by people: connections, blueprints, and what to do about machines that failed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors, sealed
from marketplace.organisations import operations as organisations
from providers import operations as providers
from providers.connectors import addresses, clouds
from providers.fulfilment import queries as deliveries
from providers.models import DataCentre
from providers.provisioning import machines
from providers.provisioning.models import Blueprint, Connection, Machine, Reading

LONGEST_NAME: Final = 60
LONGEST_CREDENTIAL: Final = 500
State = Machine.State


class NoSuchConnection(errors.NotFound):
    """No connection of this number, for this provider."""


class NoSuchMachines(errors.NotFound):
    """The delivery has no machines, for this provider."""


class InvalidConnection(errors.Refused):
    """A field of a connection that cannot be; `field` says which."""


class ConnectionNameTaken(errors.Conflict):
    """The provider has a connection of this name."""


class ConnectionIsOff(errors.Conflict):
    """The connection is switched off."""


class NotRejected(errors.Conflict):
    """Machines were to be replaced that no buyer has rejected."""


class InvalidBlueprint(errors.Refused):
    """A field of a blueprint that cannot be; `field` says which."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a cloud said to a test: `error` is empty if all is well."""

    error: str
    message: str
    quotas: tuple[clouds.Quota, ...] = ()


@transaction.atomic
def add_connection(
    *,
    partner_id: int,
    data_centre_code: str,
    name: str,
    kind: str,
    url: str,
    user: str,
    password: str,
    region: str = "",
    project: str = "",
    domain: str = "",
    actor: actors.Actor,
    now: datetime,
) -> Connection:
    """Register an account of a cloud. Raises InvalidConnection, ConnectionNameTaken, and what `check_url` raises."""
    actor.require("connections.manage")
    centre = DataCentre.objects.filter(code=data_centre_code, partner_id=partner_id).first()
    if centre is None:
        raise InvalidConnection(_("Choose one of your data centres."), field="data_centre")
    if not name.strip() or len(name.strip()) > LONGEST_NAME:
        raise InvalidConnection(_("Give the connection a name of at most 60 characters."), field="name")
    _check_account(kind=kind, region=region, project=project)
    addresses.check_url(url=url)
    connection = Connection(
        partner_id=partner_id,
        data_centre=centre,
        number=organisations.random_number(prefix="CN"),
        name=name.strip(),
        kind=kind,
        url=url,
        region=region.strip(),
        project=project.strip(),
        domain=domain.strip(),
        credentials_sealed=_seal(user, password),
        created_at=now,
    )
    try:
        with transaction.atomic():
            connection.save(force_insert=True)
    except IntegrityError as error:
        if not errors.breaks(error, "connection_name_unique"):
            raise
        raise ConnectionNameTaken(_("You have a connection of this name already."), field="name") from error
    _note(connection, "connection.added", actor=actor, now=now)
    return connection


@transaction.atomic
def set_credentials(
    *, partner_id: int, number: str, user: str, password: str, actor: actors.Actor, now: datetime
) -> Connection:
    """Put other credentials in the place of the old ones, which nobody can read. Raises NoSuchConnection."""
    connection = _lock(partner_id=partner_id, number=number, actor=actor)
    connection.credentials_sealed, connection.tested_at = _seal(user, password), None
    connection.save(update_fields=["credentials_sealed", "tested_at"])
    _note(connection, "connection.credentials_set", actor=actor, now=now)
    return connection


@transaction.atomic
def switch_connection(
    *, partner_id: int, number: str, is_active: bool, actor: actors.Actor, now: datetime
) -> Connection:
    """On or off. While it is off nothing is created, removed or read; it all waits."""
    connection = _lock(partner_id=partner_id, number=number, actor=actor)
    if connection.is_active != is_active:
        connection.is_active = is_active
        connection.save(update_fields=["is_active"])
        _note(connection, "connection.switched_on" if is_active else "connection.switched_off", actor=actor, now=now)
    return connection


def test_connection(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> TestResult:
    """Ask the cloud, while a person waits, and write down what it said. Raises NoSuchConnection."""
    actor.require("connections.manage")
    connection = _find(partner_id=partner_id, number=number)
    try:
        cloud = clouds.Cloud(machines.open_access(connection), within_a_request=True)
        result = TestResult("", "", tuple(cloud.test_connection()))
    except (clouds.CloudError, addresses.InvalidAddress, addresses.ForbiddenAddress) as error:
        result = TestResult(error.code, error.message)
    except sealed.CannotOpen:
        result = TestResult("secret", _("The credentials cannot be opened. Enter them again."))
    Connection.objects.filter(pk=connection.pk).update(tested_at=now, test_error=result.error)
    return result


def read_quota(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> list[clouds.Quota]:
    """Set the pools of the data centre to the limits of the account. Raises NoSuchConnection, CloudError,
    providers.TotalBelowAllocated (then nothing is set).
    """
    actor.require("capacity.edit")
    connection = _find(partner_id=partner_id, number=number)
    quotas = clouds.Cloud(machines.open_access(connection), within_a_request=True).read_quota()
    with transaction.atomic():
        for quota in quotas:
            providers.set_pool(
                data_centre=connection.data_centre,
                resource=quota.resource,
                unit=quota.unit,
                total=quota.total,
                actor=actor,
                now=now,
            )
    return quotas


@transaction.atomic
def set_blueprint(
    *,
    partner_id: int,
    offering_code: str,
    connection_number: str,
    size: str,
    image: str,
    meters: Mapping[str, str],
    accepts_orders: bool,
    is_active: bool,
    actor: actors.Actor,
    now: datetime,
) -> Blueprint:
    """Say what one unit of an offering is. Machines that exist keep what they were made from.

    The caller has seen that the offering is the provider's. Raises NoSuchConnection, InvalidBlueprint.
    """
    connection = _lock(partner_id=partner_id, number=connection_number, actor=actor)
    for field, text in (("size", size), ("image", image)):
        if not text.strip() or len(text) > 120 or not text.isprintable():
            raise InvalidBlueprint(_("Give the name that the cloud has for it."), field=field)
    blueprint, _is_new = Blueprint.objects.update_or_create(
        partner_id=partner_id,
        offering_code=offering_code,
        defaults={
            "connection": connection,
            "size": size.strip(),
            "image": image.strip(),
            "meters": _check_meters(meters),
            "accepts_orders": accepts_orders,
            "is_active": is_active,
        },
    )
    organisations.record(
        actor=actor,
        action="blueprint.set",
        object_type="offering",
        object_id=offering_code,
        now=now,
        details={"connection": connection.number, "size": blueprint.size, "image": blueprint.image},
    )
    return blueprint


@transaction.atomic
def retry_machines(*, partner_id: int, delivery_number: str, actor: actors.Actor, now: datetime) -> int:
    """Try again at once what failed or waits for its next attempt. Returns how many. Raises NoSuchMachines."""
    rows = _lock_machines(partner_id=partner_id, delivery_number=delivery_number, actor=actor)
    again = [row.pk for row in rows if row.state in (State.WANTED, State.CREATING, State.FAILED, State.REMOVING)]
    Machine.objects.filter(pk__in=again, state=State.FAILED).update(state=State.CREATING)
    Machine.objects.filter(pk__in=again).update(attempts=0, next_attempt_at=now)
    _note_delivery(delivery_number, "machines.retried", actor=actor, now=now)
    return len(again)


@transaction.atomic
def replace_machines(*, partner_id: int, delivery_number: str, actor: actors.Actor, now: datetime) -> int:
    """After a buyer's rejection: remove what runs, and create it anew. Raises NoSuchMachines, NotRejected."""
    rows = _lock_machines(partner_id=partner_id, delivery_number=delivery_number, actor=actor)
    delivery = deliveries.deliveries_of(numbers=[delivery_number]).get(delivery_number)
    was_handed_over = any(row.handed_over_at for row in rows if row.state == State.RUNNING)
    if delivery is None or delivery.status != "provisioning" or not was_handed_over:
        raise NotRejected(_("Only what the buyer has rejected can be replaced."))
    live = [row for row in rows if row.state not in (State.REMOVING, State.REMOVED)]
    last = max((row.index for row in rows), default=0)
    Machine.objects.filter(pk__in=[row.pk for row in live]).update(
        state=State.REMOVING, next_attempt_at=now, attempts=0, error=""
    )
    machines.want(
        delivery_number=delivery_number,
        count=len(live),
        first_index=last + 1,
        made_from=live[0] if live else None,
        now=now,
    )
    _note_delivery(delivery_number, "machines.replaced", actor=actor, now=now)
    return len(live)


@transaction.atomic
def note_taken(*, outcomes: Mapping[int, str]) -> None:
    """Readings that metering has taken, by id, with what became of them."""
    for outcome in set(outcomes.values()):
        Reading.objects.filter(pk__in=[pk for pk, one in outcomes.items() if one == outcome]).update(outcome=outcome)


def _check_account(*, kind: str, region: str, project: str) -> None:
    if kind not in Connection.Kind.values:
        raise InvalidConnection(_("Choose one of: %(kinds)s.") % {"kinds": "EC2, OpenStack"}, field="kind")
    if kind == Connection.Kind.EC2 and region and region not in clouds.regions():
        raise InvalidConnection(_("Give a region of EC2, such as cn-north-1, or leave it empty."), field="region")
    if kind == Connection.Kind.OPENSTACK and not project.strip():
        raise InvalidConnection(_("Name the project (tenant) of the account."), field="project")


def _check_meters(meters: Mapping[str, str]) -> dict[str, str]:
    checked = {}
    for meter, text in meters.items():
        try:
            quantity = Decimal(text)
        except InvalidOperation:
            quantity = Decimal(0)
        if not meter or len(meter) > 60 or not quantity.is_finite() or not 0 < quantity < 1_000_000:
            raise InvalidBlueprint(
                _("Give each meter a quantity above zero, such as vcpu_hours=2, one on a line."), field="meters"
            )
        checked[meter] = f"{quantity.normalize():f}"
    return checked


def _seal(user: str, password: str) -> str:
    for field, text in (("user", user), ("password", password)):
        if not text or len(text) > LONGEST_CREDENTIAL:
            raise InvalidConnection(
                _("Enter it; at most %(most)s characters.") % {"most": LONGEST_CREDENTIAL}, field=field
            )
    return sealed.seal(plaintext=json.dumps({"user": user, "password": password}))


def _find(*, partner_id: int, number: str) -> Connection:
    connection = Connection.objects.select_related("data_centre").filter(partner_id=partner_id, number=number).first()
    if connection is None:
        raise NoSuchConnection(number)
    return connection


def _lock(*, partner_id: int, number: str, actor: actors.Actor) -> Connection:
    actor.require("connections.manage")
    connection = Connection.objects.select_for_update().filter(partner_id=partner_id, number=number).first()
    if connection is None:
        raise NoSuchConnection(number)
    return connection


def _lock_machines(*, partner_id: int, delivery_number: str, actor: actors.Actor) -> list[Machine]:
    actor.require("connections.manage")
    rows = list(
        Machine.objects.select_for_update(of=("self",))
        .filter(delivery_number=delivery_number, connection__partner_id=partner_id)
        .order_by("pk")
    )
    if not rows:
        raise NoSuchMachines(delivery_number)
    return rows


def _note(connection: Connection, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(actor=actor, action=action, object_type="connection", object_id=connection.number, now=now)


def _note_delivery(number: str, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(actor=actor, action=action, object_type="delivery", object_id=number, now=now)
