"""Files of offerings that a provider uploads: their progress, and what became of each offering."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ListingImport(models.Model):
    """A spreadsheet of offerings. `rows_done` is where a worker goes on that takes it over from one that died."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    number = models.CharField(_("number"), max_length=20, unique=True)
    provider = models.ForeignKey("partner.Partner", models.PROTECT, related_name="+", verbose_name=_("provider"))
    file = models.FileField(_("file"), upload_to="listing-imports/")
    file_name = models.CharField(_("file name"), max_length=200)
    is_dry_run = models.BooleanField(_("only try"), default=False)
    is_submitted = models.BooleanField(_("submit for review after the import"), default=False)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    requested_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("requested by")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    created_count = models.PositiveIntegerField(_("created"), default=0)
    updated_count = models.PositiveIntegerField(_("changed"), default=0)
    unchanged_count = models.PositiveIntegerField(_("unchanged"), default=0)
    failed_count = models.PositiveIntegerField(_("failed"), default=0)
    submitted_count = models.PositiveIntegerField(_("submitted for review"), default=0)
    problem_count = models.PositiveIntegerField(_("problems"), default=0)
    problems = models.JSONField(_("problems"), default=list)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("worker is heard of until"), null=True)
    created_at = models.DateTimeField(_("uploaded"))
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("import of offerings")
        verbose_name_plural = _("imports of offerings")
        ordering = ["-created_at", "-id"]


class ListingImportLine(models.Model):
    """What became of one offering of a file. One line per place in the file, so that nothing is imported twice."""

    class Outcome(models.TextChoices):
        CREATED = "created", _("New")
        UPDATED = "updated", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        FAILED = "failed", _("Failed")

    listing_import = models.ForeignKey(ListingImport, models.PROTECT, related_name="lines", db_index=False)
    row = models.PositiveIntegerField(_("row"))
    code = models.CharField(_("code"), max_length=255, blank=True)
    title = models.CharField(_("title"), max_length=255, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    version_number = models.PositiveIntegerField(_("version"), default=0)
    is_submitted = models.BooleanField(_("submitted for review"), default=False)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("imported offering")
        verbose_name_plural = _("imported offerings")
        ordering = ["listing_import", "row"]
        constraints = [
            models.UniqueConstraint(fields=["listing_import", "row"], name="listing_import_line_unique"),
        ]
