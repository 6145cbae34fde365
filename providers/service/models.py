"""Interruptions of services, and what was said about them."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

PUBLIC_STATES: Final = ("confirmed", "resolved")


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
