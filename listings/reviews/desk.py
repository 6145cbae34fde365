"""The operator's half: a review is hidden with a reason that stands in its place, and shown again; never deleted."""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from listings.reviews import operations, rules
from listings.reviews.models import ProductReview, ReviewDecision, ReviewFlag
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations

HIDDEN: Final = gettext_noop("The review of %(offering)s was hidden: %(reason)s")
SHOWN: Final = gettext_noop("The review of %(offering)s is shown: %(reason)s")


class InvalidDecision(errors.Refused):
    """A reason is missing or too long."""


class NothingToDecide(errors.Conflict):
    """The review is in this state already, and nobody has flagged it."""


@transaction.atomic
def decide(*, code: str, is_hidden: bool, reason: str, actor: actors.Actor, now: datetime) -> ReviewDecision:
    """Hide a review, or show it: again after hiding, or still, which answers its flags.

    Both sides and whoever flagged it read the reason. Raises NoSuchReview, NotIndependent, InvalidDecision,
    NothingToDecide.
    """
    actor.require("reviews.moderate")
    reason = errors.check_reason(reason, refusal=InvalidDecision)
    review = operations.lock(code=code)
    provider_id = review.product.partner.organisation_id
    if rules.is_member(actor, provider_id, review.organisation_id):
        raise rules.NotIndependent(_("You belong to one of the two sides. Somebody else has to decide."))
    flags = list(ReviewFlag.objects.filter(review=review, decision=None).select_related("organisation"))
    if review.is_hidden == is_hidden and not flags:
        raise NothingToDecide(_("This is decided already. Reload the page."))
    decision = ReviewDecision.objects.create(
        review=review, is_hidden=is_hidden, reason=reason, decided_at=now, user_id=rules.person_of(actor)
    )
    ReviewFlag.objects.filter(pk__in=[one.pk for one in flags]).update(decision=decision)
    review.status = ProductReview.REJECTED if is_hidden else ProductReview.APPROVED
    review.hidden_reason = reason if is_hidden else ""
    review.save(update_fields=["status", "hidden_reason"])
    operations.count_again(product_id=review.product_id)
    organisations.record(
        actor=actor,
        action="review.hidden" if is_hidden else "review.shown",
        object_type="review",
        object_id=review.code,
        now=now,
        details={"flags": len(flags)},
    )
    _tell(decision, review, flags, now=now)
    return decision


def _tell(decision: ReviewDecision, review: ProductReview, flags: list[ReviewFlag], *, now: datetime) -> None:
    """Tell the writer and the provider, and whoever flagged it, once each."""
    provider_id = review.product.partner.organisation_id
    permissions = {one.organisation_id: "reviews.flag" for one in flags}
    permissions |= {review.organisation_id: "reviews.write"}
    if provider_id is not None:
        permissions[provider_id] = "reviews.reply"
    notices.notify_each(
        messages=[
            notices.Message(
                organisation_id=organisation_id,
                key=f"review-decision:{decision.pk}",
                permission=permission,
                text=HIDDEN if decision.is_hidden else SHOWN,
                values={"offering": review.product.title, "reason": decision.reason},
                path=f"/reviews/{review.code}/",
            )
            for organisation_id, permission in permissions.items()
        ],
        now=now,
    )
