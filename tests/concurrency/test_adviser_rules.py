"""Two officers announce the adviser's next version at once: one version, and the other is told.

The guard is the unique key of the version. The control takes it away and must see the version twice: so this test can
see what it claims to see.
"""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from marketplace.organisations.models import AuditEntry
from marketplace.procurement import adviser
from marketplace.procurement.models import AdviserRules
from tests import factories
from tests.concurrency.test_last_units import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
OFFICERS = 4


@pytest.fixture(autouse=True)
def _first_version_stays(transactional_db: None) -> Iterator[None]:
    """Version 1 comes with the schema and is kept between tests; what a test adds goes again, past its triggers."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM procurement_adviserrules WHERE version > 1")
        cursor.execute("SET session_replication_role = origin")


def announce_at_once(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All officers have read the last version before the first of them writes."""
    table, check = AdviserRules.objects.get(version=1).table, adviser._check_table
    everybody = threading.Barrier(OFFICERS)

    def check_together(given: Any) -> Any:
        everybody.wait(timeout=30)
        return check(given)

    monkeypatch.setattr(adviser, "_check_table", check_together)
    officers = [factories.actor(factories.platform(), "officer") for _ in range(OFFICERS)]

    def announce(officer: Any) -> AdviserRules:
        return adviser.announce_rules(
            table=table, mode="block", source="新规", effective_date=date(2026, 11, 9), actor=officer, now=NOW
        )

    return at_once([lambda one=one: announce(one) for one in officers])


def test_announced_at_once_is_one_version_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = announce_at_once(monkeypatch)
    names = sorted(type(one).__name__ for one in outcomes)
    assert names == ["AdviserRules"] + ["RulesChanged"] * (OFFICERS - 1), outcomes
    assert list(AdviserRules.objects.values_list("version", flat=True)) == [2, 1]
    assert AuditEntry.objects.filter(action="adviser.announced").count() == 1


@pytest.fixture
def without_the_key(transactional_db: None) -> Iterator[None]:
    """The unique key of the version dropped, and put back over what was there before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'procurement_adviserrules'::regclass AND contype = 'u'"
        )
        ((name, definition),) = cursor.fetchall()
        cursor.execute(f'ALTER TABLE procurement_adviserrules DROP CONSTRAINT "{name}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM procurement_adviserrules WHERE version > 1")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(f'ALTER TABLE procurement_adviserrules ADD CONSTRAINT "{name}" {definition}')


def test_control_without_the_key_the_version_is_there_several_times(
    without_the_key: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce_at_once(monkeypatch)
    assert AdviserRules.objects.filter(version=2).count() > 1
