"""What a key may do: the scope that a view names for the method."""

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from marketplace.organisations import actors


class HasScope(BasePermission):
    """`view.scopes` maps each method to a permission, or to None for every key. What it does not name is a 405."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """False gives 401 without a key and 403 with one."""
        actor = request.user
        method = "GET" if request.method == "HEAD" else request.method
        if not isinstance(actor, actors.Actor):
            return False
        if method not in view.scopes:
            raise MethodNotAllowed(method or "")
        scope = view.scopes[method]
        return scope is None or actor.can(scope)
