"""Clouds of providers, what an offering is there, and the machines that were created."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Connection(models.Model):
    """An account of a cloud that a data centre sells from. Its credentials are sealed and never shown again."""

    class Kind(models.TextChoices):
        EC2 = "ec2", _("EC2-compatible")
        OPENSTACK = "openstack", "OpenStack"

    partner = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="connections", verbose_name=_("provider")
    )
    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="connections", verbose_name=_("data centre")
    )
    number = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    url = models.CharField(_("address"), max_length=500)
    region = models.CharField(_("region"), max_length=60, blank=True)
    project = models.CharField(_("project"), max_length=120, blank=True)
    domain = models.CharField(_("domain"), max_length=120, blank=True)
    credentials_sealed = models.TextField(editable=False)
    is_active = models.BooleanField(_("on"), default=True)
    tested_at = models.DateTimeField(_("tested"), null=True)
    test_error = models.CharField(_("what the test found"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("cloud connection")
        verbose_name_plural = _("cloud connections")
        ordering = ["partner", "name", "id"]
        constraints = [models.UniqueConstraint(fields=["partner", "name"], name="connection_name_unique")]

    def __str__(self) -> str:
        return self.name


class Blueprint(models.Model):
    """What one unit of an offering is in a cloud. `meters`: usage of one machine in one hour, by meter."""

    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    offering_code = models.CharField(_("offering's code"), max_length=40)
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="blueprints", verbose_name=_("cloud connection")
    )
    size = models.CharField(_("size"), max_length=120)
    image = models.CharField(_("image"), max_length=120)
    meters = models.JSONField(_("usage of a machine in an hour"), default=dict)
    accepts_orders = models.BooleanField(_("accept orders by itself"), default=False)
    is_active = models.BooleanField(_("on"), default=True)

    class Meta:
        verbose_name = _("blueprint")
        verbose_name_plural = _("blueprints")
        ordering = ["partner", "offering_code"]
        constraints = [models.UniqueConstraint(fields=["partner", "offering_code"], name="blueprint_of_offering")]


class Machine(models.Model):
    """One machine of a delivery. Its token makes its creation happen once, whatever is repeated."""

    class State(models.TextChoices):
        WANTED = "wanted", _("Wanted")
        CREATING = "creating", _("Being created")
        RUNNING = "running", _("Running")
        FAILED = "failed", _("Failed")
        REMOVING = "removing", _("Being removed")
        REMOVED = "removed", _("Removed")

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="machines", verbose_name=_("cloud connection")
    )
    delivery_number = models.CharField(_("contract"), max_length=20)
    index = models.PositiveIntegerField(_("place"))
    token = models.CharField(max_length=40, unique=True)
    cloud_id = models.CharField(_("id in the cloud"), max_length=120, blank=True)
    size = models.CharField(_("size"), max_length=120)
    image = models.CharField(_("image"), max_length=120)
    meters = models.JSONField(_("usage in an hour"), default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WANTED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    lease = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    error = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))
    running_since = models.DateTimeField(_("running since"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    read_until = models.DateTimeField(_("usage read until"), null=True)
    removed_at = models.DateTimeField(_("removed"), null=True)

    class Meta:
        verbose_name = _("machine")
        verbose_name_plural = _("machines")
        ordering = ["delivery_number", "index", "id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"], name="machine_due", condition=Q(next_attempt_at__isnull=False)
            ),
            models.Index(fields=["delivery_number"], name="machine_of_delivery"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery_number", "index"],
                name="machine_once",
                condition=~Q(state__in=["removing", "removed"]),
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | (~Q(cloud_id="") & Q(running_since__isnull=False)),
                name="machine_running_has_id",
            ),
        ]


class Reading(models.Model):
    """One hour that a machine ran, as usage of one meter by the contract it ran for. Metering takes it once."""

    machine = models.ForeignKey(Machine, models.PROTECT, related_name="readings", verbose_name=_("machine"))
    contract_number = models.CharField(_("contract"), max_length=20)
    hour_at = models.DateTimeField(_("hour"))
    meter = models.CharField(_("meter"), max_length=60)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=6)
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("readings")
        indexes = [models.Index(fields=["id"], name="reading_to_take", condition=Q(outcome=""))]
        constraints = [models.UniqueConstraint(fields=["machine", "hour_at", "meter"], name="reading_once")]
