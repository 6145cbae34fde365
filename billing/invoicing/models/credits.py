"""Credit notes: what is taken back of issued invoices. Never changed; a mistake is put right on the next invoice."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.invoicing.models.invoices import Invoice, InvoiceLine


class CreditNote(models.Model):
    """Takes back a part of one invoice, or all of it. Its parties are those of the invoice, frozen there.

    `request_key` makes it happen once: the same request again gives the first note, another one is refused.
    """

    class Reason(models.TextChoices):
        CORRECTION = "correction", _("Corrected usage or price")
        SERVICE_LEVEL = "service_level", _("Service level credit")
        DISPUTE = "dispute", _("Upheld dispute")
        MISTAKE = "mistake", _("Mistake in the invoice")
        GOODWILL = "goodwill", _("Goodwill")

    number = models.CharField(_("number"), max_length=30, unique=True)
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="credit_notes", verbose_name=_("invoice"))
    reason = models.CharField(_("reason"), max_length=14, choices=Reason)
    remark = models.CharField(_("remark"), max_length=300, blank=True)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))
    total_minor = models.BigIntegerField(_("total"))
    request_key = models.CharField(_("request"), max_length=80)
    request_hash = models.CharField(max_length=64)
    issued_at = models.DateTimeField(_("issued"))
    issued_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("issued by")
    )

    class Meta:
        verbose_name = _("credit note")
        verbose_name_plural = _("credit notes")
        ordering = ["-issued_at", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["request_key"], name="credit_note_request_unique"),
            models.CheckConstraint(
                condition=models.Q(total_minor=models.F("net_minor") + models.F("tax_minor"), total_minor__gt=0),
                name="credit_note_total",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CreditNoteLine(models.Model):
    """What a note takes back of one invoice line; below zero where the line is. `charge` is what asked for it."""

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="lines", verbose_name=_("credit note"))
    line = models.ForeignKey(InvoiceLine, models.PROTECT, related_name="credits", verbose_name=_("line"))
    charge = models.ForeignKey("rating.Charge", models.PROTECT, null=True, related_name="+", verbose_name=_("charge"))
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))
    position = models.PositiveIntegerField(_("position"))

    class Meta:
        verbose_name = _("line of a credit note")
        verbose_name_plural = _("lines of a credit note")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["credit_note", "position"], name="credit_note_line_position_unique"),
        ]

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


class CreditNoteTax(models.Model):
    """The VAT of a note at one rate: the sum of its lines', each a share of what is left of the invoice's."""

    credit_note = models.ForeignKey(CreditNote, models.PROTECT, related_name="taxes", verbose_name=_("credit note"))
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    net_minor = models.BigIntegerField(_("without tax"))
    tax_minor = models.BigIntegerField(_("VAT"))

    class Meta:
        verbose_name = _("tax of a credit note")
        verbose_name_plural = _("taxes of a credit note")
        ordering = ["vat_rate"]
        constraints = [
            models.UniqueConstraint(fields=["credit_note", "vat_rate"], name="credit_note_tax_rate_unique"),
        ]


def _within(part: str, whole: str) -> models.Q:
    """`part` lies between zero and `whole`, whichever sign that has."""
    return models.Q(**{f"{part}__gte": 0, f"{part}__lte": models.F(whole)}) | models.Q(
        **{f"{part}__lte": 0, f"{part}__gte": models.F(whole)}
    )


class CreditedLine(models.Model):
    """How much of an invoice line is taken back by all its credits: the database keeps it within the line."""

    line = models.OneToOneField(InvoiceLine, models.PROTECT, related_name="credited", verbose_name=_("line"))
    line_net_minor = models.BigIntegerField(_("without tax"))
    line_tax_minor = models.BigIntegerField(_("VAT"))
    line_quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    net_minor = models.BigIntegerField(_("credited, without tax"), default=0)
    tax_minor = models.BigIntegerField(_("credited, VAT"), default=0)
    quantity = models.DecimalField(_("credited quantity"), max_digits=30, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("credited line")
        verbose_name_plural = _("credited lines")
        constraints = [
            models.CheckConstraint(
                condition=_within("net_minor", "line_net_minor")
                & _within("tax_minor", "line_tax_minor")
                & _within("quantity", "line_quantity"),
                name="credited_within_line",
            ),
        ]

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor


class CreditedCharge(models.Model):
    """A charge below zero that credit notes took care of instead of a line on an invoice."""

    charge = models.OneToOneField("rating.Charge", models.PROTECT, related_name="credited", verbose_name=_("charge"))
    net_minor = models.BigIntegerField(_("without tax"))
    credited_at = models.DateTimeField(_("credited"))

    class Meta:
        verbose_name = _("credited charge")
        verbose_name_plural = _("credited charges")
