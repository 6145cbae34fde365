"""Every price model on the river: rows of a charge, and late usage that moves the tier."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.contracts.models import Contract
from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceLine
from billing.metering.models import UsageDay
from billing.rating import operations
from billing.rating.models import Charge
from tests import factories
from tests.factories import Price

pytestmark = pytest.mark.django_db

CLOSED = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)
TRAFFIC = {"meter": "traffic_gb", "unit": "GB", "name": "流量"}
VOLUME = Price("metered", model="volume", tiers=(("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50")), **TRAFFIC)
GRADUATED = Price("metered", model="graduated", tiers=(("100", "0.5", "0"), (None, "0.4", "10")), **TRAFFIC)


def sold(price: Price, **fields: Any) -> Contract:
    product = factories.offering(
        factories.data_centre(factories.hongshan()), plans={"plan": [price]}, terms={1: "0", 12: "0.10"}
    )
    return factories.contract(factories.foods(), product, plan_code="plan", **fields)


def use(contract: Contract, quantity: str, *, batch: int = 1) -> None:
    UsageDay.objects.update_or_create(
        contract=contract,
        meter="traffic_gb",
        day=date(2026, 10, 9),
        defaults={"quantity": Decimal(quantity), "event_count": 1, "batch": batch},
    )
    operations.rate_pending(now=CLOSED, limit=500)


def rows() -> list[tuple[str, int, str, str, str]]:
    charges = Charge.objects.order_by("revision", "position")
    return [
        (one.row, one.revision, f"{one.quantity:f}", f"{one.unit_price.normalize():f}", f"{one.amount.normalize():f}")
        for one in charges
    ]


def total() -> Decimal:
    return sum((charge.amount for charge in Charge.objects.all()), Decimal(0))


def test_a_row_for_each_tier_and_each_row_multiplies() -> None:
    use(sold(GRADUATED), "150")
    assert rows() == [
        ("tier1", 0, "100.000000", "0.5", "50"),
        ("tier2", 0, "50.000000", "0.4", "20"),
        ("tier2_flat", 0, "1.000000", "10", "10"),
    ]
    for charge in Charge.objects.all():
        assert charge.quantity * charge.unit_price == charge.amount
    assert Charge.objects.get(row="tier2").explanation == {
        "formula": "50 × 0.4 = 20",
        "kind": "metered",
        "unit": "GB",
        "unit_price": "0.4",
        "quantity": "50",
        "amount": "20",
        "model": "graduated",
        "part": "units",
        "tier": 2,
        "above": "100",
        "up_to": None,
    }


def test_late_usage_moves_all_units_to_another_tier() -> None:
    contract = sold(VOLUME)
    use(contract, "100")  # 100 × 2 + 10
    use(contract, "150", batch=2)  # 150 × 1: less than before
    assert rows() == [
        ("tier1", 0, "100.000000", "2", "200"),
        ("tier1_flat", 0, "1.000000", "10", "10"),
        ("tier2", 1, "150.000000", "1", "150"),
        ("tier1", 1, "-100.000000", "2", "-200"),
        ("tier1_flat", 1, "-1.000000", "10", "-10"),
    ]
    assert total() == Decimal(150)
    use(contract, "300", batch=3)  # 300 × 0.5 + 50
    assert total() == Decimal(200)
    use(contract, "100", batch=4)  # and back
    assert total() == Decimal(210)
    assert sorted(set(Charge.objects.values_list("revision", flat=True))) == [0, 1, 2, 3]


def test_late_usage_eats_the_minimum_and_meets_the_maximum() -> None:
    contract = sold(Price("metered", "2", minimum="50", maximum="100", included="10", **TRAFFIC))
    use(contract, "20")
    assert rows() == [
        ("included", 0, "10.000000", "0", "0"),
        ("", 0, "10.000000", "2", "20"),
        ("minimum", 0, "1.000000", "30", "30"),
    ]
    use(contract, "30", batch=2)
    assert rows()[3:] == [("", 1, "10.000000", "2", "20"), ("minimum", 1, "1.000000", "-20", "-20")]
    assert total() == Decimal(50)
    use(contract, "1010", batch=3)
    assert rows()[5:] == [
        ("", 2, "980.000000", "2", "1960"),
        ("maximum", 2, "1.000000", "-1900", "-1900"),
        ("minimum", 2, "1.000000", "-10", "-10"),
    ]
    assert total() == Decimal(100)


def test_a_minimum_is_due_without_use_and_only_for_the_days_that_ran() -> None:
    sold(Price("metered", "2", minimum="31", **TRAFFIC), start=date(2026, 10, 22), term_months=1)
    operations.rate_pending(now=CLOSED, limit=500)
    assert rows() == [("minimum", 0, "1.000000", "10", "10")]


def test_tiers_on_what_is_ordered_by_the_month() -> None:
    seats = Price("recurring", model="volume", unit="席·月", tiers=(("10", "30", "0"), (None, "20", "0")))
    sold(seats, quantity=15, term_months=12)
    operations.rate_pending(now=CLOSED, limit=500)
    assert rows() == [("tier2", 0, "15.000000", "20", "270")]  # 15 × 20 × (1 − 0.10)


def test_the_invoice_names_the_tier_and_rounds_the_component_once() -> None:
    third = Price(
        "metered", model="graduated", tiers=(("1", "0.333", "0"), ("2", "0.333", "0"), (None, "0.334", "0")), **TRAFFIC
    )
    factories.platform()
    use(sold(third), "3")
    invoicing.issue_due(now=CLOSED, limit=10)
    assert Invoice.objects.get().net_minor == 100
    lines = InvoiceLine.objects.order_by("position")
    assert [line.net_minor for line in lines] == [33, 33, 34]
    assert "1" in lines[0].description and "GB" in lines[0].description
    assert len({line.description for line in lines}) == 3


def test_the_same_row_of_the_same_revision_is_charged_once() -> None:
    use(sold(GRADUATED), "150")
    charge = Charge.objects.get(row="tier2")
    charge.pk = None
    with pytest.raises(IntegrityError, match="charge_unique"), transaction.atomic():
        charge.save(force_insert=True)
