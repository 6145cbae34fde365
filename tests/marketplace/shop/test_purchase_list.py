"""采购单: lines by plan and term, prices to the fen, what may be added."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.rules.money import Money
from listings import queries as listings
from listings.prices import pricing
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket.models import Basket, Line
from providers.models import CapacityPool
from tests import factories
from tests.factories import Price


def yuan(text: str) -> Money:
    from decimal import Decimal

    return Money.from_decimal(Decimal(text), "CNY")


def test_a_line_holds_plan_and_term_as_options(market: Any) -> None:
    line = market.add(quantity=3, months=12)
    plan = factories.plan(market.host)
    assert {one.option.code: one.value for one in line.attributes.all()} == {"plan": plan.pk, "term_months": 12}
    assert (line.quantity, line.basket.status, line.basket.owner_id) == (3, "Open", market.actor.user_id)


def test_the_same_plan_and_term_adds_up_another_term_is_another_line(market: Any) -> None:
    market.add(quantity=1, months=12)
    market.add(quantity=2, months=12)
    market.add(quantity=1, months=1)
    market.add(quantity=1, months=1, plan="metered")
    assert sorted(Line.objects.values_list("quantity", flat=True)) == [1, 1, 3]
    assert Basket.objects.count() == 1


def test_the_totals_are_the_sum_of_the_lines(market: Any) -> None:
    # 3 hosts at 212.70 a month, 10 % off for a year: 574.29 a month, 6,891.48 a year, 6 % VAT 413.49
    market.add(quantity=3, months=12)
    # 1 host for one month: 212.70, VAT 12.76
    market.add(quantity=1, months=1)
    songmo = factories.offering(
        factories.data_centre(factories.songmo()),
        plans={"monthly": [Price("one_time", "99.995", vat_rate="0.13"), Price("recurring", "0.005", vat_rate="0.06")]},
    )
    # 100.00 once (99.995 rounded half up) with 13 %; 0.01 a month (0.005 rounded half up), VAT of 0.01 is 0.00
    market.add(songmo, quantity=1, months=1)
    found = market.read()
    assert [(group.provider.name, len(group.lines)) for group in found.groups] == [
        ("红山云数据服务有限公司", 2),
        ("松漠算力运营有限公司", 1),
    ]
    assert found.total.term.net == yuan("6891.48") + yuan("212.70") + yuan("100.01")
    assert found.total.term.tax == yuan("413.49") + yuan("12.76") + yuan("13.00")
    assert found.total.term.gross == yuan("7643.44")
    assert found.total.term.gross == sum((group.total.term.gross for group in found.groups), Money.zero("CNY"))
    assert found.total.monthly.net == yuan("574.29") + yuan("212.70") + yuan("0.01")
    assert found.total.one_time.gross == yuan("113.00")
    assert found.is_orderable is True


def test_what_oscar_adds_up_is_the_same(market: Any) -> None:
    market.add(quantity=3, months=12)
    market.add(quantity=7, months=1)
    found = market.read()
    assert found.basket.total_excl_tax == found.total.term.net.to_decimal()
    assert found.basket.total_incl_tax == found.total.term.gross.to_decimal()


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"quantity": 0}, pricing.InvalidQuantity, "quantity"),
        ({"quantity": 100_001}, pricing.InvalidQuantity, "quantity"),
        ({"months": 7}, pricing.UnknownTerm, "term_months"),
        ({"quantity": 251}, baskets.NotAvailable, "quantity"),  # 4 GiB of 1,000 a unit
    ],
)
def test_what_cannot_be_had_is_not_added(market: Any, changes: dict[str, int], refusal: type, field: str) -> None:
    CapacityPool.objects.filter(resource="ram_gib").update(total=1000)
    with pytest.raises(refusal) as refused:
        market.add(**changes)
    assert refused.value.field == field
    assert not Line.objects.exists()


def test_capacity_counts_all_lines_of_an_offering(market: Any) -> None:
    market.add(quantity=300, months=12)
    with pytest.raises(baskets.NotAvailable):
        market.add(quantity=201, months=1)
    assert Line.objects.get().quantity == 300


def test_a_withdrawn_offering_is_not_added(market: Any) -> None:
    plan = factories.plan(market.host)
    market.host.state = "withdrawn"
    market.host.save()
    with pytest.raises(listings.NoSuchPlan):
        baskets.add_offering(plan_id=plan.pk, quantity=1, term_months=12, actor=market.actor, now=market.now)


def test_an_amount_that_an_order_cannot_hold_is_refused(market: Any) -> None:
    dear = factories.offering(market.centre, draws={}, plans={"monthly": [Price("recurring", "900000.00")]})
    with pytest.raises(baskets.AmountTooLarge) as refused:
        market.add(dear, quantity=100_000, months=1)
    assert refused.value.field == "quantity"
    assert not Line.objects.exists()


def test_a_price_that_is_no_longer_offered_stops_the_line(market: Any) -> None:
    market.add(quantity=2)
    factories.price_book(market.host)
    found = market.read()
    assert found.is_orderable is False
    assert len(found.problems) == 1
    assert found.total.term.gross == Money.zero("CNY")


def test_capacity_sold_meanwhile_stops_the_line(market: Any) -> None:
    market.add(quantity=10)
    CapacityPool.objects.filter(resource="vcpu").update(allocated=990)
    found = market.read()
    assert found.is_orderable is False
    assert "5" in found.problems[0]


def test_quantities_change_and_lines_go(market: Any) -> None:
    line = market.add(quantity=2)
    baskets.change_quantity(line_id=line.pk, quantity=5, actor=market.actor, now=market.now)
    assert Line.objects.get().quantity == 5
    baskets.remove_line(line_id=line.pk, actor=market.actor, now=market.now)
    assert not Line.objects.exists()


def test_nobody_changes_anothers_list(market: Any) -> None:
    line = market.add(quantity=2)
    other = factories.actor(market.buyer, "buyer")
    with pytest.raises(baskets.NoSuchLine):
        baskets.change_quantity(line_id=line.pk, quantity=5, actor=other, now=market.now)
    with pytest.raises(baskets.NoSuchLine):
        baskets.remove_line(line_id=line.pk, actor=other, now=market.now)
    assert Line.objects.get().quantity == 2


def test_a_list_has_at_most_50_lines(market: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baskets, "MOST_LINES", 1)
    market.add(months=1)
    with pytest.raises(baskets.ListFull):
        market.add(months=12)
    assert Line.objects.count() == 1


@pytest.mark.parametrize("lines", [1, 10])
def test_reading_takes_at_most_9_queries_whatever_the_length(market: Any, lines: int) -> None:
    for _ in range(lines):
        market.add(factories.offering(market.centre))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(market.read().lines) == lines
    assert len(queries) <= 9, [query["sql"] for query in queries]
