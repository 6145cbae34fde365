"""Reads: reviews of an offering, of a contract, of a provider, and what waits at the operator's desk."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Window

from listings.reviews import rules
from listings.reviews.models import SCORES, ProductReview, ReviewDecision, ReviewFlag, ReviewText
from listings.reviews.rules import NoSuchReview
from marketplace.organisations import actors, errors
from providers.fulfilment.models import Delivery

__all__ = ["SCORES", "NoSuchReview"]

SHOWN_AT_ONCE: Final = 10
PAGE_SIZE: Final = 50
LAST_PAGE: Final = 10**6  # further on nobody looks
LEGAL_FORMS: Final = re.compile(r"(股份有限公司|有限责任公司|有限公司)$")
WAITING, ANSWERED, HIDDEN, FLAGGED = "waiting", "answered", "hidden", "flagged"


def short_name(*, name: str) -> str:
    """What an organisation is called without its legal form."""
    return LEGAL_FORMS.sub("", name) or name


def list_reviews(*, product_id: int, page: int | str = 1) -> Page:
    """The reviews of an offering, the newest first, 10 a page, hidden ones in their place; one query.

    A page that does not exist is the first one.
    """
    rows = ProductReview.objects.filter(product_id=product_id).select_related("organisation")
    rows = rows.annotate(of_all=Window(Count("pk")))
    number = int(page) if str(page).isascii() and str(page).isdigit() and 0 < int(page) < LAST_PAGE else 1
    shown = list(rows[(number - 1) * SHOWN_AT_ONCE : number * SHOWN_AT_ONCE])
    if not shown and number > 1:
        number, shown = 1, list(rows[:SHOWN_AT_ONCE])
    paginator = Paginator(rows, SHOWN_AT_ONCE)
    paginator.count = shown[0].of_all if shown else 0  # counted along with the rows
    return Page(shown, number, paginator)


def get_review(*, code: str) -> ProductReview:
    """A review with every version of its texts and the decisions about it. Raises NoSuchReview."""
    rows = ProductReview.objects.select_related("organisation", "product__partner", "delivery")
    review = rows.prefetch_related("texts", "decisions").filter(code=code).first()
    if review is None:
        raise NoSuchReview(code)
    return review


def texts_of(*, review: ProductReview, is_reply: bool = False) -> Sequence[ReviewText]:
    """The versions of a review that `get_review` has read, the newest first; of the reply with `is_reply`."""
    kind = ReviewText.Kind.REPLY if is_reply else ReviewText.Kind.REVIEW
    return [one for one in review.texts.all() if one.kind == kind]


def find_review(*, number: str) -> ProductReview | None:
    """The review of a contract that the caller may see; one query."""
    return ProductReview.objects.filter(delivery__number=number).select_related("organisation", "product").first()


def may_review(*, delivery: Delivery | None, actor: actors.Actor, now: datetime) -> bool:
    """Whether the buyer's person may write a review of a delivery now, or another version of it."""
    if delivery is None or not actor.can("reviews.write") or delivery.buyer_id != actor.organisation_id:
        return False
    try:
        rules.require_accepted(delivery=delivery)
        rules.require_independent(delivery=delivery, actor=actor, now=now)
    except errors.Refused:
        return False
    return True


def list_of_provider(*, organisation_id: int, state: str = "", page: int | str = 1) -> Page:
    """Reviews of a provider's offerings, the newest first; `state`: waiting (without a reply), answered or hidden."""
    rows = _of_provider(organisation_id).select_related("organisation", "product", "delivery")
    return Paginator(_in_state(rows, state), PAGE_SIZE).get_page(page)


def require_of_provider(*, code: str, organisation_id: int) -> None:
    """Raise NoSuchReview unless it is one of this provider's offerings."""
    if not _of_provider(organisation_id).filter(code=code).exists():
        raise NoSuchReview(code)


def count_of_provider(*, organisation_id: int) -> dict[str, int]:
    """How many reviews of a provider there are in each state, and `all`; one query."""
    return _count(_of_provider(organisation_id), (WAITING, ANSWERED, HIDDEN))


def list_at_desk(*, state: str = "", page: int | str = 1) -> Page:
    """All reviews for the operator, with open flags and decisions; `state`: flagged or hidden. 4 queries."""
    flags = ReviewFlag.objects.filter(decision=None).select_related("organisation", "user")
    rows = ProductReview.objects.select_related("organisation", "product__partner").prefetch_related(
        Prefetch("flags", queryset=flags, to_attr="open_flags"),
        Prefetch("decisions", queryset=ReviewDecision.objects.order_by("-pk")),
    )
    return Paginator(_in_state(rows, state), PAGE_SIZE).get_page(page)


def count_at_desk() -> dict[str, int]:
    """How many reviews are flagged, hidden, and `all`; one query."""
    return _count(ProductReview.objects.all(), (FLAGGED, HIDDEN))


def _of_provider(organisation_id: int) -> QuerySet[ProductReview, Any]:
    return ProductReview.objects.filter(product__partner__organisation_id=organisation_id)


def _condition(state: str) -> Any:
    """What is in a state, as a condition on reviews; everything without one."""
    if state == FLAGGED:
        return Exists(ReviewFlag.objects.filter(review=OuterRef("pk"), decision=None))
    return {
        WAITING: Q(reply_version=0, status=ProductReview.APPROVED),
        ANSWERED: Q(reply_version__gte=1, status=ProductReview.APPROVED),
        HIDDEN: Q(status=ProductReview.REJECTED),
    }.get(state, Q())


def _in_state(rows: QuerySet[ProductReview, Any], state: str) -> QuerySet[ProductReview, Any]:
    return rows.filter(_condition(state))


def _count(rows: QuerySet[ProductReview, Any], states: Sequence[str]) -> dict[str, int]:
    counts = {state: Count("pk", filter=_condition(state)) for state in states}
    return rows.order_by().aggregate(all=Count("pk"), **counts)
