"""Placing an order: order, approval, contracts and capacity in one transaction, once, or nothing at all."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.contracts import queries as contract_queries
from billing.contracts.models import Contract, ContractCapacity, Transition
from billing.payments import operations as payments
from billing.rules.money import Money
from marketplace.organisations.models import AuditEntry
from marketplace.procurement.models import Approval
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket.models import Basket
from marketplace.shop.checkout import operations as checkout
from marketplace.shop.order.creator import LineOutOfCapacity
from marketplace.shop.order.models import Line, Order
from providers.models import CapacityPool
from tests import factories
from tests.factories import Price

WRITTEN = (Order, Line, Contract, ContractCapacity, Transition, Approval)


def assert_nothing_was_ordered() -> None:
    for model in WRITTEN:
        assert not model.objects.exists(), model
    assert not CapacityPool.objects.exclude(allocated=0).exists()
    assert not AuditEntry.objects.filter(action__in=["order.placed", "contract.opened", "approval.requested"]).exists()
    assert Basket.objects.get().status == "Open"


def test_an_order_opens_a_contract_for_each_line(market: Any) -> None:
    market.add(quantity=3, months=12)
    market.add(quantity=1, months=1, plan="metered")
    placed = market.place()
    order = Order.objects.get()
    assert placed == checkout.PlacedOrder(number=order.number, is_new=True)
    assert order.number.startswith("DD-")
    assert len(order.number) == 13
    # 3 × 212.70 × 0.9 = 574.29 a month; × 12 = 6,891.48; VAT 6 % = 413.49
    assert (order.total_excl_tax, order.total_incl_tax) == (Decimal("6891.48"), Decimal("7304.97"))
    assert (order.currency, order.user_id, order.date_placed) == ("CNY", market.actor.user_id, market.now)
    monthly, metered = Contract.objects.order_by("pk")
    assert (monthly.quantity, monthly.term_months, monthly.term_discount) == (3, 12, Decimal("0.1000"))
    assert (monthly.status, monthly.buyer, monthly.provider) == ("pending", market.buyer, market.centre.partner)
    assert (monthly.order_number, monthly.placed_at, monthly.start_date) == (order.number, market.now, None)
    assert (monthly.contact_name, monthly.contact_phone) == ("王经办", "0476-8330000")
    assert monthly.plan == factories.plan(market.host)
    assert monthly.order_line.line_price_incl_tax == Decimal("7304.97")
    assert monthly.order_line.unit_price_incl_tax is None
    assert (metered.quantity, metered.term_months, metered.order_line.line_price_incl_tax) == (1, 1, Decimal("0.00"))
    assert sum(line.line_price_incl_tax for line in order.lines.all()) == order.total_incl_tax
    assert dict(CapacityPool.objects.values_list("resource", "allocated")) == {"vcpu": 8, "ram_gib": 16}
    assert contract_queries.unreconciled_pools() == []
    assert Basket.objects.get().status == "Submitted"
    audit = AuditEntry.objects.get(action="order.placed")
    assert audit.details == {"gross_minor": 730_497, "currency": "CNY", "terms": "2026-01"}
    assert not Approval.objects.exists()


def test_an_agency_order_waits_for_approval(market: Any) -> None:
    bureau = factories.bureau()
    actor = factories.actor(bureau, "buyer")
    market.add(quantity=1, months=12, actor=actor)
    placed = market.place(actor)
    approval = Approval.objects.get()
    assert (approval.order_number, approval.organisation, approval.status) == (placed.number, bureau, "waiting")
    # 212.70 × 0.9 = 191.43; × 12 = 2,297.16; VAT 137.83
    assert (approval.amount_minor, approval.requested_by_id) == (243_499, actor.user_id)


def test_the_same_list_sent_twice_makes_one_order(market: Any) -> None:
    market.add()
    answers = market.seen()
    first = market.place(**answers)
    again = market.place(**answers)
    assert again == checkout.PlacedOrder(number=first.number, is_new=False)
    assert (Order.objects.count(), Contract.objects.count()) == (1, 1)


def test_after_an_order_the_list_is_empty_and_a_new_one_begins(market: Any) -> None:
    market.add()
    market.place()
    assert market.read() is None
    market.add()
    assert Basket.objects.count() == 2
    market.place()
    assert Order.objects.count() == 2


def test_a_second_line_out_of_capacity_undoes_the_first(market: Any) -> None:
    small = factories.offering(factories.data_centre(factories.songmo(), vcpu=4), title="小机房云主机")
    market.add(quantity=1)
    market.add(small, quantity=2)
    answers = market.seen()
    pool = CapacityPool.objects.get(data_centre=small.data_centre, resource="ram_gib")
    # The page's own look at the pools is passed by: the allocation itself must refuse.
    wanted_ok = checkout.purchase_lists.describe
    with pytest.MonkeyPatch.context() as patch:

        def describe(*, basket: Basket) -> Any:
            found = wanted_ok(basket=basket)
            CapacityPool.objects.filter(pk=pool.pk).update(total=7)
            return found

        patch.setattr(checkout.purchase_lists, "describe", describe)
        with pytest.raises(LineOutOfCapacity) as refused:
            market.place(**answers)
    assert "小机房云主机" in refused.value.message
    assert (refused.value.cause.resource, refused.value.cause.wanted) == ("ram_gib", 8)
    assert_nothing_was_ordered()


def test_a_line_that_cannot_be_had_is_named(market: Any) -> None:
    market.add(quantity=10)
    answers = market.seen()
    CapacityPool.objects.filter(resource="vcpu").update(total=10)
    with pytest.raises(checkout.NotOrderable) as refused:
        market.place(**answers)
    assert market.host.title in refused.value.message
    assert_nothing_was_ordered()


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"contact_name": " "}, "contact_name"),
        ({"contact_name": "长" * 61}, "contact_name"),
        ({"contact_phone": ""}, "contact_phone"),
        ({"payment_method": "cash"}, "payment_method"),
        ({"payment_method": "prepaid_balance"}, "payment_method"),  # nothing was paid in
        ({"accepted_terms": ""}, "accepted_terms"),
        ({"accepted_terms": "2020-01"}, "accepted_terms"),
        ({"seen_gross_minor": 1}, ""),
    ],
)
def test_a_wrong_answer_orders_nothing(market: Any, answers: dict[str, Any], field: str) -> None:
    market.add()
    with pytest.raises(checkout.errors.Refused) as refused:
        market.place(**answers)
    assert refused.value.field == field
    assert_nothing_was_ordered()


def test_an_empty_list_orders_nothing(market: Any) -> None:
    line = market.add()
    baskets.remove_line(line_id=line.pk, actor=market.actor, now=market.now)
    with pytest.raises(checkout.NothingToOrder):
        market.place()
    assert_nothing_was_ordered()


def test_nobody_orders_anothers_list(market: Any) -> None:
    market.add()
    with pytest.raises(checkout.NoSuchBasket):
        market.place(factories.actor(market.buyer, "buyer"), **market.seen())
    assert_nothing_was_ordered()


@pytest.mark.parametrize(("paid_in", "is_enough"), [("338.45", False), ("338.46", True)])
def test_a_prepaid_balance_covers_the_first_month(market: Any, paid_in: str, is_enough: bool) -> None:
    # once 100.00 + 13 % = 113.00; monthly 212.70 + 6 % = 225.46 (12.762 → 12.76)
    host = factories.offering(
        market.centre, plans={"monthly": [Price("one_time", "100.00", vat_rate="0.13"), factories.MONTHLY]}
    )
    amount = Money.from_decimal(Decimal(paid_in), "CNY")
    payments.record_top_up(
        organisation_id=market.buyer.pk,
        amount=amount,
        bank_reference="BK-1",
        received_at=market.now,
        actor=factories.actor(factories.platform(), "finance"),
        now=market.now,
    )
    market.add(host, months=1)
    if is_enough:
        market.place(payment_method="prepaid_balance")
        assert Contract.objects.get().payment_method == "prepaid_balance"
    else:
        with pytest.raises(checkout.BalanceTooLow):
            market.place(payment_method="prepaid_balance")
        assert_nothing_was_ordered()


@pytest.mark.parametrize(("lines", "has_advice", "most"), [(1, False, 48), (10, False, 58), (10, True, 66)])
def test_an_order_takes_one_query_a_line_and_48_around_them(
    market: Any, lines: int, has_advice: bool, most: int
) -> None:
    """Savepoints counted; a company's aim is 60 for 10 lines. With advice and approval: 66."""
    actor = factories.actor(factories.bureau() if has_advice else market.buyer, "buyer")
    centres = [market.centre, factories.data_centre(factories.songmo())]
    for number in range(lines):
        market.add(factories.offering(centres[number % 2]), actor=actor)
    answers = market.seen(actor)
    with CaptureQueriesContext(connection) as queries:
        market.place(actor, **answers)
    print(f"an order of {lines} lines: {len(queries)} queries")
    assert (Contract.objects.count(), ContractCapacity.objects.count()) == (lines, 2 * lines)
    assert len(queries) <= most
    assert contract_queries.unreconciled_pools() == []


def test_the_pools_are_locked_when_all_else_is_written(market: Any) -> None:
    market.add()
    answers = market.seen()
    with CaptureQueriesContext(connection) as queries:
        market.place(**answers)
    statements = [query["sql"] for query in queries]
    first_lock = next(i for i, sql in enumerate(statements) if "capacitypool" in sql and "FOR NO KEY UPDATE" in sql)
    inserts = [sql.split('"')[1] for sql in statements[first_lock:] if sql.startswith("INSERT")]
    assert inserts == ["contracts_contractcapacity"]


def test_two_lines_that_do_not_fit_together_name_the_second(market: Any) -> None:
    other = factories.offering(market.centre, title="第二台云主机")
    market.add(quantity=3)
    market.add(other, quantity=2)
    answers = market.seen()
    CapacityPool.objects.filter(resource="vcpu").update(total=9)  # each line alone fits
    with pytest.raises(LineOutOfCapacity) as refused:
        market.place(**answers)
    assert "第二台云主机" in refused.value.message
    cause = refused.value.cause
    assert (cause.resource, cause.wanted, cause.available) == ("vcpu", 4, 3)
    assert_nothing_was_ordered()
