"""The gate of every page: who may call it, by which methods, and what a refusal looks like.

Both doors with pages, frontend and shop, open their views with `page`; the table of accesses in the tests reads the
permission from it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors

View = Callable[..., HttpResponseBase]


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
    *,
    permission: str | None,
    side: str | None = None,
    methods: tuple[str, ...] = ("GET",),
    come_back: Callable[[HttpRequest], str] | None = None,
) -> Callable[[View], View]:
    """Open a view to those who hold `permission` (None: to everyone), and of `side` if one is named.

    Visitors are sent to the log-in page and come back to the address they asked for; from a POST, which cannot be
    repeated for them, to what `come_back` says, else to the home page. NotFound becomes a 404. A Refused that the
    view did not show beside its field is shown as a message on the page the person came from.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            allowed = (*methods, "HEAD") if "GET" in methods else methods
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if permission is not None:
                if not request.user.is_authenticated:
                    return redirect_to_login(_way_back(request, come_back))
                _require(request, permission=permission, side=side)
            try:
                return view(request, *args, **kwargs)
            except errors.NotFound as error:
                raise Http404 from error
            except errors.Refused as error:
                if request.method != "POST":
                    raise Http404 from error
                messages.error(request, error.message)
                return redirect(request.path)

        gate.permission = permission  # type: ignore[attr-defined]
        return gate

    return decorate


def _require(request: HttpRequest, *, permission: str, side: str | None) -> None:
    actor = actor_of(request)
    actor.require(permission)
    if side is not None and actor.side != side:
        raise PermissionDenied(_("This page belongs to another side of the marketplace."))


def _way_back(request: HttpRequest, come_back: Callable[[HttpRequest], str] | None) -> str:
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    return come_back(request) if come_back else resolve_url(settings.LOGIN_REDIRECT_URL)
