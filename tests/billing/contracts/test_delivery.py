"""Delivery: by the right provider, once, approved, and not after a cancellation."""

from typing import Any

import pytest

from billing.contracts import locks, operations, queries
from billing.contracts.models import Contract, Transition
from marketplace.organisations.models import AuditEntry
from marketplace.procurement import operations as procurement
from marketplace.procurement.models import Approval
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery
from providers.models import CapacityPool
from tests import factories


def test_the_same_confirmation_again_changes_nothing(deal: Any) -> None:
    contract = deal.open()
    for _ in range(2):
        assert deal.hand_over(contract).status == "pending"
    assert AuditEntry.objects.filter(action="delivery.hand_over").count() == 1
    for _ in range(2):
        accepted = deal.accept(contract)
        assert (accepted.pk, accepted.activated_at, accepted.resource_id) == (contract.pk, deal.now, "i-0001")
    assert deal.hand_over(contract).status == "active"
    assert Transition.objects.filter(to_status="active").count() == 1
    assert AuditEntry.objects.filter(action="contract.accept").count() == 1
    assert AuditEntry.objects.filter(action="delivery.hand_over").count() == 1


def test_another_resource_for_a_delivered_contract_is_refused(deal: Any) -> None:
    contract = deal.open()
    for step in (deal.hand_over, deal.accept):
        step(contract)
        with pytest.raises(fulfilment.AlreadyDelivered) as refused:
            deal.hand_over(contract, resource_id="i-0002")
        assert refused.value.field == "resource_id"
    assert Contract.objects.get().resource_id == Delivery.objects.get().resource_id == "i-0001"


def test_another_provider_finds_nothing(deal: Any) -> None:
    contract = deal.open()
    songmo = factories.songmo()
    with pytest.raises(locks.NoSuchContract):
        operations.confirm_delivery(
            number=contract.number,
            provider_organisation_id=songmo.organisation_id,
            resource_id="i-0001",
            actor=factories.actor(songmo.organisation, "operations"),
            now=deal.now,
        )
    assert Contract.objects.get().status == "pending"


def test_nothing_is_delivered_before_its_approval(deal: Any) -> None:
    contract = deal.open(is_held=True)
    with pytest.raises(fulfilment.NotCleared):
        deal.hand_over(contract)
    with pytest.raises(fulfilment.NotCleared):
        deal.accept(contract)
    assert (Contract.objects.get().status, Delivery.objects.get().status) == ("pending", "held")
    deal.decide(contract, approve=True)
    assert Delivery.objects.get().status == "waiting"
    assert deal.deliver(contract).status == "active"


def test_nothing_is_delivered_after_a_cancellation(deal: Any) -> None:
    contract = deal.open()
    deal.end(contract)
    for step in (deal.hand_over, deal.accept, deal.reject, deal.decline):
        with pytest.raises(fulfilment.WrongState):
            step(contract)
    contract.refresh_from_db()
    assert (contract.status, contract.start_date, contract.resource_id) == ("cancelled", None, "")


def test_a_rejected_order_is_cancelled_and_gives_its_capacity_back(deal: Any) -> None:
    contract = deal.open(quantity=3, is_held=True)
    approval = deal.decide(contract, approve=False, reason="预算不足")
    assert approval.status == "rejected"
    contract.refresh_from_db()
    assert contract.status == "cancelled"
    assert contract.transitions.last().reason == "预算不足"
    assert not CapacityPool.objects.exclude(allocated=0).exists()
    assert queries.unreconciled_pools() == []
    assert Delivery.objects.get().status == "cancelled"
    with pytest.raises(fulfilment.WrongState):
        deal.hand_over(contract)
    # the same decision again, after everything, changes nothing
    deal.decide(contract, approve=False, reason="预算不足")
    assert not CapacityPool.objects.exclude(allocated=0).exists()


def test_a_rejection_without_a_reason_changes_nothing(deal: Any) -> None:
    contract = deal.open(is_held=True)
    with pytest.raises(procurement.ReasonMissing):
        deal.decide(contract, approve=False)
    assert (Contract.objects.get().status, Approval.objects.get().status) == ("pending", "waiting")
    assert CapacityPool.objects.exclude(allocated=0).count() == 2


def test_a_cancelled_order_cannot_be_approved_only_rejected(deal: Any) -> None:
    contract = deal.open(is_held=True)
    deal.end(contract)
    with pytest.raises(operations.OrderCancelled):
        deal.decide(contract, approve=True)
    assert Approval.objects.get().status == "waiting"
    deal.decide(contract, approve=False, reason="已取消")
    assert Approval.objects.get().status == "rejected"


@pytest.mark.parametrize("resource_id", ["", "  ", "x" * 101])
def test_a_resource_has_an_id(deal: Any, resource_id: str) -> None:
    contract = deal.open()
    with pytest.raises(fulfilment.InvalidDelivery) as refused:
        deal.hand_over(contract, resource_id=resource_id)
    assert refused.value.field == "resource_id"
    assert Contract.objects.get().status == "pending"


@pytest.mark.parametrize("reason", ["", "x" * 301])
def test_a_suspension_has_a_reason(deal: Any, reason: str) -> None:
    contract = deal.deliver(deal.open())
    with pytest.raises(operations.InvalidText) as refused:
        deal.suspend(contract, reason=reason)
    assert refused.value.field == "reason"
    assert Contract.objects.get().status == "active"


def test_each_side_takes_its_own_steps_only(deal: Any) -> None:
    contract = deal.deliver(deal.open())
    common = {"number": contract.number, "reason": "…", "now": deal.now}
    with pytest.raises(locks.NoSuchContract):  # a buyer does not suspend
        operations.suspend(organisation_id=deal.buyer.pk, actor=deal.orderer, **common)
    with pytest.raises(locks.NoSuchContract):  # a provider does not end
        operations.end_contract(organisation_id=deal.provider.organisation_id, actor=deal.operator, **common)
    stranger = factories.foods()
    with pytest.raises(locks.NoSuchContract):
        operations.end_contract(organisation_id=stranger.pk, actor=factories.actor(stranger, "owner"), **common)
    assert Contract.objects.get().status == "active"
    operations.suspend(organisation_id=deal.platform.organisation_id, actor=deal.platform, **common)
    operations.end_contract(organisation_id=deal.platform.organisation_id, actor=deal.platform, **common)
    assert Contract.objects.get().status == "ended"
