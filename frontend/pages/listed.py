"""What the provider's and the operator's pages of a listing share: states in words, facts, findings, timeline."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages import freezes
from frontend.pages.public.versions import describe_prices
from listings import checks, life, standing
from listings.content import Content
from listings.taxonomy import queries as taxonomy
from listings.wording import STATES

# Tones of the badges; a state that is none of these is neutral.
TONES: Final[Mapping[str, str]] = {
    "submitted": "info",
    "in_review": "info",
    "returned": "warn",
    "published": "good",
    "frozen": "bad",
}
# The step of the wizard that mends a field.
STEP_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("category", "specs", "solution_domains"), "what"),
    **dict.fromkeys(("data_centre", "draws", "deployment_models", "lead_time_days"), "where"),
    **dict.fromkeys(
        ("sla_percent", "support", "exit_notice_days", "exit_export_days", "exit_export_formats", "exit_fee"), "terms"
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
    return {"own": own, "latest": badge(latest) if latest else None}


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
            "level": _("Must be mended") if one.is_error else _("Note"),
            "tone": "bad" if one.is_error else "warn",
            "message": one.message,
            "remedy": one.remedy,
            "url": f"{edit_url}?step={STEP_OF.get(one.field, 'what')}" if edit_url else "",
        }
        for one in checks.stored_findings(version=version)
    ]


def timeline(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The steps of an offering's life for c-timeline, the newest first."""
    return [
        {
            "title": _("Version %(number)s: %(state)s") % {"number": one.version_number, "state": STATES[one.to_state]},
            "state": "failed" if one.to_state in ("returned", "frozen", "withdrawn") else "done",
            "at": one.happened_at,
            "text": " · ".join(
                part
                for part in (
                    one.user.get_full_name() if one.user else "",
                    one.organisation.name if one.organisation else "",
                    one.reason,
                )
                if part
            ),
        }
        for one in rows
    ]


def describe(request: HttpRequest, *, product: Any, versions: Sequence[Any]) -> dict[str, Any]:
    """The context of a listing's page; `?version=` and `?with=` choose what is shown and compared."""
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
        "changes": life.changes(before=Content.from_json(other.content), after=written) if other else [],
        "facts": life.describe(content=written),
        "prices": describe_prices(shown.price_book),
        "findings": findings(shown),
        "timeline": timeline(rows),
        "returned": next((one for one in rows if one.to_state == "returned"), None)
        if latest.state == "returned"
        else None,
        "frozen": freezes.describe(standing.open_freezes(product_ids=[product.pk])[product.pk]),
        "public_url": product.get_absolute_url() if product.state == "published" else "",
        "was_published": {one.number for one in versions if one.state in life.ONCE_PUBLISHED},
    }


def version_url(product: Any, number: int) -> str:
    """The public page of a version that was in force once."""
    return reverse("offering_version", args=[product.pk, product.slug, number])


def _chosen(request: HttpRequest, name: str, versions: Sequence[Any]) -> Any:
    wanted = request.GET.get(name, "")
    return next((one for one in versions if str(one.number) == wanted), None)
