"""Files that people ask for, with their progress."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExportRun(models.Model):
    """One file somebody asked for. Kept with its hash; visible to the organisation that asked."""

    class Kind(models.TextChoices):
        SETTLEMENT_SUMMARY = "settlement_summary", _("Settlements")
        SETTLEMENT_DETAIL = "settlement_detail", _("Settlement lines")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    number = models.CharField(_("number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    format = models.CharField(_("format"), max_length=5, choices=Format)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="export_runs", verbose_name=_("organisation")
    )
    period_start_date = models.DateField(_("month"))
    version = models.PositiveIntegerField(_("version"))
    settlement_number = models.CharField(_("settlement"), max_length=30, blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    requested_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("requested by")
    )
    requested_at = models.DateTimeField(_("requested"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    rows_total = models.BigIntegerField(_("rows"), default=0)
    rows_done = models.BigIntegerField(_("rows written"), default=0)
    file = models.FileField(_("file"), upload_to="exports/", blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("worker is heard of until"), null=True)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "format", "period_start_date", "settlement_number", "version"],
                name="export_run_unique",
            ),
        ]


class Paper(models.Model):
    """The PDF of an invoice or credit note in one language: rendered once, and served as it was kept."""

    number = models.CharField(_("document"), max_length=30)
    language = models.CharField(_("language"), max_length=10)
    file = models.FileField(_("file"), upload_to="papers/")
    sha256 = models.CharField("SHA-256", max_length=64)
    rendered_at = models.DateTimeField(_("rendered"))

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        constraints = [models.UniqueConstraint(fields=["number", "language"], name="paper_unique")]
