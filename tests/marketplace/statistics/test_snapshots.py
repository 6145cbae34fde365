"""Indicators: a dictionary loaded again and again, and a snapshot per month taken once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.contracts.models import ContractCapacity
from listings.models import Product
from marketplace.statistics import operations, queries
from marketplace.statistics.indicators import DEFINITIONS
from marketplace.statistics.models import Indicator, Snapshot
from tests import factories, receipts

pytestmark = pytest.mark.django_db
OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)


@pytest.fixture
def world():
    """One order of 28 September, delivered on 1 October; 212.70 invoiced and paid in October; 20 of 1,000 vCPU held."""
    centre = factories.data_centre(factories.hongshan(), vcpu=1000)
    contract = factories.contract(factories.foods(), factories.offering(centre))
    factories.offering(centre, state="withdrawn")
    Product.objects.update(date_created=factories.PLACED_AT)
    factories.offering(centre)  # made today, after both months
    Product.objects.filter(date_created__gt=factories.PLACED_AT).update(date_created=datetime(2026, 11, 1, tzinfo=UTC))
    ContractCapacity.objects.create(contract=contract, pool=centre.pools.get(resource="vcpu"), quantity=20)
    receipts.collect(contract, 21_270)
    return contract


def values(month):
    return {
        one.indicator.code: one.value
        for one in Snapshot.objects.filter(period_start_date=month).select_related("indicator")
    }


def test_figures_of_the_months(world, now):
    assert operations.take_snapshots(now=now, limit=100) == 2 * len(DEFINITIONS)
    assert values(SEPTEMBER) == {
        "orders-placed": 1,
        "gross-invoiced": 0,
        "collected": 0,
        "active-buyers": 0,
        "running-contracts": 0,
        "vcpu-for-sale": 980,
        "offerings-published": 1,
    }
    assert values(OCTOBER) == {
        "orders-placed": 0,
        "gross-invoiced": Decimal("212.70"),
        "collected": Decimal("212.70"),
        "active-buyers": 1,
        "running-contracts": 1,
        "vcpu-for-sale": 980,
        "offerings-published": 1,
    }


def test_again_takes_nothing_and_changes_nothing(world, now):
    operations.take_snapshots(now=now, limit=100)
    before = list(Snapshot.objects.order_by("id").values())
    receipts.collect(world, 999)  # recorded late, received in October
    assert operations.take_snapshots(now=now, limit=100) == 0
    assert list(Snapshot.objects.order_by("id").values()) == before
    with pytest.raises(IntegrityError), transaction.atomic():
        Snapshot.objects.update(value=0)


def test_a_limit_goes_month_by_month(world, now):
    assert operations.take_snapshots(now=now, limit=3) == 3
    assert set(Snapshot.objects.values_list("period_start_date", flat=True)) == {SEPTEMBER}
    while operations.take_snapshots(now=now, limit=3):
        pass
    assert Snapshot.objects.count() == 2 * len(DEFINITIONS)


def test_a_running_month_waits(world):
    assert operations.take_snapshots(now=datetime(2026, 9, 30, 15, 59, tzinfo=UTC), limit=100) == 0
    assert operations.take_snapshots(now=datetime(2026, 9, 30, 16, 0, tzinfo=UTC), limit=100) == len(DEFINITIONS)


def test_without_orders_there_is_nothing_to_measure(now):
    assert operations.take_snapshots(now=now, limit=100) == 0
    assert not Indicator.objects.exists()


@pytest.mark.parametrize(("released", "for_sale"), [((16, 0), 980), ((15, 59), 1000)])
def test_capacity_released_after_the_month_was_held_in_it(world, now, released, for_sale):
    """The month ends at 00:00 in Shanghai, 16:00 UTC."""
    ContractCapacity.objects.update(released_at=datetime(2026, 10, 31, *released, tzinfo=UTC))
    operations.take_snapshots(now=now, limit=100)
    assert values(OCTOBER)["vcpu-for-sale"] == for_sale


def test_amounts_in_other_currencies_are_left_out(world, now):
    product = factories.offering(factories.data_centre(factories.songmo()))
    receipts.collect(factories.contract(factories.bureau(), product, currency="USD"), 5_000)
    operations.take_snapshots(now=now, limit=100)
    assert values(OCTOBER)["collected"] == Decimal("212.70")


def test_loading_again_changes_nothing_but_corrects_words():
    assert operations.load_indicators() == len(DEFINITIONS)
    keys = dict(Indicator.objects.values_list("code", "pk"))
    Indicator.objects.filter(code="collected").update(definition="old")
    assert operations.load_indicators() == 0
    assert dict(Indicator.objects.values_list("code", "pk")) == keys
    assert Indicator.objects.get(code="collected").definition.startswith("当月收到")


def test_latest_and_course(world, now, django_assert_num_queries):
    operations.take_snapshots(now=now, limit=100)
    with django_assert_num_queries(1):
        latest = queries.list_latest()
        assert [one.indicator.code for one in latest] == sorted(one.code for one in DEFINITIONS)
    assert {one.period_start_date for one in latest} == {OCTOBER}
    course = queries.list_course(code="collected")
    assert [(str(month), one.value) for month, one in course] == [("2026-09", 0), ("2026-10", Decimal("212.70"))]
    assert len(queries.list_indicators()) == len(DEFINITIONS)
