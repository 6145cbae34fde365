"""The operator's desk of reviews: what was flagged, hidden with a reason, and shown again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import reviewed
from listings.reviews import desk, queries
from marketplace import clock
from marketplace.organisations import errors, gate

STATES = {
    queries.FLAGGED: gettext_lazy("Flagged"),
    queries.HIDDEN: gettext_lazy("Hidden"),
    "all": gettext_lazy("All"),
}


@gate.page(permission="reviews.moderate", side="platform")
def show_desk(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, first."""
    return _render(request)


@gate.page(permission="reviews.moderate", side="platform", methods=("POST",))
def hide(request: HttpRequest, code: str) -> HttpResponse:
    """Put a reason in the place of a text."""
    return _decide(request, code, is_hidden=True)


@gate.page(permission="reviews.moderate", side="platform", methods=("POST",))
def show(request: HttpRequest, code: str) -> HttpResponse:
    """Show a review again, or leave it shown and answer its flags."""
    return _decide(request, code, is_hidden=False)


def _decide(request: HttpRequest, code: str, *, is_hidden: bool) -> HttpResponse:
    form, status = reviewed.ReasonForm(request.POST, auto_id="decide_%s"), 422
    if form.is_valid():
        actor, now = gate.actor_of(request), clock.now()
        try:
            desk.decide(code=code, is_hidden=is_hidden, actor=actor, now=now, **form.cleaned_data)
        except errors.Refused as error:
            status = reviewed.refuse(form, error)
        else:
            messages.success(request, _("The review is hidden.") if is_hidden else _("The review is shown."))
            return redirect("operator:reviews")
    return _render(request, form=form, failed=code, is_hidden=is_hidden, status=status)


def _render(
    request: HttpRequest,
    *,
    form: reviewed.ReasonForm | None = None,
    failed: str = "",
    is_hidden: bool = False,
    status: int = 200,
) -> HttpResponse:
    state = request.GET.get("state", queries.FLAGGED)
    state = "all" if failed or state not in STATES else state
    page = queries.list_at_desk(state=state, page=request.GET.get("page", 1))
    counts = queries.count_at_desk()
    rows = []
    for place, review in enumerate(page):
        forms = {
            "hide": reviewed.ReasonForm(auto_id=f"hide{place}_%s"),
            "show": reviewed.ReasonForm(auto_id=f"show{place}_%s"),
        }
        if form is not None and review.code == failed:
            forms["hide" if is_hidden else "show"] = form
        rows.append({**reviewed.show(review), "forms": forms})
    url = reverse("operator:reviews")
    context = {
        "page": page,
        "rows": rows,
        "tabs": [
            {"label": label, "url": f"{url}?state={key}", "count": counts[key], "active": key == state}
            for key, label in STATES.items()
        ],
    }
    return render(request, "operator/reviews.html", context, status=status)
