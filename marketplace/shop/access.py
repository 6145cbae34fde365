"""The gate of the shop's pages: visitors log in first, roles decide, methods are named."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse

from marketplace.organisations import errors

View = Callable[..., HttpResponse]


def page(
    *, permission: str, methods: tuple[str, ...], come_back: Callable[[HttpRequest], str] | None = None
) -> Callable[[View], View]:
    """Open a view to those who hold `permission`. NotFound becomes a 404.

    Visitors are sent to the log-in page and come back to the address they asked for; from a POST, which cannot
    be repeated for them, to what `come_back` says, else to the purchase list.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            allowed = (*methods, "HEAD") if "GET" in methods else methods
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if not request.user.is_authenticated:
                if request.method in ("GET", "HEAD"):
                    return redirect_to_login(request.get_full_path())
                return redirect_to_login(come_back(request) if come_back else reverse("basket:summary"))
            request.actor.require(permission)  # type: ignore[attr-defined]
            try:
                return view(request, *args, **kwargs)
            except errors.NotFound as error:
                raise Http404 from error

        gate.permission = permission  # type: ignore[attr-defined]  # read by the access table's test
        return gate

    return decorate
