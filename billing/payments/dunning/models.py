"""Reminders of overdue invoices: the steps, the calendar, the letters as they were sent, what was suspended."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Holiday(models.Model):
    """A day that is not what its weekday says: a public holiday, or a weekend worked to make up for one.

    The State Council announces them each year (国务院办公厅关于部分节假日安排的通知); finance enters them.
    """

    day = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=40)
    is_workday = models.BooleanField(_("worked to make up"), default=False)
    is_sample = models.BooleanField(_("sample data"), default=False)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]


class DunningStep(models.Model):
    """What is done so many days after an invoice was due. Agencies have steps of their own."""

    class Audience(models.TextChoices):
        COMPANY = "company", _("Companies")
        AGENCY = "agency", _("Agencies and public institutions")

    class Action(models.TextChoices):
        REMIND = "remind", _("Remind")
        ESCALATE = "escalate", _("Urge and announce the suspension")
        SUSPEND = "suspend", _("Suspend the contracts")

    audience = models.CharField(_("for"), max_length=10, choices=Audience)
    days_overdue = models.PositiveSmallIntegerField(_("days overdue"))
    action = models.CharField(_("action"), max_length=10, choices=Action)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["audience", "days_overdue"]
        constraints = [
            models.UniqueConstraint(fields=["audience", "action"], name="dunning_step_unique"),
            models.UniqueConstraint(fields=["audience", "days_overdue"], name="dunning_step_day_unique"),
            models.CheckConstraint(condition=models.Q(days_overdue__range=(1, 365)), name="dunning_step_days"),
        ]


class Letter(models.Model):
    """What was sent for an invoice, in both languages, word for word. Each action once per invoice."""

    invoice = models.ForeignKey("invoicing.Invoice", models.PROTECT, related_name="letters", verbose_name=_("invoice"))
    action = models.CharField(_("action"), max_length=10, choices=DunningStep.Action)
    days_overdue = models.PositiveIntegerField(_("days overdue"))
    open_minor = models.BigIntegerField(_("open"))
    text_zh = models.TextField(_("in Chinese"))
    text_en = models.TextField(_("in English"))
    sent_at = models.DateTimeField(_("sent"))
    sent_date = models.DateField(_("sent on"))

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-sent_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "action"], name="dunning_letter_once"),
            models.UniqueConstraint(fields=["invoice", "sent_date"], name="dunning_letter_one_a_day"),
        ]


class Suspension(models.Model):
    """A contract that we suspended because an invoice of it was not paid; resumed when it is."""

    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    invoice = models.ForeignKey("invoicing.Invoice", models.PROTECT, related_name="+", verbose_name=_("invoice"))
    suspended_at = models.DateTimeField(_("suspended"))
    resumed_at = models.DateTimeField(_("resumed"), null=True)

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        constraints = [
            models.UniqueConstraint(fields=["contract", "invoice"], name="dunning_suspension_once"),
        ]
