"""The basket on the request: read only when asked for, its count by one small query."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from marketplace.shop.basket import queries
from marketplace.shop.basket.models import Basket
from providers import strategy


class BasketCount:
    """How many lines the person's purchase list has; one query on first use, none for a visitor."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def value(self) -> int:
        user = self._request.user
        return queries.count_lines(user_id=user.pk) if user.is_authenticated else 0

    def __int__(self) -> int:
        return self.value

    def __bool__(self) -> bool:
        return self.value > 0

    def __str__(self) -> str:
        return str(self.value)


class BasketMiddleware:
    """In place of Oscar's, which reads the basket on every page and gives visitors baskets in cookies.

    Here a purchase list belongs to a person who is logged in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.basket_count = BasketCount(request)  # type: ignore[attr-defined]
        request.strategy = SimpleLazyObject(lambda: strategy.Selector().strategy(request))  # type: ignore[attr-defined]
        request.basket = SimpleLazyObject(lambda: _read_basket(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _read_basket(request: Any) -> Basket:
    """The open basket for Oscar's code that asks for one; unsaved if there is none yet."""
    basket = None
    if request.user.is_authenticated:
        basket = Basket.open.filter(owner=request.user).order_by("-pk").first()
    basket = basket or Basket()
    basket.strategy = request.strategy
    basket.organisation_id = request.actor.organisation_id
    return basket
