"""What is asked for: invoices with gapless numbers, frozen when issued."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class NumberSeries(models.Model):
    """The last number of an issuer, year and kind of document: a locked row, so that numbers have no gaps."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        CREDIT_NOTE = "credit_note", _("Credit note")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.INVOICE)
    issuer = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("issuer"))
    year = models.PositiveSmallIntegerField(_("year"))
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.UniqueConstraint(fields=["issuer", "year", "kind"], name="number_series_unique")]


class Invoice(models.Model):
    """One buyer's bill for one provider's services in one month. The database refuses every change.

    Whether it is paid stands in `InvoiceBalance`.
    """

    number = models.CharField(_("number"), max_length=30, unique=True)
    issuer = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("issuer"))
    buyer = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="invoices", verbose_name=_("buyer")
    )
    provider = models.ForeignKey("partner.Partner", models.PROTECT, related_name="invoices", verbose_name=_("provider"))
    buyer_name = models.CharField(_("buyer's name"), max_length=120)
    buyer_uscc = models.CharField(_("buyer's code"), max_length=18)
    issuer_name = models.CharField(_("issuer's name"), max_length=120)
    issuer_uscc = models.CharField(_("issuer's code"), max_length=18)
    period_start_date = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))
    total_minor = models.BigIntegerField(_("total"))
    prepaid_minor = models.BigIntegerField(_("to be drawn from the prepaid balance"), default=0)
    issued_at = models.DateTimeField(_("issued"))
    due_date = models.DateField(_("due"))
    particulars = models.JSONField(_("addresses, banks and terms of payment"), default=dict)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-issued_at", "-number"]
        indexes = [
            models.Index(fields=["buyer", "-issued_at"], name="invoice_buyer"),
            models.Index(fields=["period_start_date"], name="invoice_period"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(total_minor=models.F("net_minor") + models.F("tax_minor")), name="invoice_total"
            ),
            models.CheckConstraint(condition=models.Q(total_minor__gt=0), name="invoice_total_positive"),
            models.CheckConstraint(
                condition=models.Q(prepaid_minor__gte=0, prepaid_minor__lte=models.F("total_minor")),
                name="invoice_prepaid_within_total",
            ),
            models.UniqueConstraint(
                fields=["buyer", "provider", "currency", "period_start_date"], name="invoice_once_per_month"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """One charge, rounded once. `tax_minor` is this line's share of the invoice's tax at its rate."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines", verbose_name=_("invoice"))
    charge = models.OneToOneField("rating.Charge", models.PROTECT, related_name="line", verbose_name=_("charge"))
    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    description = models.CharField(_("description"), max_length=300)
    unit = models.CharField(_("unit"), max_length=30)
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    unit_price = models.DecimalField(_("unit price without tax"), max_digits=20, decimal_places=8)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))
    position = models.PositiveIntegerField(_("position"))

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_unique")]

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


class InvoiceTax(models.Model):
    """VAT of an invoice at one rate, rounded once."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="taxes", verbose_name=_("invoice"))
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))

    class Meta:
        verbose_name = _("tax of an invoice")
        verbose_name_plural = _("taxes of an invoice")
        ordering = ["vat_rate"]
        constraints = [models.UniqueConstraint(fields=["invoice", "vat_rate"], name="invoice_tax_rate_unique")]


def rest_minor(prefix: str = "") -> models.expressions.CombinedExpression:
    """What is still asked for, of balances behind `prefix`, in SQL; below zero, that much is owed back to the buyer."""
    total, *less = (
        models.F(f"{prefix}{name}_minor") for name in ("total", "credited", "written_off", "paid", "refunded")
    )
    credited, written_off, paid, refunded = less
    return total - credited - written_off - paid + refunded


_IS_OPEN = models.Q(
    total_minor__gt=models.F("credited_minor")
    + models.F("written_off_minor")
    + models.F("paid_minor")
    - models.F("refunded_minor")
)


class InvoiceBalance(models.Model):
    """What became of an invoice's total: all about it that moves. Lock this row before anything moves.

    open = total − credited − written off − (paid − refunded). A credit on a paid invoice makes it negative: that much
    waits as a refund. Overdue is told by the clock; a stage writes it.
    """

    class Status(models.TextChoices):
        ISSUED = "issued", _("Issued")
        PARTLY_PAID = "partly_paid", _("Partly paid")
        PAID = "paid", _("Paid")
        OVERDUE = "overdue", _("Overdue")
        WRITTEN_OFF = "written_off", _("Written off")

    OPEN = (Status.ISSUED, Status.PARTLY_PAID, Status.OVERDUE)  # something is still asked for

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="balance", verbose_name=_("invoice"))
    total_minor = models.BigIntegerField(_("total"))
    paid_minor = models.BigIntegerField(_("paid"), default=0)
    refunded_minor = models.BigIntegerField(_("paid back"), default=0)
    credited_minor = models.BigIntegerField(_("credited"), default=0)
    written_off_minor = models.BigIntegerField(_("written off"), default=0)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.ISSUED)

    class Meta:
        verbose_name = _("balance of an invoice")
        verbose_name_plural = _("balances of invoices")
        indexes = [
            models.Index(
                fields=["invoice"],
                name="invoice_balance_open",
                condition=models.Q(status__in=["issued", "partly_paid", "overdue"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    paid_minor__gte=0,
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("paid_minor"),
                    paid_minor__lte=models.F("total_minor") + models.F("refunded_minor"),
                ),
                name="invoice_paid_within_total",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    credited_minor__gte=0,
                    written_off_minor__gte=0,
                    credited_minor__lte=models.F("total_minor") - models.F("written_off_minor"),
                ),
                name="invoice_credited_within_total",
            ),
            models.CheckConstraint(
                condition=(models.Q(status="issued", paid_minor=models.F("refunded_minor")) & _IS_OPEN)
                | (models.Q(status="partly_paid", paid_minor__gt=models.F("refunded_minor")) & _IS_OPEN)
                | (models.Q(status="overdue") & _IS_OPEN)
                | (models.Q(status="paid", written_off_minor=0) & ~_IS_OPEN)
                | (models.Q(status="written_off", written_off_minor__gt=0) & ~_IS_OPEN),
                name="invoice_balance_status",
            ),
        ]

    @property
    def held_minor(self) -> int:
        """What was paid and not paid back."""
        return self.paid_minor - self.refunded_minor

    @property
    def open_minor(self) -> int:
        """What is still asked for, never below zero."""
        return max(0, self._rest_minor)

    @property
    def owed_back_minor(self) -> int:
        """What the buyer has paid over what is left to be paid after credits."""
        return max(0, -self._rest_minor)

    @property
    def _rest_minor(self) -> int:
        return self.total_minor - self.credited_minor - self.written_off_minor - self.held_minor

    def tell_status(self) -> None:
        """Set the status that the amounts ask for; what is overdue stays so while something is open."""
        if self._rest_minor <= 0:
            self.status = self.Status.WRITTEN_OFF if self.written_off_minor else self.Status.PAID
        elif self.status != self.Status.OVERDUE:
            self.status = self.Status.PARTLY_PAID if self.held_minor else self.Status.ISSUED
