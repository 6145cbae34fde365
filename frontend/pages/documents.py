"""Documents leave as downloads only: nothing that somebody uploaded is ever rendered on this site."""

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from marketplace.organisations import gate
from providers.documents import queries


@gate.page(permission="documents.view")  # type: ignore[arg-type]  # a file is no HttpResponse
def download_document(request: HttpRequest, number: str) -> HttpResponseBase:
    """One document of one's own organisation, or any for the platform's reviewers; 404 for everybody else."""
    document = queries.get(number=number, actor=gate.actor_of(request))
    answer = FileResponse(
        queries.open_file(document=document),
        as_attachment=True,
        filename=document.name,
        content_type=document.content_type,
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = "private, no-store"
    return answer
