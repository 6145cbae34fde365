"""What a month of a contract comes to, unrounded, and what late usage adds to it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.metering.models import UsageDay
from billing.rating import operations, queries
from billing.rating.models import Charge, RatedPeriod
from billing.rules.periods import Month
from tests import factories
from tests.factories import Price

pytestmark = pytest.mark.django_db

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
CLOSED = datetime(2026, 11, 1, 16, 0, tzinfo=UTC)  # 24 hours after October ended in Shanghai
SET_UP = Price("one_time", "99.99", name="开通")


def offering(**fields: Any) -> Any:
    return factories.offering(factories.data_centre(factories.hongshan()), **fields)


def use(contract: Contract, day: date, meter: str, quantity: str, *, batch: int = 1) -> None:
    UsageDay.objects.update_or_create(
        contract=contract,
        meter=meter,
        day=day,
        defaults={"quantity": Decimal(quantity), "event_count": 1, "batch": batch},
    )


def rate(now: datetime = CLOSED, limit: int = 500) -> int:
    return operations.rate_pending(now=now, limit=limit)


def charges(contract: Contract) -> list[tuple[str, date, int, Decimal, Decimal]]:
    rows = Charge.objects.filter(contract=contract).order_by("period_start_date", "component__position", "revision")
    return [(row.component.kind, row.period_start_date, row.revision, row.quantity, row.amount) for row in rows]


def test_a_full_month_of_a_fixed_price() -> None:
    contract = factories.contract(factories.foods(), offering(), quantity=3, term_months=12)
    assert rate() == 1
    # 3 × 212.70 × (1 − 0.10) = 574.29
    assert charges(contract) == [("recurring", OCTOBER, 0, Decimal(3), Decimal("574.29"))]
    charge = Charge.objects.get()
    assert charge.vat_rate == Decimal("0.06")
    assert charge.rated_at == CLOSED
    assert charge.explanation == {
        "formula": "3 × 212.7 × (1 − 0.1) × 31/31 = 574.29",
        "kind": "recurring",
        "unit": "台·月",
        "unit_price": "212.7",
        "quantity": "3",
        "amount": "574.29",
    }


def test_the_day_of_activation_counts_and_the_end_date_does_not() -> None:
    # 18 to 31 October: 14 of 31 days. 212.70 × 14 ÷ 31 = 96.0580645161290322580645…
    later = factories.contract(factories.foods(), offering(), term_months=1, start=date(2026, 10, 18))
    # 1 to 14 October, the end date being the 15th: 14 days as well
    ended = factories.contract(
        factories.foods(), offering(), term_months=1, end_date=date(2026, 10, 15), status="ended"
    )
    assert rate() == 2
    fourteen = Decimal("96.058064516129032258")
    assert charges(later) == [("recurring", OCTOBER, 0, Decimal(1), fourteen)]
    assert charges(ended) == [("recurring", OCTOBER, 0, Decimal(1), fourteen)]


def test_a_month_is_rated_when_its_grace_has_passed_and_not_before() -> None:
    contract = factories.contract(factories.foods(), offering())
    assert rate(datetime(2026, 11, 1, 15, 59, 59, 999999, tzinfo=UTC)) == 0
    assert charges(contract) == []
    assert rate(CLOSED) == 1


def test_each_month_of_a_term_is_rated_once_and_the_fee_in_the_first() -> None:
    sold = offering(plans={"monthly": [SET_UP, factories.MONTHLY]}, terms={2: "0"})
    contract = factories.contract(factories.foods(), sold, term_months=2, start=date(2026, 10, 16), quantity=2)
    assert rate(datetime(2027, 3, 2, tzinfo=UTC)) == 3
    # 16 October to 16 December: 16 of 31 days, all of November, 15 of 31 days. 425.40 × 16 ÷ 31, × 15 ÷ 31
    assert charges(contract) == [
        ("one_time", OCTOBER, 0, Decimal(2), Decimal("199.98")),
        ("recurring", OCTOBER, 0, Decimal(2), Decimal("219.561290322580645161")),
        ("recurring", NOVEMBER, 0, Decimal(2), Decimal("425.4")),
        ("recurring", date(2026, 12, 1), 0, Decimal(2), Decimal("205.838709677419354839")),
    ]
    assert sum(amount for kind, *_, amount in charges(contract) if kind == "recurring") == Decimal("850.8")


def test_measured_use_is_charged_at_full_precision() -> None:
    contract = factories.contract(factories.foods(), offering(), plan_code="metered")
    use(contract, date(2026, 10, 1), "vcpu_hours", "1234.567891")
    use(contract, date(2026, 10, 31), "vcpu_hours", "0.000001")
    use(contract, date(2026, 11, 1), "vcpu_hours", "1000000")
    assert rate() == 1
    # 1234.567892 × 0.12348; memory was not used, so it is not charged
    assert charges(contract) == [("metered", OCTOBER, 0, Decimal("1234.567892"), Decimal("152.44444330416"))]


def test_running_again_changes_nothing() -> None:
    contract = factories.contract(factories.foods(), offering(), plan_code="metered")
    use(contract, date(2026, 10, 3), "vcpu_hours", "10")
    assert [rate(), rate(), rate()] == [1, 0, 0]
    assert charges(contract) == [("metered", OCTOBER, 0, Decimal(10), Decimal("1.2348"))]


def test_late_usage_is_a_new_revision_with_the_difference() -> None:
    contract = factories.contract(factories.foods(), offering(), plan_code="metered")
    use(contract, date(2026, 10, 3), "vcpu_hours", "10", batch=7)
    rate()
    use(contract, date(2026, 10, 3), "vcpu_hours", "12.5", batch=8)
    use(contract, date(2026, 10, 4), "gib_hours", "100", batch=8)
    assert [rate(), rate()] == [1, 0]
    assert charges(contract) == [
        ("metered", OCTOBER, 0, Decimal(10), Decimal("1.2348")),
        ("metered", OCTOBER, 1, Decimal("2.5"), Decimal("0.3087")),
        ("metered", OCTOBER, 0, Decimal(100), Decimal("1.547")),
    ]
    assert Charge.objects.get(revision=1).explanation["charged_before"] == {"quantity": "10", "amount": "1.2348"}
    assert queries.month_totals(contract_ids=[contract.pk], month=Month(2026, 10)) == {
        contract.pk: Decimal("12.5") * Decimal("0.12348") + Decimal("1.547")
    }


def test_late_usage_of_a_fixed_price_leaves_it_alone() -> None:
    sold = offering(plans={"monthly": [factories.MONTHLY, factories.VCPU_HOURS]}, terms={1: "0"})
    contract = factories.contract(factories.foods(), sold, term_months=1, start=date(2026, 10, 18))
    rate()
    use(contract, date(2026, 10, 20), "vcpu_hours", "1", batch=2)
    assert rate() == 1
    assert charges(contract) == [
        ("recurring", OCTOBER, 0, Decimal(1), Decimal("96.058064516129032258")),
        ("metered", OCTOBER, 0, Decimal(1), Decimal("0.12348")),
    ]


def test_usage_that_came_to_nothing_new_is_seen_once() -> None:
    contract = factories.contract(factories.foods(), offering(), plan_code="metered")
    rate()
    use(contract, date(2026, 10, 3), "vcpu_hours", "0", batch=5)
    assert [rate(), rate()] == [1, 0]
    assert charges(contract) == []
    assert RatedPeriod.objects.get().usage_batch == 5


def test_usage_outside_the_months_of_the_contract_is_charged_all_the_same() -> None:
    """A contract ended early on the first of a month; hours of that morning had been reported before."""
    contract = factories.contract(
        factories.foods(), offering(), plan_code="metered", status="ended", end_date=date(2026, 11, 1)
    )
    use(contract, date(2026, 11, 1), "vcpu_hours", "8")
    assert rate(datetime(2026, 12, 2, tzinfo=UTC)) == 2
    assert charges(contract) == [("metered", NOVEMBER, 0, Decimal(8), Decimal("0.98784"))]


def test_who_is_not_delivered_or_cancelled_is_not_charged() -> None:
    factories.contract(factories.foods(), offering(), start=None)
    factories.contract(factories.foods(), offering(), start=None, status="cancelled")
    assert rate() == 0
    assert not Charge.objects.exists()


def test_the_contract_pays_the_price_book_it_froze() -> None:
    sold = offering()
    contract = factories.contract(factories.foods(), sold, term_months=1)
    factories.price_book(sold, plans={"monthly": [Price("recurring", "999")]})
    rate()
    assert charges(contract) == [("recurring", OCTOBER, 0, Decimal(1), Decimal("212.7"))]


def test_batches_take_what_the_limit_allows() -> None:
    sold = offering()
    for _ in range(5):
        factories.contract(factories.foods(), sold)
    assert queries.parties_not_rated(month=Month(2026, 10)) == set(
        Contract.objects.values_list("buyer_id", "provider_id")
    )
    assert [rate(limit=2), rate(limit=2), rate(limit=2), rate(limit=2)] == [2, 2, 1, 0]
    assert Charge.objects.count() == 5
    assert queries.parties_not_rated(month=Month(2026, 10)) == set()


def test_the_number_of_queries_does_not_grow() -> None:
    sold = offering()

    def count(contracts: int) -> int:
        for _ in range(contracts):
            use(factories.contract(factories.foods(), sold, plan_code="metered"), OCTOBER, "vcpu_hours", "1")
        with CaptureQueriesContext(connection) as captured:
            assert rate() == contracts
        return len(captured.captured_queries)

    assert count(1) == count(20) <= 11


@pytest.mark.parametrize(
    ("month", "days", "amount"),
    [
        (date(2027, 2, 1), 28, "7.596428571428571429"),
        (date(2028, 2, 1), 29, "7.334482758620689655"),
        (date(2026, 11, 1), 30, "7.09"),
        (date(2026, 12, 1), 31, "6.861290322580645161"),
    ],
)
def test_one_day_of_a_month_is_its_share(month: date, days: int, amount: str) -> None:
    contract = factories.contract(
        factories.foods(), offering(), term_months=1, start=month, end_date=month.replace(day=2), status="ended"
    )
    rate(datetime(2028, 12, 31, tzinfo=UTC))
    assert Month.of_date(month).days == days
    assert charges(contract) == [("recurring", month, 0, Decimal(1), Decimal(amount))]


def test_prices_with_eight_decimals_and_quantities_with_six() -> None:
    sold = offering(plans={"metered": [Price("metered", "0.00000001", meter="requests")]})
    contract = factories.contract(factories.foods(), sold, plan_code="metered")
    use(contract, date(2026, 10, 9), "requests", "999999999999999999.999999")
    rate()
    assert charges(contract) == [
        ("metered", OCTOBER, 0, Decimal("999999999999999999.999999"), Decimal("9999999999.99999999999999"))
    ]
