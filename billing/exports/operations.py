"""Writes: ask for a file; write the files that were asked for."""

import hashlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _

from billing.exports import contents
from billing.exports.models import ExportRun
from billing.exports.writers import csv, xlsx
from billing.exports.writers.cells import Cell
from billing.rules import periods
from billing.settlement import queries as settlements
from marketplace.organisations import actors, errors, leases, operations

MOST_ATTEMPTS = 3
MOST_WAITING = 20
PROGRESS_ROWS = 1_000
# By the database's clock, not the operation's `now`: it says whether a process is alive.
Status = ExportRun.Status


class UnknownKind(errors.Refused):
    """There is no such content."""


class UnknownFormat(errors.Refused):
    """There is no such file format."""


class MonthMissing(errors.Refused):
    """Neither a month nor a settlement was named."""


class TooManyWaiting(errors.Conflict):
    """The organisation has many files waiting already."""


class SumsDiffer(RuntimeError):
    """The rows of the file do not add up to what the database says; they changed while they were read."""


def request_export(
    *,
    kind: str,
    format: str,
    month: periods.Month | None,
    settlement_number: str,
    organisation_id: int,
    actor: actors.Actor,
    now: datetime,
    language: str = "zh-hans",
) -> ExportRun:
    """Ask for a file of what the organisation sees. Asking again for the same makes the next version.

    `settlement_number` narrows the lines to one settlement, whose month is then taken.
    Raises UnknownKind, UnknownFormat, MonthMissing, TooManyWaiting; NotFound for another's settlement.
    """
    actor.require("exports.request")
    if actor.organisation_id != organisation_id:
        raise errors.NotFound(organisation_id)
    if kind not in ExportRun.Kind.values:
        raise UnknownKind(
            _("Choose what to export: %(kinds)s.") % {"kinds": ", ".join(ExportRun.Kind.values)}, field="kind"
        )
    if format not in ExportRun.Format.values:
        raise UnknownFormat(_("Choose a format: csv or xlsx."), field="format")
    if settlement_number:
        settlement = settlements.get_settlement(
            number=settlement_number, organisation_id=organisation_id, side=actor.side
        )
        month = periods.Month.of_date(settlement.period_start_date)
    if month is None:
        raise MonthMissing(_("Choose a month, such as 2026-10."), field="month")
    fields = {
        "kind": kind,
        "format": format,
        "organisation_id": organisation_id,
        "period_start_date": month.first_date,
        "settlement_number": settlement_number if kind == ExportRun.Kind.SETTLEMENT_DETAIL else "",
    }
    waiting = ExportRun.objects.filter(organisation_id=organisation_id, status__in=[Status.QUEUED, Status.RUNNING])
    if waiting.count() >= MOST_WAITING:
        raise TooManyWaiting(
            _("%(count)s files wait to be written. Wait for them before you ask for more.") % {"count": MOST_WAITING}
        )
    return _create_next_version(fields, actor=actor, now=now, language=language)


def _create_next_version(fields: dict[str, object], *, actor: actors.Actor, now: datetime, language: str) -> ExportRun:
    """The version comes from a read; of two who ask at once the constraint refuses one, who reads again."""
    while True:
        last = ExportRun.objects.filter(**fields).aggregate(last=Max("version"))["last"] or 0
        try:
            with transaction.atomic():
                run = ExportRun.objects.create(
                    number=operations.random_number(prefix="EX"),
                    version=last + 1,
                    language=language,
                    requested_by_id=actor.user_id,
                    requested_at=now,
                    **fields,
                )
                operations.record(
                    actor=actor, action="export.requested", object_type="export", object_id=run.number, now=now
                )
                return run
        except IntegrityError as error:
            if not errors.breaks(error, "export_run_unique"):
                raise


def write_due(*, now: datetime, limit: int) -> int:
    """Write at most `limit` files that wait, oldest first. Returns how many were tried.

    A run is written by one worker at a time; if that worker dies, another takes it over when the lease has
    ended. A run that failed three times is parked with its error.
    """
    return leases.work_off(
        claim_next=lambda _tried: _claim(now=now),  # one that failed is tried again at once, until it is parked
        work=lambda run: _write(run, now=now),
        give_back=lambda run, error: _give_back(run, error, now=now),
        limit=limit,
    )


def _claim(*, now: datetime) -> ExportRun | None:
    # A worker that dies three times leaves its run behind; this is where it is parked.
    ExportRun.objects.filter(status=Status.RUNNING, lease_until__lt=Now(), attempts__gte=MOST_ATTEMPTS).update(
        status=Status.FAILED, error="The worker stopped before the file was written.", finished_at=now
    )
    waiting = ExportRun.objects.filter(attempts__lt=MOST_ATTEMPTS).order_by("requested_at", "id")
    return leases.claim(rows=waiting, rows_done=0, started_at=now)


def _write(run: ExportRun, *, now: datetime) -> None:
    with tempfile.TemporaryDirectory() as folder, translation.override(run.language):
        path = Path(folder) / f"file.{run.format}"
        content = contents.read_content(run=run)
        leases.update(row=run, rows_total=content.count)
        sums: contents.Sums = {}
        rows = _follow(run, content, sums)
        if run.format == ExportRun.Format.XLSX:
            xlsx.write(
                path=path,
                title=content.title,
                columns=content.columns,
                rows=rows,
                totals=lambda: _total_rows(content, sums),
            )
        else:
            csv.write(path=path, columns=content.columns, rows=rows)
        _finish(run, path, now=now)


def _follow(run: ExportRun, content: contents.Content, sums: contents.Sums) -> Iterator[list[Cell]]:
    """The rows, added up on their way; every thousand the progress is committed. Raises SumsDiffer at the end.

    The rows come from a cursor that lives outside a transaction, so each progress commits by itself.
    """
    done = 0
    for done, row in enumerate(content.rows, start=1):
        per_column = sums.setdefault(str(row[content.currency_at]), {})
        for column, value in zip(content.columns, row, strict=True):
            if column.is_summed and isinstance(value, Decimal | int):
                per_column[column.heading] = per_column.get(column.heading, Decimal(0)) + value
        yield row
        if done % PROGRESS_ROWS == 0:
            leases.update(row=run, rows_done=done)
    if sums != content.expected or done != content.count:
        raise SumsDiffer(f"{done} rows with {sums}; {content.count} with {content.expected} were expected")
    leases.update(row=run, rows_done=done)


def _total_rows(content: contents.Content, sums: contents.Sums) -> Iterator[list[Cell]]:
    for currency, per_column in sorted(sums.items()):
        row: list[Cell] = [
            per_column.get(column.heading, Decimal(0)) if column.is_summed else None for column in content.columns
        ]
        row[0], row[content.currency_at] = _("Total"), currency
        yield row


def _finish(run: ExportRun, path: Path, *, now: datetime) -> None:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        run.file.save(f"{run.number}.{run.format}", File(file), save=False)
    name = str(run.file.name)
    try:
        leases.update(
            row=run, status=Status.DONE, file=name, sha256=sha256, finished_at=now, lease_until=None, error=""
        )
    except leases.LeaseLost:
        run.file.storage.delete(name)
        raise


def _give_back(run: ExportRun, error: Exception, *, now: datetime) -> None:
    is_last = run.attempts >= MOST_ATTEMPTS
    leases.update(
        row=run,
        status=Status.FAILED if is_last else Status.QUEUED,
        error=f"{type(error).__name__}: {error}"[:300],
        finished_at=now if is_last else None,
        lease_until=None,
    )
