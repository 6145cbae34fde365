"""The catalogue and an offering's page, open to everyone. The address is the state; nothing here needs a script."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from listings import queries, wording
from listings.prices import pricing
from listings.search import filters
from marketplace.organisations import actors, errors, gate

SORT_LABELS: Final[dict[str, Promise]] = {
    "recommended": gettext_lazy("Recommended first"),
    "price": gettext_lazy("Price, low to high"),
    "newest": gettext_lazy("Newest first"),
}
ICONS: Final = {
    "cloud-hosts": "server",
    "bare-metal": "hard-drive",
    "gpu": "cpu",
    "storage": "database",
    "network": "network",
    "racks": "building-2",
    "iaas": "server",
    "paas": "boxes",
    "saas": "app-window",
    "value_added": "shield-plus",
}
LARGEST_PAGE: Final = 100_000
LARGEST_PK: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader has chosen on an offering's page; without a quote `error` says why, at `field`."""

    plan: Any
    quantity: str
    term_months: int
    quote: pricing.Quote | None
    error: str
    field: str

    @property
    def plan_id(self) -> str:
        """As text: a number in a template gets separators of thousands."""
        return str(self.plan.pk)


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
        "cards": [{"row": row, "icon": _icon(row)} for row in found.rows],
        "page": _as_page(found),
        "sorts": list(SORT_LABELS.items()),
        "has_conditions": bool(found.conditions or found.filters.recommended or found.filters.words),
        "condition_count": len(found.conditions) + found.filters.recommended,
        "figures": None if is_part else queries.market_figures(),
    }
    response = render(request, "public/catalogue_part.html" if is_part else "public/catalogue.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@gate.page(permission=None)
def show_offering(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One offering: what it is, where it runs, and what the chosen plan, quantity and term cost."""
    if pk > LARGEST_PK:
        raise Http404
    row = queries.get_offering(pk=pk)
    if slug != row.product.slug:
        query = request.META.get("QUERY_STRING", "")
        return redirect(row.product.get_absolute_url() + (f"?{query}" if query else ""), permanent=True)
    choice = _read_choice(request, row)
    context = {
        "row": row,
        "icon": _icon(row),
        "choice": choice,
        "plans": [
            {
                "plan": plan,
                "name": wording.choose(plan.name, plan.name_en),
                "parts": _parts(plan),
                "terms": _terms(plan),
            }
            for plan in row.plans
        ],
        "rates": _rates(choice.quote),
        "plan_options": [(str(plan.pk), wording.choose(plan.name, plan.name_en)) for plan in row.plans],
        "term_options": _term_options(choice.plan) if choice.plan else [],
        "deployment_models": [wording.DEPLOYMENT_MODELS.get(one, one) for one in row.product.deployment_models],
        "draws": [(wording.RESOURCES.get(code, code), each) for code, each in row.product.draws.items()],
        "crumbs": [
            (_("Catalogue"), reverse("catalogue")),
            (row.category, f"{reverse('catalogue')}?category={row.category_slug}"),
            (row.title, None),
        ],
        "may_buy": gate.actor_of(request).side in (actors.VISITOR.side, actors.BUYER),
    }
    return render(request, "public/offering.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(int(text), LARGEST_PAGE) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _as_page(found: queries.CataloguePage) -> Page[int]:
    """The numbers of the pagination; the rows are read already."""
    return Paginator(range(found.total), queries.PAGE_SIZE).get_page(found.number)


def _icon(row: queries.OfferingRow) -> str:
    return ICONS.get(row.category_slug) or ICONS.get(row.product.service_model, "server")


def _read_choice(request: HttpRequest, row: queries.OfferingRow) -> Choice:
    """The plan, quantity and term of the address; what is missing or not offered falls back to the first."""
    plan = next((one for one in row.plans if str(one.pk) == request.GET.get("plan")), None) or next(
        iter(row.plans), None
    )
    quantity, term = request.GET.get("quantity", "1"), request.GET.get("term_months", "")
    if plan is None:
        return Choice(plan=None, quantity="1", term_months=0, quote=None, error="", field="")
    terms = [one.months for one in plan.terms.all()]
    months = next((one for one in terms if str(one) == term), 12 if not term and 12 in terms else terms[0])
    try:
        number = int(quantity) if quantity.isascii() and quantity.isdecimal() and len(quantity) < 10 else 0
        quote = pricing.quote(plan=plan, quantity=number, term_months=months)
    except errors.Refused as refusal:
        return Choice(
            plan=plan,
            quantity=quantity[:10],
            term_months=months,
            quote=None,
            error=refusal.message,
            field=refusal.field,
        )
    return Choice(plan=plan, quantity=str(number), term_months=months, quote=quote, error="", field="")


def _parts(plan: Any) -> list[dict[str, Any]]:
    """The price components of a plan, net and gross, as a table shows them."""
    return [
        {
            "name": wording.choose(row.name, row.name_en),
            "kind": row.get_kind_display(),
            "unit": wording.write_unit(row.unit),
            "net": row.unit_price,
            "gross": pricing.unit_gross(row=row),
            "vat_rate": row.vat_rate,
        }
        for row, _component in pricing.components_of(plan=plan)
    ]


def _rates(quote: pricing.Quote | None) -> list[dict[str, Any]]:
    """What a unit of measured use costs, with tax."""
    return [
        {
            "name": wording.choose(rate.component.name, rate.component.name_en),
            "unit": wording.write_unit(rate.component.unit),
            "gross": rate.unit_gross,
        }
        for rate in (quote.metered if quote else ())
    ]


def _terms(plan: Any) -> list[dict[str, Any]]:
    """What one unit costs over each term of a plan; empty where nothing is committed."""
    quotes = [pricing.quote(plan=plan, quantity=1, term_months=term.months) for term in plan.terms.all()]
    return [{"quote": quote} for quote in quotes if not quote.is_metered_only]


def _term_options(plan: Any) -> list[tuple[int, str]]:
    options = []
    for term in plan.terms.all():
        words = _("%(months)s months") % {"months": term.months}
        if term.discount:
            saved = _("%(percent)s%% off") % {"percent": f"{(term.discount * 100).normalize():f}"}
            words = _("%(term)s (%(saved)s)") % {"term": words, "saved": saved}
        options.append((term.months, words))
    return options
