"""Reads: the files an organisation asked for, and their bytes."""

from dataclasses import dataclass
from typing import IO

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils import translation

from billing.exports.models import ExportRun
from billing.rules import periods
from marketplace.organisations import errors

PAGE_ROWS = 50
KINDS = ExportRun.Kind.choices
FORMATS = ExportRun.Format.choices
Status = ExportRun.Status


@dataclass(frozen=True, slots=True)
class OpenExport:
    """A finished file, open for reading; the caller closes it. `name` is what people see."""

    run: ExportRun
    file: IO[bytes]
    name: str


def list_exports(*, organisation_id: int | None, page: int | str = 1) -> Page[ExportRun]:
    """One page of an organisation's runs, newest first."""
    rows = _visible(organisation_id).select_related("requested_by").order_by("-requested_at", "-id")
    return Paginator(rows, PAGE_ROWS).get_page(page)


def list_recent(
    *, organisation_id: int | None, month: periods.Month, settlement_number: str = "", limit: int = 2
) -> list[ExportRun]:
    """The newest runs of a month, or of one settlement: what the page shows that asked for them."""
    rows = _visible(organisation_id).filter(period_start_date=month.first_date, settlement_number=settlement_number)
    return list(rows.order_by("-requested_at", "-id")[:limit])


def count_waiting(*, organisation_id: int | None) -> int:
    """How many runs are not finished."""
    return _visible(organisation_id).filter(status__in=[Status.QUEUED, Status.RUNNING]).count()


def get_export(*, number: str, organisation_id: int | None) -> ExportRun:
    """A run of the organisation. Raises NotFound for another's."""
    run = _visible(organisation_id).select_related("requested_by").filter(number=number).first()
    if run is None:
        raise errors.NotFound(number)
    return run


def open_export(*, number: str, organisation_id: int | None) -> OpenExport:
    """The bytes of a finished run of the organisation. Raises NotFound: another's, or not written (yet)."""
    run = get_export(number=number, organisation_id=organisation_id)
    if run.status != Status.DONE:
        raise errors.NotFound(number)
    return OpenExport(run=run, file=run.file.open("rb"), name=file_name(run=run))


def file_name(*, run: ExportRun) -> str:
    """The name a downloaded file gets, in the language of its headings."""
    with translation.override(run.language):
        subject = run.settlement_number or f"{run.period_start_date:%Y%m}"
        return f"{run.get_kind_display()}_{subject}_v{run.version}.{run.format}".replace(" ", "-")


def _visible(organisation_id: int | None) -> QuerySet[ExportRun]:
    # No organisation sees nothing, rather than everything.
    return ExportRun.objects.filter(organisation_id=organisation_id) if organisation_id else ExportRun.objects.none()
