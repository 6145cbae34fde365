"""Reads: files of offerings, their progress and what became of each offering; own offerings as a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.core.paginator import Page, Paginator

from listings import life
from listings.exchange import export, template
from listings.exchange.models import ListingImport, ListingImportLine
from marketplace.organisations import errors

PAGE_SIZE: Final = 50
FORMATS: Final = ("xlsx", "csv")


class NoSuchImport(errors.NotFound):
    """No file with this number, or another provider's."""


def list_imports(*, partner_id: int, page: Any) -> Page:
    """A page of a provider's files, newest first, without their problems."""
    files = ListingImport.objects.filter(provider_id=partner_id).defer("problems").order_by("-created_at", "-id")
    return Paginator(files, PAGE_SIZE).get_page(page)


def get_import(*, partner_id: int, number: str) -> ListingImport:
    """One file of a provider. Raises NoSuchImport."""
    upload = ListingImport.objects.filter(provider_id=partner_id, number=number).first()
    if upload is None:
        raise NoSuchImport
    return upload


def list_lines(*, upload: ListingImport, outcome: str, page: Any) -> Page:
    """A page of what became of the offerings of a file, in its order; all outcomes if none is named."""
    lines = ListingImportLine.objects.filter(listing_import=upload).order_by("row")
    if outcome in ListingImportLine.Outcome.values:
        lines = lines.filter(outcome=outcome)
    return Paginator(lines, PAGE_SIZE).get_page(page)


def count_percent(*, upload: ListingImport) -> int:
    """How much of a file is done, 0 to 100."""
    return min(100, upload.rows_done * 100 // upload.rows_total) if upload.rows_total else 0


def export_csv(*, partner_id: int) -> Iterator[bytes]:
    """A provider's offerings as CSV."""
    headings, rows = export.read_export(partner_id=partner_id, schema=life.read_schema(partner_id=partner_id))
    return export.stream_csv(headings=headings, rows=rows)


def export_xlsx(*, partner_id: int, path: Path) -> None:
    """A provider's offerings as XLSX."""
    headings, rows = export.read_export(partner_id=partner_id, schema=life.read_schema(partner_id=partner_id))
    export.write_xlsx(path=path, headings=headings, rows=rows)


def template_csv(*, partner_id: int, category: str) -> Iterator[bytes]:
    """The headings and an example, for one category or for all."""
    return template.write_csv(facts=template.read_facts(partner_id=partner_id, category=category))


def template_xlsx(*, partner_id: int, category: str, path: Path) -> None:
    """The same with a second sheet that explains every column."""
    template.write_xlsx(path=path, facts=template.read_facts(partner_id=partner_id, category=category))


def list_categories() -> list[tuple[str, str]]:
    """(slug, name) of the categories that a template can be made for."""
    return template.list_categories()


def list_problems_csv(*, upload: ListingImport) -> Iterator[bytes]:
    """The problems kept of a file, as CSV."""
    return template.write_problems(problems=upload.problems)
