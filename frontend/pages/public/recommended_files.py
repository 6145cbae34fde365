"""An edition of the recommended catalogue as a file: the rows are those of its page."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.exports.writers import cells, csv, pdf, xlsx
from listings.recommended import document, queries, wording

PdfUnavailable = pdf.PdfUnavailable
FORMATS: Final = ("xlsx", "csv", "json", "pdf")
TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
}
WIDTHS: Final = {"code": 14, "date": 12, "text": 24}
KINDS: Final = {"code": cells.Kind.CODE, "date": cells.Kind.DATE, "text": cells.Kind.TEXT}


def write_file(edition: Any, *, file_format: str) -> HttpResponse:
    """The edition as a download. Raises Http404 for another format, PdfUnavailable."""
    if file_format not in FORMATS:
        raise Http404
    content = {"xlsx": _write_table, "csv": _write_table, "json": _write_json, "pdf": _write_pdf}[file_format](
        edition, file_format
    )
    response = HttpResponse(content, content_type=TYPES[file_format])
    response["Content-Disposition"] = f'attachment; filename="{edition.number}.{file_format}"'
    return response


def _write_json(edition: Any, _file_format: str) -> bytes:
    return json.dumps(document.write_document(edition), ensure_ascii=False, indent=2).encode()


def _write_table(edition: Any, file_format: str) -> bytes:
    headings, rows = document.write_table(edition)
    columns = [cells.Column(heading, KINDS[kind], WIDTHS[kind]) for heading, kind in headings]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{edition.number}.{file_format}"
        if file_format == "csv":
            csv.write(path=path, columns=columns, rows=rows)
        else:
            xlsx.write(path=path, title=edition.number, columns=columns, rows=rows, totals=_no_totals)
        return path.read_bytes()


def _no_totals() -> Sequence[cells.Row]:
    return ()


def _write_pdf(edition: Any, _file_format: str) -> bytes:
    rows = queries.all_entries(edition=edition)
    context = {
        "edition": edition,
        "language": get_language(),
        "rules": [wording.write_rule(one) for one in edition.criteria_set.criteria],
        "heads": [wording.write_short(one) for one in edition.criteria_set.criteria],
        "entries": [row for row in rows if row.entry.left_date is None],
        "left": [row for row in rows if row.entry.left_date is not None],
        "signatures": queries.list_signatures(edition=edition),
    }
    words = {
        "title": _("Recommended catalogue, edition %(number)s") % {"number": edition.number},
        "page": _("Page %(page)s of %(pages)s") % {"page": '" counter(page) "', "pages": '" counter(pages) "'},
    }
    return pdf.write(
        html=render_to_string("recommended/pdf.html", {**context, **words}),
        css=render_to_string("recommended/pdf.css", words),
    )
