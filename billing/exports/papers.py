"""Invoices and credit notes on paper: rendered once per language, kept with their hash, served as they were kept.

What they show is frozen, so the file is too: asked for again, it is the same bytes. Two who ask at once get one
(`paper_unique`). Refunds and payments are not on it; they are on the page.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from billing.exports.models import Paper
from billing.exports.writers import pdf
from billing.invoicing import queries as invoicing
from billing.rules import capitals
from marketplace.organisations import actors, errors

PdfUnavailable = pdf.PdfUnavailable
LANGUAGES: Final = ("zh-hans", "en")


class Altered(Exception):
    """The kept file is not the one that was rendered: it is not served."""


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A PDF to be served."""

    name: str
    sha256: str
    content: bytes


def get_paper(*, number: str, language: str, actor: actors.Actor, now: datetime) -> PaperFile:
    """The PDF of an invoice (FP-…) or credit note (HZ-…) that the actor may see, rendered if it never was.

    Raises NotFound for what the actor may not see, PdfUnavailable, or Altered.
    """
    language = language if language in LANGUAGES else LANGUAGES[0]
    context = _context(number, actor)
    paper = Paper.objects.filter(number=number, language=language).first()
    if paper is None:
        paper = _render(number, language, context, now=now)
    with paper.file.open("rb") as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != paper.sha256:
        raise Altered(f"The file of {number} ({language}) was altered.")
    return PaperFile(f"{number}.{language}.pdf", paper.sha256, content)


def _context(number: str, actor: actors.Actor) -> dict[str, Any]:
    if number.startswith("HZ-"):
        note = invoicing.get_credit_note(number=number, organisation_id=actor.organisation_id, side=actor.side)
        return {"document": note.credit_note, "invoice": note.credit_note.invoice, "rows": note.lines, "note": note}
    detail = invoicing.get_invoice(number=number, organisation_id=actor.organisation_id, side=actor.side)
    return {"document": detail.invoice, "invoice": detail.invoice, "rows": detail.lines, "note": None}


def render_html(*, context: Mapping[str, Any], language: str) -> tuple[str, str]:
    """(HTML, CSS) of a document in `language`."""
    document = context["document"]
    sign = -1 if context["note"] else 1
    with translation.override(language):
        name = _("Credit note") if context["note"] else _("Invoice")
        words = {
            **context,
            "language": language,
            "name": name,
            "title": f"{name} {document.number}",
            "taxes": document.taxes.all(),
            "capitals": capitals.write_yuan(sign * document.total_minor)
            if context["invoice"].currency == "CNY"
            else "",
            "page": _("Page %(page)s of %(pages)s") % {"page": '" counter(page) "', "pages": '" counter(pages) "'},
        }
        return render_to_string("invoices/paper.html", words), render_to_string("invoices/paper.css", words)


def _render(number: str, language: str, context: Mapping[str, Any], *, now: datetime) -> Paper:
    html, css = render_html(context=context, language=language)
    content = pdf.write(html=html, css=css)
    paper = Paper(number=number, language=language, sha256=hashlib.sha256(content).hexdigest(), rendered_at=now)
    try:
        with transaction.atomic():
            paper.file.save(f"{number}.{language}.pdf", ContentFile(content), save=False)
            paper.save()
    except IntegrityError as error:
        if not errors.breaks(error, "paper_unique"):
            raise
        paper.file.storage.delete(str(paper.file.name))
        return Paper.objects.get(number=number, language=language)
    return paper
