"""What the provider's and the operator's pages of a listing share: states in words, facts, findings, timeline."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from frontend.pages import freezes, listed_prices
from listings import checks, life, standing
from listings.content import Content
from listings.taxonomy import queries as taxonomy
from listings.wording import STATES, choose, write_unit

# Tones of the badges; a state that is none of these is neutral.
TONES: Final[Mapping[str, str]] = {
    "submitted": "info",
    "in_review": "info",
    "returned": "warn",
    "published": "good",
    "frozen": "bad",
}
# The steps of the wizard, which are the sections of a listing's page too.
STEPS: Final[Mapping[str, Promise]] = {
    "what": gettext_lazy("What it is"),
    "where": gettext_lazy("Where it runs"),
    "terms": gettext_lazy("Service level and exit"),
    "texts": gettext_lazy("Text in three languages"),
    "prices": gettext_lazy("Prices"),
    "submit": gettext_lazy("Check and submit"),
}
# The step of the wizard that mends a field.
STEP_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("category", "specs", "solution_domains"), "what"),
    **dict.fromkeys(("data_centre", "draws", "deployment_models", "lead_time_days"), "where"),
    **dict.fromkeys(
        (
            "sla_percent",
            "sla_credits",
            "support",
            "exit_notice_days",
            "exit_export_days",
            "exit_export_formats",
            "exit_fee",
        ),
        "terms",
    ),
    **dict.fromkeys(("title", "title_en", "title_mn", "summary", "summary_en", "summary_mn"), "texts"),
    "prices": "prices",
}


def badge(state: str) -> dict[str, Any]:
    """A state's words and tone."""
    return {"words": STATES[state], "tone": TONES.get(state, "neutral")}


def badges(product: Any) -> dict[str, Any]:
    """The offering's own state and, where it differs, that of the version being worked on."""
    latest = product.latest if product.latest not in (None, product.state, "published", "superseded") else None
    own = None if product.state == "draft" and latest else badge(product.state)
    found = checks.Finding.read(product.latest_findings) if product.latest == "draft" else []
    return {
        "own": own,
        "latest": badge(latest) if latest else None,
        "errors": sum(1 for one in found if one.is_error),
        "unit": write_unit(product.from_price_unit),
        "category": choose(product.main_category.name, product.main_category.name_en) if product.main_category else "",
    }


def tabs(*, counts: Mapping[str, int], chosen: str, url: str) -> list[dict[str, Any]]:
    """The views of the desk with their counts; empty ones are left out."""
    found = [{"label": _("All"), "url": url, "count": counts["all"], "active": not chosen}]
    for view in life.VIEWS:
        words = STATES["in_review" if view == "review" else view]
        if counts[view] or view == chosen:
            found.append({"label": words, "url": f"{url}?view={view}", "count": counts[view], "active": view == chosen})
    return found


def category_choices() -> list[tuple[str, str]]:
    """Categories for a select, in the order of the taxonomy."""
    return [(one.slug, one.label) for one in taxonomy.list_categories()]


def findings(version: Any, *, edit_url: str = "") -> list[dict[str, Any]]:
    """What the checks found in a version, with the address of the step that mends it."""
    return [
        {
            "level": _("Must be mended") if one.is_error else pgettext("finding", "Hint"),
            "is_error": one.is_error,
            "step": STEP_OF.get(one.field, "what"),
            "tone": "bad" if one.is_error else "warn",
            "message": one.message,
            "remedy": one.remedy,
            "url": f"{edit_url}?step={STEP_OF.get(one.field, 'what')}" if edit_url else "",
        }
        for one in checks.stored_findings(version=version)
    ]


def timeline(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The steps of an offering's life for c-timeline, the newest first; what still waits is the present step."""
    return [
        {
            "title": _step_words(one),
            "state": "failed"
            if one.to_state in ("returned", "frozen", "withdrawn")
            else "current"
            if place == 0 and one.to_state in ("draft", "submitted", "in_review")
            else "done",
            "at": one.happened_at,
            "text": " · ".join(
                part
                for part in (
                    one.user.get_full_name() if one.user else "",
                    one.organisation.name if one.organisation else "",
                )
                if part
            ),
            "note": one.reason,
        }
        for place, one in enumerate(rows)
    ]


def is_taken_back(step: Any, *, provider_id: int | None) -> bool:
    """Whether it was the provider itself that ended a review."""
    return step.to_state == "returned" and step.organisation_id is not None and step.organisation_id == provider_id


def _step_words(step: Any) -> str:
    if step.to_state in ("frozen", "withdrawn") or step.from_state in ("frozen", "withdrawn"):
        words = _("Freeze lifted") if step.from_state == "frozen" and step.to_state == "published" else None
        return str(words or STATES[step.to_state])
    provider = step.product.partner
    is_own = is_taken_back(step, provider_id=provider.organisation_id if provider else None)
    state = _("Taken back") if is_own else STATES[step.to_state]
    return _("Version %(number)s: %(state)s") % {"number": step.version_number, "state": state}


def sections(facts: Sequence[life.Fact]) -> list[dict[str, Any]]:
    """The facts of a content under the steps of the wizard."""
    return [
        {"title": words, "facts": found}
        for step, words in STEPS.items()
        if (found := [one for one in facts if STEP_OF[one.field] == step])
    ]


def describe(request: HttpRequest, *, product: Any, versions: Sequence[Any], edit_url: str = "") -> dict[str, Any]:
    """The context of a listing's page; `?version=` and `?with=` choose what is shown and compared.

    `edit_url`: the wizard's, where what the checks found in the newest version is mended.
    """
    latest = versions[0]
    shown = _chosen(request, "version", versions) or latest
    in_force = next((one for one in versions if one.state == "published"), None)
    other = _chosen(request, "with", versions) or (in_force if in_force not in (None, shown) else None)
    other = other or next((one for one in versions if one.number < shown.number), None)
    written = Content.from_json(shown.content)
    rows = life.list_steps(product_id=product.pk)
    return {
        "product": product,
        "title": written.title or product.title or product.code,
        "state": badge(product.state),
        "latest": latest,
        "latest_state": badge(latest.state),
        "shown": shown,
        "shown_state": badge(shown.state),
        "versions": [{"version": one, **badge(one.state)} for one in versions],
        "version_options": [(str(one.number), f"{one.number} · {STATES[one.state]}") for one in versions],
        "other": other,
        "changes": _changes(other, shown),
        "sections": sections(life.describe(content=written)),
        "prices": listed_prices.describe_plans(listed_prices.plans_of(shown)),
        "findings": findings(shown, edit_url=edit_url if shown == latest else ""),
        "timeline": timeline(rows),
        "returned": _returned(product, latest, rows),
        "frozen": freezes.describe(standing.open_freezes(product_ids=[product.pk])[product.pk]),
        "public_url": product.get_absolute_url() if product.state == "published" else "",
        "was_published": {one.number for one in versions if one.state in life.ONCE_PUBLISHED},
    }


def _changes(other: Any, shown: Any) -> list[life.Change]:
    """What differs in text and prices."""
    if other is None:
        return []
    contents = {"before": Content.from_json(other.content), "after": Content.from_json(shown.content)}
    plans = {"before": listed_prices.plans_of(other), "after": listed_prices.plans_of(shown)}
    return [*life.changes(**contents), *listed_prices.changes(**plans)]


def _returned(product: Any, latest: Any, rows: Sequence[Any]) -> Any:
    """The reviewer's step, if the newest version was returned, or if a draft answers one that was."""
    step = next((one for one in rows if one.to_state == "returned"), None)
    is_answered = latest.state not in ("returned", "draft") or step is None or latest.number > step.version_number + 1
    if is_answered or is_taken_back(step, provider_id=product.partner.organisation_id):
        return None
    return step


def version_url(product: Any, number: int) -> str:
    """The public page of a version that was in force once."""
    return reverse("offering_version", args=[product.pk, product.slug, number])


def _chosen(request: HttpRequest, name: str, versions: Sequence[Any]) -> Any:
    wanted = request.GET.get(name, "")
    return next((one for one in versions if str(one.number) == wanted), None)
