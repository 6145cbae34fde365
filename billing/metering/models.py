"""What was used: events as they were reported, and days rolled up from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageEvent(models.Model):
    """One reported quantity. Never changed; (provider, source, event id) makes it idempotent.

    The table also carries `written_in`, the transaction that stored the row: the roll-up reads in that
    order, so that an event committed late is never passed over.
    """

    # No index of their own for the two keys: the first leads `usage_event_unique`, and by contract the days are read.
    provider = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="+", db_index=False, verbose_name=_("provider")
    )
    source = models.CharField(_("source"), max_length=200)
    event_id = models.CharField(_("event id"), max_length=200)
    body_hash = models.BinaryField(max_length=32)
    contract = models.ForeignKey(
        "contracts.Contract", models.PROTECT, related_name="+", db_index=False, verbose_name=_("contract")
    )
    meter = models.CharField(_("meter"), max_length=40)
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=6)
    occurred_at = models.DateTimeField(_("occurred"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("usage event")
        verbose_name_plural = _("usage events")
        constraints = [
            models.UniqueConstraint(fields=["provider", "source", "event_id"], name="usage_event_unique"),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="usage_event_not_negative"),
        ]


class UsageDay(models.Model):
    """What one contract used of one meter on one day in Asia/Shanghai: the sum of its events."""

    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    meter = models.CharField(_("meter"), max_length=40)
    day = models.DateField(_("day"))
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    event_count = models.BigIntegerField(_("events"))
    batch = models.BigIntegerField(_("roll-up that touched it last"), db_index=True)

    class Meta:
        verbose_name = _("usage day")
        verbose_name_plural = _("usage days")
        constraints = [models.UniqueConstraint(fields=["contract", "meter", "day"], name="usage_day_unique")]


class RollUp(models.Model):
    """The one row that says how far the roll-up has come."""

    batch = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("roll-up")
        verbose_name_plural = _("roll-ups")


class UsageImport(models.Model):
    """A CSV file of usage, its progress and its errors row by row."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    number = models.CharField(_("number"), max_length=20, unique=True)
    provider = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    file = models.FileField(_("file"), upload_to="usage-imports/")
    file_name = models.CharField(_("file name"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    rows_read = models.BigIntegerField(_("rows read"), default=0)
    rows_accepted = models.BigIntegerField(_("accepted"), default=0)
    rows_duplicate = models.BigIntegerField(_("already known"), default=0)
    rows_rejected = models.BigIntegerField(_("rejected"), default=0)
    errors = models.JSONField(_("errors"), default=list)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("usage import")
        verbose_name_plural = _("usage imports")
        ordering = ["-created_at"]
