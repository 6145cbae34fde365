"""What was uploaded, by whom, and where its bytes lie."""

import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _


def random_path(document: "Document", file_name: str) -> str:
    """A place in the store that tells neither owner nor name nor kind; nobody can guess it."""
    token = secrets.token_hex(16)
    return f"documents/{token[:2]}/{token}"


class Document(models.Model):
    """One file as it came in. The database refuses to change it; `number` is what pages show."""

    class Kind(models.TextChoices):
        BUSINESS_LICENCE = "business_licence", _("Business licence")
        TELECOM_LICENCE = "telecom_licence", _("Value-added telecom licence")
        AUTHORISATION = "authorisation", _("Letter of authorisation")
        BANK_CONFIRMATION = "bank_confirmation", _("Confirmation of the bank account")
        RECOGNITION = "recognition", _("Proof for the recognition")
        MLPS = "mlps", _("MLPS report")
        PUE = "pue", _("Energy measurement")
        ASSESSMENT = "assessment", _("Assessment report")
        OTHER = "other", _("Other document")

    number = models.CharField(_("number"), max_length=20, unique=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="documents", verbose_name=_("organisation")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    file = models.FileField(_("file"), upload_to=random_path, max_length=120)
    name = models.CharField(_("file name"), max_length=100)
    content_type = models.CharField(_("content type"), max_length=20)
    byte_count = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    page_count = models.PositiveIntegerField(_("pages"), null=True, blank=True)
    width_px = models.PositiveIntegerField(_("width, pixels"), null=True, blank=True)
    height_px = models.PositiveIntegerField(_("height, pixels"), null=True, blank=True)
    uploaded_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    uploaded_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-uploaded_at", "-id"]
        indexes = [models.Index(fields=["organisation", "kind"], name="document_of_organisation")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(content_type__in=["application/pdf", "image/png", "image/jpeg"]),
                name="document_content_type",
            ),
            models.CheckConstraint(
                condition=models.Q(content_type="application/pdf", page_count__gt=0, width_px__isnull=True)
                | models.Q(width_px__gt=0, height_px__gt=0, page_count__isnull=True),
                name="document_pages_or_pixels",
            ),
        ]

    def __str__(self) -> str:
        return self.name
