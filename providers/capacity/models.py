"""What happens to pools over time: holds, changes on a date, maintenance, reservations, and the history."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class CapacityHold(models.Model):
    """Capacity kept for somebody who has not ordered yet, until a time. One row per pool; `reference` binds them."""

    class Purpose(models.TextChoices):
        CHECKOUT = "checkout", _("Checkout")
        TENDER = "tender", _("Tender")
        RESERVATION = "reservation", _("Reservation that has begun")

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        USED = "used", _("Ordered")
        RELEASED = "released", _("Given back")
        EXPIRED = "expired", _("Run out")

    pool = models.ForeignKey("partner.CapacityPool", models.PROTECT, related_name="holds", verbose_name=_("pool"))
    reference = models.CharField(_("for"), max_length=60)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=3)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.HELD)
    held_at = models.DateTimeField(_("held since"))
    expires_at = models.DateTimeField(_("runs out"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("capacity hold")
        verbose_name_plural = _("capacity holds")
        indexes = [
            models.Index(fields=["expires_at"], name="hold_to_expire", condition=models.Q(status="held")),
            models.Index(fields=["reference"], name="hold_of_reference"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "reference"], condition=models.Q(status="held"), name="capacity_hold_once"
            ),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="capacity_hold_positive"),
            models.CheckConstraint(
                condition=models.Q(status="held", ended_at=None)
                | (~models.Q(status="held") & models.Q(ended_at__isnull=False)),
                name="capacity_hold_ended",
            ),
        ]


class PoolChange(models.Model):
    """More or less capacity from a day on: a building phase, servers that are taken out. Applied by the pipeline."""

    pool = models.ForeignKey("partner.CapacityPool", models.PROTECT, related_name="changes", verbose_name=_("pool"))
    effective_date = models.DateField(_("from"))
    quantity = models.DecimalField(
        _("change"), max_digits=18, decimal_places=3, help_text=_("Negative for what is taken out.")
    )
    reason = models.CharField(_("reason"), max_length=200)
    planned_at = models.DateTimeField(_("planned"))
    applied_at = models.DateTimeField(_("applied"), null=True)
    cancelled_at = models.DateTimeField(_("called off"), null=True)

    class Meta:
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        ordering = ["effective_date", "pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(quantity=0), name="pool_change_is_one"),
            models.CheckConstraint(
                condition=models.Q(applied_at=None) | models.Q(cancelled_at=None), name="pool_change_applied_or_not"
            ),
        ]


class Maintenance(models.Model):
    """A window in which a data centre may interrupt its services, announced beforehand."""

    data_centre = models.ForeignKey(
        "partner.DataCentre", models.PROTECT, related_name="maintenance", verbose_name=_("data centre")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("what is done"), max_length=200)
    announced_at = models.DateTimeField(_("announced"))
    cancelled_at = models.DateTimeField(_("called off"), null=True)

    class Meta:
        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance windows")
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="maintenance_has_length")
        ]


class Reservation(models.Model):
    """Capacity promised for a future period. Several share the same capacity when their periods do not meet."""

    class Status(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        BEGUN = "begun", _("Begun")
        CANCELLED = "cancelled", _("Cancelled")

    pool = models.ForeignKey(
        "partner.CapacityPool", models.PROTECT, related_name="reservations", verbose_name=_("pool")
    )
    reference = models.CharField(_("for"), max_length=60)
    quantity = models.DecimalField(_("quantity"), max_digits=18, decimal_places=3)
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("until, not included"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RESERVED)
    reserved_at = models.DateTimeField(_("reserved"))

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["start_date", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "reference"], name="reservation_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_positive"),
            models.CheckConstraint(
                condition=models.Q(end_date__gt=models.F("start_date")), name="reservation_has_length"
            ),
        ]


class PoolDay(models.Model):
    """How a pool stood at the end of a day in Shanghai, and the most that was taken in it: the history's charts."""

    pool = models.ForeignKey("partner.CapacityPool", models.CASCADE, related_name="days", verbose_name=_("pool"))
    day = models.DateField(_("day"))
    total = models.DecimalField(max_digits=18, decimal_places=3)
    allocated = models.DecimalField(max_digits=18, decimal_places=3)
    held = models.DecimalField(max_digits=18, decimal_places=3)
    peak = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        verbose_name = _("day of a pool")
        verbose_name_plural = _("days of pools")
        ordering = ["pool", "day"]
        constraints = [models.UniqueConstraint(fields=["pool", "day"], name="pool_day_unique")]
