"""The catalogue, open to everyone. The address is the state; nothing here needs a script."""

from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages.public import cards
from frontend.templatetags.marketplace_ui import draw_icon
from listings import queries
from listings.search import filters
from marketplace.organisations import gate

SORT_LABELS: Final[dict[str, Promise]] = {
    "recommended": gettext_lazy("Recommended first"),
    "price": gettext_lazy("Price, low to high"),
    "newest": gettext_lazy("Newest first"),
}
ABOVE_PRICE: Final = ("service", "category", "region")
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
    found = queries.find_page(filters=chosen, page=_page_number(request), unknown=unknown)
    organisation_id = gate.actor_of(request).organisation_id
    is_part = request.headers.get("HX-Request") == "true"  # a script swaps the results; the figures above stay
    context = {
        "found": found,
        "cards": cards.show(found=found, request=request, organisation_id=organisation_id),
        "page": _as_page(found),
        "sorts": list(SORT_LABELS.items()),
        "has_conditions": bool(found.filters.kinds()),
        "condition_count": len(found.conditions) + found.filters.recommended,
        "export_csv": _address(found.filters, to="catalogue_csv"),
        "export_xlsx": _address(found.filters, to="catalogue_xlsx"),
        "figures": None if is_part else queries.market_figures(page=found),
        **_conditions(found),
        **_small_parts(),
    }
    response = render(request, "public/catalogue_part.html" if is_part else "public/catalogue.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _conditions(found: queries.CataloguePage) -> dict[str, Any]:
    """The groups of conditions around the range of prices, the chips, and what to give up where nothing is found."""
    above = [one for one in found.facets if one.name in ABOVE_PRICE or one.name.startswith(filters.SPEC)]
    low, high = found.filters.price_min, found.filters.price_max
    return {
        "facets_before": above,
        "facets_after": [one for one in found.facets if one not in above],
        "price_min": "" if low is None else f"{low:f}",
        "price_max": "" if high is None else f"{high:f}",
        "conditions": [
            {"label": one.label, "address": _address(found.filters.without(one.kind, one.value))}
            for one in found.conditions
        ],
        "relaxations": [
            {"label": one.label, "count": one.count, "address": _address(one.filters)} for one in found.relaxations
        ],
    }


def _small_parts() -> dict[str, Any]:
    """What every card and group repeats, made once."""
    return {
        "plus": draw_icon("plus", 16),
        "proven_icon": draw_icon("badge-check", 14),
        "chevron": draw_icon("chevron-down", 16),
        "order_words": _("Purchase list"),
        "details_words": _("Details"),
    }


def _address(chosen: filters.CatalogueFilters, *, to: str = "catalogue") -> str:
    """The catalogue, or its export, under these conditions."""
    params = urlencode(chosen.params())
    return reverse(to) + (f"?{params}" if params else "")


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(int(text), LARGEST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _as_page(found: queries.CataloguePage) -> Page[int]:
    """The numbers of the pagination; the rows are read already."""
    return Paginator(range(found.total), queries.PAGE_SIZE).get_page(found.number)
