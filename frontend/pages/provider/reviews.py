"""Reviews of the provider's offerings, and the replies to them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import reviewed
from listings.reviews import operations, queries
from marketplace import clock
from marketplace.organisations import errors, gate

STATES = {
    "": gettext_lazy("All"),
    queries.WAITING: gettext_lazy("Without a reply"),
    queries.ANSWERED: gettext_lazy("With a reply"),
    queries.HIDDEN: gettext_lazy("Hidden"),
}


@gate.page(permission="reviews.reply", side="provider")
def list_reviews(request: HttpRequest) -> HttpResponse:
    """What buyers said, by state."""
    return _render(request)


@gate.page(permission="reviews.reply", side="provider", methods=("POST",))
def reply(request: HttpRequest, code: str) -> HttpResponse:
    """Reply to a review, or write the reply anew."""
    queries.require_of_provider(code=code, organisation_id=gate.organisation_of(request))
    form, status = reviewed.ReplyForm(request.POST, auto_id="reply_%s"), 422
    if form.is_valid():
        try:
            operations.write_reply(code=code, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as error:
            status = reviewed.refuse(form, error)
        else:
            messages.success(request, _("Your reply stands below the review."))
            return redirect("provider:reviews")
    return _render(request, form=form, failed=code, status=status)


def _render(
    request: HttpRequest, *, form: reviewed.ReplyForm | None = None, failed: str = "", status: int = 200
) -> HttpResponse:
    organisation_id = gate.organisation_of(request)
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    page = queries.list_of_provider(organisation_id=organisation_id, state=state, page=request.GET.get("page", 1))
    counts = queries.count_of_provider(organisation_id=organisation_id)
    url = reverse("provider:reviews")
    rows = []
    for place, review in enumerate(page):
        initial = {"text": review.reply, "after_version": review.reply_version}
        fresh = reviewed.ReplyForm(initial=initial, auto_id=f"reply{place}_%s")
        rows.append({**reviewed.show(review), "form": form if form and review.code == failed else fresh})
    context = {
        "page": page,
        "rows": rows,
        "failed": failed,
        "total": counts["all"],
        "tabs": [
            {
                "label": label,
                "url": f"{url}?state={key}" if key else url,
                "count": counts[key or "all"],
                "active": key == state,
            }
            for key, label in STATES.items()
        ],
    }
    return render(request, "provider/reviews.html", context, status=status)
