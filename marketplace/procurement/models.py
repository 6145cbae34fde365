"""How a purchase is decided: the approval an order needs before its provider may deliver."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Approval(models.Model):
    """A second person's yes or no to an order."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="approvals", verbose_name=_("organisation")
    )
    order_number = models.CharField(_("order"), max_length=20, unique=True)
    amount_minor = models.BigIntegerField(_("committed amount"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.WAITING)
    requested_by = models.ForeignKey(
        "organisations.User", models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("requested"))
    decided_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("requested_by")),
                name="approval_four_eyes",
            ),
            models.CheckConstraint(
                condition=models.Q(status="waiting", decided_at__isnull=True)
                | (~models.Q(status="waiting") & models.Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="approval_decided_by_someone",
            ),
        ]


class ComparisonReport(models.Model):
    """A comparison as it stood when someone put it on file. It never changes, whatever happens to prices.

    `content` holds every figure and text that the page shows, the versions compared and who made it; `sha256` is the
    hash of its canonical JSON, so that a copy can be checked against the file.
    """

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    number = models.CharField(_("number"), max_length=20, unique=True)
    made_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"))
    quantity = models.PositiveIntegerField(_("quantity"))
    term_months = models.PositiveSmallIntegerField(_("months"))
    formula_version = models.PositiveSmallIntegerField(_("version of the formula"))
    content = models.JSONField(_("content"))
    sha256 = models.CharField("SHA-256", max_length=64)

    class Meta:
        verbose_name = _("comparison report")
        verbose_name_plural = _("comparison reports")
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["organisation", "-made_at"], name="report_of_organisation")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, term_months__gte=1, term_months__lte=60),
                name="report_quantity_and_term",
            ),
            models.CheckConstraint(condition=models.Q(sha256__regex="^[0-9a-f]{64}$"), name="report_has_hash"),
        ]

    def __str__(self) -> str:
        return self.number


class Estimate(models.Model):
    """What someone means to use, to be shown to others by its link. It never changes: another choice is another one.

    It keeps choices and no prices. Who opens the link sees the list prices, or those of their own organisation, of
    that day; so a link gives away no agreed price.
    """

    token = models.CharField(_("link"), max_length=32, unique=True)
    made_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made"))
    lines = models.JSONField(_("lines"))

    class Meta:
        verbose_name = _("estimate")
        verbose_name_plural = _("estimates")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        return self.token
