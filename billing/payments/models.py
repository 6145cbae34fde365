"""Money that came in: from a bank or from a prepaid balance, and which invoice lines it paid."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Wallet(models.Model):
    """A buyer's prepaid balance in one currency: the row that is locked. The ledger says the same."""

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="wallets", verbose_name=_("organisation")
    )
    currency = models.CharField(_("currency"), max_length=3)
    balance_minor = models.BigIntegerField(_("balance"), default=0)
    alert_minor = models.BigIntegerField(_("tell when below"), null=True, blank=True)
    alerts_count = models.PositiveIntegerField(_("times it fell below"), default=0)
    is_low = models.BooleanField(_("is below"), default=False)

    class Meta:
        verbose_name = _("prepaid balance")
        verbose_name_plural = _("prepaid balances")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "currency"], name="wallet_unique"),
            models.CheckConstraint(condition=models.Q(balance_minor__gte=0), name="wallet_not_negative"),
            models.CheckConstraint(condition=models.Q(alert_minor__gt=0), name="wallet_alert_positive"),
        ]


class BankReference(models.Model):
    """A bank's reference that has been entered: by hand, or from a statement of an account. Once either way.

    This row is what keeps the same money from being entered twice.
    """

    reference = models.CharField(_("reference"), max_length=80, primary_key=True)
    statement_account = models.CharField(_("account of the statement"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("reference of the bank")
        verbose_name_plural = _("references of the bank")


class Payment(models.Model):
    """One receipt or one draw-down, with one effect: (gateway, reference) is unique."""

    class Gateway(models.TextChoices):
        BANK = "bank", _("Bank transfer")
        BALANCE = "balance", _("Prepaid balance")
        ALIPAY = "alipay", _("Alipay")
        STRIPE = "stripe", _("Stripe")

    class Purpose(models.TextChoices):
        INVOICE = "invoice", _("Pays an invoice")
        TOP_UP = "top_up", _("Tops up the balance")

    number = models.CharField(_("number"), max_length=20, unique=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="payments", verbose_name=_("organisation")
    )
    gateway = models.CharField(_("by"), max_length=10, choices=Gateway)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    reference = models.CharField(_("reference"), max_length=80)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("recorded by")
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "reference"], name="payment_reference_unique"),
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="payment_positive"),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentReversal(models.Model):
    """A payment that was matched wrongly: what it paid is open again and its money waits on the suspense account."""

    payment = models.OneToOneField(Payment, models.PROTECT, related_name="reversal", verbose_name=_("payment"))
    reason = models.CharField(_("reason"), max_length=300)
    reversed_at = models.DateTimeField(_("reversed"))
    reversed_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("reversed by")
    )

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")


class PaymentAllocation(models.Model):
    """What a payment pays of an invoice; below zero where it is taken back by a reversal or a refund."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("Payment")
        REVERSAL = "reversal", _("Reversal")
        REFUND = "refund", _("Refund")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PAYMENT)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="allocations", verbose_name=_("payment"))
    invoice = models.ForeignKey(
        "invoicing.Invoice", models.PROTECT, related_name="allocations", verbose_name=_("invoice")
    )
    amount_minor = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "invoice", "kind"],
                condition=models.Q(kind__in=["payment", "reversal"]),
                name="payment_allocation_unique",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="payment", amount_minor__gt=0)
                | models.Q(kind__in=["reversal", "refund"], amount_minor__lt=0),
                name="payment_allocation_sign",
            ),
        ]


class LineCollection(models.Model):
    """What a payment pays of an invoice line (split by largest remainder): what settlement reads."""

    allocation = models.ForeignKey(
        PaymentAllocation, models.PROTECT, related_name="lines", verbose_name=_("allocation")
    )
    line = models.ForeignKey(
        "invoicing.InvoiceLine", models.PROTECT, related_name="collections", verbose_name=_("line")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    collected_at = models.DateTimeField(_("collected"), db_index=True)

    class Meta:
        verbose_name = _("collection of a line")
        verbose_name_plural = _("collections of lines")
        constraints = [
            models.UniqueConstraint(fields=["allocation", "line"], name="line_collection_unique"),
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="line_collection_not_zero"),
        ]
