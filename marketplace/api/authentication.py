"""Who calls: the machine behind an API key."""

import hashlib
import time
from typing import Any, Final

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from marketplace import clock
from marketplace.organisations import actors, queries

MOST_KEPT: Final = 10_000


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_…`. A browser's session does not count, so no cookie needs protection here.

    A view with `keeps_keys` is called all day by the same few: there a key that works is looked up once in
    `USAGE_KEPT_SECONDS` in each process, and one that is revoked stops working when that time has passed.
    """

    def authenticate(self, request: Request) -> tuple[actors.Actor, actors.Actor] | None:
        """The key's actor as `request.user`; None without the header, 401 for a key that does not work."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        # A NUL would not reach the database.
        token = token.strip().replace("\x00", "")
        is_kept = getattr((request.parser_context or {}).get("view"), "keeps_keys", False)
        actor = _find_kept(token) if is_kept else queries.find_actor_by_token(token=token, now=clock.now())
        if actor is None:
            # Unknown, wrong, revoked and expired look the same.
            raise AuthenticationFailed
        return actor, actor

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer a 401 and says how to do better."""
        return 'Bearer realm="api"'


_kept: dict[bytes, tuple[float, actors.Actor]] = {}


def _find_kept(token: str) -> actors.Actor | None:
    """The machine behind a key, remembered for a moment. Keys that do not work are asked for each time."""
    kept_s = settings.USAGE_KEPT_SECONDS
    name = hashlib.sha256(token.encode(errors="surrogateescape")).digest()
    until, actor = _kept.get(name, (0.0, None))
    if kept_s and actor is not None and until > time.monotonic():
        return actor
    actor = queries.find_actor_by_token(token=token, now=clock.now())
    if kept_s and actor is not None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[name] = time.monotonic() + kept_s, actor
    return actor


def forget() -> None:
    """Look every key up anew, in this process; for tests."""
    _kept.clear()


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the description of the API names the key."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An HTTP bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "An API key, `crm_…`, issued on the page API keys."}
