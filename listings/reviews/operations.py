"""Writes of buyers, providers and whoever flags. The operator's are in `desk`.

Locks: the offering, then its review, so that the means on the offering always fit what is shown.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from listings.models import Product
from listings.reviews import rules
from listings.reviews.models import ProductReview, ReviewFlag, ReviewText
from listings.reviews.rules import NoSuchReview
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as people
from providers.fulfilment.models import Delivery

HUNDREDTH: Final = Decimal("0.01")

WRITTEN: Final = gettext_noop(
    "Your offering %(offering)s was reviewed: service %(service)s, delivery %(delivery)s of 5."
)
REPLIED: Final = gettext_noop("The provider replied to your review of %(offering)s.")
FLAGGED: Final = gettext_noop("A review of %(offering)s was flagged and waits for you.")


class ReviewChanged(errors.Conflict):
    """Somebody of the same organisation has written another version meanwhile."""


class InvalidFlag(errors.Refused):
    """A flag without a reason, or of one's own review."""


@transaction.atomic
def write_review(
    *,
    number: str,
    score: int,
    delivery_score: int,
    title: str,
    body: str,
    after_version: int,
    actor: actors.Actor,
    now: datetime,
) -> ProductReview:
    """The buyer's review of a contract's accepted delivery, or its next version; the same text again changes nothing.

    `after_version` is the version that the writer saw, 0 without one. A hidden review stays hidden until the operator
    shows it again. Raises NoSuchReview, NotAccepted, NotIndependent, InvalidReview, ReviewChanged.
    """
    actor.require("reviews.write")
    delivery = _delivery_of(number, actor)
    rules.require_accepted(delivery=delivery)
    rules.require_independent(delivery=delivery, actor=actor, now=now)
    title, body = rules.check_review(score=score, delivery_score=delivery_score, title=title, body=body)
    product = lock_offering(delivery=delivery)
    review = ProductReview.objects.filter(delivery=delivery).first()
    given = (score, delivery_score, title, body)
    if review is not None and given == (review.score, review.delivery_score, review.title, review.body):
        return review
    if (review.version if review else 0) != after_version:
        raise _changed()
    review = review or ProductReview(
        product=product,
        delivery=delivery,
        organisation_id=delivery.buyer_id,
        code=organisations.random_number(prefix="PJ"),
        version=0,
        written_at=now,
    )
    review.score, review.delivery_score, review.title, review.body = given
    review.version, review.revised_at, review.user_id = review.version + 1, now, rules.person_of(actor)
    _save_once(review)
    _keep(review, ReviewText.Kind.REVIEW, number=review.version, body=body, actor=actor, now=now)
    count_again(product_id=product.pk)
    _note(review, "review.written", actor=actor, now=now)
    values = {"offering": product.title, "service": score, "delivery": delivery_score}
    _tell(
        delivery.partner.organisation_id,
        f"review:{review.code}:{review.version}",
        "reviews.reply",
        WRITTEN,
        values,
        path="/provider/reviews/",
        now=now,
    )
    return review


@transaction.atomic
def write_reply(*, code: str, text: str, after_version: int, actor: actors.Actor, now: datetime) -> ProductReview:
    """The provider's one reply, or its next version; the same text again changes nothing.

    Raises NoSuchReview, InvalidReview (field `text`), ReviewChanged.
    """
    actor.require("reviews.reply")
    body = rules.check_body(text, field="text")
    review = lock(code=code)
    if actor.side != actors.PROVIDER or review.product.partner.organisation_id != actor.organisation_id:
        raise NoSuchReview(code)
    if review.reply == body:
        return review
    if review.reply_version != after_version:
        raise _changed()
    review.reply, review.reply_version, review.replied_at = body, review.reply_version + 1, now
    review.save(update_fields=["reply", "reply_version", "replied_at"])
    _keep(review, ReviewText.Kind.REPLY, number=review.reply_version, body=body, actor=actor, now=now)
    _note(review, "review.replied", actor=actor, now=now)
    _tell(
        review.organisation_id,
        f"reply:{review.code}:{review.reply_version}",
        "reviews.write",
        REPLIED,
        {"offering": review.product.title},
        path=f"/reviews/{review.code}/",
        now=now,
    )
    return review


@transaction.atomic
def flag_review(*, code: str, reason: str, actor: actors.Actor, now: datetime) -> ReviewFlag:
    """Ask the operator to look at a review; once a person until the operator has decided. Again changes nothing.

    Raises NoSuchReview, InvalidFlag.
    """
    actor.require("reviews.flag")
    reason = errors.check_reason(reason, refusal=InvalidFlag)
    review = lock(code=code)
    if review.organisation_id == actor.organisation_id:
        raise InvalidFlag(_("This is your own organisation's review. Write a new version of it instead."))
    if review.is_hidden:
        raise InvalidFlag(_("This review is hidden already."))
    flag, is_new = ReviewFlag.objects.get_or_create(
        review=review,
        user_id=rules.person_of(actor),
        decision=None,
        defaults={"organisation_id": actor.organisation_id or 0, "reason": reason, "flagged_at": now},
    )
    if is_new:
        _note(review, "review.flagged", actor=actor, now=now)
        _tell(
            people.get_platform().pk,
            f"flag:{flag.pk}",
            "reviews.moderate",
            FLAGGED,
            {"offering": review.product.title},
            path="/operator/reviews/",
            now=now,
        )
    return flag


def lock_offering(*, delivery: Delivery) -> Product:
    """The offering of a delivery, locked until the transaction ends: means are counted by one at a time."""
    rows = Product.objects.select_for_update(no_key=True)
    return rows.get(partner_id=delivery.partner_id, code=delivery.offering_code)


def lock(*, code: str) -> ProductReview:
    """A review and its offering, locked in this order. Raises NoSuchReview."""
    found = ProductReview.objects.filter(code=code).values_list("product_id", flat=True).first()
    if found is None:
        raise NoSuchReview(code)
    Product.objects.select_for_update(no_key=True).get(pk=found)
    rows = ProductReview.objects.select_for_update(of=("self",)).select_related("product__partner", "delivery__partner")
    return rows.get(code=code)


def count_again(*, product_id: int) -> None:
    """Write the means of the reviews that are shown to their offering, which the caller has locked."""
    shown = ProductReview.objects.filter(product_id=product_id, status=ProductReview.APPROVED)
    found = shown.aggregate(count=Count("pk"), service=Sum("score"), delivery=Sum("delivery_score"))
    count = found["count"]
    Product.objects.filter(pk=product_id).update(
        review_count=count,
        service_score=_mean(found["service"], count),
        delivery_score=_mean(found["delivery"], count),
    )


def _mean(total: int | None, count: int) -> Decimal | None:
    return None if total is None else (Decimal(total) / count).quantize(HUNDREDTH, rounding=ROUND_HALF_UP)


def _save_once(review: ProductReview) -> None:
    """One review a delivery, whoever is first (`reviews_productreview_delivery_id_key`)."""
    try:
        with transaction.atomic():
            review.save()
    except IntegrityError as error:
        if not errors.breaks(error, "reviews_productreview_delivery_id_key"):
            raise
        raise _changed() from error


def _changed() -> ReviewChanged:
    return ReviewChanged(_("Somebody of your organisation has written another version meanwhile. Reload and read it."))


def _delivery_of(number: str, actor: actors.Actor) -> Delivery:
    rows = Delivery.objects.select_related("partner__organisation", "buyer")
    delivery = rows.filter(number=number, buyer_id=actor.organisation_id or 0).first()
    if delivery is None or actor.side != actors.BUYER:
        raise NoSuchReview(number)
    return delivery


def _keep(
    review: ProductReview, kind: str, *, number: int, body: str, actor: actors.Actor, now: datetime
) -> ReviewText:
    is_review = kind == ReviewText.Kind.REVIEW
    return ReviewText.objects.create(
        review=review,
        kind=kind,
        number=number,
        score=review.score if is_review else None,
        delivery_score=review.delivery_score if is_review else None,
        title=review.title if is_review else "",
        body=body,
        written_at=now,
        user_id=rules.person_of(actor),
    )


def _note(review: ProductReview, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="review",
        object_id=review.code,
        now=now,
        details={"version": review.version, "reply_version": review.reply_version},
    )


def _tell(
    organisation_id: int | None,
    key: str,
    permission: str,
    text: str,
    values: dict[str, str | int],
    *,
    path: str,
    now: datetime,
) -> None:
    if organisation_id is not None:
        notices.notify(
            organisation_id=organisation_id,
            key=key,
            permission=permission,
            text=text,
            values=values,
            path=path,
            now=now,
        )
