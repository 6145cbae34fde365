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
        "order.Line", models.PROTECT, null=True, related_name="contract", verbose_name=_("order line")
    )
    predecessor = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="successor", verbose_name=_("contract that it follows")
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
    exit_fee = models.DecimalField(
        _("fee for leaving, without tax"), max_digits=11, decimal_places=2, null=True, help_text=_("Owed if set.")
    )

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
                condition=models.Q(order_line__isnull=False) ^ models.Q(predecessor__isnull=False),
                name="contract_ordered_or_following",
            ),
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


class ChangeRequest(models.Model):
    """What a buyer asks of a running contract, at the prices it was shown, and what became of it.

    Renewals and terminations need nobody's yes; the provider confirms another quantity or another plan.
    """

    class Kind(models.TextChoices):
        RENEW = "renew", _("Renewal")
        TERMINATE = "terminate", _("Termination")
        RESIZE = "resize", _("Another quantity")
        SWITCH = "switch", _("Another plan")

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Waiting for the provider")
        CONFIRMED = "confirmed", _("Agreed, not in force yet")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        IN_FORCE = "in_force", _("In force")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="changes", verbose_name=_("contract"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    effective_date = models.DateField(_("in force from"))
    plan = models.ForeignKey("catalogue.Plan", models.PROTECT, related_name="+", verbose_name=_("plan"))
    quantity = models.PositiveIntegerField(_("quantity"))
    term_months = models.PositiveSmallIntegerField(_("months"))
    term_discount = models.DecimalField(_("discount"), max_digits=5, decimal_places=4)
    monthly_before_minor = models.BigIntegerField(_("a month before, with tax, fen"))
    monthly_after_minor = models.BigIntegerField(_("a month after, with tax, fen"))
    exit_fee = models.DecimalField(_("fee for leaving, without tax"), max_digits=11, decimal_places=2, null=True)
    requested_by_name = models.CharField(_("asked by"), max_length=120)
    requested_at = models.DateTimeField(_("asked"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    in_force_at = models.DateTimeField(_("put in force"), null=True)

    class Meta:
        verbose_name = _("change of a contract")
        verbose_name_plural = _("changes of contracts")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["effective_date"], name="change_due", condition=models.Q(status="confirmed")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["contract"],
                condition=models.Q(status__in=["requested", "confirmed"]),
                name="change_one_open",
            ),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="change_quantity_positive"),
            models.CheckConstraint(
                condition=models.Q(status="in_force", in_force_at__isnull=False)
                | (~models.Q(status="in_force") & models.Q(in_force_at__isnull=True)),
                name="change_in_force_has_date",
            ),
        ]


class CreditTable(models.Model):
    """What a month below its promised availability earns, from a date on. Changed by a new row only.

    `steps` are [{"below": "99" or null, "percent": "25"}, …], the mildest first; null is what was promised. It
    holds for contracts whose version states no table of its own, and as a floor for all if `is_floor`; of a month
    decides the one in force on its first day.
    """

    effective_date = models.DateField(_("in force from"), unique=True)
    steps = models.JSONField(_("steps"))
    source = models.CharField(_("source"), max_length=200)
    is_floor = models.BooleanField(_("the least that listings grant"), default=False)
    entered_at = models.DateTimeField(_("entered"), null=True)
    entered_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("entered by")
    )

    class Meta:
        verbose_name = _("credit table")
        verbose_name_plural = _("credit tables")
        ordering = ["-effective_date"]


class SlaCredit(models.Model):
    """A month of a contract in which its promised availability was missed, and what becomes of the credit.

    The figures are frozen when it is proposed; `billing.rating.credits` charges it, below zero, once it is granted.
    What an incident confirmed later changes is a further `revision`.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        AGREED = "agreed", _("Agreed")
        DISPUTED = "disputed", _("Disputed")
        DECIDED = "decided", _("Decided")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="sla_credits", verbose_name=_("contract"))
    period_start_date = models.DateField(_("month"))
    revision = models.PositiveSmallIntegerField(_("revision"), default=0)
    availability = models.DecimalField(_("availability, %"), max_digits=9, decimal_places=6)
    promised = models.DecimalField(_("promised, %"), max_digits=6, decimal_places=3)
    percent = models.DecimalField(_("credit as a share of the month's charges (%)"), max_digits=6, decimal_places=3)
    table = models.ForeignKey(CreditTable, models.PROTECT, related_name="+", verbose_name=_("credit table"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    is_granted = models.BooleanField(_("granted"), null=True)
    reason = models.CharField(_("provider's reason"), max_length=300, blank=True)
    decision = models.CharField(_("operator's reason"), max_length=300, blank=True)
    proposed_at = models.DateTimeField(_("proposed"))
    answer_by = models.DateTimeField(_("provider's answer until"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("SLA credit")
        verbose_name_plural = _("SLA credits")
        ordering = ["-period_start_date", "-pk"]
        indexes = [models.Index(fields=["state", "answer_by"], name="sla_credit_to_answer")]
        constraints = [
            models.UniqueConstraint(fields=["contract", "period_start_date", "revision"], name="sla_credit_unique"),
            models.UniqueConstraint(
                fields=["contract", "period_start_date"],
                condition=models.Q(state__in=["proposed", "disputed"]),
                name="sla_credit_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(percent__gt=0, percent__lte=100, availability__lt=models.F("promised")),
                name="sla_credit_is_a_breach",
            ),
            models.CheckConstraint(
                condition=models.Q(state="proposed", is_granted=None, closed_at=None)
                | models.Q(state="disputed", is_granted=None, closed_at=None)
                | models.Q(state="withdrawn", is_granted=False, closed_at__isnull=False)
                | models.Q(state="agreed", is_granted=True, closed_at__isnull=False)
                | models.Q(state="decided", is_granted__isnull=False, closed_at__isnull=False),
                name="sla_credit_state",
            ),
        ]
