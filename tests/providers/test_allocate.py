"""Capacity: taken whole or not at all, never beyond the total, and given back."""

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from providers import operations, queries
from providers.models import CapacityPool
from tests import factories


def pool(centre, resource="vcpu"):
    return CapacityPool.objects.get(data_centre=centre, resource=resource)


def allocate(centre, quantities):
    """One draw; what it took."""
    (taken,) = operations.allocate(draws=[operations.Draw(centre.pk, quantities)])
    return taken


@pytest.mark.django_db
def test_takes_from_each_pool_and_gives_back():
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    taken = allocate(centre, {"vcpu": Decimal(2), "ram_gib": Decimal(4)})
    assert pool(centre).allocated == 2
    assert pool(centre, "ram_gib").allocated == 4
    assert [one.pool_id for one in taken] == sorted(one.pool_id for one in taken)
    operations.release(allocations=taken)
    assert pool(centre).allocated == 0
    assert pool(centre, "ram_gib").allocated == 0


@pytest.mark.django_db
def test_nothing_is_kept_when_one_pool_is_too_small():
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    with pytest.raises(operations.OutOfCapacity) as refusal:
        allocate(centre, {"vcpu": Decimal(2), "ram_gib": Decimal(41)})
    assert (refusal.value.resource, refusal.value.wanted, refusal.value.available) == ("ram_gib", 41, 40)
    assert "ram_gib" in refusal.value.message
    assert pool(centre).allocated == 0


@pytest.mark.django_db
def test_draws_that_fit_alone_but_not_together_name_the_later_one():
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    draws = [operations.Draw(centre.pk, {"vcpu": Decimal(quantity)}) for quantity in (4, 3, 5)]
    with pytest.raises(operations.OutOfCapacity) as refusal:
        operations.allocate(draws=draws)
    assert (refusal.value.draw, refusal.value.wanted, refusal.value.available) == (2, 5, 3)
    assert pool(centre).allocated == 0
    first, second = operations.allocate(draws=draws[:2])
    assert [one.quantity for one in first + second] == [4, 3]
    assert pool(centre).allocated == 7


@pytest.mark.django_db
def test_a_resource_without_a_pool_is_named():
    centre = factories.data_centre(factories.hongshan())
    with pytest.raises(operations.NoSuchPool) as refusal:
        allocate(centre, {"vcpu": Decimal(1), "racks": Decimal(1)})
    assert refusal.value.resource == "racks"
    assert pool(centre).allocated == 0


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", ["0", "-1", "0.0001", "NaN"])
def test_refuses_what_is_no_capacity(quantity):
    centre = factories.data_centre(factories.hongshan())
    with pytest.raises(operations.InvalidCapacity):
        allocate(centre, {"vcpu": Decimal(quantity)})
    assert pool(centre).allocated == 0


@pytest.mark.django_db
def test_the_database_refuses_more_than_the_total():
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    with pytest.raises(IntegrityError, match="capacity_allocated_within_total"), transaction.atomic():
        CapacityPool.objects.filter(data_centre=centre, resource="vcpu").update(allocated=11)
    assert pool(centre).allocated == 0


@pytest.mark.django_db
def test_a_total_never_falls_below_what_is_sold(now):
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    allocate(centre, {"vcpu": Decimal(6)})
    actor = factories.actor(centre.partner.organisation, "operations")
    with pytest.raises(operations.TotalBelowAllocated):
        operations.set_pool(data_centre=centre, resource="vcpu", unit="vCPU", total=Decimal(5), actor=actor, now=now)
    assert pool(centre).total == 10
    operations.set_pool(data_centre=centre, resource="vcpu", unit="vCPU", total=Decimal(6), actor=actor, now=now)
    assert (pool(centre).total, pool(centre).allocated) == (6, 6)


@pytest.mark.django_db(transaction=True)
def test_twenty_buyers_share_the_last_five():
    centre = factories.data_centre(factories.hongshan(), vcpu=5)
    outcomes = []

    def buy():
        try:
            with transaction.atomic():
                allocate(centre, {"vcpu": Decimal(1), "ram_gib": Decimal(1)})
            outcomes.append("taken")
        except operations.OutOfCapacity:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=buy) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused"] * 15 + ["taken"] * 5
    assert pool(centre).allocated == 5


@pytest.mark.django_db
def test_remaining_units_are_what_the_scarcest_pool_allows():
    centre = factories.data_centre(factories.hongshan(), vcpu=10)
    pools = queries.list_pools(data_centre_id=centre.pk)
    assert queries.count_remaining(pools=pools, draws={"vcpu": 3, "ram_gib": 4}) == 3
    assert queries.count_remaining(pools=pools, draws={"vcpu": 1, "racks": 1}) == 0
    assert queries.count_remaining(pools=pools, draws={}) is None
