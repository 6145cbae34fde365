"""How a charge came about: the formula, the tiers, the version of the prices and the days, in both languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from billing.contracts import queries as contracts
from billing.metering.models import UsageDay
from billing.rating import explanations, operations
from billing.rules import decimals
from billing.rules.periods import Month
from tests import factories
from tests.factories import Price
from tests.frontend.trade import client_of
from tests.marketplace.api.client import api

pytestmark = pytest.mark.django_db

OCTOBER = Month(2026, 10)
CLOSED = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)


@pytest.fixture
def contract() -> Any:
    """At 0.5 for each GiB up to 100, above at 0.4 and 10 flat; 70 and 50 GiB are used on two days."""
    tiers = (("100", "0.5", "0"), (None, "0.4", "10"))
    prices = [Price("metered", "0", unit="GiB", meter="gib", name="存储", model="graduated", tiers=tiers)]
    product = factories.offering(factories.data_centre(factories.hongshan()), plans={"metered": prices})
    made = factories.contract(factories.foods(), product, plan_code="metered")
    use(made, 3, "70", batch=1)
    use(made, 9, "50", batch=1)
    operations.rate_pending(now=CLOSED, limit=10)
    return contracts.get_contract(number=made.number, organisation_id=made.buyer_id, side="buyer")


def use(contract: Any, day: int, quantity: str, *, batch: int) -> None:
    UsageDay.objects.create(
        contract=contract,
        meter="gib",
        day=date(2026, 10, day),
        quantity=Decimal(quantity),
        event_count=2,
        batch=batch,
    )


def test_every_row_of_a_tiered_charge_is_explained(contract: Any) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = explanations.explain_month(contract=contract, month=OCTOBER)
        with translation.override("en"):
            rows = [(one.part, one.formula, one.unit, one.charge.amount) for one in found]
            sentences = found[0].sentences
    assert len(captured) == 2
    assert rows == [
        ("Tier 1 (up to 100 GiB)", "100 × 0.5 = 50", "GiB", Decimal(50)),
        ("Tier 2 (above 100 GiB)", "20 × 0.4 = 8", "GiB", Decimal(8)),
        ("Tier 2 (above 100 GiB), flat", "1 × 10 = 10", "", Decimal(10)),
    ]
    assert sentences[:2] == ["Graduated: each tier at its own price.", "gib: Sum of what was reported."]
    assert sentences[2].startswith("Price book version 1, in force from 20")
    assert [(day.day.day, day.quantity, day.event_count) for day in found[0].days] == [(3, 70, 2), (9, 50, 2)]
    # The quantities of the tiers are what the days measured, and the rows are the charge.
    measured = decimals.add(*(one.charge.quantity for one in found if one.unit))
    assert measured == found[0].measured == 120
    with translation.override("zh-hans"):
        assert found[0].sentences[1] == "gib：上报用量之和。"


def test_a_correction_says_what_was_charged_before(contract: Any) -> None:
    use(contract, 12, "5", batch=2)
    operations.rate_pending(now=CLOSED, limit=10)
    late = [one for one in explanations.explain_month(contract=contract, month=OCTOBER) if one.charge.revision]
    with translation.override("en"):
        assert [one.sentences[-1] for one in late] == ["8 of it was charged before; this charge is the difference, 2."]
    assert late[0].formula == "25 × 0.4 = 10"


def test_buyer_and_provider_read_it_on_a_page_and_nobody_else(contract: Any) -> None:
    for side, organisation in (("buyer", contract.buyer), ("provider", contract.provider.organisation)):
        client = client_of(factories.actor(organisation, "buyer" if side == "buyer" else "sales"))
        address = f"/{side}/contracts/{contract.number}/charges/?month=2026-10"
        page = client.get(address).content.decode()
        for words in ("20 × 0.4 = 8", "1 × 10 = 10", 'id="c0-tier2_flat-0"', "2026-10"):
            assert words in page, words
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        assert len(captured) <= 14
    stranger = client_of(factories.actor(factories.bureau(), "buyer"))
    assert stranger.get(f"/buyer/contracts/{contract.number}/charges/").status_code == 404
    unrated = client_of(factories.actor(contract.buyer, "buyer")).get(
        f"/buyer/contracts/{contract.number}/charges/?month=nonsense"
    )
    assert unrated.status_code == 200


def test_the_api_explains_in_both_languages(contract: Any) -> None:
    path = f"/api/v1/contracts/{contract.number}/charges?month=2026-10"
    for organisation in (contract.buyer, contract.provider.organisation):
        answer = api(organisation, "contracts.view").get(path).json()
        assert (answer["contract"], answer["month"], len(answer["charges"])) == (contract.number, "2026-10", 3)
        row = answer["charges"][1]
        assert (row["row"], row["formula"], row["amount"], row["amount_due"]) == ("tier2", "20 × 0.4 = 8", "8", "8")
        assert (row["tier"], row["above"], row["up_to"], row["price_version"]) == (2, "100", None, 1)
        assert (row["model"], row["aggregation"]) == ("graduated", "sum")
        assert row["usage_days"][0] == {"day": "2026-10-03", "quantity": "70.000000", "event_count": 2}
        assert row["explanation"]["en"][0] == "Graduated: each tier at its own price."
        assert row["explanation"]["zh"][1] == "gib：上报用量之和。"
    stranger = api(factories.bureau(), "contracts.view")
    assert stranger.get(path).status_code == 404
    refused = api(contract.buyer, "contracts.view").get(f"/api/v1/contracts/{contract.number}/charges?month=10")
    assert refused.status_code == 422
    assert "month" in refused.content.decode()
