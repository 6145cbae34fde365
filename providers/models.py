"""Providers, their data centres, the capacity they sell from and what they agreed with the platform."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.partner.abstract_models import AbstractPartner


class Partner(AbstractPartner):
    """A provider: the organisation that lists, delivers and is paid."""

    organisation = models.OneToOneField(
        "organisations.Organisation",
        models.PROTECT,
        related_name="partner",
        verbose_name=_("organisation"),
    )


class Agreement(models.Model):
    """What the platform keeps of what it collects for a provider, from a date on. Changed by a new version."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="agreements", verbose_name=_("provider"))
    version = models.PositiveIntegerField(_("version"))
    effective_date = models.DateField(_("effective from"))
    commission_rate = models.DecimalField(_("commission rate"), max_digits=5, decimal_places=4)
    commission_vat_rate = models.DecimalField(
        _("VAT rate on the commission"), max_digits=5, decimal_places=4, default=Decimal("0.06")
    )

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["partner", "-effective_date", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "version"], name="agreement_version_unique"),
            models.CheckConstraint(
                condition=models.Q(commission_rate__gte=0, commission_rate__lt=1), name="agreement_commission_rate"
            ),
            models.CheckConstraint(
                condition=models.Q(commission_vat_rate__gte=0, commission_vat_rate__lt=1), name="agreement_vat_rate"
            ),
        ]


class DataCentre(models.Model):
    """A building with servers. Claims without evidence are shown as claims, never as badges."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        BUILDING = "building", _("Under construction")
        OPERATING = "operating", _("Operating")
        CLOSED = "closed", _("Closed")

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="data_centres", verbose_name=_("provider"))
    county = models.ForeignKey("organisations.Division", models.PROTECT, verbose_name=_("county"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PLANNED)
    gb50174_class = models.CharField(_("GB 50174 class"), max_length=1, blank=True)
    design_pue = models.DecimalField(_("design PUE"), max_digits=4, decimal_places=2, null=True, blank=True)
    measured_pue = models.DecimalField(
        _("measured PUE, trailing 12 months"), max_digits=4, decimal_places=2, null=True, blank=True
    )
    measured_pue_until = models.DateField(_("measured until"), null=True, blank=True)
    mlps_level = models.PositiveSmallIntegerField(_("MLPS level"), null=True, blank=True)
    mlps_filing_number = models.CharField(_("MLPS filing number"), max_length=40, blank=True)
    mlps_valid_until = models.DateField(_("next MLPS assessment due"), null=True, blank=True)
    green_power_percent = models.PositiveSmallIntegerField(_("share of green power, %"), null=True, blank=True)
    lines = models.CharField(_("network lines"), max_length=120, blank=True)
    rtt_to_beijing_ms = models.PositiveSmallIntegerField(_("round trip to Beijing, ms"), null=True, blank=True)
    racks = models.PositiveIntegerField(_("standard racks"), default=0)
    servers_capacity = models.PositiveIntegerField(_("servers planned"), default=0)
    servers_installed = models.PositiveIntegerField(_("servers installed"), default=0)
    servers_available = models.PositiveIntegerField(_("servers available"), null=True, blank=True)
    proven_mlps_level = models.PositiveSmallIntegerField(_("proven MLPS level"), null=True, editable=False)
    proven_pue = models.DecimalField(_("proven PUE"), max_digits=4, decimal_places=2, null=True, editable=False)
    proven_green_percent = models.PositiveSmallIntegerField(
        _("proven share of green power, %"), null=True, editable=False
    )
    asked_to_open_at = models.DateTimeField(_("asked to open"), null=True, blank=True, editable=False)
    is_sample = models.BooleanField(_("sample data"), default=False)

    class Meta:
        verbose_name = _("data centre")
        verbose_name_plural = _("data centres")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(servers_available__isnull=True)
                | models.Q(servers_available__lte=models.F("servers_installed")),
                name="data_centre_servers_available",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Evidence(models.Model):
    """What backs a claim: a certificate, a measurement, a report, with its days. Never edited, only revoked.

    `issued_date` is the day of the document; for a measurement, the last day it covers. Recognition is of a provider,
    everything else of a data centre.
    """

    class Kind(models.TextChoices):
        MLPS = "mlps", _("MLPS assessment")
        PUE = "pue", _("Measured PUE")
        ASSESSMENT = "assessment", _("Third-party assessment")
        GREEN_POWER = "green_power", _("Share of green power")
        GB50174 = "gb50174", _("GB 50174 class")
        RECOGNITION = "recognition", _("Recognition as a cloud enterprise")

    class Status(models.TextChoices):
        CLAIMED = "claimed", _("Claimed")
        VERIFIED = "verified", _("Verified")
        REVOKED = "revoked", _("Revoked")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="evidence", verbose_name=_("provider"))
    data_centre = models.ForeignKey(
        DataCentre, models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("data centre")
    )
    value = models.DecimalField(
        _("value"),
        max_digits=10,
        decimal_places=3,
        null=True,
        blank=True,
        help_text=_("The level, the PUE, the share in %, or 1 to 3 for class A to C."),
    )
    issuer = models.CharField(_("issued by"), max_length=120, blank=True)
    document_number = models.CharField(_("document number"), max_length=60, blank=True)
    document = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document")
    )
    system = models.ForeignKey(
        "partner.MlpsSystem", models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("system")
    )
    assessor = models.ForeignKey(
        "partner.Assessor", models.PROTECT, null=True, blank=True, related_name="evidence", verbose_name=_("assessor")
    )
    signed_by = models.CharField(_("signed by"), max_length=60, blank=True)
    issued_date = models.DateField(_("issued"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until, included"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CLAIMED)
    recorded_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(_("recorded"))
    verified_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("verified by")
    )
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_reason = models.CharField(_("why it was revoked"), max_length=200, blank=True)
    reminded_days = models.PositiveSmallIntegerField(
        _("reminded, days before the end"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["partner", "kind", "-valid_from"]
        indexes = [models.Index(fields=["data_centre", "kind", "status"], name="evidence_of_centre")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=models.F("valid_from")),
                name="evidence_period",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="verified") | models.Q(verified_at__isnull=False),
                name="evidence_verified_has_date",
            ),
            models.CheckConstraint(
                condition=models.Q(status="revoked", revoked_at__isnull=False)
                | (~models.Q(status="revoked") & models.Q(revoked_at__isnull=True)),
                name="evidence_revoked_has_date",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="recognition", data_centre__isnull=True)
                | (~models.Q(kind="recognition") & models.Q(data_centre__isnull=False)),
                name="evidence_of_centre_or_provider",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind__in=["mlps", "pue", "green_power", "gb50174"]) | models.Q(value__gt=0),
                name="evidence_has_value",
            ),
        ]

    @property
    def centre_class(self) -> str:
        """The class that evidence of kind `gb50174` proves."""
        return "" if self.value is None else "ABC"[int(self.value) - 1]


class CapacityPool(models.Model):
    """How much of one resource a data centre has to sell, and how much of it is taken.

    `allocated` is sold and moves only by `operations.allocate` and `operations.release`; `held` is kept for a while and
    `reserved` promised for later (`providers.capacity`). `total` is what is for sale: the physical quantity times the
    overcommit ratio, which buyers can read.
    """

    data_centre = models.ForeignKey(DataCentre, models.PROTECT, related_name="pools", verbose_name=_("data centre"))
    resource = models.CharField(_("resource"), max_length=40)
    unit = models.CharField(_("unit"), max_length=20)
    total = models.DecimalField(_("total"), max_digits=18, decimal_places=3)
    allocated = models.DecimalField(_("allocated"), max_digits=18, decimal_places=3, default=Decimal(0))
    held = models.DecimalField(_("held"), max_digits=18, decimal_places=3, default=Decimal(0))
    reserved = models.DecimalField(_("reserved"), max_digits=18, decimal_places=3, default=Decimal(0))
    overcommit_ratio = models.DecimalField(
        _("overcommit ratio"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(1),
        help_text=_("How many units are sold for each physical one."),
    )

    class Meta:
        verbose_name = _("capacity pool")
        verbose_name_plural = _("capacity pools")
        ordering = ["data_centre", "resource"]
        constraints = [
            models.UniqueConstraint(fields=["data_centre", "resource"], name="capacity_pool_unique"),
            models.CheckConstraint(
                condition=models.Q(
                    allocated__gte=0,
                    held__gte=0,
                    reserved__gte=0,
                    total__gte=models.F("allocated") + models.F("held") + models.F("reserved"),
                ),
                name="capacity_allocated_within_total",
            ),
            models.CheckConstraint(
                condition=models.Q(overcommit_ratio__gte=1), name="capacity_overcommit_at_least_one"
            ),
        ]

    @property
    def available(self) -> Decimal:
        """What can be taken now."""
        return self.total - self.allocated - self.held - self.reserved


from oscar.apps.partner.models import *  # noqa: E402, F403

from providers.capacity.models import (  # noqa: E402, F401
    CapacityHold,
    Maintenance,
    PoolChange,
    PoolDay,
    Reservation,
)
from providers.evidence.models import (  # noqa: E402, F401
    Alert,
    AlertSource,
    Assessor,
    AssessorTie,
    EnergyReading,
    MlpsInterval,
    MlpsStep,
    MlpsSystem,
)
