"""What acceptance, a part, a rejection, silence and a refusal mean for the contract and its capacity."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.contracts import operations, queries
from billing.contracts.locks import NoSuchContract
from billing.contracts.models import Contract
from marketplace.organisations.models import Notice
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery, DeliveryStep
from providers.models import CapacityPool
from tests import factories


def held() -> dict[str, Decimal]:
    assert queries.unreconciled_pools() == []
    return dict(CapacityPool.objects.values_list("resource", "allocated"))


def test_billing_begins_on_the_day_of_acceptance(deal: Any) -> None:
    contract = deal.open(months=1)
    deal.hand_over(contract, now=datetime(2026, 11, 3, 4, tzinfo=UTC))
    contract.refresh_from_db()
    assert (contract.status, contract.start_date, contract.resource_id) == ("pending", None, "")
    accepted = deal.accept(contract, now=datetime(2026, 11, 5, 16, 30, tzinfo=UTC))  # the 6th in Shanghai
    assert (accepted.status, accepted.start_date, accepted.end_date, accepted.resource_id) == (
        "active",
        date(2026, 11, 6),
        date(2026, 12, 6),
        "i-0001",
    )
    assert Delivery.objects.get().status == "completed"


def test_a_part_that_is_accepted_makes_the_contract_smaller(deal: Any) -> None:
    contract = deal.open(quantity=5)
    assert held() == {"vcpu": 10, "ram_gib": 20}
    deal.hand_over(contract, quantity=3)
    with pytest.raises(fulfilment.DeliveryChanged):
        deal.accept(contract, quantity=5)
    accepted = deal.accept(contract, quantity=3)
    assert (accepted.status, accepted.quantity) == ("active", 3)
    assert held() == {"vcpu": 6, "ram_gib": 12}
    assert deal.accept(contract, quantity=3).pk == contract.pk  # again
    deal.end(contract)
    assert held() == {"vcpu": 0, "ram_gib": 0}


def test_a_part_that_is_sent_back_waits_for_the_rest(deal: Any) -> None:
    contract = deal.open(quantity=5)
    deal.hand_over(contract, quantity=3)
    deal.reject(contract, reason="还差两台")
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.failure, delivery.delivered_quantity) == ("provisioning", "还差两台", 3)
    assert held() == {"vcpu": 10, "ram_gib": 20}
    deal.hand_over(contract)
    assert deal.accept(contract).quantity == 5


def test_silence_accepts_what_was_handed_over_when_the_period_ends(deal: Any) -> None:
    contract, in_time = deal.open(quantity=5, months=1), deal.open()
    for one in (contract, in_time):
        deal.hand_over(one, quantity=one.quantity - (one is contract))
    deal.reject(in_time)
    end = datetime(2026, 11, 9, 16, tzinfo=UTC)  # seven days after 2 November
    assert operations.accept_overdue_inspections(now=datetime(2026, 11, 9, 15, 59, tzinfo=UTC), limit=10) == 0
    late = datetime(2026, 11, 20, 4, tzinfo=UTC)  # the stage comes late; the contract begins on its day
    assert [operations.accept_overdue_inspections(now=late, limit=10) for _ in range(2)] == [1, 0]
    contract.refresh_from_db()
    assert (contract.status, contract.quantity, contract.activated_at) == ("active", 4, end)
    assert (contract.start_date, contract.end_date) == (date(2026, 11, 10), date(2026, 12, 10))
    assert DeliveryStep.objects.filter(delivery__number=contract.number).last().kind == "lapse"
    assert Contract.objects.get(pk=in_time.pk).status == "pending"
    assert held() == {"vcpu": 10, "ram_gib": 20}  # four of five, and one
    told = Notice.objects.filter(values__number=contract.number, text__contains="counts as accepted")
    assert {one.organisation_id for one in told} == {deal.buyer.pk, deal.provider.organisation_id}


def test_a_provider_that_declines_cancels_the_contract(deal: Any) -> None:
    contract = deal.open(quantity=5)
    for _ in range(2):
        assert deal.decline(contract).status == "cancelled"
    assert contract.transitions.last().reason == "机房检修"
    assert held() == {"vcpu": 0, "ram_gib": 0}
    notice = Notice.objects.get(organisation=deal.buyer)
    assert (notice.values["reason"], notice.permission, notice.is_urgent) == ("机房检修", "contracts.accept", True)


def test_what_was_handed_over_is_rejected_before_it_is_cancelled(deal: Any) -> None:
    contract = deal.open()
    deal.hand_over(contract)
    with pytest.raises(operations.ToBeChecked):
        deal.end(contract)
    with pytest.raises(fulfilment.WrongState):
        deal.decline(contract)
    deal.reject(contract)
    assert deal.end(contract).status == "cancelled"
    assert Delivery.objects.get().status == "cancelled"
    assert held() == {"vcpu": 0, "ram_gib": 0}


def test_strangers_find_nothing(deal: Any) -> None:
    contract = deal.open()
    deal.hand_over(contract)
    stranger, songmo = factories.foods(), factories.songmo()
    theirs = {"number": contract.number, "organisation_id": stranger.pk, "actor": deal.orderer, "now": deal.now}
    own = {"number": contract.number, "reason": "…", "actor": deal.operator, "now": deal.now}
    with pytest.raises(NoSuchContract):
        operations.accept_delivery(**theirs, quantity=1)
    with pytest.raises(NoSuchContract):
        operations.reject_delivery(**theirs, reason="…")
    with pytest.raises(NoSuchContract):
        operations.decline_delivery(**own, provider_organisation_id=songmo.organisation_id)
    assert Delivery.objects.get().status == "delivered"


def test_the_end_of_a_contract_sets_the_day_of_removal(deal: Any) -> None:
    ended, run_out = deal.deliver(deal.open()), deal.deliver(deal.open(months=1))
    deal.end(ended)
    operations.end_due(now=datetime(2026, 12, 5, tzinfo=UTC), limit=10)
    days = dict(Delivery.objects.values_list("number", "remove_at"))
    assert days == {
        ended.number: datetime(2026, 11, 2, 16, tzinfo=UTC),  # today is paid for in full
        run_out.number: datetime(2026, 12, 5, tzinfo=UTC),
    }
