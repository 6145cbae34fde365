"""Puts the actor on the request, read once and only when asked for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from marketplace.organisations import actors, queries

SESSION_KEY = "organisation_id"


class ActorMiddleware:
    """Sets `request.actor`: a visitor, or the logged-in person on behalf of one organisation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _read_actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _read_actor(request: HttpRequest) -> actors.Actor:
    if not request.user.is_authenticated:
        return actors.VISITOR
    return queries.find_actor(user=request.user, organisation_id=request.session.get(SESSION_KEY))
