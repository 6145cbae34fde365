"""The one price function: figures an accountant can follow."""

from decimal import Decimal

import pytest

from billing.rules.money import Money
from listings import queries
from listings.prices import pricing
from tests import factories
from tests.factories import Price


def found(product, code):
    return queries.find_plan(plan_id=factories.plan(product, code).pk)


@pytest.mark.django_db
def test_three_hosts_for_twelve_months():
    # 212.70 × 3 × 0.9 = 574.29 a month; × 12 = 6,891.48; VAT 6 % of it = 413.4888 → 413.49
    product = factories.offering(factories.data_centre(factories.hongshan()))
    quote = pricing.quote(plan=found(product, "monthly"), quantity=3, term_months=12)
    assert quote.monthly.net == Money(57429, "CNY")
    assert quote.monthly.tax == Money(3446, "CNY")  # 34.4574
    assert quote.term.net == Money(689148, "CNY")
    assert quote.term.tax == Money(41349, "CNY")
    assert quote.term.gross == Money(730497, "CNY")
    assert quote.discount == Decimal("0.10")
    assert quote.one_time.gross == Money(0, "CNY")
    assert quote.metered == ()


@pytest.mark.django_db
def test_two_rates_of_tax_in_one_plan():
    # once 1,000.00 at 6 % = 60.00; 3,716.81 a month at 13 % = 483.1853 → 483.19
    plans = {"bare": [Price("one_time", "1000", unit="次"), Price("recurring", "3716.81", vat_rate="0.13", code="m")]}
    product = factories.offering(factories.data_centre(factories.hongshan()), plans=plans, terms={1: "0"})
    quote = pricing.quote(plan=found(product, "bare"), quantity=1, term_months=1)
    assert quote.term.net == Money(471681, "CNY")
    assert quote.term.tax == Money(54319, "CNY")
    assert quote.one_time.gross == Money(106000, "CNY")
    assert quote.monthly.gross == Money(420000, "CNY")


@pytest.mark.django_db
def test_a_metered_plan_commits_nothing_and_shows_its_rates():
    product = factories.offering(factories.data_centre(factories.hongshan()))
    quote = pricing.quote(plan=found(product, "metered"), quantity=5, term_months=1)
    assert quote.is_metered_only
    assert quote.term.gross == Money(0, "CNY")
    assert [(rate.component.meter, rate.unit_net, rate.unit_gross) for rate in quote.metered] == [
        ("vcpu_hours", Decimal("0.12348000"), Decimal("0.1308888")),
        ("gib_hours", Decimal("0.01547000"), Decimal("0.0163982")),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "refusal", "field"),
    [
        ({"quantity": 1, "term_months": 7}, pricing.UnknownTerm, "term_months"),
        ({"quantity": 0, "term_months": 1}, pricing.InvalidQuantity, "quantity"),
        ({"quantity": -1, "term_months": 1}, pricing.InvalidQuantity, "quantity"),
        ({"quantity": 100_001, "term_months": 1}, pricing.InvalidQuantity, "quantity"),
        ({"quantity": True, "term_months": 1}, pricing.InvalidQuantity, "quantity"),
    ],
)
def test_refuses_what_is_not_offered(given, refusal, field):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    with pytest.raises(refusal) as error:
        pricing.quote(plan=found(product, "monthly"), **given)
    assert error.value.field == field


@pytest.mark.django_db
def test_only_a_published_plan_of_a_listed_offering_is_for_sale():
    product = factories.offering(factories.data_centre(factories.hongshan()))
    old = factories.plan(product)
    factories.price_book(product)
    with pytest.raises(queries.NoSuchPlan):
        queries.find_plan(plan_id=old.pk)
    assert product.quote(plan_id=old.pk, quantity=1, term_months=1) is None
    product.state = "withdrawn"
    product.save()
    with pytest.raises(queries.NoSuchPlan):
        queries.find_plan(plan_id=factories.plan(product).pk)
