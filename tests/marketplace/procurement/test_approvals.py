"""An order's approval: four eyes, one decision, a reason for a no."""

from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from marketplace.organisations.models import AuditEntry
from marketplace.procurement import operations, queries
from marketplace.procurement.models import Approval
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def bureau() -> Any:
    return factories.bureau()


def request(bureau: Any, now: datetime, *, number: str = "DD-TEST000001") -> tuple[Approval, Any]:
    requester = factories.actor(bureau, "buyer")
    approval = operations.request_approval(
        organisation_id=bureau.pk, order_number=number, amount_minor=270_552, currency="CNY", actor=requester, now=now
    )
    return approval, requester


def decide(
    bureau: Any, now: datetime, *, approve: bool, actor: Any, reason: str = "", number: str = "DD-TEST000001"
) -> Approval:
    return operations.decide(
        order_number=number, organisation_id=bureau.pk, approve=approve, reason=reason, actor=actor, now=now
    )


def test_an_order_without_a_row_is_cleared(bureau: Any) -> None:
    assert queries.is_cleared(order_number="DD-NONE") is True


def test_asking_twice_makes_one_row(bureau: Any, now: datetime) -> None:
    first, requester = request(bureau, now)
    second = operations.request_approval(
        organisation_id=bureau.pk,
        order_number=first.order_number,
        amount_minor=1,
        currency="CNY",
        actor=requester,
        now=now,
    )
    assert second.pk == first.pk
    assert Approval.objects.get().amount_minor == 270_552
    assert AuditEntry.objects.filter(action="approval.requested").count() == 1


def test_waiting_is_not_cleared_approved_is(bureau: Any, now: datetime) -> None:
    request(bureau, now)
    assert queries.is_cleared(order_number="DD-TEST000001") is False
    approver = factories.actor(bureau, "approver")
    approval = decide(bureau, now, approve=True, actor=approver)
    assert (approval.status, approval.decided_by_id, approval.decided_at) == ("approved", approver.user_id, now)
    assert queries.is_cleared(order_number="DD-TEST000001") is True


def test_the_requester_may_not_decide(bureau: Any, now: datetime) -> None:
    _approval, requester = request(bureau, now)
    with pytest.raises(operations.OwnRequest):
        decide(bureau, now, approve=True, actor=requester)
    assert Approval.objects.get().status == "waiting"
    assert not AuditEntry.objects.filter(action="approval.approved").exists()


def test_the_database_keeps_four_eyes_too(bureau: Any, now: datetime) -> None:
    _approval, requester = request(bureau, now)
    with pytest.raises(IntegrityError, match="approval_four_eyes"), transaction.atomic():
        Approval.objects.update(status="approved", decided_by_id=requester.user_id, decided_at=now)


def test_the_same_decision_again_changes_nothing(bureau: Any, now: datetime) -> None:
    request(bureau, now)
    approver = factories.actor(bureau, "approver")
    decide(bureau, now, approve=True, actor=approver)
    again = decide(bureau, now, approve=True, actor=factories.actor(bureau, "approver"))
    assert again.decided_by_id == approver.user_id
    assert AuditEntry.objects.filter(action="approval.approved").count() == 1


def test_the_other_decision_is_refused(bureau: Any, now: datetime) -> None:
    request(bureau, now)
    approver = factories.actor(bureau, "approver")
    decide(bureau, now, approve=True, actor=approver)
    with pytest.raises(operations.AlreadyDecided):
        decide(bureau, now, approve=False, reason="预算不足", actor=approver)
    assert Approval.objects.get().status == "approved"


@pytest.mark.parametrize("reason", ["", "   ", "长" * 301])
def test_a_no_needs_a_reason_of_at_most_300_characters(bureau: Any, now: datetime, reason: str) -> None:
    request(bureau, now)
    with pytest.raises(operations.ReasonMissing) as refused:
        decide(bureau, now, approve=False, reason=reason, actor=factories.actor(bureau, "approver"))
    assert refused.value.field == "reason"
    assert Approval.objects.get().status == "waiting"


def test_another_organisation_finds_nothing(bureau: Any, now: datetime) -> None:
    request(bureau, now)
    foods = factories.foods()
    with pytest.raises(operations.NoSuchApproval):
        decide(foods, now, approve=True, actor=factories.actor(foods, "approver"))
    with pytest.raises(operations.NoSuchApproval):
        queries.find_approval(order_number="DD-TEST000001", organisation_id=foods.pk)
    assert list(queries.list_approvals(organisation_id=foods.pk)) == []
    assert queries.count_approvals(organisation_id=foods.pk) == {}


def test_the_list_shows_what_waits_first(bureau: Any, now: datetime) -> None:
    request(bureau, now, number="DD-A")
    request(bureau, now, number="DD-B")
    decide(bureau, now, approve=True, actor=factories.actor(bureau, "approver"), number="DD-B")
    assert [one.order_number for one in queries.list_approvals(organisation_id=bureau.pk)] == ["DD-A", "DD-B"]
    assert queries.count_approvals(organisation_id=bureau.pk) == {"waiting": 1, "approved": 1}
