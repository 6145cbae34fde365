"""The future of a pool: changes on their day, reservations that share capacity, windows that do not meet."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.organisations import actors
from marketplace.organisations.models import Notice
from providers import operations as providers
from providers.capacity import history, planning, queries
from providers.models import CapacityHold, CapacityPool, DataCentre, Maintenance, PoolChange, PoolDay, Reservation
from tests import factories

NOW = datetime(2026, 11, 2, 1, tzinfo=UTC)
DAY = date(2026, 11, 2)


def on(day: date) -> datetime:
    """09:00 in Shanghai."""
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


def later(days: int) -> date:
    return DAY + timedelta(days=days)


@pytest.fixture
def centre(db: None) -> DataCentre:
    return factories.data_centre(factories.hongshan(), vcpu=10)


@pytest.fixture
def actor(centre: DataCentre) -> actors.Actor:
    return factories.actor(centre.partner.organisation, "operations")


def vcpu(centre: DataCentre) -> CapacityPool:
    return CapacityPool.objects.get(data_centre=centre, resource="vcpu")


def reserve(
    centre: DataCentre, actor: actors.Actor, quantity: int, start: int, end: int, name: str = ""
) -> Reservation:
    return planning.reserve(
        pool=vcpu(centre),
        reference=name or f"tender:{quantity}:{start}",
        quantity=Decimal(quantity),
        start_date=later(start),
        end_date=later(end),
        actor=actor,
        now=NOW,
    )


def plan(centre: DataCentre, actor: actors.Actor, quantity: int, day: int) -> PoolChange:
    return planning.plan_change(
        pool=vcpu(centre),
        effective_date=later(day),
        quantity=Decimal(quantity),
        reason="二期机房投产",
        actor=actor,
        now=NOW,
    )


class TestReservations:
    def test_periods_that_do_not_meet_share_the_capacity(self, centre: DataCentre, actor: actors.Actor) -> None:
        reserve(centre, actor, 8, 10, 20)
        reserve(centre, actor, 9, 20, 30)  # the first ends where the second begins
        assert (vcpu(centre).reserved, vcpu(centre).available) == (9, 1)
        with pytest.raises(planning.NotEnoughThen) as refusal:
            reserve(centre, actor, 3, 19, 21)
        assert refusal.value.field == "quantity"
        assert Reservation.objects.count() == 2
        assert vcpu(centre).reserved == 9

    def test_what_is_reserved_is_not_sold(self, centre: DataCentre, actor: actors.Actor) -> None:
        reserve(centre, actor, 8, 10, 20)
        with pytest.raises(providers.OutOfCapacity):
            providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(3)})])

    def test_a_reservation_may_count_on_what_is_added_by_then(self, centre: DataCentre, actor: actors.Actor) -> None:
        plan(centre, actor, 10, 5)
        reserve(centre, actor, 15, 10, 20)
        assert vcpu(centre).reserved == 5  # the other ten are built until then
        with pytest.raises(planning.NotEnoughThen):
            planning.cancel_change(
                change_id=PoolChange.objects.get().pk, partner_id=centre.partner_id, actor=actor, now=NOW
            )
        assert planning.apply_due_changes(now=on(later(5)), limit=10) == 1
        assert (vcpu(centre).total, vcpu(centre).reserved, vcpu(centre).available) == (20, 15, 5)

    def test_on_its_first_day_it_becomes_a_hold(self, centre: DataCentre, actor: actors.Actor) -> None:
        reserve(centre, actor, 8, 10, 20, name="tender:1")
        assert planning.begin_reservations(now=on(later(9)), limit=10) == 0
        assert planning.begin_reservations(now=on(later(10)), limit=10) == 1
        assert planning.begin_reservations(now=on(later(10)), limit=10) == 0
        hold = CapacityHold.objects.get()
        assert (hold.reference, hold.quantity, hold.purpose) == ("tender:1", 8, "reservation")
        assert (vcpu(centre).reserved, vcpu(centre).held, vcpu(centre).available) == (0, 8, 2)

    def test_giving_it_up_frees_it_once(self, centre: DataCentre, actor: actors.Actor) -> None:
        one = reserve(centre, actor, 8, 10, 20)
        for _ in range(2):
            planning.cancel_reservation(reservation_id=one.pk, actor=actor, now=NOW)
        assert vcpu(centre).available == 10

    @pytest.mark.parametrize(("start", "end", "field"), [(0, 5, "start_date"), (5, 5, "end_date"), (5, 4, "end_date")])
    def test_impossible_periods(
        self, centre: DataCentre, actor: actors.Actor, start: int, end: int, field: str
    ) -> None:
        with pytest.raises(planning.InvalidPlan) as refusal:
            reserve(centre, actor, 1, start, end)
        assert refusal.value.field == field


@given(
    booked=st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12), st.integers(1, 8)), max_size=6),
    planned=st.lists(st.tuples(st.integers(-5, 9).filter(bool), st.integers(0, 15)), max_size=4),
)
def test_most_reserved_is_the_worst_of_all_days(booked: list[Any], planned: list[Any]) -> None:
    reservations = [
        Reservation(quantity=Decimal(quantity), start_date=later(start), end_date=later(start + length))
        for quantity, start, length in booked
    ]
    changes = [PoolChange(quantity=Decimal(quantity), effective_date=later(day)) for quantity, day in planned]
    by_day = [Decimal(0)]
    for day in range(25):
        taken = sum(one.quantity for one in reservations if one.start_date <= later(day) < one.end_date)
        added = sum(one.quantity for one in changes if one.effective_date <= later(day))
        by_day.append(Decimal(taken - added) if taken else Decimal(0))
    assert planning.most_reserved(reservations=reservations, changes=changes) == max(by_day)


class TestChanges:
    def test_capacity_grows_on_its_day(self, centre: DataCentre, actor: actors.Actor) -> None:
        plan(centre, actor, 6, 3)
        assert planning.apply_due_changes(now=on(later(2)), limit=10) == 0
        assert planning.apply_due_changes(now=on(later(3)), limit=10) == 1
        assert planning.apply_due_changes(now=on(later(3)), limit=10) == 0
        assert vcpu(centre).total == 16
        assert queries.available_on(pool=vcpu(centre), day=later(3)) == 16

    def test_sold_capacity_is_not_taken_away_and_the_provider_is_told_once(
        self, centre: DataCentre, actor: actors.Actor
    ) -> None:
        plan(centre, actor, -4, 3)
        providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(7)})])
        for _ in range(2):
            assert planning.apply_due_changes(now=on(later(3)), limit=10) == 0
        assert vcpu(centre).total == 10
        notice = Notice.objects.get()
        assert notice.organisation_id == centre.partner.organisation_id
        assert notice.values["quantity"] == "4"

    def test_today_is_too_late_to_plan(self, centre: DataCentre, actor: actors.Actor) -> None:
        with pytest.raises(planning.InvalidPlan) as refusal:
            plan(centre, actor, 1, 0)
        assert refusal.value.field == "effective_date"


class TestMaintenance:
    def announce(self, centre: DataCentre, actor: actors.Actor, start: int, hours: int) -> Maintenance:
        return planning.announce_maintenance(
            data_centre=centre,
            starts_at=NOW + timedelta(hours=start),
            ends_at=NOW + timedelta(hours=start + hours),
            reason="更换交换机",
            actor=actor,
            now=NOW,
        )

    def test_windows_of_a_data_centre_do_not_meet(self, centre: DataCentre, actor: actors.Actor) -> None:
        first = self.announce(centre, actor, 10, 4)
        self.announce(centre, actor, 14, 2)
        with pytest.raises(planning.WindowsOverlap):
            self.announce(centre, actor, 13, 2)
        planning.cancel_maintenance(window_id=first.pk, partner_id=centre.partner_id, actor=actor, now=NOW)
        self.announce(centre, actor, 12, 2)

    def test_the_announced_part_of_a_month(self, centre: DataCentre, actor: actors.Actor) -> None:
        self.announce(centre, actor, 10, 4)
        parts = queries.maintenance_between(
            data_centre_id=centre.pk, start=NOW + timedelta(hours=12), end=NOW + timedelta(days=30)
        )
        assert parts == [(NOW + timedelta(hours=12), NOW + timedelta(hours=14))]

    @pytest.mark.parametrize(
        ("start", "hours", "field"), [(-1, 4, "starts_at"), (1, 0, "ends_at"), (1, 169, "ends_at")]
    )
    def test_impossible_windows(
        self, centre: DataCentre, actor: actors.Actor, start: int, hours: int, field: str
    ) -> None:
        with pytest.raises(planning.InvalidPlan) as refusal:
            self.announce(centre, actor, start, hours)
        assert refusal.value.field == field

    def test_another_providers_window_does_not_exist(self, centre: DataCentre, actor: actors.Actor) -> None:
        window = self.announce(centre, actor, 10, 4)
        with pytest.raises(planning.NoSuchPlan):
            planning.cancel_maintenance(window_id=window.pk, partner_id=0, actor=actor, now=NOW)


def test_a_days_peak_stays_and_its_end_is_the_last_state(centre: DataCentre) -> None:
    (taken,) = providers.allocate(draws=[providers.Draw(centre.pk, {"vcpu": Decimal(7)})])
    assert history.write_days(now=NOW, limit=100) == CapacityPool.objects.count()
    assert history.write_days(now=NOW, limit=100) == 0
    providers.release(allocations=taken)
    assert history.write_days(now=NOW, limit=100) == 1
    day = PoolDay.objects.get(pool=vcpu(centre))
    assert (day.day, day.total, day.allocated, day.peak) == (DAY, 10, 0, 7)
    assert [one.peak for one in history.days_of(pool_ids=[vcpu(centre).pk], until=DAY)[vcpu(centre).pk]] == [7]
