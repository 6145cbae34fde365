"""CSV files of usage: read in chunks, resumed where they stopped, every bad row named."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile

from billing.metering import imports, operations, queries
from billing.metering.models import UsageEvent, UsageImport
from marketplace.organisations import errors
from marketplace.organisations.models import AuditEntry
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
HEADER = "id,source,contract,time,meter,quantity"


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    yield


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


def row(contract: Any, id: str, quantity: str = "1.5", time: str = "2026-10-10T12:00:00+08:00", **fields: str) -> str:
    values = {"source": "csv", "number": contract.number, "meter": "vcpu_hours"} | fields
    return f"{id},{values['source']},{values['number']},{time},{values['meter']},{quantity}"


def queue(contract: Any, content: str | bytes, *, name: str = "usage.csv") -> UsageImport:
    data = content.encode() if isinstance(content, str) else content
    return operations.queue_import(
        provider_id=contract.provider_id,
        file=ContentFile(data, name=name),
        file_name=name,
        actor=factories.actor(contract.provider.organisation, "operations"),
        now=NOW,
    )


def run() -> int:
    return operations.run_imports(now=NOW, limit=500)


def read(contract: Any, *rows: str, header: str = HEADER) -> UsageImport:
    upload = queue(contract, "\n".join([header, *rows]) + "\n")
    assert run() == 1
    upload.refresh_from_db()
    return upload


def counts(upload: UsageImport) -> tuple[str, int, int, int, int]:
    return upload.status, upload.rows_read, upload.rows_accepted, upload.rows_duplicate, upload.rows_rejected


def test_a_file_waits_until_the_pipeline_reads_it(contract: Any) -> None:
    upload = queue(contract, f"{HEADER}\n{row(contract, 'a')}\n")
    assert counts(upload) == ("queued", 0, 0, 0, 0)
    assert not UsageEvent.objects.exists()
    entry = AuditEntry.objects.get(action="usage_import.queued")
    assert (entry.object_id, entry.organisation_id) == (upload.number, contract.provider.organisation_id)
    assert [run(), run()] == [1, 0]
    upload.refresh_from_db()
    assert counts(upload) == ("done", 1, 1, 0, 0)
    assert (upload.errors, upload.finished_at) == ([], NOW)
    assert UsageEvent.objects.get().quantity == Decimal("1.5")


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_columns_may_stand_in_any_order_with_or_without_a_bom(contract: Any, bom: str) -> None:
    upload = read(
        contract,
        f'0.000001,vcpu_hours,"2026-10-10T12:00:00+08:00",{contract.number},"机房 ""一"", 东",a',
        "",
        header=f"{bom}Quantity, meter,time,contract,source,ID",
    )
    assert counts(upload) == ("done", 1, 1, 0, 0)
    event = UsageEvent.objects.get()
    assert (event.source, event.event_id, event.quantity) == ('机房 "一", 东', "a", Decimal("0.000001"))


def test_every_bad_row_is_named_and_the_others_are_stored(contract: Any) -> None:
    upload = read(
        contract,
        row(contract, "a"),
        row(contract, "b", quantity="-1"),
        row(contract, "c", time="2026-10-10 12:00"),
        "",
        row(contract, "d", number="HT-INVENTED00"),
        row(contract, "e", meter="petabytes"),
        row(contract, "", quantity="1"),
        row(contract, "g") + ",more",
        row(contract, "a", quantity="9"),
        row(contract, "a"),
        row(contract, "z"),
    )
    assert counts(upload) == ("done", 10, 2, 1, 7)
    assert [(error.row, error.column, error.code) for error in queries.list_errors(upload=upload)] == [
        (3, "quantity", "negative"),
        (4, "time", "not_a_time"),
        (6, "contract", "no_such_contract"),
        (7, "meter", "no_such_meter"),
        (8, "id", "empty"),
        (9, "", "wrong_columns"),
        (10, "id", "other_content"),
    ]
    assert sorted(UsageEvent.objects.values_list("event_id", flat=True)) == ["a", "z"]


def test_a_byte_that_is_not_utf8_spoils_its_own_row_only(contract: Any) -> None:
    good, bad = row(contract, "a").encode(), row(contract, "b", source="机房").encode("gb18030")
    upload = queue(contract, b"\r\n".join([HEADER.encode(), bad, good, b""]))
    run()
    upload.refresh_from_db()
    assert counts(upload) == ("done", 2, 1, 0, 1)
    assert upload.errors == [{"row": 2, "column": "source", "code": "bad_character"}]


def test_a_second_import_of_the_same_file_changes_nothing(contract: Any) -> None:
    rows = [row(contract, f"e{n}") for n in range(20)]
    assert counts(read(contract, *rows)) == ("done", 20, 20, 0, 0)
    assert counts(read(contract, *rows)) == ("done", 20, 0, 20, 0)
    assert UsageEvent.objects.count() == 20


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a,b\n1,2\n",
        f"{HEADER},more\n".encode(),
        HEADER.encode("utf-16"),
        b"PK\x03\x04 a spreadsheet",
        b'"never closed\n',
        b"\xff\xff\xff",
    ],
)
def test_a_file_of_another_kind_is_refused_at_once(contract: Any, content: bytes) -> None:
    with pytest.raises(imports.UnusableFile) as refused:
        queue(contract, content)
    assert refused.value.field == "file"
    assert not UsageImport.objects.exists()


def test_a_file_that_breaks_off_keeps_what_was_read_before(contract: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    rows = [row(contract, name) for name in "abc"]
    upload = queue(contract, "\n".join([HEADER, *rows, 'x"y,"abc"d,1']))
    run()
    upload.refresh_from_db()
    assert counts(upload) == ("failed", 2, 2, 0, 0)
    assert upload.errors == [{"row": 5, "column": "", "code": "unreadable"}]


def test_a_lost_file_fails_and_does_not_hold_up_the_next(contract: Any) -> None:
    lost = queue(contract, f"{HEADER}\n{row(contract, 'a')}\n")
    lost.file.storage.delete(lost.file.name)
    good = queue(contract, f"{HEADER}\n{row(contract, 'b')}\n")
    assert run() == 2
    lost.refresh_from_db()
    good.refresh_from_db()
    assert (lost.status, lost.errors) == ("failed", [{"row": 0, "column": "", "code": "file_lost"}])
    assert counts(good) == ("done", 1, 1, 0, 0)


def test_errors_are_kept_up_to_1000_and_all_counted(contract: Any) -> None:
    upload = read(contract, *[row(contract, f"e{n}", quantity="x") for n in range(1_003)])
    assert counts(upload) == ("done", 1_003, 0, 0, 1_003)
    assert len(upload.errors) == 1_000
    assert upload.errors[-1]["row"] == 1_001


def test_a_reader_that_is_killed_is_followed_by_one_that_goes_on(
    contract: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 10)
    upload = queue(contract, "\n".join([HEADER, *[row(contract, f"e{n}") for n in range(35)]]))
    chunks = 0

    def die_in_the_third_chunk(**arguments: Any) -> Any:
        nonlocal chunks
        chunks += 1
        outcomes = operations.record_usage(**arguments)
        if chunks == 3:
            raise KeyboardInterrupt
        return outcomes

    with pytest.raises(KeyboardInterrupt):
        imports.run(record=die_in_the_third_chunk, now=NOW, limit=5)
    upload.refresh_from_db()
    assert counts(upload) == ("running", 20, 20, 0, 0)
    assert UsageEvent.objects.count() == 20
    assert run() == 1
    upload.refresh_from_db()
    assert counts(upload) == ("done", 35, 35, 0, 0)
    assert UsageEvent.objects.count() == 35


def test_a_reader_that_was_overtaken_stops_and_counts_nothing(contract: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "CHUNK_ROWS", 10)
    upload = queue(contract, "\n".join([HEADER, *[row(contract, f"e{n}") for n in range(25)]]))
    store_chunk, calls = imports._store_chunk, 0

    def let_another_pass(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            assert run() == 1  # another worker goes on after the first chunk, up to the end
        store_chunk(*arguments)

    monkeypatch.setattr(imports, "_store_chunk", let_another_pass)
    assert run() == 0
    upload.refresh_from_db()
    assert counts(upload) == ("done", 25, 25, 0, 0)
    assert UsageEvent.objects.count() == 25


def test_a_provider_sees_its_own_files_only(contract: Any) -> None:
    upload = queue(contract, f"{HEADER}\n")
    songmo = factories.songmo()
    assert list(queries.list_imports(provider_id=contract.provider_id, page=1)) == [upload]
    assert list(queries.list_imports(provider_id=songmo.pk, page=1)) == []
    with pytest.raises(errors.NotFound):
        queries.get_import(provider_id=songmo.pk, number=upload.number)
