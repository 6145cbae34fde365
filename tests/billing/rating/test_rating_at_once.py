"""Several workers rate at the same time: each month is charged once."""

import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from billing.metering.models import UsageDay
from billing.rating import operations
from billing.rating.models import Charge, RatedPeriod
from tests import factories

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_charge_each_month_once() -> None:
    sold = factories.offering(factories.data_centre(factories.hongshan()))
    buyer = factories.foods()
    for _ in range(30):
        contract = factories.contract(buyer, sold, plan_code="metered")
        UsageDay.objects.create(
            contract=contract, meter="vcpu_hours", day=date(2026, 10, 2), quantity=10, event_count=1, batch=1
        )
    done: list[int] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(8):
                done.append(operations.rate_pending(now=NOW, limit=5))
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not faults
    done.append(operations.rate_pending(now=NOW, limit=500))
    assert sum(done) == 30 == RatedPeriod.objects.count()
    assert [charge.amount for charge in Charge.objects.all()] == [Decimal("1.2348")] * 30
