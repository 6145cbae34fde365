"""One moto server for a module, and a provider whose cloud it is."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from marketplace.organisations import actors
from providers.connectors import libcloud_transport, outbound
from providers.fulfilment import opening
from providers.provisioning import operations
from tests import factories
from tests.fakes import clouds as fakes


@pytest.fixture(scope="module")
def moto_host() -> Iterator[str]:
    with fakes.moto() as host:
        yield host


@pytest.fixture
def moto(moto_host: str) -> str:
    """A moto that has forgotten the test before."""
    fakes.reset(moto_host)
    return moto_host


@pytest.fixture
def door(moto: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[fakes.Door]:
    """The door before moto, and little patience with it."""
    monkeypatch.setattr(
        libcloud_transport.PinnedConnection, "limits", outbound.Limits(connect_s=2, read_s=2, total_s=2.5)
    )
    with fakes.door(moto) as running:
        settings.OUTBOUND_EXCEPTIONS = [running.host]
        yield running


@pytest.fixture
def centre() -> Any:
    return factories.data_centre(factories.hongshan())


@pytest.fixture
def actor(centre: Any) -> Any:
    return factories.actor(centre.partner.organisation, "operations")


@pytest.fixture
def connect(centre: Any, actor: Any, now: datetime) -> Callable[[str], Any]:
    """A connection of 红山云 to an address."""

    def made(host: str, **fields: Any) -> Any:
        return operations.add_connection(
            **{
                "partner_id": centre.partner_id,
                "data_centre_code": centre.code,
                "name": "红山一区",
                "kind": "ec2",
                "url": f"http://{host}",
                "user": "AKIAEXAMPLE",
                "password": "a very secret key",
                "actor": actor,
                "now": now,
                **fields,
            }
        )

    return made


@pytest.fixture
def draw(centre: Any, actor: Any, now: datetime) -> Callable[..., Any]:
    """What an offering is in the cloud."""

    def made(connection: Any, code: str = "OF1", **fields: Any) -> Any:
        return operations.set_blueprint(
            **{
                "partner_id": centre.partner_id,
                "offering_code": code,
                "connection_number": connection.number,
                "size": "t3.micro",
                "image": "ami-12c6146b",
                "meters": {"vcpu_hours": "2", "gib_hours": "4"},
                "accepts_orders": True,
                "is_active": True,
                "actor": actor,
                "now": now,
                **fields,
            }
        )

    return made


@pytest.fixture
def order(centre: Any, now: datetime) -> Callable[..., Any]:
    """A delivery that waits to be accepted, as an order opens it."""
    buyer = factories.foods()

    def made(number: str = "HT-AAAA", *, quantity: int = 2, code: str = "OF1") -> Any:
        ordered = opening.Ordered(
            number=number,
            partner_id=centre.partner_id,
            buyer_id=buyer.pk,
            data_centre_id=centre.pk,
            offering_code=code,
            offering_title="通用型云主机 2核4G",
            plan_code="metered",
            specs={},
            quantity=quantity,
            lead_time_days=1,
            export_days=0,
        )
        (made_now,) = opening.open_deliveries(ordered=[ordered], is_held=False, actor=actors.SYSTEM, now=now)
        return made_now

    return made
