"""A buyer accepts a delivery while the platform cancels its contract: one of the two happens, never both.

The guards are the row locks of the contract and of its delivery. The control takes them away and must see both
happen: a contract that runs without the capacity it runs on.
"""

import time
from typing import Any

import pytest

from billing.contracts import locks, operations, queries
from billing.contracts.models import Contract, ContractCapacity
from marketplace.organisations import errors
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery
from tests import factories
from tests.billing.contracts.conftest import Deal
from tests.concurrency.test_last_units import at_once
from tests.frontend.trade import NOW

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def race(deal: Deal) -> tuple[Contract, list[Any]]:
    contract = deal.open()
    deal.hand_over(contract)
    platform = factories.platform().pk

    def cancel() -> Contract:
        return operations.end_contract(
            number=contract.number, organisation_id=platform, reason="", actor=deal.platform, now=NOW
        )

    return contract, at_once([lambda: deal.accept(contract), cancel])


def test_one_of_the_two_happens() -> None:
    deal = Deal(now=NOW)
    for _ in range(ROUNDS):
        contract, outcomes = race(deal)
        contract.refresh_from_db()
        delivery = Delivery.objects.get(number=contract.number)
        holds = ContractCapacity.objects.filter(contract=contract, released_at=None).exists()
        # Accepted first, the platform then ends what runs; cancelled first, nothing is left to accept.
        refused = [one for one in outcomes if isinstance(one, errors.Refused)]
        assert [one for one in outcomes if isinstance(one, Exception) and one not in refused] == []
        if refused:
            assert (contract.status, delivery.status, holds) == ("cancelled", "cancelled", False)
        else:
            assert (contract.status, delivery.status, holds) == ("ended", "completed", False)
        assert [one.from_status for one in contract.transitions.all()] == (
            ["", "pending"] if refused else ["", "pending", "active"]
        )
    assert queries.unreconciled_pools() == []


def test_control_without_the_locks_both_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_contract(*, number: str, **_: Any) -> Contract:
        return Contract.objects.get(number=number)

    def find_delivery(*, number: str, partner_id: int | None = None) -> Delivery:
        found = Delivery.objects.select_related("partner").get(number=number)
        time.sleep(0.5)
        return found

    deal = Deal(now=NOW)
    contract = deal.open()
    deal.hand_over(contract)
    platform = factories.platform().pk
    monkeypatch.setattr(locks, "lock_contract", find_contract)
    monkeypatch.setattr(fulfilment, "lock", find_delivery)
    outcomes = at_once(
        [
            lambda: deal.accept(contract),
            lambda: operations.end_contract(
                number=contract.number, organisation_id=platform, reason="", actor=deal.platform, now=NOW
            ),
        ]
    )
    assert [one.status for one in outcomes] == ["active", "cancelled"], outcomes
    assert sorted(one.from_status for one in contract.transitions.all()) == ["", "pending", "pending"]
