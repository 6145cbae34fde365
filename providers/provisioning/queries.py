"""Reads: connections, blueprints, machines of a delivery, readings to be taken."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q

from providers.provisioning.models import Blueprint, Connection, Machine, Reading
from providers.provisioning.operations import NoSuchConnection

KINDS = Connection.Kind.choices
LIVE = Q(machines__state__in=["wanted", "creating", "running", "failed", "removing"])


@dataclass(frozen=True, slots=True)
class TakenReading:
    """A reading in the words of metering: `key` is the same at every try."""

    pk: int
    partner_id: int
    contract_number: str
    source: str
    key: str
    at: datetime
    meter: str
    quantity: Decimal


def list_connections(*, partner_id: int) -> list[Connection]:
    """A provider's connections with their data centre and `live`, the number of their machines; one query."""
    rows = Connection.objects.filter(partner_id=partner_id).select_related("data_centre")
    return list(rows.annotate(live=Count("machines", filter=LIVE)).order_by("name", "pk"))


def get_connection(*, partner_id: int, number: str) -> Connection:
    """One connection of a provider. Raises NoSuchConnection."""
    found = Connection.objects.select_related("data_centre").filter(partner_id=partner_id, number=number).first()
    if found is None:
        raise NoSuchConnection(number)
    return found


def list_blueprints(*, partner_id: int, connection: str = "") -> list[Blueprint]:
    """What offerings are, by their code; of one connection if it is named."""
    rows = Blueprint.objects.filter(partner_id=partner_id).select_related("connection").order_by("offering_code")
    return list(rows.filter(connection__number=connection) if connection else rows)


def find_blueprint(*, partner_id: int, offering_code: str) -> Blueprint | None:
    """What an offering is in a cloud, if it is anything."""
    return (
        Blueprint.objects.filter(partner_id=partner_id, offering_code=offering_code)
        .select_related("connection")
        .first()
    )


def machines_of(*, partner_id: int, delivery_number: str) -> list[Machine]:
    """The machines of a delivery, those that were removed too, in their order; one query."""
    rows = Machine.objects.filter(delivery_number=delivery_number, connection__partner_id=partner_id)
    return list(rows.select_related("connection").order_by("index", "pk"))


def list_machines(*, partner_id: int, connection: str, states: Collection[str] = ()) -> list[Machine]:
    """The newest two hundred machines of a connection."""
    rows = Machine.objects.filter(connection__partner_id=partner_id, connection__number=connection)
    return list((rows.filter(state__in=states) if states else rows).order_by("-created_at", "-pk")[:200])


def list_readings(*, limit: int) -> list[TakenReading]:
    """Readings that metering has not taken, the oldest first."""
    rows = Reading.objects.filter(outcome="").select_related("machine__connection").order_by("pk")[:limit]
    return [
        TakenReading(
            pk=row.pk,
            partner_id=row.machine.connection.partner_id,
            contract_number=row.contract_number,
            source=f"/connections/{row.machine.connection.number}",
            key=f"{row.machine.token}:{row.meter}:{row.hour_at:%Y%m%dT%H%M%S}",
            at=row.hour_at,
            meter=row.meter,
            quantity=row.quantity,
        )
        for row in rows
    ]
