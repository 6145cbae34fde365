"""The PDF of an invoice or credit note, for whoever may see the document."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from billing.exports import papers
from marketplace import clock
from marketplace.organisations import gate


def serve(request: HttpRequest, *, number: str, console: str) -> HttpResponse:
    """The file in `?language=` or the page's language. Raises NotFound for another organisation's."""
    language = request.GET.get("language") or get_language() or ""
    try:
        paper = papers.get_paper(number=number, language=language, actor=gate.actor_of(request), now=clock.now())
    except papers.PdfUnavailable:
        return render(request, "invoices/no_pdf.html", {"console": console, "number": number})
    response = HttpResponse(paper.content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{paper.name}"'
    response["X-Content-SHA256"] = paper.sha256
    return response
