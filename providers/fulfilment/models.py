"""A delivery and what happened to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """What a provider has to set up for one contract, until its buyer has accepted it.

    It carries copies of what was bought, so that whoever sets it up needs nothing else.
    """

    class Status(models.TextChoices):
        HELD = "held", _("Waiting for the buyer's approval")
        WAITING = "waiting", _("To be accepted")
        ACCEPTED = "accepted", _("Order accepted")
        PROVISIONING = "provisioning", _("Being set up")
        DELIVERED = "delivered", _("Being checked by the buyer")
        COMPLETED = "completed", _("Accepted by the buyer")
        DECLINED = "declined", _("Declined")
        CANCELLED = "cancelled", _("Cancelled")

    class Method(models.TextChoices):
        MANUAL = "manual", _("By hand")
        WEBHOOK = "webhook", _("By the provider's system")
        CLOUD = "cloud", _("By a cloud connection")

    number = models.CharField(_("contract"), max_length=20, unique=True)
    runs_for = models.CharField(
        _("runs for the contract"),
        max_length=20,
        unique=True,
        help_text=_("Another than the number once a changed contract has followed."),
    )
    partner = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="deliveries", verbose_name=_("provider")
    )
    buyer = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("buyer"))
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, null=True, related_name="+", verbose_name=_("data centre")
    )
    offering_code = models.CharField(_("offering's code"), max_length=40)
    offering_title = models.CharField(_("offering"), max_length=255)
    plan_code = models.CharField(_("plan"), max_length=40)
    specs = models.JSONField(_("specifications"), default=dict)
    quantity = models.PositiveIntegerField(_("quantity"))
    delivered_quantity = models.PositiveIntegerField(_("delivered"), default=0)
    resource_id = models.CharField(_("provider's resource id"), max_length=100, blank=True)
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.MANUAL)
    status = models.CharField(_("status"), max_length=12, choices=Status)
    lead_time_days = models.PositiveSmallIntegerField(_("lead time, weekdays"), default=1)
    export_days = models.PositiveSmallIntegerField(_("data can be exported for, days after the end"), default=0)
    opened_at = models.DateTimeField(_("ordered"))
    accept_due_at = models.DateTimeField(_("to be accepted by"), null=True)
    deliver_due_at = models.DateTimeField(_("to be delivered by"), null=True)
    delivered_at = models.DateTimeField(_("handed over"), null=True)
    inspect_due_at = models.DateTimeField(_("to be checked by"), null=True)
    completed_at = models.DateTimeField(_("accepted by the buyer"), null=True)
    remove_at = models.DateTimeField(
        _("may be removed from"), null=True, help_text=_("Set when nothing is owed any more.")
    )
    failure = models.CharField(_("why the last try failed"), max_length=300, blank=True)
    overdue_told = models.CharField(_("deadline told of as missed"), max_length=8, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-opened_at", "-id"]
        indexes = [
            models.Index(fields=["partner", "status"], name="delivery_partner_status"),
            models.Index(fields=["inspect_due_at"], name="delivery_to_inspect", condition=models.Q(status="delivered")),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="delivery_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(delivered_quantity__lte=models.F("quantity")), name="delivery_not_more_than_ordered"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["delivered", "completed"])
                | (models.Q(delivered_quantity__gte=1) & ~models.Q(resource_id="")),
                name="delivery_handed_over",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="delivered") | models.Q(inspect_due_at__isnull=False),
                name="delivery_has_inspection",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["held", "declined", "cancelled"])
                | models.Q(accept_due_at__isnull=False, deliver_due_at__isnull=False),
                name="delivery_has_deadlines",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_partial(self) -> bool:
        """Whether less than ordered was handed over."""
        return 0 < self.delivered_quantity < self.quantity


class DeliveryStep(models.Model):
    """One step of a delivery, in the order they were taken: its timeline. Only added to; both sides read it."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="steps", verbose_name=_("delivery"))
    kind = models.CharField(_("step"), max_length=12)
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12)
    happened_at = models.DateTimeField(_("when"))
    by_name = models.CharField(_("by"), max_length=120, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["id"]
