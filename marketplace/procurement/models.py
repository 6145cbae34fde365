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


class AdviserRules(models.Model):
    """One version of the table that says which deployment models fit which information and business.

    Rule changes are published at least 7 days ahead (E-commerce Law 34): a CHECK compares both days, as civil dates of
    Asia/Shanghai. Rows are never changed; a new table is a new version. Purchases keep the version they were judged by.
    """

    class Mode(models.TextChoices):
        WARN = "warn", _("Warn, ask for a reason and an approver")
        BLOCK = "block", _("Refuse")

    version = models.PositiveIntegerField(_("version"), unique=True)
    announced_at = models.DateTimeField(_("announced"))
    announced_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("announced by")
    )
    effective_date = models.DateField(_("in force from"))
    mode = models.CharField(_("what does not fit"), max_length=5, choices=Mode, default=Mode.WARN)
    table = models.JSONField(
        _("table"), help_text=_('{"public": {"general": {"models": ["public", …], "advice": "…", "advice_en": "…"}}}')
    )
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("rules of the deployment adviser")
        verbose_name_plural = _("rules of the deployment adviser")
        ordering = ["-version"]

    def __str__(self) -> str:
        return str(self.version)


class DeploymentAdvice(models.Model):
    """What an agency stated of a purchase, what the rules answered, and what it chose. Written with the order, once.

    Who approved stands on the order's Approval. Purchases for state secrets are refused, so none is ever stored.
    """

    class Outcome(models.TextChoices):
        FITS = "fits", _("Fits")
        WARNED = "warned", _("Does not fit; ordered with a reason")

    order_number = models.CharField(_("order"), max_length=20, unique=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    information_class = models.CharField(_("information"), max_length=10)
    business_class = models.CharField(_("business"), max_length=10)
    is_state_secret = models.BooleanField(_("state secrets"), default=False)
    rules = models.ForeignKey(AdviserRules, models.PROTECT, related_name="+", verbose_name=_("rules"))
    allowed = models.JSONField(_("what fits"))
    chosen = models.JSONField(_("what was chosen"))
    outcome = models.CharField(_("outcome"), max_length=6, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    stated_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("stated by"))
    stated_at = models.DateTimeField(_("stated"))

    class Meta:
        verbose_name = _("deployment advice")
        verbose_name_plural = _("deployment advice")
        ordering = ["-stated_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(is_state_secret=False), name="advice_no_state_secrets"),
            models.CheckConstraint(
                condition=~models.Q(outcome="warned") | models.Q(reason__regex=r"^.{10}"),
                name="advice_warned_has_reason",
            ),
        ]
