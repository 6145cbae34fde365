"""Every step from every state: taken, taken before, or refused with the state in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from marketplace.organisations.models import AuditEntry, Notice
from providers.fulfilment import operations, steps
from providers.fulfilment.models import Delivery, DeliveryStep
from tests import factories
from tests.providers.fulfilment.conftest import NUMBER

SAME = "the same"
# state → step → state after it; SAME: taken before, nothing is written; what is missing is refused
TABLE: dict[str, dict[str, str]] = {
    "held": {"clear": "waiting", "cancel": "cancelled"},
    "waiting": {"clear": SAME, "accept": "accepted", "decline": "declined", "cancel": "cancelled"},
    "accepted": {
        "clear": SAME,
        "accept": SAME,
        "start": "provisioning",
        "fail": "accepted",
        "decline": "declined",
        "cancel": "cancelled",
    },
    "provisioning": {
        "clear": SAME,
        "accept": SAME,
        "start": SAME,
        "hand_over": "delivered",
        "fail": "provisioning",
        "decline": "declined",
        "cancel": "cancelled",
    },
    "delivered": {
        "clear": SAME,
        "accept": SAME,
        "start": SAME,
        "hand_over": SAME,
        "complete": "completed",
        "reject": "provisioning",
        "cancel": "cancelled",
    },
    "completed": {"clear": SAME, "accept": SAME, "start": SAME, "hand_over": SAME, "complete": SAME},
    "declined": {"decline": SAME},
    "cancelled": {"cancel": SAME},
}


def written() -> tuple[int, int, int]:
    return DeliveryStep.objects.count(), AuditEntry.objects.count(), Notice.objects.count()


@pytest.mark.parametrize("status", TABLE)
def test_every_step_from_every_state(room: Any, status: str) -> None:
    room.bring_to(status)
    for step in steps.STEPS:
        target, before = TABLE[status].get(step), written()
        with transaction.atomic():
            if target is None:
                with pytest.raises(steps.NotCleared if status == "held" else steps.WrongState) as refused:
                    room.take(step)
                assert refused.value.is_conflict
                assert status == "held" or NUMBER in refused.value.message
                assert written() == before
            elif target == SAME:
                assert room.take(step).status == status
                assert written() == before
            else:
                assert room.take(step).status == target
                last = DeliveryStep.objects.latest("pk")
                assert (last.kind, last.from_status, last.to_status) == (step, status, target)
                assert last.by_name == (room.buyer if step in ("clear", "complete", "reject", "cancel") else
                                        room.provider).name  # fmt: skip
                assert [after - was for after, was in zip(written(), before, strict=True)][:2] == [1, 1]
            transaction.set_rollback(True)


def test_the_table_of_the_code_is_the_table_of_the_test() -> None:
    code = {
        (status, step, rule.target or status)
        for step, rule in steps.STEPS.items()
        for status in rule.sources
        if (status, step) != ("delivered", "hand_over")  # more of a part
    }
    test = {(status, step, target) for status, row in TABLE.items() for step, target in row.items() if target != SAME}
    assert code == test


@pytest.mark.parametrize("step", ["accept", "start", "hand_over", "fail", "decline"])
def test_another_provider_finds_nothing(room: Any, step: str) -> None:
    room.bring_to("provisioning")
    songmo, before = factories.songmo(), written()
    stranger = factories.actor(songmo.organisation, "operations")
    with pytest.raises(operations.NoSuchDelivery):
        room.take(step, partner_id=songmo.pk, actor=stranger)
    assert written() == before


def test_one_call_takes_the_simple_way_and_the_rest_of_a_longer_one(room: Any) -> None:
    room.open()
    for _ in range(2):
        delivery = operations.confirm(**room.own, resource_id="i-1")
        assert (delivery.status, delivery.delivered_quantity) == ("delivered", 5)
    assert [one.kind for one in DeliveryStep.objects.all()] == ["open", "accept", "start", "hand_over"]
    room.take("reject")
    assert operations.confirm(**room.own, resource_id="i-2", quantity=4).delivered_quantity == 4
    kinds = [one.kind for one in DeliveryStep.objects.all()]
    assert kinds == ["open", "accept", "start", "hand_over", "reject", "hand_over"]


def test_a_confirmation_that_fails_leaves_no_step_behind(room: Any) -> None:
    room.open()
    for said in ({"resource_id": " "}, {"resource_id": "i-1", "quantity": 6}, {"resource_id": "i-1", "quantity": 0}):
        with pytest.raises(operations.InvalidDelivery):
            operations.confirm(**room.own, **said)
    assert Delivery.objects.get().status == "waiting"
    assert DeliveryStep.objects.count() == 1


def test_a_failed_try_stays_with_its_reason_until_the_next_hand_over(room: Any) -> None:
    room.bring_to("provisioning")
    room.take("fail")
    room.take("fail")  # the same again is not told again
    room.take("fail", reason="x" * 999)
    delivery = Delivery.objects.get()
    assert (delivery.status, len(delivery.failure), delivery.failure[-1]) == ("provisioning", 300, "…")
    assert Notice.objects.filter(is_urgent=True, organisation=room.provider.organisation).count() == 2
    assert room.take("hand_over").failure == ""


def test_a_part_may_grow_while_it_is_checked_and_not_shrink(room: Any) -> None:
    room.bring_to("provisioning")
    room.take("hand_over", quantity=3)
    with pytest.raises(operations.AlreadyDelivered):
        room.take("hand_over", quantity=2)
    later = datetime(2026, 11, 5, 4, tzinfo=UTC)
    delivery = room.take("hand_over", quantity=5, resource_id="i-1, i-2", now=later)
    assert (delivery.delivered_quantity, delivery.inspect_due_at) == (5, datetime(2026, 11, 12, 16, tzinfo=UTC))
    with pytest.raises(operations.DeliveryChanged):
        room.take("complete", quantity=3)
    assert Delivery.objects.get().status == "delivered"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301])
@pytest.mark.parametrize(("status", "step"), [("delivered", "reject"), ("waiting", "decline")])
def test_a_refusal_has_a_reason(room: Any, status: str, step: str, reason: str) -> None:
    room.bring_to(status)
    with pytest.raises(operations.InvalidDelivery) as refused:
        room.take(step, reason=reason)
    assert refused.value.field == "reason"
    assert Delivery.objects.get().status == status


def test_steps_are_only_added_to(room: Any) -> None:
    room.open()
    for write in (lambda: DeliveryStep.objects.update(reason="…"), lambda: DeliveryStep.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_the_database_refuses_what_no_step_would_write(room: Any) -> None:
    room.bring_to("delivered")
    for wrong in (
        {"delivered_quantity": 6},
        {"delivered_quantity": 0},
        {"resource_id": ""},
        {"inspect_due_at": None},
        {"status": "waiting", "accept_due_at": None},
        {"quantity": 0},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.update(**wrong)
