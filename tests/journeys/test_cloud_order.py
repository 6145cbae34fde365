"""An order through the shop provisions real (moto) instances; its hours are billed usage; its end removes them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from billing.contracts import operations as contracts
from billing.contracts.models import Contract
from billing.metering.models import UsageEvent
from marketplace import pipeline
from providers.models import CapacityPool
from providers.provisioning import operations
from providers.provisioning.models import Machine
from providers.webhooks import kinds
from providers.webhooks import operations as webhooks
from tests.fakes import clouds as fakes
from tests.fakes import receiver as receivers
from tests.frontend import trade

pytestmark = pytest.mark.django_db(transaction=True)
NOW, HOUR = trade.NOW, timedelta(hours=1)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with fakes.moto() as host:
        yield host


def test_an_order_and_its_end(moto: str, settings: Any) -> None:
    world = trade.World()
    centre, actor = world.host.data_centre, world.operator
    with receivers.receiving() as system:
        settings.OUTBOUND_EXCEPTIONS = [moto, system.host]
        common = {"partner_id": world.hongshan.pk, "actor": actor, "now": NOW}
        webhooks.add_endpoint(**common, url=system.url, wanted=kinds.KINDS)
        cloud = operations.add_connection(
            **common,
            data_centre_code=centre.code,
            name="红山一区",
            kind="ec2",
            url=f"http://{moto}",
            user="AKIAEXAMPLE",
            password="a secret key",
        )
        assert operations.test_connection(**common, number=cloud.number).error == ""
        operations.read_quota(**common, number=cloud.number)
        assert CapacityPool.objects.get(data_centre=centre, resource="instances").total == 20
        operations.set_blueprint(
            **common,
            offering_code=world.host.code,
            connection_number=cloud.number,
            size="t3.micro",
            image="ami-12c6146b",
            meters={"vcpu_hours": "2"},
            accepts_orders=True,
            is_active=True,
        )

        world.order(world.host, quantity=3, plan="metered")
        pipeline.advance(now=NOW)
        contract = Contract.objects.get()
        assert list(fakes.states(moto).values()) == [["running"]] * 3
        told = [request.body.decode() for request in system.requests]
        assert any('"delivery.handed_over"' in body for body in told)

        contracts.accept_delivery(
            number=contract.number, organisation_id=world.foods.pk, quantity=3, actor=world.buyer, now=NOW
        )
        pipeline.advance(now=NOW + 5 * HOUR)
        assert UsageEvent.objects.aggregate(sum=Sum("quantity"))["sum"] == 3 * 5 * 2

        contracts.end_contract(
            number=contract.number, organisation_id=world.foods.pk, reason="", actor=world.buyer, now=NOW + 5 * HOUR
        )
        pipeline.advance(now=NOW + 6 * HOUR)
        assert list(fakes.states(moto).values()) == [["running"]] * 3, "today is paid for"
        pipeline.advance(now=NOW + timedelta(days=60))
        assert list(fakes.states(moto).values()) == [["terminated"]] * 3
        assert {machine.state for machine in Machine.objects.all()} == {"removed"}
