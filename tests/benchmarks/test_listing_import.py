"""Importing 20,000 offerings against a bare COPY of the very rows that the import wrote, in the same run.

The baseline takes the rows out of the tables and puts them back by one COPY per table, in one transaction, with
constraints, indexes and triggers on: what the database alone needs. The import's time is everything from the stored
file to the last line of the report: reading, judging by the rules of the pages, writing in chunks, progress.
"""

import time
from typing import Any

import pytest
from django.db import connection, transaction

from listings.exchange import operations, queries
from listings.exchange.models import ListingImportLine
from listings.models import Product
from tests.listings.exchange import sheets
from tests.listings.exchange.world import NOW, World, counts, to_table

pytestmark = [pytest.mark.benchmark, pytest.mark.django_db(transaction=True)]

OFFERINGS = 20_000
AIM = 3
# In the order in which rows may be put in.
TABLES = (
    "catalogue_product",
    "catalogue_productcategory",
    "partner_stockrecord",
    "catalogue_pricebook",
    "catalogue_plan",
    "catalogue_planterm",
    "catalogue_pricecomponent",
    "catalogue_offeringversion",
    "catalogue_offeringstep",
    "organisations_auditentry",
    "catalogue_listingimportline",
)


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.MEDIA_ROOT = tmp_path
    return World()


def make_rows(world: World) -> list[list[Any]]:
    rows = [
        world.row(
            code=f"BENCH-{number:05d}",
            title=f"通用型云主机 {number} 号 4核8G",
            title_en=f"General cloud host {number}",
            summary="适合网站、办公与中小型应用，按月付费，随时退订",
            unit_price=f"{100 + number / 100:.2f}",
        )
        for number in range(OFFERINGS)
    ]
    return to_table(*rows)


def take_out(marks: dict[str, int]) -> dict[str, bytes]:
    """The rows that the import added, as COPY gives them; the tables are left as they were before."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY (SELECT * FROM {table} WHERE id > {marks[table]} ORDER BY id) TO STDOUT") as copy:  # noqa: S608
                found[table] = b"".join(bytes(block) for block in copy)
        cursor.execute("SET session_replication_role = replica")
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM {table} WHERE id > {marks[table]}")  # noqa: S608
        cursor.execute("SET session_replication_role = origin")
    return found


def vacuum() -> None:
    """Neither of the two finds the dead rows of the other."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM (FULL, ANALYZE) {table}")


def put_back(rows: dict[str, bytes]) -> float:
    start = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows[table])
    return time.perf_counter() - start


def last_ids() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608
            found[table] = cursor.fetchone()[0]
        return found


def run(world: World, data: bytes, name: str) -> tuple[float, float]:
    """Seconds and seconds of this process's CPU for one import."""
    upload = world.queue(data, name=name)
    start, cpu = time.perf_counter(), time.process_time()
    operations.run_imports(now=NOW, limit=1)
    took = time.perf_counter() - start, time.process_time() - cpu
    upload.refresh_from_db()
    assert (upload.status, counts(upload), upload.problems) == ("done", (OFFERINGS, 0, 0, 0), [])
    return took


def test_an_import_against_a_bare_copy(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    table = make_rows(world)
    files = {"CSV": (sheets.make_csv(table), "a.csv"), "XLSX": (sheets.make_xlsx(table), "a.xlsx")}
    marks = last_ids()
    lines = []
    for kind, (data, name) in files.items():
        vacuum()
        imported, cpu = run(world, data, name)
        rows = take_out(marks)
        vacuum()
        copied = put_back(rows)
        assert Product.objects.count() == ListingImportLine.objects.count() == OFFERINGS
        lines.append(
            f"{kind}: import {imported:.1f} s ({cpu / OFFERINGS * 1e6:.0f} µs of CPU here an offering), "
            f"COPY of the same rows {copied:.1f} s, ratio {imported / copied:.2f} (aim {AIM})"
        )
        if kind == "CSV":
            unchanged = b"".join(queries.export_csv(partner_id=world.partner.pk))
            upload = world.queue(unchanged, name="own.csv")
            start = time.perf_counter()
            operations.run_imports(now=NOW, limit=1)
            again = time.perf_counter() - start
            upload.refresh_from_db()
            assert counts(upload) == (0, 0, OFFERINGS, 0)
            lines.append(f"export imported again, all unchanged: {again:.1f} s, {again / copied:.2f} × the COPY")
        take_out(marks)
    with capsys.disabled():
        print("\n" + "\n".join(lines))
