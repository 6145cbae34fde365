"""Who calls: the machine behind an API key."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from marketplace import clock
from marketplace.organisations import actors, queries


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer crm_…`. A browser's session does not count, so no cookie needs protection here."""

    def authenticate(self, request: Request) -> tuple[actors.Actor, actors.Actor] | None:
        """The key's actor as `request.user`; None without the header, 401 for a key that does not work."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        # A NUL would not reach the database.
        actor = queries.find_actor_by_token(token=token.strip().replace("\x00", ""), now=clock.now())
        if actor is None:
            # Unknown, wrong, revoked and expired look the same.
            raise AuthenticationFailed
        return actor, actor

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer a 401 and says how to do better."""
        return 'Bearer realm="api"'


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the description of the API names the key."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An HTTP bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "An API key, `crm_…`, issued on the page API keys."}
