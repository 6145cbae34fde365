"""Systems under MLPS, meter readings, assessors and their ties, security alerts and who may send them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MlpsInterval(models.Model):
    """How long an MLPS assessment of a level holds, from a date on: a rule of the field that the operator keeps."""

    level = models.PositiveSmallIntegerField(_("MLPS level"))
    effective_date = models.DateField(_("effective from"))
    months = models.PositiveSmallIntegerField(_("assessed every … months"))
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("interval of MLPS assessments")
        verbose_name_plural = _("intervals of MLPS assessments")
        ordering = ["level", "-effective_date"]
        constraints = [
            models.UniqueConstraint(fields=["level", "effective_date"], name="mlps_interval_once"),
            models.CheckConstraint(condition=models.Q(level__range=(1, 5)), name="mlps_interval_level"),
            models.CheckConstraint(condition=models.Q(months__gt=0), name="mlps_interval_positive"),
        ]


class MlpsSystem(models.Model):
    """One information system of a data centre under the multi-level protection scheme, and how far it has come.

    graded → filed (level 2 and above, with public security) → assessed → remediating or valid → expired.
    """

    class Status(models.TextChoices):
        GRADED = "graded", _("Graded")
        FILED = "filed", _("Filed")
        ASSESSED = "assessed", _("Assessed")
        REMEDIATING = "remediating", _("Remediating")
        VALID = "valid", _("Valid")
        EXPIRED = "expired", _("Expired")

    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="mlps_systems", verbose_name=_("data centre")
    )
    name = models.CharField(_("system"), max_length=80)
    level = models.PositiveSmallIntegerField(_("MLPS level"))
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.GRADED)
    filing_number = models.CharField(_("filing number"), max_length=40, blank=True)
    filed_with = models.CharField(_("filed with"), max_length=80, blank=True)
    filed_date = models.DateField(_("filed"), null=True, blank=True)
    valid_until = models.DateField(_("assessment valid until, included"), null=True, blank=True)

    class Meta:
        verbose_name = _("MLPS system")
        verbose_name_plural = _("MLPS systems")
        ordering = ["data_centre", "name"]
        indexes = [
            models.Index(fields=["valid_until"], name="mlps_system_to_expire", condition=models.Q(status="valid"))
        ]
        constraints = [
            models.UniqueConstraint(fields=["data_centre", "name"], name="mlps_system_once"),
            models.CheckConstraint(condition=models.Q(level__range=(1, 5)), name="mlps_system_level"),
            models.CheckConstraint(
                condition=models.Q(status="graded")
                | models.Q(level=1)
                | (~models.Q(filing_number="") & models.Q(filed_date__isnull=False)),
                name="mlps_system_is_filed",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="valid") | models.Q(valid_until__isnull=False), name="mlps_system_has_end"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MlpsStep(models.Model):
    """One step of a system: who, when, why. Rows are never changed."""

    system = models.ForeignKey(MlpsSystem, models.PROTECT, related_name="steps", verbose_name=_("system"))
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12)
    happened_at = models.DateTimeField(_("when"))
    by_name = models.CharField(_("by"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("step of an MLPS system")
        verbose_name_plural = _("steps of MLPS systems")
        ordering = ["pk"]


class EnergyReading(models.Model):
    """What a data centre drew in one month, by its meters. Never edited: a correction is the next revision."""

    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="energy_readings", verbose_name=_("data centre")
    )
    month = models.DateField(_("month"), help_text=_("Its first day."))
    revision = models.PositiveSmallIntegerField(_("revision"), default=1)
    facility_kwh = models.DecimalField(_("whole facility, kWh"), max_digits=18, decimal_places=3)
    it_kwh = models.DecimalField(_("IT equipment, kWh"), max_digits=18, decimal_places=3)
    recorded_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("energy reading")
        verbose_name_plural = _("energy readings")
        ordering = ["data_centre", "month", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["data_centre", "month", "revision"], name="energy_reading_once"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="energy_reading_of_a_month"),
            models.CheckConstraint(
                condition=models.Q(it_kwh__gt=0, facility_kwh__gte=models.F("it_kwh")), name="energy_reading_possible"
            ),
        ]


class Assessor(models.Model):
    """An organisation that assesses others: MLPS bodies, testers. Kept by the operator."""

    name = models.CharField(_("name"), max_length=120)
    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    accreditation = models.CharField(_("accreditation number"), max_length=60)
    registered_at = models.DateTimeField(_("registered"))

    class Meta:
        verbose_name = _("assessor")
        verbose_name_plural = _("assessors")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class AssessorTie(models.Model):
    """An assessor and a provider that belong together: it does not assess that provider while the tie lasts."""

    class Kind(models.TextChoices):
        OWNERSHIP = "ownership", _("One owns the other")
        GROUP = "group", _("Same group of companies")
        PEOPLE = "people", _("Same legal representative or directors")
        CONTRACT = "contract", _("Advises or supplies the provider")

    assessor = models.ForeignKey(Assessor, models.PROTECT, related_name="ties", verbose_name=_("assessor"))
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    kind = models.CharField(_("tie"), max_length=10, choices=Kind)
    since_date = models.DateField(_("since"))
    end_date = models.DateField(_("until, included"), null=True, blank=True)

    class Meta:
        verbose_name = _("tie of an assessor")
        verbose_name_plural = _("ties of assessors")
        ordering = ["assessor", "partner"]
        constraints = [
            models.UniqueConstraint(fields=["assessor", "partner", "kind"], name="assessor_tie_once"),
            models.CheckConstraint(
                condition=models.Q(end_date=None) | models.Q(end_date__gte=models.F("since_date")),
                name="assessor_tie_period",
            ),
        ]


class AlertSource(models.Model):
    """Who may send security alerts. The secret signs them; it is kept sealed and shown once."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    sealed_secret = models.TextField(editable=False)
    created_at = models.DateTimeField(_("created"))
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("source of alerts")
        verbose_name_plural = _("sources of alerts")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """A security alert as it came in, signed: about one offering, or about all of a provider's. Lifted by a person."""

    class Severity(models.TextChoices):
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    number = models.CharField(_("number"), max_length=20, unique=True)
    source = models.ForeignKey(AlertSource, models.PROTECT, related_name="alerts", verbose_name=_("source"))
    message_id = models.CharField(_("message"), max_length=100)
    digest = models.CharField(max_length=64, editable=False)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=1000, blank=True)
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    offering_code = models.CharField(_("offering"), max_length=40, blank=True)
    sent_at = models.DateTimeField(_("sent"))
    received_at = models.DateTimeField(_("received"))
    frozen_count = models.PositiveIntegerField(_("listings frozen"), default=0)
    told_count = models.PositiveIntegerField(_("buyers told"), default=0)
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    lifted_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_reason = models.CharField(_("why it was lifted"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("security alert")
        verbose_name_plural = _("security alerts")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "message_id"], name="alert_once"),
            models.CheckConstraint(
                condition=models.Q(lifted_at=None) | ~models.Q(lifted_reason=""), name="alert_lifted_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.number
