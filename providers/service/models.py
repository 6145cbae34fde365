"""Interruptions of services, and what was said about them."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

PUBLIC_STATES: Final = ("confirmed", "resolved")


class Probe(models.Model):
    """An address of a service that the marketplace asks at an interval. Removed ones stay for their incidents.

    `failing_since` is the first of the failures in a row, `incident` what they opened, until the address answers.
    """

    number = models.CharField(_("number"), max_length=20, unique=True)
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="probes", verbose_name=_("provider"))
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="probes", verbose_name=_("data centre")
    )
    offering_code = models.CharField(_("offering"), max_length=64, blank=True)
    offering_title = models.CharField(_("offering"), max_length=255, blank=True)
    url = models.CharField(_("address"), max_length=500)
    interval_s = models.PositiveIntegerField(_("interval, seconds"))
    failures_to_open = models.PositiveSmallIntegerField(_("failures in a row that open an incident"))
    created_at = models.DateTimeField(_("registered"))
    removed_at = models.DateTimeField(_("removed"), null=True)
    next_at = models.DateTimeField(_("asked next"))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    incident = models.ForeignKey("Incident", models.PROTECT, null=True, related_name="+", verbose_name=_("incident"))

    class Meta:
        verbose_name = _("probe")
        verbose_name_plural = _("probes")
        ordering = ["pk"]
        indexes = [models.Index(fields=["next_at"], name="probe_due", condition=Q(removed_at=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["data_centre", "offering_code", "url"], condition=Q(removed_at=None), name="probe_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    interval_s__gte=60, interval_s__lte=3600, failures_to_open__gte=2, failures_to_open__lte=10
                ),
                name="probe_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ProbeResult(models.Model):
    """What one question of a probe brought. Only the last ones are kept (`probing.KEPT_RESULTS`)."""

    probe = models.ForeignKey(Probe, models.CASCADE, related_name="results", verbose_name=_("probe"))
    asked_at = models.DateTimeField(_("asked"))
    is_up = models.BooleanField(_("answered"))
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    error = models.CharField(_("error"), max_length=20, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration, ms"), default=0)

    class Meta:
        verbose_name = _("result of a probe")
        verbose_name_plural = _("results of probes")
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(fields=["probe", "asked_at"], name="probe_result_once")]


class Incident(models.Model):
    """A disturbance of a data centre, or of one offering in it (`offering_code`). It lasts while `ends_at` is null.

    `contract_number` and `reporter` tell whose report it was; neither is public. Never deleted: availability and
    credits stand on it.
    """

    class State(models.TextChoices):
        REPORTED = "reported", _("Reported")
        CONFIRMED = "confirmed", _("Confirmed")
        RESOLVED = "resolved", _("Resolved")
        REJECTED = "rejected", _("Rejected")

    class Source(models.TextChoices):
        PROVIDER = "provider", _("Provider")
        BUYER = "buyer", _("Buyer")
        PROBE = "probe", _("Probe of the marketplace")

    class Impact(models.TextChoices):
        OUTAGE = "outage", _("Interrupted")
        DEGRADED = "degraded", _("Degraded")

    number = models.CharField(_("number"), max_length=20, unique=True)
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="incidents", verbose_name=_("provider"))
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="incidents", verbose_name=_("data centre")
    )
    offering_code = models.CharField(_("offering"), max_length=64, blank=True)
    offering_title = models.CharField(_("offering"), max_length=255, blank=True)
    source = models.CharField(_("reported by"), max_length=10, choices=Source)
    reporter = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("reporting organisation")
    )
    probe = models.ForeignKey(Probe, models.PROTECT, null=True, related_name="incidents", verbose_name=_("probe"))
    contract_number = models.CharField(_("contract"), max_length=20, blank=True)
    impact = models.CharField(_("impact"), max_length=10, choices=Impact)
    what = models.CharField(_("what happened"), max_length=300)
    state = models.CharField(_("state"), max_length=10, choices=State)
    starts_at = models.DateTimeField(_("began"))
    ends_at = models.DateTimeField(_("ended"), null=True, blank=True)
    reported_at = models.DateTimeField(_("reported"))
    decide_by = models.DateTimeField(_("provider's word until"), null=True)
    escalated_at = models.DateTimeField(_("given to the operator"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-starts_at", "-pk"]
        indexes = [
            models.Index(fields=["data_centre", "starts_at"], name="incident_of_centre"),
            models.Index(fields=["partner", "-starts_at"], name="incident_of_partner"),
            models.Index(fields=["decide_by"], name="incident_to_decide", condition=Q(state="reported")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=models.F("starts_at")), name="incident_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state="resolved") | Q(ends_at__isnull=False), name="incident_resolved_has_end"
            ),
            models.CheckConstraint(
                condition=Q(state="reported", decided_at=None, decide_by__isnull=False)
                | (~Q(state="reported") & Q(decided_at__isnull=False)),
                name="incident_decided",
            ),
            models.UniqueConstraint(
                fields=["contract_number"],
                condition=Q(state="reported") & ~Q(contract_number=""),
                name="incident_one_open_report",
            ),
            models.UniqueConstraint(
                fields=["probe"],
                condition=Q(ends_at=None, state__in=["reported", "confirmed"]),
                name="incident_one_open_by_probe",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class IncidentUpdate(models.Model):
    """One thing said or decided about an incident. Append-only; public from the confirmation on."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="updates", verbose_name=_("incident"))
    happened_at = models.DateTimeField(_("when"))
    to_state = models.CharField(_("state"), max_length=10, choices=Incident.State)
    text = models.CharField(_("what was said"), max_length=500)
    side = models.CharField(_("side"), max_length=10)
    by_name = models.CharField(_("by"), max_length=120)
    is_public = models.BooleanField(_("public"), default=False)

    class Meta:
        verbose_name = _("update of an incident")
        verbose_name_plural = _("updates of incidents")
        ordering = ["happened_at", "pk"]
