"""CSV files of usage events: queued by a person or a key, read in chunks by the pipeline.

Each chunk is one transaction with its events and its progress. A reader that is killed is followed by another
that goes on after the last whole chunk; whatever it reads twice is a duplicate by the events' own key.
"""

import contextlib
import csv
import io
import itertools
import logging
from collections.abc import Callable, Generator, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files import File
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from billing.metering import events, reading
from billing.metering.models import UsageImport
from marketplace.organisations import actors, errors, operations

logger = logging.getLogger(__name__)

COLUMNS: Final = ("id", "source", "contract", "time", "meter", "quantity")
LARGEST_FILE_BYTES: Final = 100 * 1024 * 1024
CHUNK_ROWS: Final = 5_000
MOST_ERRORS: Final = 1_000  # kept row by row; the rest is counted

_COLUMN_OF_FIELD: Final = {"subject": "contract", "data.meter": "meter", "data.quantity": "quantity"}

Record = Callable[..., Sequence[Any]]
Row = tuple[int, events.Read]  # row number, counted as a spreadsheet does: the header is row 1


class UnusableFile(errors.Refused):
    """The file is empty, too large, not UTF-8 or has another header."""


class _Broken(Exception):
    """The file cannot be read on from `row`; `code` is a key of `events.REASONS`."""

    def __init__(self, row: int, code: str) -> None:
        super().__init__(code)
        self.row = row
        self.code = code


class _Overtaken(Exception):
    """Another worker has read on in this file."""


def queue_import(*, provider_id: int, file: File, file_name: str, actor: actors.Actor, now: datetime) -> UsageImport:
    """Keep a CSV file (UTF-8, with or without BOM) to be read by the pipeline. Raises UnusableFile."""
    if not file.size:
        raise UnusableFile(_("The file is empty. Choose a CSV file with a header and rows."), field="file")
    if file.size > LARGEST_FILE_BYTES:
        raise UnusableFile(_("The file is larger than 100 MB. Split it."), field="file")
    try:
        with contextlib.closing(_read_csv(file)) as lines:
            _check_header(next(lines, []))
    except _Broken as error:
        raise UnusableFile(str(events.REASONS["wrong_header"]), field="file") from error
    file.seek(0)
    number = operations.random_number(prefix="YL")
    with transaction.atomic():
        upload = UsageImport(number=number, provider_id=provider_id, file_name=file_name[-200:], created_at=now)
        upload.file.save(f"{number}.csv", file, save=False)
        upload.save()
        operations.record(
            actor=actor, action="usage_import.queued", object_type="usage_import", object_id=number, now=now
        )
    return upload


def run(*, record: Record, now: datetime, limit: int) -> int:
    """Read up to `limit` files to their ends by handing `record` their events. Returns the number of files."""
    waiting = UsageImport.objects.filter(status__in=[UsageImport.Status.QUEUED, UsageImport.Status.RUNNING])
    done = 0
    for upload in waiting.order_by("created_at", "id")[:limit]:
        try:
            _read_file(upload, record, now)
        except _Overtaken:
            continue
        except DatabaseError:
            raise
        except Exception:
            logger.exception("usage import %s broke off", upload.number)
            _finish(upload, now, UsageImport.Status.FAILED, [_error(0, "", "broken_off")])
        done += 1
    return done


def _read_file(upload: UsageImport, record: Record, now: datetime) -> None:
    try:
        with upload.file.open("rb") as file, contextlib.closing(_read_rows(file)) as all_rows:
            rows = itertools.islice(all_rows, upload.rows_read, None)
            while chunk := list(itertools.islice(rows, CHUNK_ROWS)):
                _store_chunk(upload, chunk, record, now)
    except FileNotFoundError:
        _finish(upload, now, UsageImport.Status.FAILED, [_error(0, "", "file_lost")])
    except _Broken as broken:
        _finish(upload, now, UsageImport.Status.FAILED, [_error(broken.row, "", broken.code)])
    else:
        _finish(upload, now, UsageImport.Status.DONE, [])


@transaction.atomic
def _store_chunk(upload: UsageImport, chunk: list[Row], record: Record, now: datetime) -> None:
    _lock(upload)
    outcomes = record(provider_id=upload.provider_id, events=[event for _, event in chunk], now=now)
    faults = []
    for (row, _event), outcome in zip(chunk, outcomes, strict=True):
        if outcome.status == "accepted":
            upload.rows_accepted += 1
        elif outcome.status == "duplicate":
            upload.rows_duplicate += 1
        else:
            faults.append(_error(row, outcome.field, outcome.code))
    upload.rows_rejected += len(faults)
    upload.rows_read += len(chunk)
    upload.errors = [*upload.errors, *faults][:MOST_ERRORS]
    upload.status = UsageImport.Status.RUNNING
    upload.save()


@transaction.atomic
def _finish(upload: UsageImport, now: datetime, status: str, faults: list[dict[str, Any]]) -> None:
    _lock(upload)
    upload.status, upload.finished_at = status, now
    upload.errors = [*faults, *upload.errors][:MOST_ERRORS]
    upload.save()


def _lock(upload: UsageImport) -> None:
    """Lock the row, and stop if another worker has gone further than this one."""
    now_stored = UsageImport.objects.select_for_update().get(pk=upload.pk)
    if now_stored.finished_at is not None or now_stored.rows_read != upload.rows_read:
        raise _Overtaken


def _read_rows(file: Any) -> Generator[Row, None, None]:
    """The events of a file with their row numbers. Raises _Broken where it cannot be read on."""
    with contextlib.closing(_read_csv(file)) as lines:
        order = _check_header(next(lines, []))
        for row, values in enumerate(lines, start=2):
            if not values:
                continue  # an empty line, as editors leave at the end
            if len(values) != len(COLUMNS):
                yield row, events.Faulty("", "wrong_columns")
                continue
            id_, source, contract, time, meter, quantity = (values[place] for place in order)
            event = reading.read_fields(
                source=source, id=id_, subject=contract, time=time, meter=meter, quantity=quantity
            )
            yield row, event


def _read_csv(file: Any) -> Generator[list[str], None, None]:
    # A byte that is not UTF-8 spoils its own row only: it becomes a character that no field may contain.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    reader = csv.reader(text, strict=True)
    count = 0
    try:
        for values in reader:
            count += 1
            yield values
    except csv.Error as error:
        raise _Broken(count + 1, "unreadable") from error
    finally:
        text.detach()  # leave the file open to its owner


def _check_header(names: list[str]) -> list[int]:
    """The place of each of COLUMNS; they may stand in any order. Raises _Broken."""
    found = [name.strip().lower() for name in names]
    if sorted(found) != sorted(COLUMNS):
        raise _Broken(1, "wrong_header")
    return [found.index(name) for name in COLUMNS]


def _error(row: int, field: str, code: str) -> dict[str, Any]:
    return {"row": row, "column": _COLUMN_OF_FIELD.get(field, field), "code": code}
