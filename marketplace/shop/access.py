"""The gate of the shop's pages: visitors log in first, roles decide, methods are named."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse

from marketplace.organisations import actors, errors

View = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> actors.Actor:
    """Who acts, as the middleware has put it on the request."""
    return request.actor  # type: ignore[attr-defined, no-any-return]


def person_of(request: HttpRequest) -> int:
    """The id of the person who is logged in; the gate has let nobody else through."""
    user_id = actor_of(request).user_id
    if user_id is None:
        raise PermissionDenied
    return user_id


def organisation_of(request: HttpRequest) -> int:
    """The id of the organisation the person acts for; a permission always comes with one."""
    organisation_id = actor_of(request).organisation_id
    if organisation_id is None:
        raise PermissionDenied
    return organisation_id


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
            actor_of(request).require(permission)
            try:
                return view(request, *args, **kwargs)
            except errors.NotFound as error:
                raise Http404 from error

        gate.permission = permission  # type: ignore[attr-defined]  # read by the access table's test
        return gate

    return decorate
