"""A quote over HTTP: the figure of the pages, for every key."""

from datetime import date
from typing import Any

import pytest

from listings.prices import pricing
from tests import factories
from tests.factories import Price
from tests.marketplace.api.client import Api, api

pytestmark = pytest.mark.django_db

TRAFFIC = Price(
    "metered", model="graduated", meter="traffic_gb", unit="GB", tiers=(("100", "0.5", "0"), (None, "0.4", "10"))
)


@pytest.fixture
def product() -> Any:
    centre = factories.data_centre(factories.hongshan())
    return factories.offering(centre, plans={"mixed": [factories.MONTHLY, TRAFFIC]})


@pytest.fixture
def caller() -> Api:
    return api(factories.foods(), "contracts.view")


def path(product: Any, query: str) -> str:
    return f"/api/v1/offerings/{product.code}/quote?{query}"


def test_the_quote_is_that_of_the_pages(caller: Api, product: Any) -> None:
    body = caller.get(path(product, "plan=mixed&quantity=3&term_months=12&usage.traffic_gb=150")).json()
    # 3 × 212.70 × 0.9 = 574.29 a month; 100 × 0.5 + 50 × 0.4 + 10 = 80.00 for the traffic
    assert body["monthly"] == {"net_minor": 57429, "tax_minor": 3446, "gross_minor": 60875}
    assert body["usage_monthly"] == {"net_minor": 8000, "tax_minor": 480, "gross_minor": 8480}
    assert body["term_total"]["gross_minor"] == body["term"]["gross_minor"] + 12 * 8480
    assert [(line["row"], line["net_minor"]) for line in body["lines"]] == [
        ("", 57429),
        ("tier1", 5000),
        ("tier2", 2000),
        ("tier2_flat", 1000),
    ]
    quote = pricing.quote(plan=factories.plan(product, "mixed"), quantity=3, term_months=12)
    assert body["term"]["gross_minor"] == quote.term.gross.amount_minor


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("quantity=1&term_months=12", "plan"),
        ("plan=gold&term_months=12", "plan"),
        ("plan=mixed&quantity=0&term_months=12", "quantity"),
        ("plan=mixed&quantity=1.5&term_months=12", "quantity"),
        ("plan=mixed&term_months=7", "term_months"),
        ("plan=mixed", "term_months"),
        ("plan=mixed&term_months=12&usage.gpu_hours=1", "usage.gpu_hours"),
        ("plan=mixed&term_months=12&usage.traffic_gb=-1", "usage.traffic_gb"),
        ("plan=mixed&term_months=12&usage.traffic_gb=abc", "usage.traffic_gb"),
        ("plan=mixed&term_months=12&usage.traffic_gb=0.0000001", "usage.traffic_gb"),
        ("plan=mixed&term_months=12&usage.traffic_gb=1e999999", "usage.traffic_gb"),
    ],
)
def test_what_is_wrong_is_named(caller: Api, product: Any, query: str, field: str) -> None:
    answer = caller.get(path(product, query))
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_a_buyer_is_quoted_its_own_prices_and_nobody_else(product: Any, now: Any) -> None:
    from listings.prices import operations

    own, other = factories.foods(), factories.bureau()
    operations.negotiate_price_book(
        product=product,
        organisation=own,
        plans=[
            operations.PlanDraft(
                "agreed",
                "协议",
                [
                    operations.ComponentDraft(
                        "fee", "月费", "recurring", "台·月", pricing.Decimal(100), pricing.Decimal("0.06")
                    )
                ],
                {12: pricing.Decimal(0)},
            )
        ],
        basis="framework",
        effective_date=date(2026, 10, 20),
        valid_until=None,
        actor=factories.actor(product.partner.organisation, "sales"),
        now=factories.PLACED_AT.replace(month=10, day=20),
    )
    mine, theirs = api(own, "contracts.view"), api(other, "contracts.view")
    assert mine.get(path(product, "plan=agreed&term_months=12")).json()["monthly"]["net_minor"] == 10000
    assert theirs.get(path(product, "plan=agreed&term_months=12")).status_code == 422
    assert [plan["code"] for plan in theirs.get(f"/api/v1/offerings/{product.code}").json()["plans"]] == ["mixed"]
    [plan] = mine.get(f"/api/v1/offerings/{product.code}").json()["plans"]
    assert (plan["code"], plan["basis"]) == ("agreed", "framework")
