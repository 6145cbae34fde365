"""The catalogue, open to everyone. The address is the state; nothing here needs a script."""

from typing import Final

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from frontend.pages.public import icons
from listings import queries
from listings.search import filters
from marketplace.organisations import gate

SORT_LABELS: Final[dict[str, Promise]] = {
    "recommended": gettext_lazy("Recommended first"),
    "price": gettext_lazy("Price, low to high"),
    "newest": gettext_lazy("Newest first"),
}
LARGEST_PAGE: Final = 100_000


@gate.page(permission=None)
def show_home(request: HttpRequest) -> HttpResponse:
    """The way in is the catalogue."""
    return redirect("catalogue")


@gate.page(permission=None)
def browse_catalogue(request: HttpRequest) -> HttpResponse:
    """Offerings by conditions, with the number each condition would leave."""
    params = {name: request.GET.getlist(name) for name in request.GET}
    chosen, unknown = filters.read_filters(params=params)
    found = queries.search_offerings(filters=chosen, page=_page_number(request), unknown=unknown)
    is_part = request.headers.get("HX-Request") == "true"  # a script swaps the results; the figures above stay
    context = {
        "found": found,
        "cards": [{"row": row, "icon": icons.icon_of(row)} for row in found.rows],
        "page": _as_page(found),
        "sorts": list(SORT_LABELS.items()),
        "has_conditions": bool(found.conditions or found.filters.recommended or found.filters.words),
        "condition_count": len(found.conditions) + found.filters.recommended,
        "figures": None if is_part else queries.market_figures(),
    }
    response = render(request, "public/catalogue_part.html" if is_part else "public/catalogue.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(int(text), LARGEST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _as_page(found: queries.CataloguePage) -> Page[int]:
    """The numbers of the pagination; the rows are read already."""
    return Paginator(range(found.total), queries.PAGE_SIZE).get_page(found.number)
