"""比选: offerings side by side. The address is the state; the tray is a cookie that the forms of the cards change."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend import comparison_sheet, tray
from listings import wording
from listings.comparison import queries, scoring, table
from marketplace import clock
from marketplace.organisations import actors, errors, gate
from marketplace.procurement import estimates

PRESETS: Final[dict[str, Promise]] = {
    "balanced": gettext_lazy("Balanced"),
    "price": gettext_lazy("Price first"),
    "compliance": gettext_lazy("Compliance first"),
    "green": gettext_lazy("Green first"),
}
CUSTOM: Final = "custom"
USAGE: Final = "usage-"
MOST_METERS: Final = 20
LARGEST_PK: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `errors` names the fields that were not understood, and what stands there instead."""

    quantity: str
    term: str
    preset: str
    shares: dict[str, str]
    only_differences: bool
    errors: dict[str, str]
    chosen: queries.Chosen
    usage: dict[str, str]


@gate.page(permission=None)
def compare(request: HttpRequest) -> HttpResponse:
    """Up to four offerings at one quantity and term, scored by the weights of the address."""
    chosen_tray = tray.read(request)
    if "offering" not in request.GET and chosen_tray.entries:
        return redirect(f"{reverse('compare')}?{chosen_tray.query}")
    asked = read_address(request.GET)
    try:
        found = run(asked, request)
    except errors.Refused as refusal:
        entries = queries.read_entries(offering_ids=asked.chosen.offering_ids[:20])
        return render(request, "public/compare_refused.html", {"refusal": refusal, "entries": entries}, status=422)
    context = _context(request, asked, found)
    return render(request, "public/compare.html", context)


@gate.page(permission=None)
def download_comparison(request: HttpRequest) -> HttpResponse:
    """The same comparison as a spreadsheet, with typed figures."""
    asked = read_address(request.GET)
    try:
        found = run(asked, request)
    except errors.Refused:
        return redirect(f"{reverse('compare')}?{request.GET.urlencode()}")
    if not found.offers:
        return redirect("compare")
    return comparison_sheet.respond(
        found.table, file_name=f"comparison-{periods.civil_date(clock.now()).isoformat()}", heading=_("Comparison")
    )


@gate.page(permission=None, methods=("POST",))
def change_tray(request: HttpRequest) -> HttpResponse:
    """Put an offering into the tray or take one out; a script gets only what changed on the page."""
    before = tray.read(request)
    refusal = ""
    added, removed = _id(request.POST.get("add", "")), _id(request.POST.get("remove", ""))
    after = before
    try:
        if added:
            after = before.with_offering(added)
        elif removed:
            after = before.without_offering(removed)
        elif "clear" in request.POST:
            after = tray.Tray()
        else:
            refusal = _("Choose an offering to compare.")
    except errors.Refused as error:
        refusal = error.message
    request.compare_tray = after  # type: ignore[attr-defined]  # what the answer shows
    response = _answer(request, toggled=added or removed, refusal=refusal)
    tray.write(response, after)
    return response


def read_address(params: QueryDict) -> Asked:
    """What the address asks for; what is not understood falls back, with a sentence beside its field."""
    wrong: dict[str, str] = {}
    quantity, term = params.get("quantity", "1").strip()[:12], params.get("term", "").strip()[:4]
    number = int(quantity) if quantity.isascii() and quantity.isdecimal() and len(quantity) < 10 else 0
    months = int(term) if term.isascii() and term.isdecimal() else queries.USUAL_TERM
    if not 1 <= number <= queries.MOST_QUANTITY:
        wrong["quantity"] = _("Give a whole quantity from 1 to %(most)s.") % {"most": queries.MOST_QUANTITY}
        number = 1
    preset = params.get("weights", "balanced")
    if preset not in (*PRESETS, CUSTOM):
        preset = "balanced"
    weights = scoring.PRESETS.get(preset, scoring.PRESETS["balanced"])
    shares = {name: params.get(f"weight-{name}", str(weights.as_dict()[name])).strip()[:6] for name in scoring.CRITERIA}
    if preset == CUSTOM:
        try:
            weights = scoring.Weights(**{name: _share(text) for name, text in shares.items()})
        except scoring.InvalidWeights as refusal:
            wrong["weights"] = refusal.message
    written = _read_usage(params)
    usage: dict[str, Decimal] = {}
    for meter, text in written.items():
        try:
            usage[meter] = estimates.read_usage(text)
        except estimates.InvalidUsage as refusal:
            wrong[f"{USAGE}{meter}"] = refusal.message
    return Asked(
        quantity=quantity,
        term=str(months),
        preset=preset,
        shares=shares,
        only_differences=params.get("differences") == "1",
        errors=wrong,
        chosen=queries.Chosen(
            offering_ids=tuple(dict.fromkeys(_id(text) for text in params.getlist("offering") if _id(text))),
            plan_ids=frozenset(_id(text) for text in params.getlist("plan") if _id(text)),
            quantity=number,
            term_months=months,
            weights=weights,
            usage=usage,
        ),
        usage=written,
    )


def _read_usage(params: QueryDict) -> dict[str, str]:
    """The expected use a month by meter, as it was written; at most MOST_METERS."""
    named = {name.removeprefix(USAGE): params.get(name, "").strip()[:60] for name in params if name.startswith(USAGE)}
    found = {meter: text for meter, text in named.items() if text and estimates.METER.fullmatch(meter)}
    return dict(sorted(found.items())[:MOST_METERS])


def run(asked: Asked, request: HttpRequest) -> queries.Comparison:
    """Compare at the reader's prices, today. Raises Refused."""
    actor = gate.actor_of(request)
    return queries.compare_offerings(
        chosen=asked.chosen,
        organisation_id=actor.organisation_id if actor.side == actors.BUYER else None,
        on=periods.civil_date(clock.now()),
    )


def _context(request: HttpRequest, asked: Asked, found: queries.Comparison) -> dict[str, Any]:
    actor = gate.actor_of(request)
    groups = table.only_differences(found.table.groups) if asked.only_differences else found.table.groups
    if not found.term_is_offered and found.terms:
        asked.errors["term"] = _("None of these offerings is sold for %(months)s months. Choose another term.") % {
            "months": asked.chosen.term_months
        }
    measured = {row.meter for row in found.meters}
    foreign = [meter for meter in asked.usage if meter not in measured]
    if foreign:
        asked.errors["usage"] = _("None of these offerings measures %(meters)s; it was left out.") % {
            "meters": "、".join(foreign)
        }
    terms = sorted({*found.terms, asked.chosen.term_months})
    heads = [
        {
            "column": column,
            "plan_options": [(str(plan.pk), wording.choose(plan.name, plan.name_en)) for plan in offer.plans],
            "without": _without(request, column.offering_id),
        }
        for column, offer in zip(found.table.columns, found.offers, strict=True)
    ]
    return {
        "asked": asked,
        "found": found,
        "table": found.table,
        "groups": groups,
        "heads": heads,
        "formula": formula_rows(found.table),
        "term_options": [(str(one), _("%(months)s months") % {"months": one}) for one in terms],
        "weight_options": [*((name, _preset(name)) for name in PRESETS), (CUSTOM, _("Own weights"))],
        "weight_fields": [(f"weight-{name}", table.LABELS[name](), asked.shares[name]) for name in scoring.CRITERIA],
        "usage_fields": [
            {
                "name": f"{USAGE}{row.meter}",
                "label": wording.choose(row.name, row.name_en),
                "unit": wording.write_unit(row.unit),
                "text": asked.usage.get(row.meter, ""),
                "error": asked.errors.get(f"{USAGE}{row.meter}", ""),
            }
            for row in found.meters
        ],
        "is_custom": asked.preset == CUSTOM,
        "query": request.GET.urlencode(),
        "crumbs": [(_("Catalogue"), reverse("catalogue")), (_("Comparison"), None)],
        "may_buy": actor.side in (actors.VISITOR.side, actors.BUYER),
        "may_report": actor.can("comparisons.report"),
        "on": periods.civil_date(clock.now()),
    }


def formula_rows(found: table.Table) -> list[dict[str, Any]]:
    """Each criterion with its weight and every offering's points: what the formula is made of."""
    return [
        {
            "label": table.LABELS[name](),
            "weight": found.weights[name],
            "points": [one.points[name] for one in found.scores],
        }
        for name in scoring.CRITERIA
    ]


def _preset(name: str) -> str:
    shares = scoring.PRESETS[name].as_dict()
    parts = " · ".join(f"{table.LABELS[one]()} {shares[one]}" for one in scoring.CRITERIA)
    return _("%(name)s: %(parts)s") % {"name": PRESETS[name], "parts": parts}


def _without(request: HttpRequest, offering_id: int) -> str:
    """The comparison's address without one offering."""
    query = request.GET.copy()
    query.setlist("offering", [one for one in query.getlist("offering") if one != str(offering_id)])
    return f"{reverse('compare')}?{query.urlencode()}"


def _answer(request: HttpRequest, *, toggled: int, refusal: str) -> HttpResponse:
    """The parts that changed, for a script; else the page the form stands on."""
    if request.headers.get("HX-Request") == "true":
        names = {entry.pk: entry.title for entry in queries.read_entries(offering_ids=[toggled])} if toggled else {}
        context = {"toggled": toggled, "title": names.get(toggled, ""), "refusal": refusal}
        return render(request, "public/compare_swap.html", context)
    if refusal:
        messages.error(request, refusal)
    back = request.POST.get("next") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = reverse("catalogue")
    return redirect(back)


def _id(text: str) -> int:
    """A public id; 0 if the text is none."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else 0
    return number if number <= LARGEST_PK else 0


def _share(text: str) -> int:
    """A whole percentage; -1, which is refused, if the text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1
