"""One review with all its versions, open to everyone, and the flag that asks the operator to look at it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages import reviewed
from listings import wording
from listings.reviews import operations, queries
from marketplace import clock
from marketplace.organisations import errors, gate


@gate.page(permission=None)
def show_review(request: HttpRequest, code: str) -> HttpResponse:
    """A review and its reply as they stand now, and every version before."""
    return _render(request, code)


@gate.page(permission="reviews.flag", methods=("POST",))
def flag_review(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the operator to look at it."""
    form, status = reviewed.ReasonForm(request.POST), 422
    if form.is_valid():
        try:
            operations.flag_review(code=code, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as error:
            status = reviewed.refuse(form, error)
        else:
            messages.success(request, _("The operator looks at this review and tells you the decision."))
            return redirect("review", code)
    return _render(request, code, form=form, status=status)


def _render(
    request: HttpRequest, code: str, *, form: reviewed.ReasonForm | None = None, status: int = 200
) -> HttpResponse:
    actor, review = gate.actor_of(request), queries.get_review(code=code)
    product = review.product
    title = wording.choose(product.title, product.title_en)
    is_own = review.organisation_id == actor.organisation_id
    is_open = not review.is_hidden or is_own or actor.can("reviews.moderate")
    context = {
        "one": reviewed.show(review),
        "offering": title,
        "is_open": is_open,
        "texts": queries.texts_of(review=review)[1:] if is_open else (),
        "replies": queries.texts_of(review=review, is_reply=True)[1:] if is_open else (),
        "form": form or reviewed.ReasonForm(),
        "may_flag": not review.is_hidden and not is_own and (not actor.is_authenticated or actor.can("reviews.flag")),
        "crumbs": [
            (_("Catalogue"), reverse("catalogue")),
            (title, product.get_absolute_url()),
            (_("A buyer's review"), None),
        ],
    }
    return render(request, "reviews/review.html", context, status=status)
