"""The operator's review desk: what waits, a version beside the one in force, and the decision."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import freezes, listed
from listings import life, operations, steps
from listings.content import Content
from marketplace import clock
from marketplace.organisations import errors, gate


class ReasonForm(forms.Form):
    """Why a version is returned, or an offering frozen."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=steps.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The provider reads it."),
    )


@gate.page(permission="listings.review", side="platform")
def show_queue(request: HttpRequest) -> HttpResponse:
    """What waits for a reviewer, what is in hand, what is frozen; the oldest first."""
    me, now = gate.person_of(request), clock.now()
    waiting: list[Any] = life.list_queue(states=["submitted"])
    in_hand: list[Any] = life.list_queue(states=["in_review"])
    groups: dict[str, tuple[str, list[Any]]] = {
        "waiting": (_("Waiting"), waiting),
        "mine": (_("In review by me"), [one for one in in_hand if one.reviewer_id == me]),
        "others": (_("In review by others"), [one for one in in_hand if one.reviewer_id != me]),
        "frozen": (_("Frozen"), life.list_frozen()),
    }
    chosen = request.GET.get("view", "waiting") if request.GET.get("view") in groups else "waiting"
    url = reverse("operator:listings")
    context = {
        "tabs": [
            {"label": words, "url": f"{url}?view={name}", "count": len(rows), "active": name == chosen}
            for name, (words, rows) in groups.items()
        ],
        "view": chosen,
        "rows": [] if chosen == "frozen" else [_row(one, now) for one in groups[chosen][1]],
        "frozen": [{"product": product, "reasons": freezes.describe(found)} for product, found in groups["frozen"][1]]
        if chosen == "frozen"
        else [],
        "total": len(waiting) + len(in_hand),
    }
    return render(request, "operator/listings.html", context)


@gate.page(permission="listings.review", side="platform")
def show_listing(request: HttpRequest, code: str) -> HttpResponse:
    """One listing as a reviewer sees it."""
    return _render(request, code, form=ReasonForm())


@gate.page(permission="listings.review", side="platform", methods=("POST",))
def take(request: HttpRequest, code: str) -> HttpResponse:
    """Take the submitted version, or take it over from a colleague."""

    def act(version: Any, common: dict[str, Any]) -> None:
        operations.take_for_review(version=version, is_takeover=request.POST.get("over") == "1", **common)

    return _decide(request, code, act=act, done=_("You have this listing in review."))


@gate.page(permission="listings.review", side="platform", methods=("POST",))
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """Put the version in force."""

    def act(version: Any, common: dict[str, Any]) -> None:
        operations.publish_version(version=version, **common)

    return _decide(request, code, act=act, done=_("The version is published."))


@gate.page(permission="listings.review", side="platform", methods=("POST",))
def return_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Give the version back with a reason."""

    def act(version: Any, common: dict[str, Any]) -> None:
        operations.return_version(version=version, **common)

    return _decide(request, code, act=act, done=_("The version is returned to its provider."), needs_reason=True)


@gate.page(permission="listings.review", side="platform", methods=("POST",))
def freeze(request: HttpRequest, code: str) -> HttpResponse:
    """Hide the offering until the freeze is lifted."""

    def act(version: Any, common: dict[str, Any]) -> None:
        operations.freeze(product=version.product, **common)

    return _decide(request, code, act=act, done=_("The listing is frozen."), needs_reason=True)


@gate.page(permission="listings.review", side="platform", methods=("POST",))
def lift(request: HttpRequest, code: str) -> HttpResponse:
    """Show a frozen offering again."""

    def act(version: Any, common: dict[str, Any]) -> None:
        operations.lift_freeze(product=version.product, **common)

    return _decide(request, code, act=act, done=_("The freeze is lifted."), needs_reason=True)


def _decide(
    request: HttpRequest,
    code: str,
    *,
    act: Callable[[Any, dict[str, Any]], None],
    done: str,
    needs_reason: bool = False,
) -> HttpResponse:
    product = life.get_listing(code=code)
    version = life.list_versions(product_id=product.pk)[0]
    version.product = product
    form = ReasonForm(request.POST)
    status = 422
    if not needs_reason or form.is_valid():
        common = {"actor": gate.actor_of(request), "now": clock.now()}
        if needs_reason:
            common["reason"] = form.cleaned_data["reason"]
        try:
            act(version, common)
        except errors.Refused as refusal:
            messages.error(request, refusal.message)
            status = 409 if refusal.is_conflict else 422
            form = ReasonForm(initial={"reason": request.POST.get("reason", "")})
        else:
            messages.success(request, done)
            return redirect("operator:listing", code)
    return _render(request, code, form=form, status=status)


def _render(request: HttpRequest, code: str, *, form: ReasonForm, status: int = 200) -> HttpResponse:
    product = life.get_listing(code=code)
    versions = life.list_versions(product_id=product.pk)
    latest = versions[0]
    reviewer = steps.reviewer_of(version=latest) if latest.state == "in_review" else None
    is_mine = reviewer == gate.person_of(request)
    queued: list[Any] = life.list_queue(states=["in_review"]) if reviewer else []
    context = {
        **listed.describe(request, product=product, versions=versions),
        "form": form,
        "freeze_form": ReasonForm(auto_id="freeze_%s"),
        "can_take": latest.state == "submitted",
        "can_take_over": latest.state == "in_review" and not is_mine,
        "can_decide": latest.state == "in_review" and is_mine,
        "can_freeze": product.state == "published",
        "can_lift": product.state == "frozen",
        "reviewer_name": next((one.reviewer_name for one in queued if one.pk == latest.pk), ""),
        "crumbs": [(_("Review of listings"), reverse("operator:listings")), (product.code, None)],
    }
    return render(request, "operator/listing.html", context, status=status)


def _row(version: Any, now: Any) -> dict[str, Any]:
    found = listed.findings(version)
    return {
        "version": version,
        "title": Content.from_json(version.content).title,
        "days": (now - version.submitted_at).days,
        "is_new": version.number == 1,
        "warnings": len(found),
    }
