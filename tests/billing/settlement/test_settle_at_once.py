"""Two workers settle the same month at once: one settlement. Without the constraints: two."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction
from django.db.models import Sum

from billing.settlement import operations
from billing.settlement.models import Settlement, SettlementLine, SettlementSeries
from tests import factories, receipts

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
WORKERS = 2


def settle_at_once() -> list[int]:
    """Both workers have read the same claims and wait for the next number; then they go on."""
    done: list[int] = []

    def work() -> None:
        try:
            done.append(operations.settle_due(now=NOW, limit=10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    with transaction.atomic():
        SettlementSeries.objects.select_for_update().get(period_start_date="2026-10-01")
        for thread in threads:
            thread.start()
        wait_until_blocked(WORKERS)
    for thread in threads:
        thread.join(30)
    return sorted(done)


def wait_until_blocked(count: int) -> None:
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] == count:
                return
            time.sleep(0.02)
    raise AssertionError("the workers never waited for the number")


def october() -> None:
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.hongshan())))
    receipts.collect(contract, 123_456)
    SettlementSeries.objects.create(period_start_date="2026-10-01")


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_settlement():
    october()
    assert settle_at_once() == [0, 1]
    assert Settlement.objects.values_list("number", "gross_minor").get() == ("JS-202610-0001", 123_456)
    assert SettlementLine.objects.count() == 1
    assert SettlementSeries.objects.get().last == 1  # the loser's number was given back


@pytest.mark.django_db(transaction=True)
def test_control_without_the_constraints_the_money_is_settled_twice():
    october()
    with without_constraints():
        assert settle_at_once() == [1, 1]
        assert Settlement.objects.aggregate(total=Sum("gross_minor"))["total"] == 2 * 123_456


class without_constraints:
    """The guard is off for this one act; what was made without it is removed, then it is on again."""

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = 'settlement_settlementline'::regclass"
                " AND contype = 'u'"
            )
            (self.line_constraint,) = (name for (name,) in cursor.fetchall())
            cursor.execute("ALTER TABLE settlement_settlement DROP CONSTRAINT settlement_unique_per_month")
            cursor.execute(f"ALTER TABLE settlement_settlementline DROP CONSTRAINT {self.line_constraint}")

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for table in ("settlementline", "settlementpart", "settlement"):
                cursor.execute(f"DELETE FROM settlement_{table}")  # noqa: S608  (names stand above)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute(
                "ALTER TABLE settlement_settlement ADD CONSTRAINT settlement_unique_per_month"
                " UNIQUE (provider_id, period_start_date, currency)"
            )
            cursor.execute(
                f"ALTER TABLE settlement_settlementline ADD CONSTRAINT {self.line_constraint} UNIQUE (collection_id)"
            )
