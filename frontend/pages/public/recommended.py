"""The recommended catalogue, open to everyone: the edition in force, every edition before it, what changed."""

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages.public import recommended_files
from listings.recommended import queries, wording
from marketplace.organisations import gate


@gate.page(permission=None)
def show_in_force(request: HttpRequest) -> HttpResponse:
    """The edition that every badge of the catalogue stands on."""
    edition = queries.edition_in_force()
    if edition is None:
        return render(request, "recommended/none.html")
    return _show(request, edition, crumbs=[])


@gate.page(permission=None)
def show_edition(request: HttpRequest, number: str) -> HttpResponse:
    """One edition by its number; it stays readable for ever."""
    edition = queries.get_edition(number=number)
    return _show(request, edition, crumbs=_crumbs((edition.number or "", None)))


@gate.page(permission=None)
def list_editions(request: HttpRequest) -> HttpResponse:
    """All published editions, the newest first."""
    context = {"editions": queries.list_editions(), "crumbs": _crumbs()}
    return render(request, "recommended/editions.html", context)


@gate.page(permission=None)
def compare_edition(request: HttpRequest, number: str) -> HttpResponse:
    """An edition beside the one before: entered, left, changed."""
    edition = queries.get_edition(number=number)
    context = {
        "edition": edition,
        "compared": queries.compare_with_before(edition=edition),
        "crumbs": _crumbs(
            (number, reverse("recommended_edition", args=[number])), (_("Compared with the one before"), None)
        ),
    }
    return render(request, "recommended/compare.html", context)


@gate.page(permission=None)
def download_edition(request: HttpRequest, number: str, file_format: str) -> HttpResponse:
    """An edition as XLSX, CSV, JSON or PDF; another ending is a 404."""
    edition = queries.get_edition(number=number)
    try:
        return recommended_files.write_file(edition, file_format=file_format)
    except recommended_files.PdfUnavailable:
        return render(request, "recommended/no_pdf.html", {"edition": edition}, status=503)


def _crumbs(*more: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    trail: list[tuple[str, str | None]] = [(_("Recommended catalogue"), reverse("recommended"))]
    trail.append((_("All editions"), reverse("recommended_editions") if more else None))
    return [*trail, *more]


def _show(request: HttpRequest, edition: Any, *, crumbs: list[tuple[str, str | None]]) -> HttpResponse:
    page = queries.list_entries(edition=edition, page=request.GET.get("page", 1))
    context = {
        "edition": edition,
        "crumbs": crumbs,
        "figures": queries.count_entries(edition=edition),
        "rules": [(wording.write_short(one), wording.write_rule(one)) for one in edition.criteria_set.criteria],
        "signatures": queries.list_signatures(edition=edition),
        "page": page,
        "groups": [(name, list(rows)) for name, rows in groupby(page.object_list, key=lambda row: row.service_model)],
        "left": queries.list_left(edition=edition),
        "formats": recommended_files.FORMATS,
    }
    return render(request, "recommended/edition.html", context)
