"""What becomes of reported events: accepted once, bound to the reporter's contracts, in constant queries."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from billing.metering import events, operations
from billing.metering.models import UsageEvent
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
OCTOBER_10 = datetime(2026, 10, 10, 4, 0, tzinfo=UTC)


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


def event(contract: Any, **fields: Any) -> events.UsageInput:
    return events.UsageInput(
        **{
            "source": "//dc01/meter",
            "id": "e1",
            "subject": contract if isinstance(contract, str) else contract.number,
            "time": OCTOBER_10,
            "meter": "vcpu_hours",
            "quantity": Decimal("2.500000"),
            **fields,
        }
    )


def record(contract: Any, *given: events.Read, **options: Any) -> list[tuple[str, str, str]]:
    outcomes = operations.record_usage(
        provider_id=contract.provider_id, events=given, now=options.pop("now", NOW), **options
    )
    assert [outcome.index for outcome in outcomes] == list(range(len(given)))
    return [(outcome.status, outcome.field, outcome.code) for outcome in outcomes]


ACCEPTED = ("accepted", "", "")
DUPLICATE = ("duplicate", "", "")
CONFLICT = ("conflict", "id", "other_content")
NOT_STORED = ("not_stored", "", "")


def test_an_event_is_stored_as_it_was_reported(contract: Any) -> None:
    assert record(contract, event(contract)) == [ACCEPTED]
    stored = UsageEvent.objects.get()
    assert (stored.provider_id, stored.contract_id) == (contract.provider_id, contract.pk)
    assert (stored.source, stored.event_id, stored.meter) == ("//dc01/meter", "e1", "vcpu_hours")
    assert (stored.quantity, stored.occurred_at, stored.received_at) == (Decimal("2.5"), OCTOBER_10, NOW)


def test_the_same_event_again_changes_nothing(contract: Any) -> None:
    record(contract, event(contract))
    in_shanghai = OCTOBER_10.astimezone(operations.periods.SHANGHAI)
    assert record(contract, event(contract), event(contract, time=in_shanghai)) == [DUPLICATE, DUPLICATE]
    assert UsageEvent.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [{"quantity": Decimal("2.500001")}, {"time": OCTOBER_10 + timedelta(seconds=1)}, {"meter": "gib_hours"}],
)
def test_the_same_id_with_other_content_is_a_conflict(contract: Any, change: dict[str, Any]) -> None:
    record(contract, event(contract))
    assert record(contract, event(contract, **change)) == [CONFLICT]
    assert UsageEvent.objects.get().quantity == Decimal("2.5")


def test_ids_are_the_providers_and_the_sources_own(contract: Any) -> None:
    songmo = factories.contract(
        factories.bureau(), factories.offering(factories.data_centre(factories.songmo())), plan_code="metered"
    )
    record(contract, event(contract))
    assert record(contract, event(contract, source="//dc02/meter")) == [ACCEPTED]
    assert record(songmo, event(songmo)) == [ACCEPTED]
    assert UsageEvent.objects.count() == 3


def test_repeats_within_one_batch_follow_the_first_of_their_key(contract: Any) -> None:
    first, other = event(contract), event(contract, quantity=Decimal("9.000000"))
    assert record(contract, first, other, first) == [ACCEPTED, CONFLICT, DUPLICATE]
    assert record(contract, other, first, other) == [CONFLICT, DUPLICATE, CONFLICT]
    assert UsageEvent.objects.get().quantity == Decimal("2.5")


def test_a_rejected_event_does_not_take_its_id(contract: Any) -> None:
    wrong = event(contract, meter="petabytes")
    assert record(contract, wrong, event(contract)) == [("rejected", "data.meter", "no_such_meter"), ACCEPTED]


def test_another_providers_contract_and_an_invented_one_look_the_same(contract: Any) -> None:
    songmo = factories.contract(
        factories.bureau(), factories.offering(factories.data_centre(factories.songmo())), plan_code="metered"
    )
    refused = ("rejected", "subject", "no_such_contract")
    assert record(contract, event(songmo), event("HT-INVENTED00", id="e2")) == [refused, refused]
    assert not UsageEvent.objects.exists()


def test_a_contract_that_is_not_delivered_has_no_usage() -> None:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    waiting = factories.contract(factories.foods(), offering, plan_code="metered", start=None)
    assert record(waiting, event(waiting)) == [("rejected", "subject", "not_delivered")]


@pytest.mark.parametrize(
    ("moment", "outcome"),
    [
        ("2026-09-30T15:59:59.999999+00:00", ("rejected", "time", "before_start")),
        ("2026-09-30T16:00:00+00:00", ACCEPTED),  # 00:00 in Shanghai on the first day
        ("2026-10-31T15:59:59.999999+00:00", ACCEPTED),
        ("2026-10-31T16:00:00+00:00", ("rejected", "time", "after_end")),  # 00:00 in Shanghai on the end date
        ("0001-01-01T00:00:00+08:00", ("rejected", "time", "before_start")),
        ("9999-12-31T23:59:59-08:00", ("rejected", "time", "after_end")),
    ],
)
def test_usage_lies_between_midnights_in_shanghai(moment: str, outcome: tuple[str, str, str]) -> None:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    october = factories.contract(
        factories.foods(), offering, plan_code="metered", term_months=1, start=date(2026, 10, 1), status="ended"
    )
    assert record(october, event(october, time=datetime.fromisoformat(moment))) == [outcome]


def test_a_clock_may_run_five_minutes_ahead(contract: Any) -> None:
    ahead = NOW + timedelta(minutes=5)
    assert record(contract, event(contract, time=ahead)) == [ACCEPTED]
    later = event(contract, id="e2", time=ahead + timedelta(microseconds=1))
    assert record(contract, later) == [("rejected", "time", "in_the_future")]


def test_usage_of_an_earlier_month_is_still_accepted(contract: Any) -> None:
    assert record(contract, event(contract), now=datetime(2027, 2, 1, tzinfo=UTC)) == [ACCEPTED]


def test_all_or_nothing_stores_nothing_when_one_is_bad(contract: Any) -> None:
    record(contract, event(contract, id="known"))
    given = [
        event(contract, id="new"),
        event(contract, id="new"),
        event(contract, id="known"),
        event(contract, id="known", quantity=Decimal("7.000000")),
        events.Faulty("time", "not_a_time"),
    ]
    assert record(contract, *given, all_or_nothing=True) == [
        NOT_STORED,
        NOT_STORED,
        DUPLICATE,
        CONFLICT,
        ("rejected", "time", "not_a_time"),
    ]
    assert list(UsageEvent.objects.values_list("event_id", flat=True)) == ["known"]
    assert record(contract, *given[:3], all_or_nothing=True) == [ACCEPTED, DUPLICATE, DUPLICATE]


def test_the_number_of_queries_does_not_grow_with_the_batch(contract: Any) -> None:
    from django.db import connection

    def count(size: int, *, prefix: str, more: list[events.Read]) -> int:
        given = [event(contract, id=f"{prefix}{n}") for n in range(size)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            record(contract, *given, *more)
        return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])

    assert count(1, prefix="one", more=[]) == 2  # bind, insert
    assert count(30, prefix="a", more=[]) == count(2_000, prefix="b", more=[]) == 3  # bind, copy keys, copy events
    mixed: list[events.Read] = [event("HT-NONE", id="x"), events.Faulty("id", "missing")]
    # The copy is refused, and what is no contract's number is looked for among resource ids.
    assert count(30, prefix="a", more=mixed) == count(2_000, prefix="b", more=mixed) == 5


def test_an_event_can_not_be_changed_afterwards(contract: Any) -> None:
    from django.db import IntegrityError, transaction

    record(contract, event(contract))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        UsageEvent.objects.update(quantity=0)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        UsageEvent.objects.all().delete()


@pytest.mark.parametrize(
    "text", ["tab\there", "line\nfeed\r", "back\\slash", "\\N", "\\.", "'quoted\"", "机房 😀", "a,b{c}"]
)
def test_any_text_is_kept_as_it_is(contract: Any, text: str) -> None:
    """Both ways into the table: copied, and picked beside an event that is known."""
    copied, picked = event(contract, id=text), event(contract, id="other", source=text)
    assert record(contract, copied) == [ACCEPTED]
    assert record(contract, copied, picked) == [DUPLICATE, ACCEPTED]
    stored = UsageEvent.objects.values_list("source", "event_id")
    assert set(stored) == {("//dc01/meter", text), (text, "other")}
