"""What providers are owed from what was collected, and what they were paid."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SettlementSeries(models.Model):
    """The last settlement number of a month: a locked row, so that numbers have no gaps."""

    period_start_date = models.DateField(_("month"), unique=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("settlement number series")
        verbose_name_plural = _("settlement number series")


class Settlement(models.Model):
    """One provider's money collected in one month: gross − commission − VAT on the commission = net.

    Only its state moves; the database refuses every other change.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("To be approved")
        APPROVED = "approved", _("To be paid")
        PAID = "paid", _("Paid out")

    number = models.CharField(_("number"), max_length=30, unique=True)
    provider = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="settlements", verbose_name=_("provider")
    )
    agreement = models.ForeignKey("partner.Agreement", models.PROTECT, related_name="+", verbose_name=_("agreement"))
    period_start_date = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3)
    gross_minor = models.BigIntegerField(_("collected"))
    commission_rate = models.DecimalField(_("commission rate"), max_digits=5, decimal_places=4)
    commission_minor = models.BigIntegerField(_("commission"))
    commission_vat_minor = models.BigIntegerField(_("VAT on the commission"))
    net_minor = models.BigIntegerField(_("payable"))
    lines_count = models.PositiveIntegerField(_("lines"), default=0)
    orders_count = models.PositiveIntegerField(_("orders"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    drafted_at = models.DateTimeField(_("drafted"))
    due_date = models.DateField(_("due"))
    approved_at = models.DateTimeField(_("approved"), null=True)
    approved_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("approved by")
    )
    paid_at = models.DateTimeField(_("paid"), null=True)

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        ordering = ["-period_start_date", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "period_start_date", "currency"], name="settlement_unique_per_month"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    net_minor=models.F("gross_minor") - models.F("commission_minor") - models.F("commission_vat_minor")
                ),
                name="settlement_net",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def fee_minor(self) -> int:
        """What the platform keeps: commission and the VAT on it."""
        return self.commission_minor + self.commission_vat_minor


class SettlementLine(models.Model):
    """One collection that is settled, once."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="lines", verbose_name=_("settlement"))
    collection = models.OneToOneField(
        "payments.LineCollection", models.PROTECT, related_name="settlement_line", verbose_name=_("collection")
    )
    gross_minor = models.BigIntegerField(_("collected"))

    class Meta:
        verbose_name = _("settlement line")
        verbose_name_plural = _("settlement lines")
        ordering = ["id"]


class SettlementPart(models.Model):
    """What of a settlement came from one service type. Σ parts = gross; pages sum these, not the lines."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="parts", verbose_name=_("settlement"))
    service_model = models.CharField(_("service type"), max_length=12)
    gross_minor = models.BigIntegerField(_("collected"))

    class Meta:
        verbose_name = _("part of a settlement")
        verbose_name_plural = _("parts of a settlement")
        ordering = ["service_model"]
        constraints = [
            models.UniqueConstraint(fields=["settlement", "service_model"], name="settlement_part_unique"),
        ]


class Payout(models.Model):
    """The money sent to a provider for a settlement."""

    settlement = models.OneToOneField(Settlement, models.PROTECT, related_name="payout", verbose_name=_("settlement"))
    bank_reference = models.CharField(_("bank reference"), max_length=80)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    paid_at = models.DateTimeField(_("paid"))
    recorded_by = models.ForeignKey(
        "organisations.User", models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="payout_positive"),
            models.UniqueConstraint(fields=["bank_reference"], name="payout_reference_unique"),
        ]
