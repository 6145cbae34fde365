"""What the frame of every page shows; computed only when a template asks."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from frontend import navigation, theme, tray
from marketplace.organisations import actors


class Frame:
    """Who is looking, for whom, and where the frame's links lead."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def actor(self) -> actors.Actor:
        """Who acts. A request that failed before its actor was read is a visitor's."""
        return getattr(self._request, "actor", actors.VISITOR)

    @property
    def audience(self) -> str:
        """Whose navigation is shown: "public", "buyer", "provider" or "platform"."""
        return self.actor.side

    @property
    def is_signed_in(self) -> bool:
        return self.actor.user_id is not None

    @property
    def shows_basket(self) -> bool:
        """Providers and the platform buy nothing."""
        return self.audience in (actors.VISITOR.side, actors.BUYER)

    @property
    def memberships(self) -> tuple[Any, ...]:
        """The person's memberships, each with its organisation, for the switch."""
        return self.actor.memberships

    @cached_property
    def basket_count(self) -> int:
        return int(getattr(self._request, "basket_count", 0) or 0)

    @property
    def compare(self) -> tray.Tray:
        """What is about to be compared; its ids cost nothing, its entries one query."""
        return tray.read(self._request)

    @cached_property
    def is_demo(self) -> bool:
        return bool(settings.IS_DEMO)

    @cached_property
    def theme(self) -> str:
        return theme.read_theme(self._request)

    @cached_property
    def here(self) -> str:
        """Where to come back to after a change of language or theme."""
        return self._request.get_full_path()

    @cached_property
    def query(self) -> str:
        """What stands in the search field."""
        return self._request.GET.get("q", "")

    @cached_property
    def urls(self) -> dict[str, str | None]:
        """Addresses of the frame; None where the page does not exist."""
        names = {
            "catalogue": ("catalogue",),
            "basket": ("basket:summary",),
            "login": ("login",),
            "logout": ("logout",),
            "switch": ("switch_organisation",),
            "theme": ("theme",),
            "language": ("set_language",),
            "api_docs": ("api-docs", "api:docs", "swagger-ui"),
            "help": ("help",),
            "status": ("status",),
            "certificates": ("certificates",),
        }
        return {key: navigation.page_url(*candidates) for key, candidates in names.items()}


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `frame`, `navigation` and `side_navigation`."""
    current = Frame(request)
    return {
        "frame": current,
        "navigation": SimpleLazyObject(lambda: navigation.build_header(request, current.actor)),
        "side_navigation": SimpleLazyObject(lambda: navigation.build_side(request, current.actor)),
    }
