"""An offering's page, open to everyone. The address keeps what the reader chose; nothing here needs a script."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.rules import periods
from frontend.pages import credited, freezes, reviewed
from frontend.pages.public import icons
from listings import detail, queries, standing, wording
from listings.prices import pricing, table
from listings.recommended import queries as recommended
from listings.reviews import queries as reviews
from marketplace import clock
from marketplace.organisations import actors, errors, gate
from providers import queries as providers

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
def show_offering(request: HttpRequest, pk: int, slug: str) -> HttpResponse:
    """One offering: what it is, where it runs, and what the chosen plan, quantity and term cost."""
    if pk > LARGEST_PK:
        raise Http404
    organisation_id = gate.actor_of(request).organisation_id
    try:
        shown = detail.read_detail(pk=pk, organisation_id=organisation_id)
    except queries.NoSuchOffering:
        return _say_why_hidden(request, pk)
    row = shown.row
    if slug != row.product.slug:
        query = request.META.get("QUERY_STRING", "")
        return redirect(row.product.get_absolute_url() + (f"?{query}" if query else ""), permanent=True)
    choice = _read_choice(request, row)
    review_page = reviews.list_reviews(product_id=pk, page=request.GET.get("reviews", 1))
    context = {
        "row": row,
        "shown": shown,
        "icon": icons.icon_of(row),
        "choice": choice,
        "credits": credited.own_in_words({"sla_credits": row.product.sla_credits}),
        "plans": [_describe(plan) for plan in row.plans],
        "announced": _announced(shown),
        "rates": _rates(choice.quote),
        "plan_options": [(str(plan.pk), wording.choose(plan.name, plan.name_en)) for plan in row.plans],
        "term_options": _term_options(choice.plan) if choice.plan else [],
        "deployment_models": [wording.DEPLOYMENT_MODELS.get(one, one) for one in row.product.deployment_models],
        "evidence": providers.evidence_in_force(
            data_centre_ids=[row.data_centre.pk], on=periods.civil_date(clock.now())
        ).get(row.data_centre.pk, {}),
        "recommendation": recommended.recommendation_of(product_id=row.product.pk)
        if row.product.is_recommended
        else None,
        "draws": [(wording.RESOURCES.get(code, code), each) for code, each in row.product.draws.items()],
        "review_page": review_page,
        "reviews": [reviewed.show(one) for one in review_page],
        "crumbs": [
            (_("Catalogue"), reverse("catalogue")),
            (row.category, f"{reverse('catalogue')}?category={row.category_slug}"),
            (row.title, None),
        ],
        "may_buy": gate.actor_of(request).side in (actors.VISITOR.side, actors.BUYER),
    }
    return render(request, "public/offering.html", context)


def _say_why_hidden(request: HttpRequest, pk: int) -> HttpResponse:
    """A listing that is hidden for now says so at its address, and why, as far as everyone may read it."""
    hidden = standing.find_hidden(pk=pk)
    if hidden is None:
        raise Http404
    product, found = hidden
    category = product.main_category
    context = {
        "title": wording.choose(product.title, product.title_en),
        "product": product,
        "category": wording.choose(category.name, category.name_en) if category else "",
        "reasons": freezes.describe(found),
    }
    return render(request, "public/offering_hidden.html", context)


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


def _describe(plan: Any) -> dict[str, Any]:
    """A plan as the price tables show it."""
    return {
        "plan": plan,
        "name": wording.choose(plan.name, plan.name_en),
        "parts": table.describe_plan(plan=plan),
        "terms": _terms(plan),
    }


def _announced(shown: detail.Detail) -> dict[str, Any] | None:
    """The next prices that the reader is told of."""
    if not shown.announced:
        return None
    return {"book": shown.announced[0].price_book, "plans": [_describe(plan) for plan in shown.announced]}


def _rates(quote: pricing.Quote | None) -> list[dict[str, Any]]:
    """What a unit of measured use costs, with tax."""
    return [
        {
            "name": wording.choose(rate.component.name, rate.component.name_en),
            "unit": wording.write_unit(rate.unit),
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
