"""Deliveries become machines of a cloud, once, whatever the cloud does; and go when they are over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection

from marketplace.organisations import actors
from providers.connectors import clouds
from providers.fulfilment import operations as fulfilment
from providers.provisioning import machines, operations, stages
from providers.provisioning.models import Connection, Machine
from tests.fakes import clouds as fakes

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=1)


@pytest.fixture
def delivery(door: fakes.Door, connect: Callable, draw: Callable, order: Callable) -> Any:
    """Two machines on order, and a cloud behind the door."""
    draw(connect(door.host))
    return order()


def run(now: datetime, *, turns: int = 1) -> None:
    for turn in range(turns):
        stages.provision_due(now=now + LATER * turn, limit=50)


def rows() -> list[tuple[str, str]]:
    return [(row.state, row.error) for row in Machine.objects.order_by("pk")]


def running(door: fakes.Door, moto: str) -> list[int]:
    """How many machines each token has that are not gone."""
    return [sum(state != "terminated" for state in found) for found in fakes.states(moto).values()]


def test_an_order_becomes_machines_and_is_handed_over(delivery: Any, door: Any, moto: str, now: datetime) -> None:
    run(now)
    delivery.refresh_from_db()
    made = list(Machine.objects.all())
    assert (delivery.status, delivery.method, delivery.delivered_quantity) == ("delivered", "cloud", 2)
    assert delivery.resource_id == ", ".join(machine.cloud_id for machine in made)
    assert [(machine.state, machine.running_since, machine.handed_over_at) for machine in made] == [
        ("running", now, now)
    ] * 2
    assert fakes.states(moto) == {machine.token: ["running"] for machine in made}
    assert [step.kind for step in delivery.steps.all()] == ["open", "accept", "start", "hand_over"]
    before = len(door.actions)
    run(now + LATER, turns=2)
    assert len(door.actions) == before, "what runs is left alone"
    assert stages.remove_due(now=now, limit=50) == 0


def test_only_accepted_orders_are_begun_unless_the_blueprint_accepts(
    door: Any, connect: Callable, draw: Callable, order: Callable, centre: Any, actor: Any, now: datetime
) -> None:
    account = connect(door.host)
    draw(account, accepts_orders=False)
    waiting, foreign = order("HT-WAIT", quantity=1), order("HT-OTHER", quantity=1, code="OF-BY-HAND")
    run(now)
    assert rows() == []
    fulfilment.accept(number=waiting.number, partner_id=centre.partner_id, actor=actor, now=now)
    run(now)
    assert rows() == [("running", "")]
    foreign.refresh_from_db()
    assert foreign.status == "waiting"
    operations.switch_connection(
        partner_id=centre.partner_id, number=account.number, is_active=False, actor=actor, now=now
    )
    order("HT-OFF", quantity=1)
    run(now)
    assert len(rows()) == 1


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("silent", "云平台未在时限内应答。"),
        ("lost", "云平台未在时限内应答。"),
        ("garbage", "无法识别云平台的应答。"),
        ("strange", "云平台的应答不是一台云主机。"),
        ("refused", "云平台拒绝：InstanceLimitExceeded。"),
        ("credentials", "云平台拒绝了凭证。"),
        ("down", "云平台发生故障（应答 503）。"),
    ],
)
def test_trouble_leaves_the_delivery_where_it_was_and_is_mended_later(
    delivery: Any, door: Any, moto: str, now: datetime, trouble: str, sentence: str
) -> None:
    """`lost` has created the machine although its answer timed out; in the end there is one for each token."""
    door.plan("RunInstances", trouble)
    run(now)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.failure, delivery.delivered_quantity) == ("provisioning", sentence, 0)
    assert "secret words" not in delivery.failure
    first = Machine.objects.order_by("pk")[0]
    assert (first.state, first.error, first.cloud_id) == ("creating", sentence, "")
    assert first.next_attempt_at > now
    run(now + LATER, turns=2)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.failure, delivery.delivered_quantity) == ("delivered", "", 2)
    assert running(door, moto) == [1, 1]
    assert sorted(fakes.states(moto)) == sorted(Machine.objects.values_list("token", flat=True))


def test_control_without_token_and_look_up_a_lost_answer_makes_two(
    delivery: Any, door: Any, moto: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.keeps_tokens = False
    monkeypatch.setattr(clouds.Cloud, "find", lambda self, token: [])
    door.plan("RunInstances", "lost")
    run(now)
    run(now + LATER, turns=2)
    assert sorted(running(door, moto)) == [1, 2]


def test_the_client_token_alone_is_enough(
    delivery: Any, door: Any, moto: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that comes to light only after we have looked for it: the cloud knows the token."""
    monkeypatch.setattr(clouds.Cloud, "find", lambda self, token: [])
    door.plan("RunInstances", "lost")
    run(now)
    run(now + LATER, turns=2)
    assert running(door, moto) == [1, 1]


def test_of_several_machines_with_one_token_one_is_kept(door: Any, moto: str) -> None:
    cloud = clouds.Cloud(clouds.Access("ec2", f"http://{door.host}", "k", "s"))
    for _ in range(3):
        cloud._create(token="t" * 32, name="a", size="t3.micro", image="ami-1")
        door.keeps_tokens = False
    assert running(door, moto) == [3]
    kept = cloud.create(token="t" * 32, name="a", size="t3.micro", image="ami-1")
    assert running(door, moto) == [1]
    assert [server.cloud_id for server in cloud.find("t" * 32)] == [kept.cloud_id]


def test_a_cloud_that_is_down_is_asked_once_in_a_run(delivery: Any, door: Any, order: Any, now: datetime) -> None:
    order("HT-BBBB", quantity=3)
    door.plan("DescribeInstances", "down")
    run(now)
    assert len(door.actions) == 1
    assert [row.next_attempt_at > now for row in Machine.objects.all()] == [True] * 5
    assert Machine.objects.filter(attempts=0).count() == 4, "what was not tried is not counted"


def test_a_machine_is_given_up_and_can_be_retried(
    delivery: Any, door: Any, centre: Any, actor: Any, now: datetime
) -> None:
    door.plan("RunInstances", *["refused"] * 40)
    at = now
    for wait in (timedelta(), *machines.WAITS):
        at += wait
        run(at)
    assert {row.state for row in Machine.objects.all()} == {"failed"}
    before = len(door.actions)
    run(at + timedelta(days=9))
    assert len(door.actions) == before
    door.trouble.clear()
    assert (
        operations.retry_machines(partner_id=centre.partner_id, delivery_number=delivery.number, actor=actor, now=at)
        == 2
    )
    run(at)
    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_what_is_over_is_removed(delivery: Any, door: Any, moto: str, now: datetime) -> None:
    run(now)
    fulfilment.complete(number=delivery.number, quantity=2, actor=actors.SYSTEM, now=now)
    fulfilment.close(number=delivery.number, end_date=now.date(), actor=actors.SYSTEM, now=now)
    delivery.refresh_from_db()
    door.plan("TerminateInstances", "lost", "garbage", "down")
    at = delivery.remove_at - timedelta(seconds=1)
    assert stages.remove_due(now=at, limit=50) == 0
    for turn in range(6):
        stages.remove_due(now=at + timedelta(seconds=1) + timedelta(hours=turn), limit=50)
    assert [row.state for row in Machine.objects.all()] == ["removed"] * 2
    assert running(door, moto) == [0, 0]


def test_a_cancelled_order_leaves_nothing_behind(delivery: Any, door: Any, moto: str, now: datetime) -> None:
    """Not even the machine whose answer was lost, and whose id we never had."""
    door.plan("RunInstances", "lost")
    run(now)
    assert running(door, moto) == [1]
    fulfilment.cancel(number=delivery.number, reason="", actor=actors.SYSTEM, now=now)
    run(now + LATER)
    for turn in range(3):
        stages.remove_due(now=now + LATER * (turn + 1), limit=50)
    assert [row.state for row in Machine.objects.all()] == ["removed"] * 2
    assert sum(running(door, moto)) == 0
    run(now + LATER * 9)
    assert sum(running(door, moto)) == 0


def test_a_rejected_delivery_waits_for_a_person_who_replaces_it(
    delivery: Any, door: Any, moto: str, centre: Any, actor: Any, now: datetime
) -> None:
    run(now)
    fulfilment.reject(number=delivery.number, reason="登录不上", actor=actors.SYSTEM, now=now)
    run(now + LATER)
    delivery.refresh_from_db()
    assert delivery.status == "provisioning"
    operations.replace_machines(partner_id=centre.partner_id, delivery_number=delivery.number, actor=actor, now=now)
    stages.remove_due(now=now + LATER, limit=50)
    run(now + LATER)
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    assert sorted(running(door, moto)) == [0, 0, 1, 1]


def test_a_lease_that_was_lost_writes_nothing(delivery: Any, door: Any, now: datetime) -> None:
    stages._begin(now=now)
    claimed = machines.claim(states=["wanted"], now=now)
    assert claimed is not None
    assert machines.claim(states=["creating"], now=now) is None, "the other one, which is wanted, is not asked for"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE provisioning_machine SET lease_until = now() - interval '1 second' WHERE lease <> ''")
    taken = machines.claim(states=["creating"], now=now)
    assert taken is not None
    assert taken.pk == claimed.pk
    assert machines.write_down(claimed, machines.ask(claimed), now=now) is None
    assert machines.write_down(taken, machines.ask(taken), now=now) is not None


def test_machines_are_written_down_once(delivery: Any, now: datetime, draw: Any) -> None:
    stages._begin(now=now)
    with pytest.raises(IntegrityError, match="machine_once"):
        machines.want(
            delivery_number=delivery.number, count=1, first_index=2, made_from=Machine.objects.first(), now=now
        )


def test_credentials_are_nowhere_to_be_read(
    delivery: Any, caplog: Any, settings: Any, now: datetime, centre: Any, actor: Any
) -> None:
    with connection.cursor() as cursor:
        for query in (
            "SELECT row_to_json(t)::text FROM provisioning_connection t",
            "SELECT row_to_json(t)::text FROM organisations_auditentry t",
        ):
            cursor.execute(query)
            assert not any("a very secret key" in row[0] or "AKIAEXAMPLE" in row[0] for row in cursor.fetchall())
    assert "very secret" not in repr(machines.open_access(Connection.objects.get()))
    settings.CREDENTIALS_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    run(now)
    delivery.refresh_from_db()
    assert delivery.failure == "连接的凭证无法解密。"
    assert "very secret" not in caplog.text
