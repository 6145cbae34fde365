"""Reads: who sees what, and figures that add up."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.rules.periods import Month
from billing.settlement import operations, queries
from billing.settlement.models import Settlement
from marketplace.organisations import errors
from tests import factories, receipts

pytestmark = pytest.mark.django_db
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)


@pytest.fixture
def world(now):
    """October: hongshan 100.00 IaaS, songmo 50.00 SaaS. November: hongshan 25.00."""
    finance = factories.actor(factories.platform(), "finance")
    hongshan, songmo = factories.hongshan(), factories.songmo()
    buyer = factories.foods()
    first = factories.contract(buyer, factories.offering(factories.data_centre(hongshan)))
    second = factories.contract(buyer, factories.offering(factories.data_centre(songmo), service_model="saas"))
    receipts.collect(first, 10_000)
    receipts.collect(second, 5_000)
    operations.settle_due(now=now, limit=10)
    receipts.collect(first, 2_500, at=datetime(2026, 11, 9, tzinfo=UTC))
    operations.settle_due(now=datetime(2026, 12, 1, 2, tzinfo=UTC), limit=10)
    number = Settlement.objects.get(provider=hongshan, period_start_date=OCTOBER.first_date).number
    operations.approve(number=number, actor=finance, now=now)
    return hongshan.organisation_id, songmo.organisation_id, number


def test_lists_by_provider_month_and_state(world):
    _hongshan, songmo, _number = world

    def numbers(**filters):
        return [row.gross_minor for row in queries.list_settlements(**filters).rows]

    assert numbers() == [2_500, 10_000, 5_000]
    assert numbers(month=OCTOBER) == [10_000, 5_000]
    assert numbers(month=OCTOBER, status="approved") == [10_000]
    assert numbers(provider_organisation_id=songmo) == [5_000]
    assert numbers(provider_organisation_id=songmo, status="approved") == []
    assert queries.list_months() == [NOVEMBER, OCTOBER]
    assert queries.list_months(provider_organisation_id=songmo) == [OCTOBER]


def test_totals_are_the_sum_of_the_rows(world):
    found = queries.list_settlements(month=OCTOBER)
    rows, (totals,) = found.rows, found.totals
    for name in ("gross_minor", "commission_minor", "commission_vat_minor", "net_minor", "fee_minor"):
        assert getattr(totals, name) == sum(getattr(row, name) for row in rows)
    assert (totals.count, totals.providers, totals.orders) == (2, 2, 2)
    assert totals.unpaid_minor == totals.net_minor == 14_682  # 97.88 + 48.94


def test_month_summary(world, now):
    summary = queries.month_summary(month=NOVEMBER)
    (totals,) = summary.totals
    assert (totals.gross_minor, totals.previous_gross_minor) == (2_500, 15_000)
    assert summary.counts == {"draft": 1, "approved": 0, "paid": 0}
    summary = queries.month_summary(month=OCTOBER)
    assert summary.counts == {"draft": 1, "approved": 1, "paid": 0}
    assert (summary.drafted_at, summary.approved_at, summary.paid_at) == (now, now, None)
    assert summary.due_date == date(2026, 11, 17)
    empty = queries.month_summary(month=Month(2025, 1))
    assert (empty.count, empty.totals) == (0, [])


def test_monthly_totals_take_one_query(world):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        months = queries.monthly_totals(until=NOVEMBER)
    assert len(captured) == 1
    assert [str(one.month) for one in months] == [
        "2025-12",
        *(f"2026-{number:02d}" for number in range(1, 12)),
    ]
    assert months[-1].by_service_model == {"iaas": 2_500}
    assert months[-2].by_service_model == {"iaas": 10_000, "saas": 5_000}
    assert all(one.by_service_model == {} for one in months[:-2])
    _hongshan, songmo, _number = world
    assert queries.monthly_totals(until=OCTOBER, last=1, provider_organisation_id=songmo)[0].by_service_model == {
        "saas": 5_000
    }


def test_only_the_provider_and_the_platform_see_a_settlement(world):
    hongshan, songmo, number = world
    assert queries.get_settlement(number=number, organisation_id=hongshan, side="provider").number == number
    assert queries.get_settlement(number=number, organisation_id=1, side="platform").number == number
    for organisation_id, side in ((songmo, "provider"), (hongshan, "buyer"), (None, "public"), (None, "provider")):
        with pytest.raises(errors.NotFound):
            queries.get_settlement(number=number, organisation_id=organisation_id, side=side)
    with pytest.raises(errors.NotFound):
        queries.get_settlement(number="JS-202610-9999", organisation_id=hongshan, side="provider")


def test_lines_reach_invoice_and_contract_in_bounded_queries(world, django_assert_num_queries):
    settlement = Settlement.objects.get(number=world[2])
    with django_assert_num_queries(2):
        (line,) = queries.list_lines(settlement_id=settlement.pk)
        assert line.collection.line.invoice.number.startswith("FP-2026-")
        assert line.collection.line.contract.number.startswith("HT-")
        assert line.gross_minor == 10_000


def test_streams_give_what_the_lists_give(world):
    hongshan, _songmo, number = world
    assert [row.gross_minor for row in queries.stream_settlements(month=OCTOBER)] == [10_000, 5_000]
    assert [row.gross_minor for row in queries.stream_lines(month=OCTOBER)] == [10_000, 5_000]
    assert [row.gross_minor for row in queries.stream_lines(month=OCTOBER, number=number)] == [10_000]
    assert list(queries.stream_lines(month=NOVEMBER, number=number)) == []
    (counted,) = queries.sum_lines(month=OCTOBER, provider_organisation_id=hongshan)
    assert (counted.currency, counted.count, counted.gross_minor) == ("CNY", 1, 10_000)


def test_overview(world):
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.songmo())))
    receipts.collect(contract, 77, at=datetime(2026, 12, 2, tzinfo=UTC))
    found = queries.overview(today=date(2026, 11, 18))
    assert (found.drafts, found.drafts_minor) == (2, 4_894 + 2_447)
    assert (found.to_pay, found.to_pay_minor) == (1, 9_788)
    assert found.overdue == 2
    assert found.unsettled_minor == 77
