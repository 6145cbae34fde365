"""Light, dark, or as the system says: a cookie, written by a form post."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "theme"
CHOICES = ("auto", "light", "dark")
COOKIE_AGE_S = 365 * 24 * 3600


def read_theme(request: HttpRequest) -> str:
    """One of CHOICES; whatever else the cookie says is "auto"."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in CHOICES else "auto"


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store `theme` in the cookie and go back to `next`, if that is one of our addresses."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = resolve_url("/")
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in CHOICES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=COOKIE_AGE_S,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
