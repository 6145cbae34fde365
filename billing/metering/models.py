"""What was used: events as they were reported, and days rolled up from them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.rules import aggregation


class EventKey(models.Model):
    """That an event is known: what makes it idempotent, whichever month it lies in and wherever it is kept.

    `occurred_at` says in which partition of UsageEvent, or in which archive, the event is found. The constraint's
    name in the database is `usage_event_unique`.
    """

    pk = models.CompositePrimaryKey("provider_id", "source", "event_id")
    # Written with every event: the contract's own row vouches for the provider, so the database checks neither again.
    provider = models.ForeignKey(
        "partner.Partner",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("provider"),
    )
    source = models.CharField(_("source"), max_length=200)
    event_id = models.CharField(_("event id"), max_length=200)
    body_hash = models.BinaryField(max_length=32)
    occurred_at = models.DateTimeField(_("occurred"))

    class Meta:
        verbose_name = _("usage event's key")
        verbose_name_plural = _("usage events' keys")


class UsageEvent(models.Model):
    """One reported quantity, kept in the partition of its month in Asia/Shanghai. Never changed; see EventKey.

    Without a quantity it is a void: it takes another event back and counts nowhere. The table also carries
    `written_in`, the transaction that stored the row: the roll-up reads in that order, so that an event committed
    late is never passed over.
    """

    pk = models.CompositePrimaryKey("provider_id", "source", "event_id")
    provider = models.ForeignKey(
        "partner.Partner",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("provider"),
    )
    source = models.CharField(_("source"), max_length=200)
    event_id = models.CharField(_("event id"), max_length=200)
    contract = models.ForeignKey(
        "contracts.Contract",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("contract"),
    )
    meter = models.CharField(_("meter"), max_length=40)
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=6, null=True)
    value = models.CharField(_("value"), max_length=200, blank=True, help_text=_("What is counted once."))
    occurred_at = models.DateTimeField(_("occurred"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("usage event")
        verbose_name_plural = _("usage events")
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="usage_event_not_negative"),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(ended_at__gt=models.F("occurred_at")),
                name="usage_event_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["contract", "meter", "occurred_at"], name="usage_event_scan")]


class Supersession(models.Model):
    """That an event no longer counts, and which other one says so. Effective events are those without one.

    It repeats what the superseded event said, so that the roll-up takes it away without looking for it. The
    constraint's name in the database is `usage_event_superseded_once`.
    """

    pk = models.CompositePrimaryKey("provider_id", "source", "event_id")
    provider = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="+", db_index=False, verbose_name=_("provider")
    )
    source = models.CharField(_("source"), max_length=200)
    event_id = models.CharField(_("event id"), max_length=200)
    by_source = models.CharField(_("source of the correction"), max_length=200)
    by_event_id = models.CharField(_("event id of the correction"), max_length=200)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    meter = models.CharField(_("meter"), max_length=40)
    occurred_at = models.DateTimeField(_("occurred"))
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=6, null=True)

    class Meta:
        verbose_name = _("superseded usage event")
        verbose_name_plural = _("superseded usage events")


class UsageDay(models.Model):
    """What one contract's events of one meter came to on one day in Asia/Shanghai, by what its plan counts.

    `month_part` is what the day adds to its month where that is not `quantity`: for different values those that are
    new in the month, for an average level × hours. None: the quantity itself.
    """

    contract = models.ForeignKey("contracts.Contract", models.PROTECT, related_name="+", verbose_name=_("contract"))
    meter = models.CharField(_("meter"), max_length=40)
    aggregation = models.CharField(
        _("what is counted"), max_length=20, default=aggregation.SUM, db_default=aggregation.SUM
    )
    day = models.DateField(_("day"))
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    month_part = models.DecimalField(_("part of the month"), max_digits=30, decimal_places=6, null=True)
    event_count = models.BigIntegerField(_("events"))
    batch = models.BigIntegerField(_("roll-up that touched it last"), db_index=True)

    class Meta:
        verbose_name = _("usage day")
        verbose_name_plural = _("usage days")
        constraints = [
            models.UniqueConstraint(fields=["contract", "meter", "aggregation", "day"], name="usage_day_unique")
        ]


class UsageHour(models.Model):
    """The same by hour, for charts: a sum, a count, or level × hours. Other aggregations have no hours."""

    pk = models.CompositePrimaryKey("contract_id", "meter", "aggregation", "hour")
    # Its day vouches for the contract.
    contract = models.ForeignKey(
        "contracts.Contract",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        verbose_name=_("contract"),
    )
    meter = models.CharField(_("meter"), max_length=40)
    aggregation = models.CharField(_("what is counted"), max_length=20)
    hour = models.DateTimeField(_("hour"))
    quantity = models.DecimalField(_("quantity"), max_digits=30, decimal_places=6)
    event_count = models.BigIntegerField(_("events"))

    class Meta:
        verbose_name = _("usage hour")
        verbose_name_plural = _("usage hours")


class RollUp(models.Model):
    """The one row that says how far the roll-up has come, and until when held levels are carried on."""

    batch = models.BigIntegerField(default=0)
    held_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("roll-up")
        verbose_name_plural = _("roll-ups")


class UsageBatch(models.Model):
    """A batch that a client has given a key: what was answered, so that the same is answered again."""

    provider = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="+", db_index=False, verbose_name=_("provider")
    )
    key = models.CharField(_("key"), max_length=255)
    body_hash = models.BinaryField(max_length=32)
    answer = models.JSONField(_("answer"), default=dict)
    created_at = models.DateTimeField(_("created"), db_index=True)

    class Meta:
        verbose_name = _("usage batch")
        verbose_name_plural = _("usage batches")
        constraints = [models.UniqueConstraint(fields=["provider", "key"], name="usage_batch_once")]


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
