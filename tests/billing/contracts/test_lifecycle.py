"""The transition table: every step from every state, the allowed ones and all the others."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.contracts import lifecycle, operations, queries
from billing.contracts.models import Contract, ContractCapacity, Transition
from marketplace.organisations.models import AuditEntry
from providers.fulfilment import operations as fulfilment
from providers.models import CapacityPool
from tests import factories

STEPS: dict[str, Callable[[Any, Contract], Contract]] = {
    "accept": lambda deal, contract: deal.accept(contract),
    "suspend": lambda deal, contract: deal.suspend(contract),
    "resume": lambda deal, contract: deal.resume(contract),
    "end": lambda deal, contract: deal.end(contract),
}
# from → step → to; what is missing is refused. A pending contract is not ended but cancelled; accepting what runs
# already changes nothing.
TABLE = {
    "pending": {"accept": "active", "end": "cancelled"},
    "active": {"suspend": "suspended", "end": "ended"},
    "suspended": {"resume": "active", "end": "ended"},
    "ended": {},
    "cancelled": {},
}


def bring_to(deal: Any, status: str) -> Contract:
    contract = deal.open(quantity=3)
    if status == "cancelled":
        deal.end(contract)
    elif status != "pending":
        deal.deliver(contract, resource_id="i-before")
        if status == "suspended":
            deal.suspend(contract)
        elif status == "ended":
            deal.end(contract)
    contract.refresh_from_db()
    assert contract.status == status
    return contract


def held() -> dict[str, Decimal]:
    return dict(CapacityPool.objects.values_list("resource", "allocated"))


def audited() -> int:
    """How many audit rows there are of contracts; a delivery's are its own."""
    return AuditEntry.objects.filter(object_type="contract").count()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", TABLE)
def test_every_step_from_every_state(deal: Any, status: str, step: str) -> None:
    contract = bring_to(deal, status)
    if (status, step) == ("pending", "accept"):
        deal.hand_over(contract)
    before = (Transition.objects.count(), audited(), held())
    target = TABLE[status].get(step)
    if (status, step) == ("active", "accept"):
        assert STEPS[step](deal, contract) == contract
        assert (Transition.objects.count(), audited(), held()) == before
    elif target is None:
        with pytest.raises((lifecycle.WrongState, fulfilment.WrongState)) as refused:
            STEPS[step](deal, contract)
        assert contract.number in refused.value.message
        assert refused.value.is_conflict is True
        contract.refresh_from_db()
        assert contract.status == status
        assert (Transition.objects.count(), audited(), held()) == before
    else:
        STEPS[step](deal, contract)
        contract.refresh_from_db()
        assert contract.status == target
        last = contract.transitions.last()
        assert (last.from_status, last.to_status, last.happened_at) == (status, target, deal.now)
        assert Transition.objects.count() == before[0] + 1
        assert audited() == before[1] + 1
        gives_back = target in ("ended", "cancelled")
        assert held() == ({"vcpu": 0, "ram_gib": 0} if gives_back else {"vcpu": 6, "ram_gib": 12})
        assert queries.unreconciled_pools() == []


def test_the_table_of_the_code_is_the_table_of_the_test() -> None:
    allowed = {
        (source, "end" if step == "cancel" else step, rule.target)
        for step, rule in lifecycle.STEPS.items()
        for source in rule.sources
    }
    assert allowed == {(source, step, target) for source, steps in TABLE.items() for step, target in steps.items()}


def test_opening_freezes_what_was_agreed(deal: Any) -> None:
    contract = deal.open(quantity=3)
    plan = factories.plan(deal.host)
    factories.price_book(deal.host)  # a later version
    contract.refresh_from_db()
    assert (contract.plan_id, contract.plan.price_book.version) == (plan.pk, 1)
    assert (contract.quantity, contract.term_months, contract.term_discount) == (3, 12, Decimal("0.1"))
    assert {(one.pool.resource, one.quantity) for one in contract.capacity.all()} == {("vcpu", 6), ("ram_gib", 12)}
    assert [(one.from_status, one.to_status) for one in contract.transitions.all()] == [("", "pending")]


def test_the_same_line_opens_one_contract(deal: Any) -> None:
    line = factories.order_line(deal.buyer, deal.host)
    first, second = deal.open(line=line), deal.open(line=line)
    assert first.pk == second.pk
    assert held() == {"vcpu": 2, "ram_gib": 4}
    assert ContractCapacity.objects.count() == 2


def test_an_offering_that_draws_nothing_holds_nothing(deal: Any) -> None:
    contract = deal.open(product=factories.offering(deal.centre, draws={}))
    assert not contract.capacity.exists()
    deal.end(contract)
    assert queries.unreconciled_pools() == []


def test_fractions_of_a_unit_are_drawn_exactly(deal: Any) -> None:
    contract = deal.open(product=factories.offering(deal.centre, draws={"vcpu": 0.1}), quantity=3)
    assert contract.capacity.get().quantity == Decimal("0.300")


@pytest.mark.parametrize(
    ("delivered_at", "start", "end"),
    [
        (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), date(2026, 10, 31), date(2026, 11, 30)),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), date(2026, 11, 1), date(2026, 12, 1)),
        (datetime(2027, 1, 31, 4, 0, tzinfo=UTC), date(2027, 1, 31), date(2027, 2, 28)),
        (datetime(2028, 1, 31, 4, 0, tzinfo=UTC), date(2028, 1, 31), date(2028, 2, 29)),
    ],
)
def test_the_term_begins_on_the_day_of_acceptance_in_shanghai(
    deal: Any, delivered_at: datetime, start: date, end: date
) -> None:
    contract = deal.deliver(deal.open(months=1), now=delivered_at)
    assert (contract.start_date, contract.end_date, contract.activated_at) == (start, end, delivered_at)


def test_an_early_end_counts_today_in_full(deal: Any) -> None:
    contract = deal.deliver(deal.open())
    deal.end(contract, now=datetime(2026, 11, 20, 15, 59, tzinfo=UTC))  # 23:59 on the 20th in Shanghai
    contract.refresh_from_db()
    assert (contract.start_date, contract.end_date) == (date(2026, 11, 2), date(2026, 11, 21))


def test_an_end_after_the_term_does_not_prolong_it(deal: Any) -> None:
    contract = deal.deliver(deal.open(months=1))
    deal.end(contract, now=datetime(2026, 12, 24, 4, 0, tzinfo=UTC))
    contract.refresh_from_db()
    assert contract.end_date == date(2026, 12, 2)


def test_terms_that_have_run_out_end_by_themselves(deal: Any) -> None:
    short, long = deal.deliver(deal.open(months=1)), deal.deliver(deal.open(months=12))
    waiting = deal.open(months=1)
    last_moment = datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC)
    assert operations.end_due(now=last_moment, limit=10) == 0
    midnight = datetime(2026, 12, 1, 16, 0, tzinfo=UTC)
    assert operations.end_due(now=midnight, limit=10) == 1
    assert operations.end_due(now=midnight, limit=10) == 0
    short.refresh_from_db()
    assert (short.status, short.end_date) == ("ended", date(2026, 12, 2))
    assert short.transitions.last().by_name == ""
    assert {Contract.objects.get(pk=one.pk).status for one in (long, waiting)} == {"active", "pending"}
    assert held() == {"vcpu": 4, "ram_gib": 8}
    assert queries.unreconciled_pools() == []


def test_a_batch_has_a_limit(deal: Any) -> None:
    for _ in range(3):
        deal.deliver(deal.open(months=1))
    after = datetime(2027, 1, 1, tzinfo=UTC)
    assert [operations.end_due(now=after, limit=2) for _ in range(3)] == [2, 1, 0]


def test_a_difference_between_pool_and_contracts_is_found(deal: Any) -> None:
    deal.open(quantity=3)
    CapacityPool.objects.filter(resource="vcpu").update(allocated=7)
    found = queries.unreconciled_pools()
    assert [(one.resource, one.allocated, one.held) for one in found] == [("vcpu", 7, 6)]
