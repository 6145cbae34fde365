"""What a buyer does not agree with, and what is given up as lost."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.invoicing.models.credits import CreditNote
from billing.invoicing.models.invoices import Invoice, InvoiceLine


class Dispute(models.Model):
    """A buyer's objection to one line. While it is open, what is open of that line is not pressed for or settled."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        UPHELD = "upheld", _("Upheld")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    number = models.CharField(_("number"), max_length=20, unique=True)
    line = models.ForeignKey(InvoiceLine, models.PROTECT, related_name="disputes", verbose_name=_("line"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(_("reason"), max_length=300)
    opened_at = models.DateTimeField(_("opened"))
    opened_by_name = models.CharField(_("opened by"), max_length=120)
    provider_answer = models.CharField(_("provider's answer"), max_length=300, blank=True)
    provider_answered_at = models.DateTimeField(_("answered"), null=True)
    decision = models.CharField(_("decision"), max_length=300, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by_name = models.CharField(_("decided by"), max_length=120, blank=True)
    credit_note = models.OneToOneField(
        CreditNote, models.PROTECT, null=True, related_name="dispute", verbose_name=_("credit note")
    )

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=models.Q(state="open"), name="dispute_one_open"),
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at=None, credit_note=None)
                | models.Q(state="upheld", decided_at__isnull=False, credit_note__isnull=False)
                | models.Q(state__in=["rejected", "withdrawn"], decided_at__isnull=False, credit_note=None),
                name="dispute_state",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class WriteOff(models.Model):
    """What is open of an invoice, given up: one person proposes it, another one agrees. The provider bears it."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        APPROVED = "approved", _("Written off")
        REFUSED = "refused", _("Refused")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="write_offs", verbose_name=_("invoice"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PROPOSED)
    amount_minor = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=300)
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(
        "organisations.User", models.PROTECT, related_name="+", verbose_name=_("proposed by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        ordering = ["-proposed_at", "-id"]
        constraints = [
            # one that is proposed, and one that was done: what was refused may be proposed again
            models.UniqueConstraint(
                fields=["invoice"], condition=models.Q(state__in=["proposed", "approved"]), name="write_off_once"
            ),
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="write_off_positive"),
            models.CheckConstraint(
                condition=models.Q(state="proposed", decided_by=None, decided_at=None)
                | models.Q(state__in=["approved", "refused"], decided_by__isnull=False, decided_at__isnull=False),
                name="write_off_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["proposed", "refused"]) | ~models.Q(decided_by=models.F("proposed_by")),
                name="write_off_four_eyes",
            ),
        ]
