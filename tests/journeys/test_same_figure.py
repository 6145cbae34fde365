"""The same figure everywhere: page, purchase list, API, order, contract and invoice, for every price model."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.contracts.models import Contract
from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice
from billing.metering.models import UsageDay
from billing.rating import operations as rating
from frontend.templatetags.marketplace_ui import money
from listings.prices import pricing
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.order.creator import OrderCreator, Placement
from tests import factories
from tests.factories import Price
from tests.marketplace.api.client import api

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
TIERS = (("5", "33.33333333", "7"), ("10", "22.22222222", "0"), (None, "11.11111111", "3"))
USED = Decimal("12.345678")
MODELS: dict[str, dict[str, Any]] = {
    "per_unit": {"unit_price": "33.33333333", "minimum": "1", "maximum": "350"},
    "flat": {"unit_price": "99.995"},
    "graduated": {"tiers": TIERS, "included": "1"},
    "volume": {"tiers": TIERS, "minimum": "200.005"},
    "package": {"unit_price": "9.999", "package_size": "3", "included": "1"},
}
METERED = {**MODELS, "percentage": {"unit_price": "0.01234567"}}


@pytest.mark.parametrize("model", MODELS)
def test_what_is_ordered(client: Any, model: str) -> None:
    factories.platform()
    price = Price("recurring", model=model, code="fee", **MODELS[model])
    product = factories.offering(
        factories.data_centre(factories.hongshan()), plans={"plan": [price]}, terms={1: "0", 12: "0.1"}, draws={}
    )
    buyer = factories.foods()
    actor = factories.actor(buyer, "owner")
    plan = factories.plan(product, "plan")
    quote = pricing.quote(plan=plan, quantity=7, term_months=12)
    page = client.get(f"{product.get_absolute_url()}?plan={plan.pk}&quantity=7&term_months=12").content.decode()
    assert money(quote.monthly.gross.amount_minor) in page and money(quote.term.gross.amount_minor) in page
    query = "plan=plan&quantity=7&term_months=12"
    body = api(buyer, "contracts.view").get(f"/api/v1/offerings/{product.code}/quote?{query}").json()
    assert body["term"]["gross_minor"] == quote.term.gross.amount_minor
    assert sum(line["net_minor"] for line in body["lines"]) == quote.monthly.net.amount_minor
    baskets.add_offering(plan_id=plan.pk, quantity=7, term_months=12, actor=actor, now=NOW)
    wanted = purchase_lists.read_purchase_list(user_id=actor.user_id, organisation_id=buyer.pk)
    assert wanted.total.term.gross == quote.term.gross
    placement = Placement(buyer.pk, "bank_transfer", "王经办", "0476-0000000", "", actor, NOW)
    creator = OrderCreator(placement)
    creator.place(basket=wanted.basket, user=wanted.basket.owner)
    creator.open_contracts()
    contract = Contract.objects.get()
    assert contract.order_line.line_price_incl_tax == quote.term.gross.to_decimal()
    Contract.objects.update(status="active", start_date=date(2026, 10, 1), end_date=date(2027, 10, 1), activated_at=NOW)
    rating.rate_pending(now=CLOSED, limit=10)
    invoicing.issue_due(now=CLOSED, limit=10)
    invoice = Invoice.objects.get()
    assert (invoice.net_minor, invoice.tax_minor) == (
        quote.monthly.net.amount_minor,
        quote.monthly.tax.amount_minor,
    )


@pytest.mark.parametrize("model", METERED)
def test_what_is_measured(model: str) -> None:
    factories.platform()
    price = Price("metered", model=model, code="use", meter="gb", unit="GB", **METERED[model])
    product = factories.offering(
        factories.data_centre(factories.hongshan()), plans={"plan": [price]}, terms={1: "0"}, draws={}
    )
    buyer = factories.foods()
    contract = factories.contract(buyer, product, plan_code="plan", term_months=1)
    UsageDay.objects.create(contract=contract, meter="gb", day=date(2026, 10, 3), quantity=USED, event_count=1, batch=1)
    quote = pricing.quote(plan=factories.plan(product, "plan"), quantity=1, term_months=1, usage={"gb": USED})
    query = f"plan=plan&term_months=1&usage.gb={USED}"
    body = api(buyer, "contracts.view").get(f"/api/v1/offerings/{product.code}/quote?{query}").json()
    rating.rate_pending(now=CLOSED, limit=10)
    invoicing.issue_due(now=CLOSED, limit=10)
    invoice = Invoice.objects.get()
    assert invoice.total_minor == quote.usage_monthly.gross.amount_minor == body["usage_monthly"]["gross_minor"]
    assert [line.net_minor for line in invoice.lines.all()] == [line["net_minor"] for line in body["lines"]]
