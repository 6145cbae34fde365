"""A review as it stands now, every version of its texts, flags and decisions. Oscar's model with fields of our own."""

from typing import Any, Final, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.reviews.abstract_models import AbstractProductReview

SCORES: Final = tuple((one, str(one)) for one in range(1, 6))
LONGEST_TITLE: Final = 60
LONGEST_BODY: Final = 2000
LONGEST_REASON: Final = 300


class ProductReview(AbstractProductReview):
    """What one buyer says of one accepted delivery, in its newest version. Never deleted.

    Oscar's `score` is the one for the service, `status` says whether it is shown (approved) or hidden (rejected),
    `code` is its public number. Its counts of votes and its contacts of anonymous writers are left out.
    """

    product = models.ForeignKey("catalogue.Product", models.PROTECT, related_name="reviews", verbose_name=_("offering"))
    delivery = models.OneToOneField(
        "fulfilment.Delivery", models.PROTECT, related_name="review", verbose_name=_("delivery")
    )
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("buyer")
    )
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    code = models.CharField(_("number"), max_length=20, unique=True)
    score = models.PositiveSmallIntegerField(_("score for the service"), choices=SCORES)
    delivery_score = models.PositiveSmallIntegerField(_("score for the delivery"), choices=SCORES)
    title = models.CharField(_("title"), max_length=LONGEST_TITLE)
    body = models.CharField(_("text"), max_length=LONGEST_BODY)
    version = models.PositiveIntegerField(_("version"), default=1)
    written_at = models.DateTimeField(_("written"))
    revised_at = models.DateTimeField(_("written in this version"))
    reply = models.CharField(_("reply of the provider"), max_length=LONGEST_BODY, blank=True)
    reply_version = models.PositiveIntegerField(_("version of the reply"), default=0)
    replied_at = models.DateTimeField(_("replied"), null=True)
    hidden_reason = models.CharField(_("why it is hidden"), max_length=LONGEST_REASON, blank=True)

    name = email = homepage = total_votes = delta_votes = date_created = None

    class Meta(AbstractProductReview.Meta):
        abstract = False
        unique_together: list[Any] = []
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-revised_at", "-pk"]
        indexes = [
            models.Index(fields=["product", "-revised_at"], name="review_of_product"),
            models.Index(fields=["organisation"], name="review_of_buyer"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(score__range=(1, 5), delivery_score__range=(1, 5)), name="review_scores"
            ),
            models.CheckConstraint(
                condition=models.Q(status=AbstractProductReview.APPROVED, hidden_reason="")
                | (models.Q(status=AbstractProductReview.REJECTED) & ~models.Q(hidden_reason="")),
                name="review_hidden_with_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(reply="", reply_version=0, replied_at=None)
                | (models.Q(reply_version__gte=1, replied_at__isnull=False) & ~models.Q(reply="")),
                name="review_reply_is_whole",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Without Oscar's second write of the whole offering; `operations` counts under its lock."""
        models.Model.save(self, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Nothing that was said is deleted; the database refuses it, too."""
        raise TypeError("Reviews are hidden with a reason, never deleted.")

    @property
    def is_hidden(self) -> bool:
        """Whether a reason stands in the place of the text."""
        return self.status == self.REJECTED


class ReviewText(models.Model):
    """One version of a review or of the reply to it, as it was written. Only added to."""

    class Kind(models.TextChoices):
        REVIEW = "review", _("Text of the buyer")
        REPLY = "reply", _("Reply of the provider")

    review = models.ForeignKey(ProductReview, models.PROTECT, related_name="texts", verbose_name=_("review"))
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    number = models.PositiveIntegerField(_("version"))
    score = models.PositiveSmallIntegerField(_("score for the service"), null=True)
    delivery_score = models.PositiveSmallIntegerField(_("score for the delivery"), null=True)
    title = models.CharField(_("title"), max_length=LONGEST_TITLE, blank=True)
    body = models.CharField(_("text"), max_length=LONGEST_BODY)
    written_at = models.DateTimeField(_("written"))
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name = _("version of a review")
        verbose_name_plural = _("versions of reviews")
        ordering = ["review", "kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["review", "kind", "number"], name="review_text_once"),
            models.CheckConstraint(
                condition=models.Q(kind="reply", score=None, delivery_score=None)
                | models.Q(kind="review", score__isnull=False, delivery_score__isnull=False),
                name="review_text_scores",
            ),
        ]


class ReviewDecision(models.Model):
    """The operator hid a review, or showed it (again), and why. Only added to."""

    review = models.ForeignKey(ProductReview, models.PROTECT, related_name="decisions", verbose_name=_("review"))
    is_hidden = models.BooleanField(_("hidden"))
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON)
    decided_at = models.DateTimeField(_("decided"))
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name = _("decision about a review")
        verbose_name_plural = _("decisions about reviews")
        ordering = ["-pk"]


class ReviewFlag(models.Model):
    """Somebody asks the operator to look at a review. It waits until a decision answers it."""

    review = models.ForeignKey(ProductReview, models.PROTECT, related_name="flags", verbose_name=_("review"))
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON)
    flagged_at = models.DateTimeField(_("flagged"))
    decision = models.ForeignKey(
        ReviewDecision, models.PROTECT, null=True, related_name="flags", verbose_name=_("decision")
    )

    class Meta:
        verbose_name = _("flag of a review")
        verbose_name_plural = _("flags of reviews")
        ordering = ["flagged_at", "pk"]
        indexes = [
            models.Index(fields=["review"], name="review_flag_open", condition=models.Q(decision=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "user"], condition=models.Q(decision=None), name="review_flag_once"
            )
        ]


from oscar.apps.catalogue.reviews.models import *  # noqa: E402, F403
