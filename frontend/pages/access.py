"""The gate of every page: who may call it, by which methods, and what a refusal looks like."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from marketplace.organisations import errors

View = Callable[..., HttpResponse]


def page(
    *, permission: str | None, side: str | None = None, methods: tuple[str, ...] = ("GET",)
) -> Callable[[View], View]:
    """Open a view to those who hold `permission` (None: to everyone), and of `side` if one is named.

    Visitors are sent to the log-in page. NotFound becomes a 404. A Refused that the view did not show beside
    its field is shown as a message on the page the person came from.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            allowed = (*methods, "HEAD") if "GET" in methods else methods
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if permission is not None:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                actor = request.actor  # type: ignore[attr-defined]
                actor.require(permission)
                if side is not None and actor.side != side:
                    raise PermissionDenied(_("This page belongs to another side of the marketplace."))
            try:
                return view(request, *args, **kwargs)
            except errors.NotFound as error:
                raise Http404 from error
            except errors.Refused as error:
                if request.method != "POST":
                    raise Http404 from error
                messages.error(request, error.message)
                return redirect(request.path)

        gate.permission = permission  # type: ignore[attr-defined]  # read by the access table's test
        return gate

    return decorate
