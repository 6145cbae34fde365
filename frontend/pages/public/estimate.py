"""费用估算: plans with expected use, and what they cost by component and tier. The address is the state.

A cookie remembers the last address, so that an offering's page can add to it. Prices are the reader's own.
"""

from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend import estimate_sheet
from listings import queries as listings
from listings import wording
from listings.search import filters
from marketplace import clock
from marketplace.organisations import actors, errors, gate
from marketplace.procurement import estimates, operations, queries

COOKIE: Final = "estimate"
COOKIE_AGE_S: Final = 7 * 24 * 3600
LONGEST_COOKIE: Final = 3000
MOST_FOUND: Final = 6


@gate.page(permission=None)
def show_estimate(request: HttpRequest) -> HttpResponse:
    """The lines of the address with their cost; `add` and `remove` change them and lead to the new address."""
    params = request.GET.dict()
    lines = estimates.read_lines(params=params)
    if not lines and "clear" not in params:
        kept = QueryDict(request.COOKIES.get(COOKIE, "")[:LONGEST_COOKIE]).dict()
        lines = estimates.read_lines(params=kept)
        if lines and "add" not in params:
            return redirect(estimate_url(lines, params.get("q", "")))
    if "add" in params:
        return _add(request, lines, params)
    if "remove" in params:
        left = tuple(line for place, line in enumerate(lines) if str(place) != params["remove"])
        return _remember(redirect(estimate_url(left) if left else f"{reverse('estimate')}?clear=1"), left)
    context = _context(request, lines)
    context["found"] = _search(params.get("q", ""))
    context["kept"] = queries.list_estimates(user_id=gate.person_of(request)) if _is_person(request) else []
    return _remember(render(request, "public/estimate.html", context), lines)


@gate.page(permission=None)
def open_estimate(request: HttpRequest, token: str) -> HttpResponse:
    """An estimate by its link: the choices as they were kept, at the prices of whoever looks, today."""
    estimate = queries.find_estimate(token=token)
    context = _context(request, estimates.from_json(estimate.lines))
    return render(request, "public/estimate_kept.html", {**context, "estimate": estimate})


@gate.page(permission=None, methods=("POST",))
def save_estimate(request: HttpRequest) -> HttpResponse:
    """Keep the estimate of the address under a link; a visitor logs in and comes back to it."""
    lines = estimates.read_lines(params=request.GET.dict())
    if not _is_person(request):
        return redirect_to_login(estimate_url(lines))
    try:
        estimate = operations.save_estimate(lines=lines, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(estimate_url(lines))
    return redirect("kept_estimate", token=estimate.token)


@gate.page(permission=None)
def download_estimate(request: HttpRequest) -> HttpResponse:
    """The estimate of the address as a spreadsheet."""
    lines = estimates.read_lines(params=request.GET.dict())
    priced = estimates.price_lines(lines=lines, organisation_id=_organisation(request))
    if not priced.is_complete:
        return redirect(estimate_url(lines))
    return estimate_sheet.respond(priced)


def estimate_url(lines: Any, words: str = "") -> str:
    """The address of an estimate."""
    query = QueryDict(mutable=True)
    query.update(QueryDict(estimates.write_query(lines)).dict())
    if words:
        query["q"] = words
    return f"{reverse('estimate')}?{query.urlencode()}" if query else reverse("estimate")


def _add(request: HttpRequest, lines: tuple[estimates.Line, ...], params: dict[str, str]) -> HttpResponse:
    """One more line: `add` is an offering's id and a plan's code with a point between."""
    offering, _point, code = params["add"].partition(".")
    if len(lines) >= estimates.MOST_LINES:
        messages.error(
            request, _("An estimate has at most %(most)s lines. Remove one first.") % {"most": estimates.MOST_LINES}
        )
        return redirect(estimate_url(lines))
    line = estimates.start_line(
        offering=offering,
        plan=code,
        quantity=params.get("quantity", "1"),
        term=params.get("term_months", ""),
        organisation_id=_organisation(request),
    )
    if line is None:
        messages.error(request, _("This offering is not listed any more, or has no price. Choose another one."))
        return redirect(estimate_url(lines) if lines else f"{reverse('estimate')}?clear=1")
    return redirect(estimate_url((*lines, line)))


def _context(request: HttpRequest, lines: tuple[estimates.Line, ...]) -> dict[str, Any]:
    priced = estimates.price_lines(lines=lines, organisation_id=_organisation(request))
    actor = gate.actor_of(request)
    return {
        "priced": priced,
        "rows": [_row(place, line) for place, line in enumerate(priced.lines)],
        "query": estimates.write_query(lines),
        "edit_url": estimate_url(lines),
        "may_buy": actor.side in (actors.VISITOR.side, actors.BUYER),
        "crumbs": [(_("Catalogue"), reverse("catalogue")), (_("Cost estimate"), None)],
    }


def _row(place: int, line: estimates.PricedLine) -> dict[str, Any]:
    """A line as its form and table show it."""
    title = wording.choose(line.product.title, line.product.title_en) if line.product else line.line.offering
    months = [term.months for term in line.plan.terms.all()] if line.plan else []
    terms = [str(one) for one in months]
    if line.line.term not in terms:
        terms.append(line.line.term)
    return {
        "place": str(place),
        "number": place + 1,
        "line": line,
        "title": title,
        "errors": line.errors,
        "plan_options": [(plan.code, wording.choose(plan.name, plan.name_en)) for plan in line.plans],
        "plan_name": wording.choose(line.plan.name, line.plan.name_en) if line.plan else line.line.plan,
        "term_options": [(one, _("%(months)s months") % {"months": one}) for one in terms],
        "meters": [
            {
                "name": f"usage-{place}-{meter.component.meter}",
                "label": wording.choose(meter.component.name, meter.component.name_en),
                "unit": wording.write_unit(meter.component.unit),
                "text": meter.text,
                "error": meter.error,
            }
            for meter in line.meters
        ],
        "parts": [
            {
                "name": wording.choose(part.component.name, part.component.name_en),
                "kind": part.component.get_kind_display(),
                "tier": part.tier,
                "quantity": part.quantity,
                "unit_price": part.unit_price,
                "unit": wording.write_unit(part.component.unit),
                "net": part.net.amount_minor,
                "vat_rate": part.vat_rate,
            }
            for part in (line.quote.lines if line.quote else ())
        ],
    }


def _search(words: str) -> list[dict[str, Any]] | None:
    """The first offerings that the catalogue finds, each with its plans; None without words."""
    if not words.strip():
        return None
    chosen, _unknown = filters.read_filters(params={"q": [words]})
    found = listings.search_offerings(filters=chosen, page=1)
    return [
        {
            "title": row.title,
            "by": str(row.product.partner),
            "plans": [
                {"add": f"{row.product.pk}.{plan.code}", "name": wording.choose(plan.name, plan.name_en)}
                for plan in row.plans
            ],
        }
        for row in found.rows[:MOST_FOUND]
    ]


def _remember(response: HttpResponse, lines: tuple[estimates.Line, ...]) -> HttpResponse:
    query = estimates.write_query(lines)
    if not query or len(query) > LONGEST_COOKIE:
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    response.set_cookie(
        COOKIE,
        query,
        max_age=COOKIE_AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _is_person(request: HttpRequest) -> bool:
    return gate.actor_of(request).user_id is not None


def _organisation(request: HttpRequest) -> int | None:
    """Whose prices are shown: a buyer's own, else the list prices."""
    actor = gate.actor_of(request)
    return actor.organisation_id if actor.side == actors.BUYER else None
