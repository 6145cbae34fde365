"""A real trace through the river: 259,159 machines with two meters each, by CSV, up to their charges.

The quantities rated are compared with sums that are worked out here from the file alone, to the last decimal.
Source of the trace: Azure Public Dataset V1 (Cortez et al., "Resource Central", SOSP 2017), CC BY 4.0.
"""

import csv
import gzip
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.core.files import File

from billing.metering import operations as metering
from billing.metering.models import UsageDay, UsageEvent, UsageImport
from billing.rating import operations as rating
from billing.rating.models import Charge
from billing.rules import periods
from tests import factories

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

CONTRACTS = 200
STARTS_AT = datetime(2026, 10, 5, tzinfo=periods.SHANGHAI)
NOW = datetime(2026, 11, 3, tzinfo=periods.SHANGHAI)
METERS = {"vcpu_hours": "vcpu", "gib_hours": "ram_gib"}
PRICES = {"vcpu_hours": Decimal("0.12348"), "gib_hours": Decimal("0.01547")}
STEP = Decimal("0.000001")


def hours(value: str, duration_s: str) -> Decimal:
    """Machine hours with 6 decimals, half up."""
    return (Decimal(value) * int(duration_s) / 3600).quantize(STEP, ROUND_HALF_UP)


def bucket(tenant_batch: str) -> int:
    return zlib.crc32(tenant_batch.encode()) % CONTRACTS


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    yield


@pytest.fixture
def contracts() -> list[Any]:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    buyers = [factories.foods() for _ in range(20)]
    return [factories.contract(buyers[n % 20], offering, plan_code="metered") for n in range(CONTRACTS)]


def write_csv(trace: Path, target: Path, numbers: list[str]) -> int:
    """The trace as a file of usage events; returns their number."""
    count = 0
    with gzip.open(trace, "rt") as source, target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "source", "contract", "time", "meter", "quantity"])
        for row in csv.DictReader(source):
            moment = (STARTS_AT + timedelta(seconds=int(row["started_s"]))).isoformat()
            number = numbers[bucket(row["tenant_batch"])]
            for meter, column in METERS.items():
                quantity = hours(row[column], row["duration_s"])
                writer.writerow([f"{row['vm_id']}-{column}", "trace", number, moment, meter, quantity])
                count += 1
    return count


def add_up(trace: Path) -> dict[tuple[int, str], Decimal]:
    """(bucket, meter) → quantity, from the trace alone: whole numbers of 10⁻⁶ hours, without our code.

    value × duration / 3600 hours are value × 10⁴ × duration / 36 such units, as memory has 2 decimals at most.
    """
    frame = pd.read_csv(trace, dtype={"tenant_batch": str, "ram_gib": str})
    frame["bucket"] = [zlib.crc32(text.encode()) % CONTRACTS for text in frame["tenant_batch"]]
    hundredths = {
        "vcpu_hours": frame["vcpu"] * 100,
        "gib_hours": frame["ram_gib"].map(lambda text: int(Decimal(text) * 100)).astype("int64"),
    }
    sums: dict[tuple[int, str], Decimal] = {}
    for meter, value in hundredths.items():
        scaled = value * frame["duration_s"] * 10_000
        units = (2 * scaled + 3_600) // (2 * 3_600)  # half up
        for number, total in units.groupby(frame["bucket"]).sum().items():
            sums[int(number), meter] = Decimal(int(total)).scaleb(-6)
    return sums


def import_file(path: Path, provider: Any) -> tuple[UsageImport, float, float]:
    """Queue the file and read it; returns its row and the seconds that reading took, by the clock and of CPU here."""
    with path.open("rb") as file:
        upload = metering.queue_import(
            provider_id=provider.pk,
            file=File(file, name=path.name),
            file_name=path.name,
            actor=factories.actor(provider.organisation, "operations"),
            now=NOW,
        )
    started, cpu_started = time.perf_counter(), time.process_time()
    assert metering.run_imports(now=NOW, limit=500) == 1
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    upload.refresh_from_db()
    return upload, seconds, cpu_seconds


def rated() -> dict[tuple[int, str], tuple[Decimal, Decimal]]:
    """(contract, meter) → the sums of quantity and amount over all charges."""
    found: dict[tuple[int, str], tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for contract_id, meter, quantity, amount in Charge.objects.values_list(
        "contract_id", "component__meter", "quantity", "amount"
    ):
        before = found[contract_id, meter]
        found[contract_id, meter] = (before[0] + quantity, before[1] + amount)
    return dict(found)


def test_the_trace_is_rated_to_the_last_decimal(trace: Path, contracts: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    count = write_csv(trace, path, [contract.number for contract in contracts])
    expected = add_up(trace)
    assert count == 2 * 259_159
    provider = contracts[0].provider

    upload, seconds, cpu_seconds = import_file(path, provider)
    assert (upload.status, upload.errors) == ("done", [])
    assert (upload.rows_read, upload.rows_accepted) == (count, count)
    started = time.perf_counter()
    assert metering.roll_up(now=NOW, limit=500) == count
    rolled = time.perf_counter()
    assert rating.rate_pending(now=NOW, limit=500) == CONTRACTS
    charged = time.perf_counter()
    assert rated() == {
        (contracts[number].pk, meter): (quantity, quantity * PRICES[meter])
        for (number, meter), quantity in expected.items()
    }

    before = (UsageEvent.objects.count(), list(UsageDay.objects.order_by("pk").values()), rated())
    again, again_seconds, _ = import_file(path, provider)
    assert (again.status, again.rows_accepted, again.rows_duplicate) == ("done", 0, count)
    assert metering.roll_up(now=NOW, limit=500) == 0
    assert rating.rate_pending(now=NOW, limit=500) == 0
    assert (UsageEvent.objects.count(), list(UsageDay.objects.order_by("pk").values()), rated()) == before

    print(f"\nimport        {count:,} rows in {seconds:.1f} s: {count / seconds:,.0f} rows/s")
    print(f"              {cpu_seconds / count * 1e6:.0f} µs of CPU a row in this process")
    print(f"import again  all duplicates in {again_seconds:.1f} s: {again_seconds / seconds:.2f} × the first")
    print(f"roll-up       {rolled - started:.2f} s into {len(before[1]):,} days")
    print(f"rating        {charged - rolled:.2f} s for {CONTRACTS} contracts")
