"""Changes of a running contract: what each costs before it is asked for, and what follows on its day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.contracts import changes, operations, queries
from billing.contracts.locks import NoSuchContract
from billing.contracts.models import ChangeRequest, Contract, ContractCapacity
from billing.rating import operations as rating
from billing.rating.models import Charge
from listings.prices import pricing
from marketplace.organisations.models import Notice
from providers import operations as providers
from providers.fulfilment.models import Delivery
from providers.models import CapacityPool
from tests import factories

TODAY, TOMORROW = date(2026, 11, 2), date(2026, 11, 3)


def held() -> dict[str, Decimal]:
    assert queries.unreconciled_pools() == []
    return dict(CapacityPool.objects.values_list("resource", "allocated"))


def morning(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 1, tzinfo=UTC)


def ask(deal: Any, contract: Contract, kind: str, *, seen: int | None = None, **wanted: int) -> ChangeRequest:
    if seen is None:
        seen = changes.preview(contract=contract, kind=kind, on=TODAY, **wanted).seen_minor
    return changes.request_change(
        number=contract.number,
        organisation_id=deal.buyer.pk,
        kind=kind,
        seen_minor=seen,
        actor=deal.orderer,
        now=deal.now,
        **wanted,
    )


def decide(deal: Any, contract: Contract, *, confirm: bool, reason: str = "") -> ChangeRequest:
    return changes.decide(
        number=contract.number,
        provider_organisation_id=deal.provider.organisation_id,
        confirm=confirm,
        reason=reason,
        actor=deal.operator,
        now=deal.now,
    )


def withdraw(deal: Any, contract: Contract) -> ChangeRequest:
    return changes.withdraw(number=contract.number, organisation_id=deal.buyer.pk, actor=deal.orderer, now=deal.now)


def test_a_renewal_follows_on_the_last_day_at_the_price_in_force(deal: Any) -> None:
    contract = deal.deliver(deal.open(quantity=2, months=1))
    dearer = factories.Price(kind="recurring", unit_price="220.00")
    factories.price_book(deal.host, plans={"monthly": [dearer]})
    shown = changes.preview(contract=contract, kind="renew", months=12, on=TODAY)
    # 212.70 × 2 = 425.40 and 25.52 of VAT; then 220.00 × 2 × 0.9 = 396.00 and 23.76, twelve times 419.76
    assert (shown.before.amount_minor, shown.after.amount_minor) == (450_92, 419_76)
    assert shown.term is not None
    assert (shown.term.amount_minor, shown.effective_date) == (5_037_12, date(2026, 12, 2))
    assert ask(deal, contract, "renew", months=12).status == "confirmed"
    assert operations.end_due(now=morning(12, 2), limit=9) == 0, "what is renewed does not end by itself"
    assert changes.put_due_in_force(now=datetime(2026, 12, 1, 15, 59, tzinfo=UTC), limit=9) == 0
    assert [changes.put_due_in_force(now=morning(12, 4), limit=9) for _ in range(2)] == [1, 0]
    contract.refresh_from_db()
    follows = contract.successor
    assert (contract.status, contract.end_date, follows.status) == ("ended", date(2026, 12, 2), "active")
    assert (follows.start_date, follows.end_date) == (date(2026, 12, 2), date(2027, 12, 2))
    assert (follows.plan.price_book.version, follows.term_discount, follows.quantity) == (2, Decimal("0.1"), 2)
    assert (follows.resource_id, follows.order_line) == ("i-0001", None)
    assert held() == {"vcpu": 4, "ram_gib": 8}
    assert set(ContractCapacity.objects.filter(released_at=None).values_list("contract", flat=True)) == {follows.pk}
    delivery = Delivery.objects.get()
    assert (delivery.runs_for, delivery.remove_at) == (follows.number, None)
    deal.end(follows, now=morning(12, 10))
    assert held() == {"vcpu": 0, "ram_gib": 0}
    assert Delivery.objects.get().remove_at is not None


def test_a_termination_keeps_to_the_notice_and_costs_the_fee_of_the_version_bought(deal: Any) -> None:
    host = factories.offering(deal.centre, exit_notice_days=30, exit_fee=Decimal("500.00"))
    contract = deal.deliver(deal.open(product=host))
    with pytest.raises(operations.NoticeNeeded):
        deal.end(contract)
    shown = changes.preview(contract=contract, kind="terminate", on=TODAY)
    assert (shown.effective_date, shown.exit_fee, shown.seen_minor) == (date(2026, 12, 3), Decimal(500), 20292 + 50000)
    assert ask(deal, contract, "terminate").status == "confirmed"
    assert changes.put_due_in_force(now=morning(12, 3), limit=9) == 1
    contract.refresh_from_db()
    assert (contract.status, contract.end_date, contract.exit_fee) == ("ended", date(2026, 12, 3), Decimal(500))
    assert held() == {"vcpu": 0, "ram_gib": 0}
    for _ in range(2):  # rated again, nothing changes
        rating.rate_pending(now=morning(1, 10, 2027), limit=9)
    december = Charge.objects.filter(period_start_date=date(2026, 12, 1))
    # two days of 31 of 212.70 × 0.9, and the fee once
    assert [(one.row, round(one.amount, 4), one.vat_rate) for one in december] == [
        ("", Decimal("12.3503"), Decimal("0.06")),
        ("exit_fee", Decimal(500), Decimal("0.06")),
    ]
    assert not Charge.objects.filter(period_start_date=date(2026, 11, 1), row="exit_fee").exists()


def test_a_larger_quantity_follows_the_day_after_the_provider_agreed(deal: Any) -> None:
    contract = deal.deliver(deal.open(quantity=3))
    shown = changes.preview(contract=contract, kind="resize", quantity=5, on=TODAY)
    # 212.70 × 0.9 × 3 = 574.29 and 34.46; × 5 = 957.15 and 57.43
    assert (shown.before.amount_minor, shown.after.amount_minor, shown.difference.amount_minor) == (
        608_75,
        1_014_58,
        405_83,
    )
    assert ask(deal, contract, "resize", quantity=5).status == "requested"
    assert changes.put_due_in_force(now=morning(11, 9), limit=9) == 0, "the provider has not agreed"
    assert held() == {"vcpu": 6, "ram_gib": 12}
    assert decide(deal, contract, confirm=True).effective_date == TOMORROW
    assert held() == {"vcpu": 10, "ram_gib": 20}, "taken at once, so that it is there on the day"
    with pytest.raises(changes.NoOpenChange):
        withdraw(deal, contract)
    assert changes.put_due_in_force(now=morning(11, 3), limit=9) == 1
    follows = Contract.objects.get(predecessor=contract)
    assert (follows.quantity, follows.start_date, follows.end_date) == (5, TOMORROW, date(2027, 11, 2))
    assert held() == {"vcpu": 10, "ram_gib": 20}
    assert queries.committed_of(contract=follows) is None
    assert queries.monthly_of(contract=follows).amount_minor == 1_014_58


def test_a_smaller_quantity_gives_capacity_back_on_its_day(deal: Any) -> None:
    contract = deal.deliver(deal.open(quantity=3))
    ask(deal, contract, "resize", quantity=1)
    decide(deal, contract, confirm=True)
    assert held() == {"vcpu": 6, "ram_gib": 12}
    changes.put_due_in_force(now=morning(11, 3), limit=9)
    assert held() == {"vcpu": 2, "ram_gib": 4}


def test_another_plan_follows_and_one_time_prices_are_not_charged_again(deal: Any) -> None:
    setup = factories.Price(kind="one_time", unit_price="100.00", unit="次", code="setup")
    monthly = factories.Price(kind="recurring", unit_price="212.70", code="month")
    factories.price_book(deal.host, plans={"monthly": [monthly], "with_setup": [setup, monthly]})
    contract = deal.deliver(deal.open())
    other = factories.plan(deal.host, "with_setup")
    assert ask(deal, contract, "switch", plan_id=other.pk).monthly_after_minor == 202_92
    decide(deal, contract, confirm=True)
    changes.put_due_in_force(now=morning(11, 3), limit=9)
    follows = Contract.objects.get(predecessor=contract)
    assert (follows.plan, follows.end_date) == (other, date(2027, 11, 2))
    rating.rate_pending(now=morning(12, 10), limit=9)
    assert [one.component.kind for one in Charge.objects.filter(contract=follows)] == ["recurring"]


def test_one_change_waits_at_a_time_and_can_be_taken_back(deal: Any) -> None:
    contract = deal.deliver(deal.open(months=1))
    ask(deal, contract, "renew", months=1)
    with pytest.raises(changes.ChangeOpen):
        ask(deal, contract, "renew", months=12)
    assert withdraw(deal, contract).status == "withdrawn"
    with pytest.raises(changes.NoOpenChange):
        withdraw(deal, contract)
    ask(deal, contract, "renew", months=12)
    deal.end(contract)
    assert ChangeRequest.objects.latest("pk").status == "withdrawn", "off, as its contract has ended"
    assert changes.put_due_in_force(now=morning(12, 10), limit=9) == 0


def test_a_change_is_declined_with_a_reason(deal: Any) -> None:
    contract = deal.deliver(deal.open())
    ask(deal, contract, "resize", quantity=2)
    with pytest.raises(changes.InvalidChange):
        decide(deal, contract, confirm=False)
    assert decide(deal, contract, confirm=False, reason="机柜已满").status == "declined"
    assert Notice.objects.filter(organisation=deal.buyer, values__reason="机柜已满").count() == 1
    with pytest.raises(changes.NoOpenChange):
        decide(deal, contract, confirm=True)


def test_more_than_there_is_cannot_be_agreed_to(deal: Any) -> None:
    contract = deal.deliver(deal.open())
    ask(deal, contract, "resize", quantity=501)  # of 1,000 vCPU
    with pytest.raises(providers.OutOfCapacity):
        decide(deal, contract, confirm=True)
    assert ChangeRequest.objects.get().status == "requested"
    assert held() == {"vcpu": 2, "ram_gib": 4}


def test_what_cannot_be_is_refused_and_nothing_is_written(deal: Any) -> None:
    contract, waiting = deal.deliver(deal.open(months=1)), deal.open()
    refused: list[tuple[type[Exception], Contract, str, dict[str, int]]] = [
        (changes.NotRunning, waiting, "renew", {"months": 1}),
        (pricing.UnknownTerm, contract, "renew", {"months": 7}),
        (changes.InvalidChange, contract, "resize", {"quantity": 1}),
        (pricing.InvalidQuantity, contract, "resize", {"quantity": 0}),
        (changes.InvalidChange, contract, "switch", {"plan_id": contract.plan_id}),
        (changes.InvalidChange, contract, "switch", {"plan_id": 0}),
        (changes.InvalidChange, contract, "dance", {}),
        (changes.PriceChanged, contract, "renew", {"months": 1, "seen": 1}),
    ]
    for error, one, kind, wanted in refused:
        with pytest.raises(error):
            ask(deal, one, kind, **wanted)
    stranger = factories.foods()
    with pytest.raises(NoSuchContract):
        changes.request_change(
            number=contract.number, organisation_id=stranger.pk, kind="renew", months=1, seen_minor=0,
            actor=factories.actor(stranger, "owner"), now=deal.now,
        )  # fmt: skip
    yearly = factories.offering(
        deal.centre, plans={"monthly": [factories.Price(kind="one_time", unit_price="120.00", unit="人·年")]}
    )
    prepaid = deal.deliver(deal.open(product=yearly))
    for kind, wanted in (("renew", {"months": 12}), ("resize", {"quantity": 9})):
        with pytest.raises(changes.InvalidChange):
            ask(deal, prepaid, kind, **wanted)
    late_notice = factories.offering(deal.centre, exit_notice_days=60)
    short = deal.deliver(deal.open(product=late_notice, months=1))
    with pytest.raises(changes.InvalidChange):
        ask(deal, short, "terminate")
    assert not ChangeRequest.objects.exists()
