"""Runs: asked for, claimed by one, progress seen by others, failed three times and parked."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections, transaction
from django.utils import timezone

from billing.exports import contents, operations, queries
from billing.exports.models import ExportRun
from billing.rules.periods import Month
from billing.settlement import operations as settlement
from marketplace.organisations import errors, leases
from marketplace.organisations.models import AuditEntry
from tests import factories, receipts

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
OCTOBER = Month(2026, 10)


@pytest.fixture(autouse=True)
def _private_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def finance(db):
    return factories.actor(factories.platform(), "finance")


def ask(actor, **fields):
    fields = {"kind": "settlement_summary", "format": "csv", "month": OCTOBER, "settlement_number": "", **fields}
    return operations.request_export(organisation_id=actor.organisation_id, actor=actor, now=NOW, **fields)


def october():
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.hongshan())))
    receipts.collect(contract, 10_000)
    settlement.settle_due(now=NOW, limit=10)
    return contract.provider.organisation


def test_the_same_again_is_the_next_version(finance):
    assert [ask(finance).version for _ in range(3)] == [1, 2, 3]
    assert ask(finance, format="xlsx").version == 1
    assert ask(finance, month=Month(2026, 9)).version == 1
    assert AuditEntry.objects.filter(action="export.requested").count() == 5


@pytest.mark.parametrize(
    ("fields", "refusal", "field"),
    [
        ({"kind": "everything"}, operations.UnknownKind, "kind"),
        ({"format": "pdf"}, operations.UnknownFormat, "format"),
        ({"month": None}, operations.MonthMissing, "month"),
    ],
)
def test_refusals_name_the_field(finance, fields, refusal, field):
    with pytest.raises(refusal) as caught:
        ask(finance, **fields)
    assert caught.value.field == field
    assert not ExportRun.objects.exists()


def test_not_too_many_at_once(finance):
    for _ in range(operations.MOST_WAITING):
        ask(finance)
    with pytest.raises(operations.TooManyWaiting):
        ask(finance)
    assert ExportRun.objects.count() == operations.MOST_WAITING


def test_others_get_nothing(finance):
    hongshan = october()
    stranger = factories.actor(factories.songmo().organisation, "finance")
    with pytest.raises(errors.NotFound):
        ask(stranger, kind="settlement_detail", settlement_number="JS-202610-0001")
    with pytest.raises(errors.NotFound):
        operations.request_export(
            kind="settlement_summary",
            format="csv",
            month=OCTOBER,
            settlement_number="",
            organisation_id=hongshan.pk,
            actor=stranger,
            now=NOW,
        )
    with pytest.raises(PermissionDenied):
        ask(factories.actor(hongshan, "sales"))
    run = ask(finance)
    operations.write_due(now=NOW, limit=1)
    for organisation_id in (stranger.organisation_id, hongshan.pk, None):
        for read in (queries.get_export, queries.open_export):
            with pytest.raises(errors.NotFound):
                read(number=run.number, organisation_id=organisation_id)
        assert list(queries.list_exports(organisation_id=organisation_id)) == []
        assert queries.list_recent(organisation_id=organisation_id, month=OCTOBER) == []
        assert queries.count_waiting(organisation_id=organisation_id) == 0
    with queries.open_export(number=run.number, organisation_id=finance.organisation_id).file as file:
        assert file.read().startswith(b"\xef\xbb\xbf")


def test_a_file_is_not_open_before_it_is_done(finance):
    run = ask(finance)
    with pytest.raises(errors.NotFound):
        queries.open_export(number=run.number, organisation_id=finance.organisation_id)


def test_three_failures_park_the_run(finance, monkeypatch):
    def fail(**_):
        raise OSError("no space left on device")

    monkeypatch.setattr(contents, "read_content", fail)
    run = ask(finance)
    assert [operations.write_due(now=NOW, limit=1) for _ in range(4)] == [1, 1, 1, 0]
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("failed", 3)
    assert run.error == "OSError: no space left on device"
    assert not run.file


def test_sums_that_differ_are_not_kept(finance, monkeypatch, settings):
    october()
    real = contents.read_content

    def one_row_short(**fields):
        content = real(**fields)
        next(content.rows)
        return content

    monkeypatch.setattr(contents, "read_content", one_row_short)
    run = ask(finance)
    operations.write_due(now=NOW, limit=1)
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("queued", 1)
    assert run.error.startswith("SumsDiffer: 0 rows")
    assert list(settings.MEDIA_ROOT.iterdir()) == []
    monkeypatch.undo()
    operations.write_due(now=NOW, limit=1)
    run.refresh_from_db()
    assert (run.status, run.error) == ("done", "")


def test_a_dead_workers_run_is_taken_over_and_its_ghost_stops(finance):
    october()
    run = ask(finance)
    ghost = operations._claim(now=NOW)
    assert operations.write_due(now=NOW, limit=1) == 0  # the lease holds
    ExportRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert operations.write_due(now=NOW, limit=1) == 1
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("done", 2)
    written = (run.file.name, run.sha256)
    with pytest.raises(leases.LeaseLost):
        operations._write(ghost, now=NOW)
    run.refresh_from_db()
    assert (run.file.name, run.sha256) == written


def test_a_run_whose_workers_keep_dying_is_parked(finance):
    run = ask(finance)
    for _ in range(3):
        assert operations._claim(now=NOW).pk == run.pk
        ExportRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert operations.write_due(now=NOW, limit=1) == 0
    run.refresh_from_db()
    assert (run.status, run.error) == ("failed", "The worker stopped before the file was written.")


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_write_the_same_run(finance):
    october()
    runs = [ask(finance), ask(finance, format="xlsx")]
    claimed: list[int] = []

    def claim():
        try:
            claimed.append(operations._claim(now=NOW).pk)
        finally:
            connections.close_all()

    with transaction.atomic():  # the first worker holds its row; the second takes the next one at once
        first = operations._claim(now=NOW)
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(20)
    assert sorted([first.pk, *claimed]) == [run.pk for run in runs]
    assert operations._claim(now=NOW) is None
    assert set(ExportRun.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_others_see_the_progress_while_rows_are_read(finance, monkeypatch):
    """Each step commits by itself: another connection sees 2 of 3 rows before the file is done."""
    contract = factories.contract(factories.foods(), factories.offering(factories.data_centre(factories.hongshan())))
    receipts.pay(receipts.invoice([(contract, 100), (contract, 200), (contract, 300)]))
    settlement.settle_due(now=NOW, limit=10)
    monkeypatch.setattr(operations, "PROGRESS_ROWS", 1)
    seen: list[tuple[int, int, str]] = []

    def look():
        try:
            seen.append(ExportRun.objects.values_list("rows_done", "rows_total", "status").get())
        finally:
            connections.close_all()

    real = contents._detail_row

    def row_and_look(row):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(10)
        return real(row)

    monkeypatch.setattr(contents, "_detail_row", row_and_look)
    run = ask(finance, kind="settlement_detail")
    operations.write_due(now=NOW, limit=1)
    assert seen == [(0, 3, "running"), (1, 3, "running"), (2, 3, "running")]
    run.refresh_from_db()
    assert (run.status, run.rows_done) == ("done", 3)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_two_versions(finance):
    versions: list[int] = []
    start = threading.Barrier(4)

    def work():
        try:
            start.wait()
            versions.append(ask(finance).version)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(versions) == [1, 2, 3, 4]
