"""What the market looks like: an indicator dictionary and monthly snapshots."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Indicator(models.Model):
    """One number the platform publishes: what it counts, in which unit, from which source."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    unit = models.CharField(_("unit"), max_length=20)
    definition = models.TextField(_("definition"))

    class Meta:
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Snapshot(models.Model):
    """An indicator's value for one month, taken when the month had ended. Never changed."""

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="snapshots", verbose_name=_("indicator"))
    period_start_date = models.DateField(_("month"))
    value = models.DecimalField(_("value"), max_digits=30, decimal_places=6)
    taken_at = models.DateTimeField(_("taken"))

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["indicator", "-period_start_date"]
        constraints = [models.UniqueConstraint(fields=["indicator", "period_start_date"], name="snapshot_unique")]
