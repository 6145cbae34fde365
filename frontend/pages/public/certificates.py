"""The certificates of recognised cloud enterprises, open to everyone, with those that ended or were revoked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from billing.rules import periods
from marketplace import clock
from marketplace.organisations import gate
from providers.onboarding import queries


@gate.page(permission=None)
def list_certificates(request: HttpRequest) -> HttpResponse:
    """All certificates; `?q=` looks for a number or a name."""
    today = periods.civil_date(clock.now())
    words = request.GET.get("q", "").strip()[:80]
    found = [
        one
        for one in queries.list_certificates()
        if not words or words.casefold() in f"{one.certificate_number} {one.partner.name}".casefold()
    ]
    rows = [{"row": one, **_state(one, today)} for one in found]
    return render(request, "public/certificates.html", {"rows": rows, "words": words})


def _state(one: object, today: object) -> dict[str, str]:
    if one.state == "revoked":  # type: ignore[attr-defined]
        return {"tone": "bad", "words": _("Revoked")}
    if one.valid_until < today:  # type: ignore[attr-defined]
        return {"tone": "neutral", "words": _("Ended")}
    return {"tone": "good", "words": _("Valid")}
