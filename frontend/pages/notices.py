"""What an organisation was told."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace.organisations import gate, notices


@gate.page(permission="notices.view")
def show_notices(request: HttpRequest) -> HttpResponse:
    """The notices that concern this person, newest first."""
    page = notices.list_notices(actor=gate.actor_of(request), page=request.GET.get("page", 1))
    rows = [{"notice": one, "text": notices.sentence(notice=one)} for one in page]
    return render(request, "frame/notices.html", {"page": page, "rows": rows})
