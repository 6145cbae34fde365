"""The tray: which offerings a reader is about to compare. A cookie of ids, checked at every reading.

The cookie is only a list of public ids, so it is not signed: a forged one shows nothing that is not public, and never
more than four.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from listings.comparison import queries
from marketplace.organisations import errors

COOKIE: Final = "compare"
COOKIE_AGE_S: Final = 30 * 24 * 3600
IDS: Final = re.compile(r"[1-9]\d{0,17}(\.[1-9]\d{0,17}){0,19}")


class TrayFull(errors.Refused):
    """A fifth offering."""


class NotListed(errors.Refused):
    """An offering that is not for sale, or never was."""


class Tray:
    """The offerings chosen, in the order of choosing; those that were withdrawn since fall out."""

    most = queries.MOST

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self.ids = tuple(dict.fromkeys(ids))[: self.most]

    @cached_property
    def entries(self) -> list[queries.Entry]:
        """What is still listed; one query, none for an empty tray."""
        return queries.read_entries(offering_ids=self.ids) if self.ids else []

    @property
    def dropped(self) -> int:
        """How many have left the catalogue since they were chosen."""
        return len(self.ids) - len(self.entries)

    @property
    def is_full(self) -> bool:
        return len(self.entries) >= self.most

    @property
    def query(self) -> str:
        """The comparison's address, behind the question mark."""
        return "&".join(f"offering={entry.pk}" for entry in self.entries)

    def with_offering(self, pk: int) -> "Tray":
        """The tray with one more. Raises NotListed, TrayFull."""
        if pk in self.ids:
            return self
        if not queries.read_entries(offering_ids=[pk]):
            raise NotListed(_("This offering is not listed any more, so it cannot be compared."), field="add")
        if self.is_full:
            raise TrayFull(
                _("Up to %(most)s offerings can be compared. Take one out, then add this one.") % {"most": self.most},
                field="add",
            )
        return Tray([*(entry.pk for entry in self.entries), pk])

    def without_offering(self, pk: int) -> "Tray":
        return Tray(one for one in self.ids if one != pk)


def read(request: HttpRequest) -> Tray:
    """The request's tray; whatever the cookie says that is no list of ids is an empty one."""
    tray: Tray | None = getattr(request, "compare_tray", None)
    if tray is None:
        text = request.COOKIES.get(COOKIE, "")
        tray = Tray(int(one) for one in text.split(".")) if IDS.fullmatch(text) else Tray()
        request.compare_tray = tray  # type: ignore[attr-defined]
    return tray


def write(response: HttpResponse, tray: Tray) -> None:
    """Keep the tray in the reader's browser."""
    if not tray.ids:
        response.delete_cookie(COOKIE, samesite="Lax")
        return
    response.set_cookie(
        COOKIE,
        ".".join(str(pk) for pk in tray.ids),
        max_age=COOKIE_AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


class TrayMiddleware:
    """Forgets what was withdrawn, once a page has shown the notice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        tray: Tray | None = getattr(request, "compare_tray", None)
        if tray is not None and "entries" in tray.__dict__ and tray.dropped and COOKIE not in response.cookies:
            write(response, Tray(entry.pk for entry in tray.entries))
        return response
