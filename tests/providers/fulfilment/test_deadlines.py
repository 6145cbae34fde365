"""Until when each side has to act, and that a missed deadline is told once, to both."""

from datetime import UTC, date, datetime
from typing import Any

from marketplace.organisations.models import Notice
from providers.fulfilment import deadlines, operations, queries
from providers.fulfilment.models import Delivery

# Monday, 2 November 2026, noon in Chifeng. A deadline is the midnight after its last day: 16:00 UTC.
TUESDAY, THURSDAY = datetime(2026, 11, 3, 16, tzinfo=UTC), datetime(2026, 11, 5, 16, tzinfo=UTC)
NEXT_MONDAY = datetime(2026, 11, 9, 16, tzinfo=UTC)


def test_deadlines_follow_the_steps(room: Any) -> None:
    delivery = room.open(lead_time_days=3)
    assert (delivery.accept_due_at, delivery.deliver_due_at) == (TUESDAY, THURSDAY)
    assert deadlines.due_at(delivery=delivery) == TUESDAY
    assert deadlines.due_at(delivery=room.take("accept")) == THURSDAY
    room.take("start")
    delivered = room.take("hand_over")
    assert (deadlines.due_at(delivery=delivered), deadlines.last_day(NEXT_MONDAY)) == (NEXT_MONDAY, date(2026, 11, 9))
    friday = datetime(2026, 11, 6, 4, tzinfo=UTC)
    rejected = room.take("reject", now=friday)  # three weekdays after it
    assert deadlines.due_at(delivery=rejected) == datetime(2026, 11, 11, 16, tzinfo=UTC)
    room.take("hand_over")
    assert deadlines.due_at(delivery=room.take("complete")) is None


def test_no_deadline_runs_before_the_approval(room: Any) -> None:
    delivery = room.open(is_held=True)
    assert (delivery.accept_due_at, deadlines.due_at(delivery=delivery)) == (None, None)
    assert not Notice.objects.exists()
    cleared = room.take("clear", now=datetime(2026, 11, 4, 4, tzinfo=UTC))
    assert cleared.accept_due_at == THURSDAY
    assert Notice.objects.get().organisation_id == room.provider.organisation_id


def test_each_missed_deadline_is_told_once_to_both_sides(room: Any) -> None:
    room.open(lead_time_days=3)
    Notice.objects.all().delete()

    def tell(now: datetime) -> int:
        return operations.tell_overdue(now=now, limit=10)

    assert tell(datetime(2026, 11, 3, 15, 59, tzinfo=UTC)) == 0
    assert [tell(TUESDAY), tell(TUESDAY)] == [1, 0]
    assert {one.organisation_id for one in Notice.objects.all()} == {room.buyer.pk, room.provider.organisation_id}
    assert set(Notice.objects.values_list("values__day", flat=True)) == {"2026-11-03"}
    room.take("accept")
    assert queries.count_overdue(partner_id=room.provider.pk, now=TUESDAY) == 0
    assert [tell(TUESDAY), tell(THURSDAY), tell(THURSDAY)] == [0, 1, 0]
    assert queries.count_overdue(partner_id=room.provider.pk, now=THURSDAY) == 1
    assert Notice.objects.filter(is_urgent=True).count() == 4
    room.take("start")
    room.take("hand_over")
    room.take("reject", now=THURSDAY)  # the lead time begins anew, and may be missed again
    assert [tell(THURSDAY), tell(datetime(2026, 11, 12, tzinfo=UTC))] == [0, 1]


def test_what_is_over_may_be_removed_after_the_days_of_export(room: Any) -> None:
    room.bring_to("completed")
    assert queries.list_to_remove(now=datetime(2030, 1, 1, tzinfo=UTC), numbers=["HT-TEST000001"]) == []
    end = {"number": "HT-TEST000001", "end_date": date(2026, 12, 2), "actor": room.orderer, "now": room.now}
    for _ in range(2):
        closed = operations.close(**end)
        assert closed is not None
        assert closed.remove_at == datetime(2026, 12, 31, 16, tzinfo=UTC)  # 30 days from 2 to 31 December
    for moment, count in ((datetime(2026, 12, 31, 15, tzinfo=UTC), 0), (closed.remove_at, 1)):
        assert len(queries.list_to_remove(now=moment, numbers=["HT-TEST000001"])) == count
    assert operations.close(**{**end, "number": "HT-OLD"}) is None


def test_what_was_cancelled_may_be_removed_at_once(room: Any) -> None:
    room.bring_to("cancelled")
    assert Delivery.objects.get().remove_at == room.now
