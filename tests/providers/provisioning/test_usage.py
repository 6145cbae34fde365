"""Hours that machines run become usage of their contract, once, by the way of everybody's usage."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from billing.metering import machines as metering
from billing.metering.models import UsageEvent
from marketplace.organisations import actors
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery
from providers.provisioning import stages, usage
from providers.provisioning.models import Machine, Reading
from tests import factories
from tests.fakes import clouds as fakes

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def contract(door: fakes.Door, centre: Any, connect: Callable, draw: Callable, order: Callable) -> Any:
    """A metered contract of two machines that run and were accepted at noon."""
    product = factories.offering(centre)
    made = factories.contract(factories.bureau(), product, plan_code="metered")
    draw(connect(door.host), code=product.code)
    order(made.number, quantity=2, code=product.code)
    stages.provision_due(now=AT, limit=50)
    return made


def accept(number: str) -> None:
    fulfilment.complete(number=number, quantity=2, actor=actors.SYSTEM, now=AT)


def read(now: datetime) -> int:
    done = usage.read_usage(now=now, limit=50)
    metering.take_readings(now=now, limit=500)
    return done


def total(meter: str) -> Decimal:
    return UsageEvent.objects.filter(meter=meter).aggregate(sum=Sum("quantity"))["sum"] or Decimal(0)


def test_full_hours_are_used_once(contract: Any) -> None:
    assert read(AT + 3 * HOUR) == 0, "not before the buyer has accepted"
    accept(contract.number)
    assert read(AT + HOUR / 2) == 0
    assert read(AT + 2.5 * HOUR) == 2
    assert read(AT + 2.5 * HOUR) == 0
    assert (total("vcpu_hours"), total("gib_hours")) == (2 * 2 * 2, 2 * 2 * 4)
    assert read(AT + 3 * HOUR) == 2
    assert total("vcpu_hours") == 2 * 3 * 2
    assert set(Reading.objects.values_list("outcome", "contract_number")) == {("accepted", contract.number)}
    Reading.objects.update(outcome="")
    metering.take_readings(now=AT + 4 * HOUR, limit=500)
    assert total("vcpu_hours") == 2 * 3 * 2
    assert set(Reading.objects.values_list("outcome", flat=True)) == {"duplicate"}


def test_after_a_change_the_hours_are_of_the_contract_that_followed(contract: Any) -> None:
    accept(contract.number)
    Delivery.objects.filter(number=contract.number).update(runs_for="HT-FOLLOWED")
    read(AT + HOUR)
    assert set(Reading.objects.values_list("contract_number", "outcome")) == {("HT-FOLLOWED", "no_such_contract")}


def test_an_hour_that_finds_the_machine_stopped_is_not_billed(contract: Any, moto: str) -> None:
    accept(contract.number)
    stopped = Machine.objects.order_by("pk")[0]
    assert fakes.ec2(moto, "StopInstances", **{"InstanceId.1": stopped.cloud_id}).status == 200
    assert read(AT + HOUR) == 2
    assert set(Reading.objects.values_list("machine", flat=True)) == {Machine.objects.order_by("pk")[1].pk}


def test_a_cloud_that_does_not_answer_is_asked_later_and_nothing_is_lost(contract: Any, door: fakes.Door) -> None:
    accept(contract.number)
    door.plan("DescribeInstances", "garbage")
    before = len(door.actions)
    assert read(AT + HOUR) == 0
    assert len(door.actions) == before + 1, "one question, then it is left alone for this run"
    assert read(AT + 2 * HOUR) == 2
    assert total("vcpu_hours") == 2 * 2 * 2
