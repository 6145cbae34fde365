"""Writes: take a file of offerings; read it in the background, chunk by chunk, and bring the offerings to what it says.

The whole file is read and its form checked before anything is written. Then each chunk is one transaction with its
offerings, its lines and its progress. A dry run does the same and takes the offerings back before it notes the lines,
so it finds what the database itself would refuse. A worker that dies is followed by another that goes on after the
last whole chunk; the unique lines keep it from doing anything twice.
"""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.files import File
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from listings import life
from listings.exchange import columns, current, entries, judging, reading, store
from listings.exchange.columns import Layout
from listings.exchange.entries import Span
from listings.exchange.judging import Bench, Outcome, Verdict
from listings.exchange.models import ListingImport, ListingImportLine
from listings.exchange.problems import Problem, UnusableFile
from listings.exchange.reading import Table
from listings.models import Product, ProductAttribute
from marketplace.organisations import actors, errors, leases
from marketplace.organisations import operations as organisations

CHUNK: Final = 500  # offerings in one transaction
MOST_PROBLEMS: Final = 1_000  # kept with their cells; the rest is counted
MOST_WAITING: Final = 10
MOST_ATTEMPTS: Final = 5
MOST_COLLISIONS: Final = 3
# By the database's clock, not the operation's `now`: it says whether a process is alive.
Status = ListingImport.Status


class TooManyWaiting(errors.Conflict):
    """The provider has many files waiting already."""


class _TakenBack(Exception):
    """Ends the savepoint of a dry run."""


def queue_import(
    *,
    partner_id: int,
    file: File,
    file_name: str,
    is_dry_run: bool,
    is_submitted: bool,
    actor: actors.Actor,
    now: datetime,
) -> ListingImport:
    """Keep a CSV or XLSX file to be read by the pipeline. Raises UnusableFile (with the cell) or TooManyWaiting."""
    if (file.size or 0) > reading.LARGEST_FILE_BYTES:
        raise UnusableFile(_("The file is larger than 20 MB. Split it."))
    data = file.read()
    table = reading.read_table(data=data, only_header=True)
    _read_layout(table)
    waiting = ListingImport.objects.filter(provider_id=partner_id, status__in=[Status.QUEUED, Status.RUNNING])
    if waiting.count() >= MOST_WAITING:
        raise TooManyWaiting(
            _("%(count)s files wait to be read. Wait for them before you upload more.") % {"count": MOST_WAITING},
            field="file",
        )
    number = organisations.random_number(prefix="DR")
    suffix = "xlsx" if table.sheet else "csv"
    with transaction.atomic():
        upload = ListingImport(
            number=number,
            provider_id=partner_id,
            file_name=file_name[-200:],
            is_dry_run=is_dry_run,
            is_submitted=is_submitted,
            language=translation.get_language() or "zh-hans",
            requested_by_id=actor.user_id,
            created_at=now,
        )
        upload.file.save(f"{number}.{suffix}", ContentFile(data), save=False)
        upload.save()
        organisations.record(
            actor=actor,
            action="listing_import.queued",
            object_type="listing_import",
            object_id=number,
            now=now,
            details={"is_dry_run": is_dry_run},
        )
    return upload


def repeat_import(*, upload: ListingImport, is_submitted: bool, actor: actors.Actor, now: datetime) -> ListingImport:
    """Import the file of a dry run in earnest. Raises like `queue_import`."""
    with upload.file.open("rb") as file:
        return queue_import(
            partner_id=upload.provider_id,
            file=file,
            file_name=upload.file_name,
            is_dry_run=False,
            is_submitted=is_submitted,
            actor=actor,
            now=now,
        )


def run_imports(*, now: datetime, limit: int) -> int:
    """Read up to `limit` files that wait, oldest first. Returns how many were tried."""

    def work(upload: ListingImport) -> None:
        with translation.override(upload.language):
            _run(upload, now=now)

    return leases.work_off(
        claim_next=lambda tried: _claim(now=now, but=tried),
        work=work,
        give_back=lambda upload, _error: _give_back(upload, now=now),
        limit=limit,
    )


def _claim(*, now: datetime, but: Sequence[int]) -> ListingImport | None:
    """The oldest file that nobody holds and this run has not tried."""
    waiting = ListingImport.objects.select_related("provider__organisation").exclude(pk__in=but)
    upload = leases.claim(rows=waiting.order_by("created_at", "id"))
    if upload is not None and upload.started_at is None:
        upload.started_at = now
        leases.update(row=upload, started_at=now)
    return upload


def _run(upload: ListingImport, *, now: datetime) -> None:
    if upload.attempts > MOST_ATTEMPTS:  # whoever began it died each time
        _finish(upload, Status.FAILED, now=now, problems=[Problem(_broken_off(upload))])
        return
    try:
        table = _read_file(upload)
        layout = _read_layout(table)
    except UnusableFile as error:
        _finish(upload, Status.FAILED, now=now, problems=error.problems)
        return
    upload.rows_total, upload.encoding = len(table.rows), table.encoding
    leases.update(row=upload, rows_total=upload.rows_total, encoding=upload.encoding)
    bench = judging.make_bench(layout=layout, schema=life.read_schema(partner_id=upload.provider_id))
    actor = _actor_of(upload)
    spans = [span for span in entries.find_spans(table=table, layout=layout) if span.start >= upload.rows_done]
    for chunk in _batch(spans):
        _do_chunk(upload, table, chunk, bench, actor, now=now)
    _finish(upload, Status.DONE, now=now, problems=())


def _read_file(upload: ListingImport) -> Table:
    try:
        with upload.file.open("rb") as file:
            return reading.read_table(data=file.read())
    except FileNotFoundError:
        raise UnusableFile(_("The file is not there any more. Upload it again.")) from None


def _read_layout(table: Table) -> Layout:
    codes = ProductAttribute.objects.values_list("code", flat=True).distinct()
    return columns.read_layout(sheet=table.sheet, header=table.header, spec_codes=codes)


def _batch(spans: Sequence[Span]) -> Iterator[list[Span]]:
    rest = iter(spans)
    while chunk := list(itertools.islice(rest, CHUNK)):
        yield chunk


def _actor_of(upload: ListingImport) -> actors.Actor:
    organisation = upload.provider.organisation
    return actors.Actor(
        side=actors.PROVIDER,
        organisation_id=organisation.pk,
        organisation_name=organisation.name,
        user_id=upload.requested_by_id,
    )


def _do_chunk(
    upload: ListingImport, table: Table, chunk: list[Span], bench: Bench, actor: actors.Actor, *, now: datetime
) -> None:
    """One chunk, again if somebody took one of its codes while it was judged."""
    for is_last in (False,) * (MOST_COLLISIONS - 1) + (True,):
        found = [entries.read_entry(table=table, span=span, layout=bench.layout) for span in chunk]
        try:
            with transaction.atomic():
                _lock(upload)
                verdicts = _judge_and_write(upload, found, bench, actor, now=now)
                _report(upload, verdicts, rows_done=chunk[-1].end)
        except IntegrityError:
            if is_last:
                raise
        else:
            return


def _judge_and_write(
    upload: ListingImport, found: list[entries.Entry], bench: Bench, actor: actors.Actor, *, now: datetime
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    try:
        with transaction.atomic():
            verdicts = _judge(upload, found, bench)
            store.write(
                verdicts=verdicts,
                partner_id=upload.provider_id,
                schema=bench.schema,
                reason=_("Import %(number)s") % {"number": upload.number},
                actor=actor,
                now=now,
            )
            if upload.is_submitted:
                store.submit(verdicts=verdicts, actor=actor, now=now)
            if upload.is_dry_run:
                raise _TakenBack
    except _TakenBack:
        pass
    return verdicts


def _judge(upload: ListingImport, found: list[entries.Entry], bench: Bench) -> list[Verdict]:
    codes = [entry.code for entry in found if entry.code]
    own = Product.objects.filter(partner_id=upload.provider_id, code__in=codes).order_by("pk")
    list(own.select_for_update(of=("self",)).values_list("pk"))  # every step of an offering's life waits here
    held = current.read_current(partner_id=upload.provider_id, codes=codes)
    taken = Product.objects.filter(Q(code__in=codes) | Q(upc__in=codes)).values_list("code", "upc")
    foreign = {code for pair in taken for code in pair if code} - set(held)
    return [
        judging.judge(entry=entry, current=held.get(entry.code), is_foreign=entry.code in foreign, bench=bench)
        for entry in found
    ]


def _lock(upload: ListingImport) -> None:
    """Lock the row, and stop if another worker has taken it over. Raises LeaseLost."""
    if not leases.held(row=upload).select_for_update().exists():
        raise leases.LeaseLost(upload.number)


def _report(upload: ListingImport, verdicts: list[Verdict], *, rows_done: int) -> None:
    """Note what became of the offerings of a chunk, in the chunk's transaction."""
    store.write_lines(upload_id=upload.pk, verdicts=verdicts)
    problems = [problem for verdict in verdicts for problem in verdict.problems]
    counted = {outcome: sum(1 for one in verdicts if one.outcome == outcome) for outcome in Outcome}
    fields: dict[str, Any] = {
        "rows_done": rows_done,
        "created_count": upload.created_count + counted[Outcome.CREATED],
        "updated_count": upload.updated_count + counted[Outcome.UPDATED],
        "unchanged_count": upload.unchanged_count + counted[Outcome.UNCHANGED],
        "failed_count": upload.failed_count + counted[Outcome.FAILED],
        "submitted_count": upload.submitted_count + sum(1 for one in verdicts if one.is_submitted),
        "problem_count": upload.problem_count + len(problems),
        "problems": [*upload.problems, *(one.to_json() for one in problems[:MOST_PROBLEMS])][:MOST_PROBLEMS],
    }
    leases.update(row=upload, **fields)
    for name, value in fields.items():
        setattr(upload, name, value)


def _finish(upload: ListingImport, status: str, *, now: datetime, problems: Sequence[Problem]) -> None:
    with transaction.atomic():
        leases.update(
            row=upload,
            status=status,
            finished_at=now,
            lease_until=None,
            problem_count=upload.problem_count + len(problems),
            problems=[*(one.to_json() for one in problems), *upload.problems][:MOST_PROBLEMS],
        )
        organisations.record(
            actor=_actor_of(upload),
            action=f"listing_import.{status}",
            object_type="listing_import",
            object_id=upload.number,
            now=now,
            details={
                "created": upload.created_count,
                "updated": upload.updated_count,
                "unchanged": upload.unchanged_count,
                "failed": upload.failed_count,
            },
        )


def _give_back(upload: ListingImport, *, now: datetime) -> None:
    """Let another attempt go on where this one broke off; after the last one, say so."""
    if upload.attempts < MOST_ATTEMPTS:
        leases.update(row=upload, status=Status.QUEUED, lease_until=None)
        return
    with translation.override(upload.language):
        _finish(upload, Status.FAILED, now=now, problems=[Problem(_broken_off(upload))])


def _broken_off(upload: ListingImport) -> str:
    return _("The import broke off after %(rows)s rows. What is listed was imported; upload the file again.") % {
        "rows": upload.rows_done
    }


__all__ = ["ListingImport", "ListingImportLine", "TooManyWaiting", "queue_import", "repeat_import", "run_imports"]
