"""What use is worth: charges, unrounded."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Charge(models.Model):
    """One row of the price of a component of a contract for a month, at full precision. Never edited.

    A component with one plain price has one (`row` ""); one with tiers has a row for each, and rows for what is
    included, a minimum and a maximum: `billing.rules.tiers` names them. Late usage gives a new revision whose rows
    carry the differences, so Σ revisions = the right amount, row by row. A service level credit is a charge below zero
    without a component, one row per VAT rate (`billing.rating.credits`).
    """

    class Kind(models.TextChoices):
        PRICE = "price", _("Price")
        CREDIT = "credit", _("Service level credit")

    contract = models.ForeignKey(
        "contracts.Contract", models.PROTECT, related_name="charges", verbose_name=_("contract")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PRICE)
    component = models.ForeignKey(
        "catalogue.PriceComponent", models.PROTECT, null=True, related_name="+", verbose_name=_("price component")
    )
    period_start_date = models.DateField(_("month"))
    revision = models.PositiveIntegerField(_("revision"), default=0)
    row = models.CharField(_("row"), max_length=20, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    unit_price = models.DecimalField(_("unit price without tax"), max_digits=48, decimal_places=18)
    amount = models.DecimalField(_("amount without tax, unrounded"), max_digits=48, decimal_places=18)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    explanation = models.JSONField(_("how it was worked out"), default=dict)
    rated_at = models.DateTimeField(_("rated"))

    class Meta:
        verbose_name = _("charge")
        verbose_name_plural = _("charges")
        ordering = ["contract", "period_start_date", "component", "revision", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "component", "period_start_date", "row", "revision"],
                name="charge_unique",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(kind="price", component__isnull=False)
                | models.Q(kind="credit", component__isnull=True),
                name="charge_has_component",
            ),
        ]


class RatedPeriod(models.Model):
    """A month of a contract that has been rated, and up to which roll-up."""

    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    period_start_date = models.DateField(_("month"))
    usage_batch = models.BigIntegerField(_("roll-up seen"))
    rated_at = models.DateTimeField(_("rated"))

    class Meta:
        verbose_name = _("rated period")
        verbose_name_plural = _("rated periods")
        constraints = [
            models.UniqueConstraint(fields=["contract", "period_start_date"], name="rated_period_unique"),
        ]


class CreditedMonth(models.Model):
    """A granted service level credit that is charged, and which rating of the month it was worked out from."""

    credit = models.OneToOneField("contracts.SlaCredit", models.PROTECT, related_name="+", verbose_name=_("SLA credit"))
    rated_at = models.DateTimeField(_("rating seen"))

    class Meta:
        verbose_name = _("credited month")
        verbose_name_plural = _("credited months")
