"""Holds: all or nothing, never beyond the total, once per reference, and given back when their time is over."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from providers import operations as providers
from providers.capacity import operations, queries
from providers.models import CapacityHold, CapacityPool, DataCentre
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)


@pytest.fixture
def centre() -> DataCentre:
    return factories.data_centre(factories.hongshan(), vcpu=10)  # and 40 GiB


def pool(centre: DataCentre, resource: str = "vcpu") -> CapacityPool:
    return CapacityPool.objects.get(data_centre=centre, resource=resource)


def hold(centre: DataCentre, *, reference: str = "basket:1", now: datetime = NOW, **wanted: int) -> int:
    return operations.hold(
        reference=reference,
        purpose=CapacityHold.Purpose.CHECKOUT,
        wanted={(centre.pk, resource): Decimal(quantity) for resource, quantity in wanted.items()},
        expires_at=now + timedelta(minutes=15),
        now=now,
    )


def test_what_is_held_cannot_be_sold_to_another(centre: DataCentre) -> None:
    assert hold(centre, vcpu=8, ram_gib=16) == 2
    assert (pool(centre).held, pool(centre).available) == (8, 2)
    with pytest.raises(providers.OutOfCapacity) as refusal, transaction.atomic():
        providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(3)})])
    assert refusal.value.available == 2
    assert queries.unreconciled_holds() == []


def test_all_or_nothing(centre: DataCentre) -> None:
    with pytest.raises(providers.OutOfCapacity) as refusal:
        hold(centre, vcpu=1, ram_gib=41)
    assert (refusal.value.resource, refusal.value.wanted, refusal.value.available) == ("ram_gib", 41, 40)
    assert pool(centre).held == 0
    assert not CapacityHold.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "error"), [({"gpu": 1}, providers.NoSuchPool), ({"vcpu": 0}, providers.InvalidCapacity)]
)
def test_what_cannot_be_held(centre: DataCentre, wanted: dict[str, int], error: type[Exception]) -> None:
    with pytest.raises(error):
        hold(centre, **wanted)
    assert not CapacityHold.objects.exists()


def test_a_reference_holds_a_pool_once(centre: DataCentre) -> None:
    hold(centre, vcpu=2)
    with pytest.raises(operations.HeldAlready):
        hold(centre, vcpu=2)
    assert pool(centre).held == 2


def test_letting_go_twice_gives_back_once(centre: DataCentre) -> None:
    hold(centre, vcpu=2, ram_gib=4)
    assert operations.let_go(reference="basket:1", now=NOW) == 2
    assert operations.let_go(reference="basket:1", now=NOW) == 0
    assert (pool(centre).held, pool(centre, "ram_gib").held) == (0, 0)
    assert set(CapacityHold.objects.values_list("status", flat=True)) == {"released"}


def test_an_order_takes_what_was_held_for_it(centre: DataCentre) -> None:
    hold(centre, vcpu=10)
    with transaction.atomic():
        operations.let_go(reference="basket:1", is_ordered=True, now=NOW)
        providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(10)})])
    assert (pool(centre).allocated, pool(centre).held) == (10, 0)
    assert CapacityHold.objects.get().status == "used"


def test_a_hold_runs_out_and_not_before(centre: DataCentre) -> None:
    hold(centre, vcpu=10)
    assert operations.expire_due(now=SOON - timedelta(seconds=1), limit=10) == 0
    assert operations.expire_due(now=SOON, limit=10) == 1
    assert pool(centre).held == 0
    assert CapacityHold.objects.get().ended_at == SOON


def test_the_next_buyer_does_not_wait_for_the_sweep(centre: DataCentre) -> None:
    hold(centre, vcpu=10)
    assert hold(centre, reference="basket:2", now=SOON, vcpu=10) == 1
    assert dict(CapacityHold.objects.values_list("reference", "status")) == {"basket:1": "expired", "basket:2": "held"}


def test_a_hold_without_end_is_a_bug(centre: DataCentre) -> None:
    with pytest.raises(ValueError, match="90 days"):
        operations.hold(reference="x", purpose="tender", wanted={}, expires_at=NOW + timedelta(days=91), now=NOW)


def test_the_database_refuses_a_hold_beyond_the_total(centre: DataCentre) -> None:
    with pytest.raises(IntegrityError, match="capacity_allocated_within_total"), transaction.atomic():
        CapacityPool.objects.filter(pk=pool(centre).pk).update(held=11)


def test_the_total_is_not_set_below_what_is_taken(centre: DataCentre) -> None:
    hold(centre, vcpu=6)
    actor = factories.actor(centre.partner.organisation, "operations")
    with pytest.raises(providers.TotalBelowAllocated) as refusal:
        providers.set_pool(data_centre=centre, resource="vcpu", unit="vCPU", total=Decimal(5), actor=actor, now=NOW)
    assert refusal.value.field == "total"
    assert pool(centre).total == 10
    providers.set_pool(data_centre=centre, resource="vcpu", unit="vCPU", total=Decimal(6), actor=actor, now=NOW)
    assert pool(centre).available == 0


@pytest.mark.parametrize("ratio", ["0.99", "20.01", "1.001", "NaN"])
def test_an_overcommit_ratio_is_from_one_to_twenty(centre: DataCentre, ratio: str) -> None:
    actor = factories.actor(centre.partner.organisation, "operations")
    with pytest.raises(providers.InvalidCapacity) as refusal:
        providers.set_pool(
            data_centre=centre,
            resource="vcpu",
            unit="vCPU",
            total=Decimal(10),
            overcommit_ratio=Decimal(ratio),
            actor=actor,
            now=NOW,
        )
    assert refusal.value.field == "overcommit_ratio"
