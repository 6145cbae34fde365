"""What each side sees, what metering and rating read, and how many queries it takes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.contracts import locks, operations, orders, queries
from billing.contracts.models import Contract
from billing.rules.periods import Month
from tests import factories
from tests.frontend.trade import World

OCTOBER = Month(2026, 10)


@pytest.fixture
def world(db: None) -> World:
    return World()


def test_contracts_are_for_their_two_sides(deal: Any) -> None:
    contract = deal.open()
    stranger, songmo = factories.foods(), factories.songmo()
    seen = [
        ("buyer", deal.buyer.pk, True),
        ("provider", deal.provider.organisation_id, True),
        ("platform", factories.platform().pk, True),
        ("buyer", stranger.pk, False),
        ("provider", songmo.organisation_id, False),
        ("buyer", deal.provider.organisation_id, False),
        ("provider", deal.buyer.pk, False),
        ("buyer", None, False),
        ("provider", None, False),
        ("public", deal.buyer.pk, False),
    ]
    for side, organisation_id, is_found in seen:
        if is_found:
            found = queries.get_contract(number=contract.number, organisation_id=organisation_id, side=side)
            assert found.pk == contract.pk
        else:
            with pytest.raises(locks.NoSuchContract):
                queries.get_contract(number=contract.number, organisation_id=organisation_id, side=side)
            with pytest.raises(orders.NoSuchOrder):
                queries.get_order(order_number=contract.order_number, organisation_id=organisation_id, side=side)


def test_a_provider_sees_only_its_own_lines_of_an_order(world: World) -> None:
    number = world.order(world.host, world.other_host, actor=world.officer)
    whole = queries.get_order(order_number=number, organisation_id=world.bureau.pk, side="buyer")
    part = queries.get_order(order_number=number, organisation_id=world.hongshan.organisation_id, side="provider")
    # 212.70 × 0.9 × 12 = 2,297.16 and 137.83 of VAT for each line
    assert (len(whole.lines), whole.net.amount_minor, whole.tax.amount_minor) == (2, 459_432, 27_566)
    assert (len(part.lines), part.net.amount_minor, part.gross.amount_minor) == (1, 229_716, 243_499)
    assert part.lines[0].contract.provider == world.hongshan
    assert whole.placed_by == world.officer.user_name
    assert part.placed_by == ""
    assert whole.approval is not None
    assert whole.state == part.state == "waiting"


def test_a_provider_does_not_read_why_a_buyer_decided(world: World) -> None:
    number = world.order(actor=world.officer)
    operations.decide_order(
        order_number=number,
        organisation_id=world.bureau.pk,
        approve=True,
        reason="预算编号 2026-17",
        actor=world.approver,
        now=datetime(2026, 11, 2, 5, 0, tzinfo=UTC),
    )
    part = queries.get_order(order_number=number, organisation_id=world.hongshan.organisation_id, side="provider")
    assert part.approval is not None
    assert (part.approval.reason, part.approval.decided_by) == ("", None)
    assert "预算编号" not in "".join(step.text for step in part.milestones)
    whole = queries.get_order(order_number=number, organisation_id=world.bureau.pk, side="buyer")
    assert "预算编号 2026-17" in "".join(step.text for step in whole.milestones)


def test_an_order_tells_how_far_it_is(deal: Any) -> None:
    contract = deal.open(is_held=True)

    def read() -> Any:
        return queries.get_order(order_number=contract.order_number, organisation_id=deal.buyer.pk, side="buyer")

    assert (read().state, [step.state for step in read().milestones]) == ("waiting", ["done", "current", "", ""])
    deal.decide(contract, approve=True)
    assert (read().state, [step.state for step in read().milestones]) == ("delivering", ["done", "done", "current", ""])
    deal.deliver(contract)
    assert (read().state, [step.state for step in read().milestones]) == (
        "active",
        ["done", "done", "done", "current", ""],
    )
    deal.end(contract)
    assert (read().state, [step.state for step in read().milestones]) == ("ended", ["done"] * 5)


def test_bindings_name_the_meters_and_leave_out_other_providers(deal: Any) -> None:
    metered, monthly = deal.open(plan="metered"), deal.open()
    deal.deliver(metered)
    songmo = factories.songmo()
    foreign = factories.contract(deal.buyer, factories.offering(factories.data_centre(songmo)), plan_code="metered")
    with CaptureQueriesContext(connection) as taken:
        found = queries.contracts_by_number(
            provider_id=deal.provider.pk, numbers=[metered.number, monthly.number, foreign.number, "HT-NONE"]
        )
    assert len(taken) == 1
    assert found == {
        metered.number: queries.ContractBinding(
            id=metered.pk,
            meters=frozenset({"vcpu_hours", "gib_hours"}),
            start_date=date(2026, 11, 2),
            end_date=date(2027, 11, 2),
            status="active",
        ),
        monthly.number: queries.ContractBinding(
            id=monthly.pk, meters=frozenset(), start_date=None, end_date=None, status="pending"
        ),
    }


@pytest.mark.parametrize(
    ("status", "start", "end", "is_found"),
    [
        ("active", date(2026, 10, 31), date(2027, 10, 31), True),
        ("active", date(2026, 11, 1), date(2027, 11, 1), False),
        ("ended", date(2026, 9, 1), date(2026, 10, 1), False),
        ("ended", date(2026, 9, 1), date(2026, 10, 2), True),
        ("suspended", date(2026, 9, 1), date(2027, 9, 1), True),
        ("ended", date(2026, 10, 5), date(2026, 10, 5), False),
    ],
)
def test_rating_reads_what_ran_in_a_month(deal: Any, status: str, start: date, end: date, is_found: bool) -> None:
    contract = factories.contract(deal.buyer, deal.host, start=start, status=status, end_date=end)
    found = queries.contracts_in_month(month=OCTOBER, limit=10)
    assert [one.pk for one in found] == ([contract.pk] if is_found else [])
    assert queries.contracts_in_month(month=OCTOBER, after_id=contract.pk, limit=10) == []


def test_what_never_ran_is_not_rated(deal: Any) -> None:
    deal.open()
    deal.end(deal.open())
    assert queries.contracts_in_month(month=Month(2026, 11), limit=10) == []


def test_deliveries_are_what_may_be_delivered(deal: Any) -> None:
    free, waiting = deal.open(), deal.open(is_held=True)
    own = {"provider_organisation_id": deal.provider.organisation_id}
    assert [one.number for one in queries.list_deliveries(**own)] == [free.number]
    assert [one.number for one in queries.list_deliveries(**own, is_cleared=False)] == [waiting.number]
    deal.decide(waiting, approve=True)
    assert [one.number for one in queries.list_deliveries(**own)] == [free.number, waiting.number]
    deal.deliver(free)
    assert [one.number for one in queries.list_deliveries(**own)] == [waiting.number]
    assert list(queries.list_deliveries(provider_organisation_id=factories.songmo().organisation_id)) == []


@pytest.mark.parametrize("count", [1, 60])
def test_lists_take_a_fixed_number_of_queries(deal: Any, count: int) -> None:
    for _ in range(count):
        factories.contract(deal.buyer, deal.host)
    bounds = [
        (2, lambda: list(queries.list_contracts(buyer_id=deal.buyer.pk))),
        (2, lambda: list(queries.list_contracts(provider_organisation_id=deal.provider.organisation_id))),
        (4, lambda: [(order.state, order.gross) for order in queries.list_orders(buyer_id=deal.buyer.pk)]),
        (1, lambda: queries.count_contracts(buyer_id=deal.buyer.pk)),
    ]
    for bound, read in bounds:
        with CaptureQueriesContext(connection) as taken:
            read()
        assert len(taken) <= bound, [one["sql"] for one in taken]
    assert len(queries.list_contracts(buyer_id=deal.buyer.pk)) == min(count, 50)
    assert queries.list_orders(buyer_id=deal.buyer.pk).paginator.count == count
    assert queries.count_contracts(buyer_id=deal.buyer.pk) == {"active": count}


def test_lists_are_those_of_the_organisation(deal: Any) -> None:
    deal.open()
    stranger = factories.foods()
    assert list(queries.list_contracts(buyer_id=stranger.pk)) == []
    assert list(queries.list_orders(buyer_id=stranger.pk)) == []
    assert queries.count_contracts(buyer_id=stranger.pk) == {}
    assert len(queries.list_contracts()) == Contract.objects.count() == 1  # the platform's view
