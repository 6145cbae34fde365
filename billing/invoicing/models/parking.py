"""What is not invoiced for now, and why: a page of finance shows both."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ParkedAccount(models.Model):
    """A buyer and provider whose month could not be invoiced: the error stands here and the others go on."""

    buyer = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("buyer"))
    provider = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    currency = models.CharField(_("currency"), max_length=3)
    period_start_date = models.DateField(_("month"))
    reason = models.CharField(_("reason"), max_length=500)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    parked_at = models.DateTimeField(_("parked"))
    retry_at = models.DateTimeField(_("tried again"), null=True)

    class Meta:
        verbose_name = _("parked account")
        verbose_name_plural = _("parked accounts")
        ordering = ["-parked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "provider", "currency", "period_start_date"], name="parked_account_unique"
            ),
        ]


class HeldBack(models.Model):
    """A draft that finance holds back, with a reason, before it is issued, until `released_at`."""

    buyer = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("buyer"))
    provider = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=300)
    held_at = models.DateTimeField(_("held back"))
    held_by = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("held back by"))
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("released by")
    )

    class Meta:
        verbose_name = _("draft held back")
        verbose_name_plural = _("drafts held back")
        ordering = ["-held_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["buyer", "provider", "currency"],
                condition=models.Q(released_at=None),
                name="held_back_once",
            ),
        ]
