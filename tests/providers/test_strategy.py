"""What Oscar is told about prices and availability."""

from decimal import Decimal

import pytest

from providers.strategy import CommittedAmounts, FromCapacity, NotForSale
from tests import factories


def ask(product, *, quantity=1, **options):
    return CommittedAmounts().fetch_for_options(product, options=options, quantity=quantity)


@pytest.mark.django_db
def test_the_price_is_the_committed_amount_over_the_term():
    product = factories.offering(factories.data_centre(factories.hongshan()))
    info = ask(product, quantity=3, plan=factories.plan(product).pk, term_months="12")
    assert (info.price.excl_tax, info.price.tax) == (Decimal("2297.16"), Decimal("137.83"))
    assert info.price.quote.term.gross.amount_minor == 730_497
    assert info.availability.is_purchase_permitted(500) == (True, "")
    allowed, reason = info.availability.is_purchase_permitted(501)
    assert not allowed
    assert "500" in reason


@pytest.mark.django_db
@pytest.mark.parametrize("options", [{}, {"plan": "x", "term_months": 1}, {"plan": 0, "term_months": 1}])
def test_without_a_plan_there_is_no_price(options):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    assert not ask(product, **options).price.exists


@pytest.mark.django_db
def test_another_offerings_plan_is_no_price():
    centre = factories.data_centre(factories.hongshan())
    product, other = factories.offering(centre), factories.offering(centre)
    assert not ask(product, plan=factories.plan(other).pk, term_months=1).price.exists


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["building", "withdrawn"])
def test_what_is_not_for_sale_says_why(change):
    centre = factories.data_centre(factories.hongshan())
    product = factories.offering(centre)
    if change == "building":
        centre.status = "building"
        centre.save()
    else:
        product.state = "withdrawn"
        product.save()
    product.refresh_from_db()
    answer = ask(product).availability
    assert isinstance(answer, NotForSale)
    assert not answer.is_available_to_buy
    assert answer.message


@pytest.mark.django_db
def test_what_draws_nothing_has_no_limit():
    product = factories.offering(factories.data_centre(factories.hongshan()), draws={})
    answer = ask(product).availability
    assert isinstance(answer, FromCapacity)
    assert answer.is_purchase_permitted(100_000) == (True, "")
