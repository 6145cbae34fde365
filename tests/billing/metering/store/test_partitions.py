"""Months of events: made ahead, filled from the partition for what has none, guarded like the whole."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.metering import events, operations
from billing.metering.models import EventKey, UsageEvent
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2028, 3, 31, 17, 0, tzinfo=UTC)  # 1 April 2028 in Shanghai


def months() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right(relid::text, 7) FROM pg_partition_tree('metering_usageevent') "
            "WHERE level = 1 AND relid <> 'metering_usageevent_default'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def homes() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id, tableoid::regclass::text FROM metering_usageevent")
        return dict(cursor.fetchall())


def contract_from(start: date) -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered", start=start)


def test_months_are_made_ahead_and_back_to_the_first_contract() -> None:
    contract_from(date(2028, 2, 15))
    before = months()
    assert operations.make_months(now=NOW, limit=2) == 2
    assert operations.make_months(now=NOW, limit=500) == 4
    assert months() - before == {"2028_02", "2028_03", "2028_04", "2028_05", "2028_06", "2028_07"}
    assert operations.make_months(now=NOW, limit=500) == 0


def test_no_month_is_made_that_takes_no_usage_any_more() -> None:
    contract_from(date(2026, 1, 1))
    operations.make_months(now=NOW, limit=500)
    assert min(month for month in months() if month > "2027_02") == "2027_04"


def test_an_event_without_a_month_is_taken_and_moved_when_its_month_is_made() -> None:
    contract = contract_from(date(2028, 2, 15))
    times = {"a": datetime(2028, 2, 29, 15, 59, tzinfo=UTC), "b": datetime(2028, 2, 29, 16, 0, tzinfo=UTC)}
    given = [events.UsageInput("s", id, contract.number, time, "vcpu_hours", Decimal(1)) for id, time in times.items()]
    assert [one.status for one in _record(contract, given)] == ["accepted"] * 2
    assert set(homes().values()) == {"metering_usageevent_default"}
    before = _written()
    operations.make_months(now=NOW, limit=500)
    assert homes() == {"a": "metering_usageevent_2028_02", "b": "metering_usageevent_2028_03"}
    assert _written() == before  # the roll-up reads them where it would have
    assert [one.status for one in _record(contract, given)] == ["duplicate"] * 2


@pytest.mark.parametrize("table", ["metering_usageevent_2028_02", "metering_usageevent_default"])
def test_every_partition_refuses_changes(table: str) -> None:
    contract = contract_from(date(2028, 2, 15))
    if table.endswith("_02"):
        operations.make_months(now=NOW, limit=500)
    _record(
        contract,
        [events.UsageInput("s", "a", contract.number, datetime(2028, 2, 20, tzinfo=UTC), "vcpu_hours", Decimal(1))],
    )
    statements = (f"UPDATE {table} SET quantity = 0", f"DELETE FROM {table}", "TRUNCATE metering_usageevent")  # noqa: S608
    for statement in statements:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    for model in (UsageEvent, EventKey):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model.objects.all().delete()


def test_the_applications_role_makes_months_and_may_no_more() -> None:
    contract_from(date(2028, 2, 15))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'marketplace_app'")
        assert cursor.fetchone() == (1,)
        cursor.execute(
            "SELECT has_function_privilege('marketplace_app', 'metering_make_month(date)', 'EXECUTE'), "
            "(SELECT prosecdef FROM pg_proc WHERE proname = 'metering_make_month')"
        )
        assert cursor.fetchone() == (True, True)
        operations.make_months(now=NOW, limit=500)
        cursor.execute(
            "SELECT privilege, has_table_privilege('marketplace_app', 'metering_usageevent_2028_02', privilege) "
            "FROM unnest(ARRAY['SELECT', 'INSERT', 'TRUNCATE', 'TRIGGER']) AS privilege"
        )
        assert dict(cursor.fetchall()) == {"SELECT": True, "INSERT": True, "TRUNCATE": False, "TRIGGER": False}
        for day in ("2028-08-02", "1999-12-01", "2100-01-01"):
            with pytest.raises(DatabaseError, match="not the first day"), transaction.atomic():
                cursor.execute("SELECT metering_make_month(%s)", [day])


def _record(contract: Any, given: list[events.UsageInput]) -> list[operations.Outcome]:
    return operations.record_usage(provider_id=contract.provider_id, events=given, now=NOW)


def _written() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT event_id, written_in::text FROM metering_usageevent ORDER BY 1")
        return list(cursor.fetchall())
