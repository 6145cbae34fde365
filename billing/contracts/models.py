"""What was agreed. A contract freezes the order line's price book version and holds its capacity."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Contract(models.Model):
    """One order line as an agreement between a buyer and a provider."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting for delivery")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        ENDED = "ended", _("Ended")
        CANCELLED = "cancelled", _("Cancelled")

    class PaymentMethod(models.TextChoices):
        BANK_TRANSFER = "bank_transfer", _("Bank transfer")
        PREPAID_BALANCE = "prepaid_balance", _("Prepaid balance")

    number = models.CharField(_("number"), max_length=20, unique=True)
    buyer = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="contracts", verbose_name=_("buyer")
    )
    provider = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="contracts", verbose_name=_("provider")
    )
    order_line = models.OneToOneField(
        "order.Line", models.PROTECT, related_name="contract", verbose_name=_("order line")
    )
    order_number = models.CharField(_("order"), max_length=20, db_index=True)
    offering = models.ForeignKey("catalogue.Product", models.PROTECT, related_name="+", verbose_name=_("offering"))
    offering_version = models.ForeignKey(
        "catalogue.OfferingVersion",
        models.PROTECT,
        related_name="+",
        verbose_name=_("version that was bought"),
    )
    offering_title = models.CharField(_("offering"), max_length=255)
    plan = models.ForeignKey("catalogue.Plan", models.PROTECT, related_name="+", verbose_name=_("plan"))
    quantity = models.PositiveIntegerField(_("quantity"))
    term_months = models.PositiveSmallIntegerField(_("months"))
    term_discount = models.DecimalField(_("discount"), max_digits=5, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    payment_method = models.CharField(_("payment method"), max_length=16, choices=PaymentMethod)
    contact_name = models.CharField(_("contact"), max_length=60)
    contact_phone = models.CharField(_("telephone"), max_length=30)
    resource_id = models.CharField(_("provider's resource id"), max_length=100, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    placed_at = models.DateTimeField(_("placed"))
    activated_at = models.DateTimeField(_("activated"), null=True)
    start_date = models.DateField(_("start"), null=True)
    end_date = models.DateField(_("end, not included"), null=True)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["-placed_at", "-id"]
        indexes = [
            models.Index(fields=["buyer", "status"], name="contract_buyer_status"),
            models.Index(fields=["provider", "status"], name="contract_provider_status"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="contract_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "cancelled"]) | models.Q(start_date__isnull=False),
                name="contract_delivered_has_start",
            ),
            models.CheckConstraint(
                condition=models.Q(end_date__isnull=True) | models.Q(end_date__gte=models.F("start_date")),
                name="contract_end_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ContractCapacity(models.Model):
    """What a contract holds of a pool until it ends. Σ over contracts = the pool's `allocated`."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="capacity", verbose_name=_("contract"))
    pool = models.ForeignKey("partner.CapacityPool", models.PROTECT, related_name="+", verbose_name=_("pool"))
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=3)
    released_at = models.DateTimeField(_("released"), null=True)

    class Meta:
        verbose_name = _("capacity held")
        verbose_name_plural = _("capacity held")
        constraints = [
            models.UniqueConstraint(fields=["contract", "pool"], name="contract_capacity_unique"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="contract_capacity_positive"),
        ]


class Transition(models.Model):
    """One step in a contract's life: the timeline on its page."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="transitions", verbose_name=_("contract"))
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    happened_at = models.DateTimeField(_("when"))
    by_name = models.CharField(_("by"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ["id"]
