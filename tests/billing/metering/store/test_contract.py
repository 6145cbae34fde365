"""What every event store does: the same questions to PostgreSQL and to the oracle in memory."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.metering.store import Change, EventStore, PostgresStore, Row
from tests import factories
from tests.billing.metering.store.memory import MemoryStore

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 10, 10, 4, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


@pytest.fixture(params=[PostgresStore, MemoryStore])
def store(request: pytest.FixtureRequest) -> EventStore:
    made: EventStore = request.param()
    return made


@pytest.fixture
def start(store: EventStore) -> str:
    """The watermark before the test."""
    return store.rollup_since("0")[1]


def row(contract: Any, event_id: str, quantity: str | None = "1", **fields: Any) -> Row:
    made = Row(
        source="s",
        event_id=event_id,
        body_hash=hashlib.sha256(f"{event_id}{quantity}{fields}".encode()).digest(),
        contract_id=contract.pk,
        meter="vcpu_hours",
        quantity=None if quantity is None else Decimal(quantity),
        occurred_at=NOON,
    )
    return made._replace(**fields)


def append(store: EventStore, contract: Any, *rows: Row, **options: Any) -> tuple[list[str], dict[str, str]]:
    with transaction.atomic():
        appended = store.append(provider_id=contract.provider_id, rows=rows, received_at=NOW, **options)
    return sorted(id for _, id in appended.new), {id: code for (_, id), code in appended.refused.items()}


def scan(store: EventStore, contract: Any, first: datetime = NOON, days: int = 1) -> list[tuple[str, Any, Any]]:
    found = store.scan(contract_id=contract.pk, meter="vcpu_hours", first=first, end=first + timedelta(days=days))
    return [(event.event_id, event.quantity, event.superseded_by and event.superseded_by[1]) for event in found]


def test_a_key_is_stored_once_whatever_its_month(store: EventStore, contract: Any) -> None:
    assert append(store, contract, row(contract, "a"), row(contract, "b")) == (["a", "b"], {})
    elsewhere = row(contract, "a", occurred_at=NOON - timedelta(days=40), meter="gib_hours")
    assert append(store, contract, elsewhere, row(contract, "c")) == (["c"], {})
    hashes = store.find_hashes(provider_id=contract.provider_id, keys=[("s", "a"), ("s", "nobody's")])
    assert hashes == {("s", "a"): row(contract, "a").body_hash}
    assert store.find_hashes(provider_id=contract.provider_id + 1, keys=[("s", "a")]) == {}


@pytest.mark.parametrize("known", [0, 1])
def test_many_rows_take_the_same_way_as_few(store: EventStore, contract: Any, start: str, known: int) -> None:
    """Copied when all are new, picked when one is known."""
    append(store, contract, *[row(contract, f"e{n}") for n in range(known)])
    new, _ = append(store, contract, *[row(contract, f"e{n}") for n in range(60)])
    assert len(new) == 60 - known
    changes, _ = store.rollup_since(start)
    assert changes == [Change(contract.pk, "vcpu_hours", date(2026, 10, 10), Decimal(60), 60)]


def test_changes_come_by_day_in_shanghai_and_once(store: EventStore, contract: Any, start: str) -> None:
    midnight = datetime(2026, 10, 10, 16, tzinfo=UTC)
    append(store, contract, row(contract, "a", "1.5", occurred_at=midnight - timedelta(microseconds=1)))
    append(store, contract, row(contract, "b", "2", occurred_at=midnight), row(contract, "c", "4", meter="gib_hours"))
    changes, watermark = store.rollup_since(start)
    assert changes == [
        Change(contract.pk, "gib_hours", date(2026, 10, 10), Decimal(4), 1),
        Change(contract.pk, "vcpu_hours", date(2026, 10, 10), Decimal("1.5"), 1),
        Change(contract.pk, "vcpu_hours", date(2026, 10, 11), Decimal(2), 1),
    ]
    assert store.rollup_since(watermark)[0] == []


def test_a_correction_takes_the_old_quantity_from_its_day(store: EventStore, contract: Any, start: str) -> None:
    append(store, contract, row(contract, "a", "5"))
    _, watermark = store.rollup_since(start)
    better = row(contract, "b", "3", occurred_at=NOON + timedelta(days=1), supersedes=("s", "a"))
    assert append(store, contract, better) == (["b"], {})
    changes, watermark = store.rollup_since(watermark)
    assert changes == [
        Change(contract.pk, "vcpu_hours", date(2026, 10, 10), Decimal(-5), -1),
        Change(contract.pk, "vcpu_hours", date(2026, 10, 11), Decimal(3), 1),
    ]
    assert scan(store, contract, days=2) == [("a", Decimal(5), "b"), ("b", Decimal(3), None)]
    void = row(contract, "v", None, supersedes=("s", "b"), reason="measured twice")
    assert append(store, contract, void) == (["v"], {})
    changes, _ = store.rollup_since(watermark)
    assert changes == [Change(contract.pk, "vcpu_hours", date(2026, 10, 11), Decimal(-3), -1)]
    assert append(store, contract, void, better) == ([], {})  # known, not refused: it holds already


def test_corrections_that_do_not_hold_are_refused_and_leave_their_id_free(store: EventStore, contract: Any) -> None:
    old = NOON - timedelta(days=50)
    append(store, contract, row(contract, "a"), row(contract, "b"), row(contract, "old", occurred_at=old))
    append(store, contract, row(contract, "c", supersedes=("s", "a")))
    given = [
        row(contract, "1", supersedes=("s", "a")),
        row(contract, "2", supersedes=("s", "nobody's")),
        row(contract, "3", supersedes=("s", "3")),
        row(contract, "4", meter="gib_hours", supersedes=("s", "b")),
        row(contract, "5", contract_id=contract.pk + 1, supersedes=("s", "b")),
        row(contract, "6", supersedes=("s", "old")),
    ]
    refused = {
        "1": "already_superseded",
        "2": "no_such_event",
        "3": "no_such_event",
        "4": "other_contract",
        "5": "other_contract",
        "6": "too_late",
    }
    assert append(store, contract, *given, oldest=NOON - timedelta(days=1)) == ([], refused)
    assert append(store, contract, row(contract, "1", supersedes=("s", "c"))) == (["1"], {})


def test_within_one_batch_corrections_follow_each_other(store: EventStore, contract: Any, start: str) -> None:
    batch = [
        row(contract, "b", "2", supersedes=("s", "a")),
        row(contract, "late", "9", supersedes=("s", "a")),
        row(contract, "c", "3", supersedes=("s", "b")),
        row(contract, "d", None, supersedes=("s", "late")),
        row(contract, "a", "1"),
    ]
    assert append(store, contract, *batch) == (["a", "b", "c"], {"late": "already_superseded", "d": "no_such_event"})
    changes, _ = store.rollup_since(start)
    assert changes == [Change(contract.pk, "vcpu_hours", date(2026, 10, 10), Decimal(3), 1)]


def test_scan_gives_what_lies_between_two_instants_in_order(store: EventStore, contract: Any) -> None:
    times = [timedelta(days=-1), timedelta(hours=2), timedelta(0), timedelta(days=1), timedelta(days=35)]
    append(store, contract, *[row(contract, f"e{n}", occurred_at=NOON + time) for n, time in enumerate(times)])
    append(store, contract, row(contract, "other", meter="gib_hours"))
    spanning = row(contract, "unique", value="user-7", ended_at=NOON + timedelta(hours=1))
    append(store, contract, spanning)
    assert [id for id, _, _ in scan(store, contract)] == ["e2", "unique", "e1"]
    assert [id for id, _, _ in scan(store, contract, days=40)] == ["e2", "unique", "e1", "e3", "e4"]
    found = store.scan(contract_id=contract.pk, meter="vcpu_hours", first=NOON, end=NOON + timedelta(seconds=1))
    (stored,) = [event for event in found if event.event_id == "unique"]
    assert (stored.value, stored.ended_at, stored.received_at) == ("user-7", spanning.ended_at, NOW)


@pytest.fixture
def both(contract: Any) -> Iterator[tuple[Any, PostgresStore]]:
    yield contract, PostgresStore()


_STEP = st.tuples(
    st.integers(0, 5),  # the event's id
    st.sampled_from(["1", "2.5", "7"]),
    st.integers(0, 45),  # days
    st.sampled_from(["plain", "plain", "correct", "void"]),
    st.integers(0, 5),  # what it corrects
    st.sampled_from(["vcpu_hours", "vcpu_hours", "gib_hours"]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(_STEP, max_size=5, unique_by=lambda step: step[0]), max_size=5))
def test_both_stores_agree_on_any_history(both: tuple[Any, PostgresStore], batches: list[list[Any]]) -> None:
    contract, real = both
    oracle = MemoryStore()
    with transaction.atomic():
        for batch in batches:
            rows = [
                row(
                    contract,
                    f"e{id}",
                    None if kind == "void" else quantity,
                    occurred_at=NOON + timedelta(days=days),
                    meter=meter,
                    supersedes=None if kind == "plain" else ("s", f"e{target}"),
                )
                for id, quantity, days, kind, target, meter in batch
            ]
            assert append(real, contract, *rows) == append(oracle, contract, *rows)
        assert scan(real, contract, days=60) == scan(oracle, contract, days=60)
        transaction.set_rollback(True)
