"""Criteria sets, editions, their entries and signatures. The database freezes what is announced and published."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

DAYS_OF_NOTICE = 7


class CriteriaSet(models.Model):
    """What an offering must fulfil to be recommended. Announced at birth, at least seven days ahead; never changed.

    The seven days are those of the E-commerce Law (电子商务法) article 34 for changes of a platform's rules.
    `criteria` is a list of {"kind": …, parameters}, checked by `criteria.check_criteria`.
    """

    version = models.PositiveIntegerField(_("version"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=500)
    criteria = models.JSONField(_("criteria"))
    announced_at = models.DateTimeField(_("announced"))
    announced_date = models.DateField(_("day of the announcement"))
    effective_date = models.DateField(_("in force from"))
    announced_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("announced by")
    )

    class Meta:
        app_label = "catalogue"
        verbose_name = _("criteria set")
        verbose_name_plural = _("criteria sets")
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(effective_date__gte=models.F("announced_date") + timedelta(days=DAYS_OF_NOTICE)),
                name="criteria_announced_seven_days_ahead",
            ),
        ]


class EditionSeries(models.Model):
    """The last edition number of a year: a locked row, so that numbers have no gaps and one edition follows another."""

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        app_label = "catalogue"
        verbose_name = _("series of edition numbers")
        verbose_name_plural = _("series of edition numbers")


class Edition(models.Model):
    """One issue of the recommended catalogue. Its number comes with its publication; one is in force at a time."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Being prepared")
        SIGNING = "signing", _("Being signed")
        PUBLISHED = "published", _("In force")
        SUPERSEDED = "superseded", _("Superseded")

    number = models.CharField(_("number"), max_length=20, unique=True, null=True, blank=True)
    criteria_set = models.ForeignKey(
        CriteriaSet, models.PROTECT, related_name="editions", verbose_name=_("criteria set")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    period_start_date = models.DateField(_("meant for the period from"))
    period_end_date = models.DateField(_("to"))
    opened_at = models.DateTimeField(_("opened"))
    opened_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    evaluated_at = models.DateTimeField(_("evaluated"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    published_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, blank=True, related_name="+")
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="superseded_by", verbose_name=_("the one before")
    )
    superseded_at = models.DateTimeField(_("superseded"), null=True, blank=True)

    class Meta:
        app_label = "catalogue"
        verbose_name = _("edition of the recommended catalogue")
        verbose_name_plural = _("editions of the recommended catalogue")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="published"), name="edition_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["criteria_set"],
                condition=models.Q(state__in=["draft", "signing"]),
                name="edition_one_open_per_criteria_set",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "signing"], number__isnull=True, published_at__isnull=True)
                | models.Q(state__in=["published", "superseded"], number__isnull=False, published_at__isnull=False),
                name="edition_published_has_number",
            ),
            models.CheckConstraint(
                condition=models.Q(period_end_date__gte=models.F("period_start_date")), name="edition_period"
            ),
        ]


class EditionEntry(models.Model):
    """One offering in an edition: how it was judged, what was decided, when it came and when and why it left.

    `evaluation` holds one result per criterion with the evidence it stands on; `shown` the words of the offering as
    they were, so that the edition can be read for ever. `entered_date` is kept from edition to edition.
    """

    class Decision(models.TextChoices):
        INCLUDED = "included", pgettext_lazy("decision", "Included")
        EXCLUDED = "excluded", pgettext_lazy("decision", "Not included")

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="entries", verbose_name=_("edition"))
    product = models.ForeignKey(
        "catalogue.Product", models.PROTECT, related_name="edition_entries", verbose_name=_("offering")
    )
    offering_version = models.ForeignKey(
        "catalogue.OfferingVersion", models.PROTECT, null=True, related_name="+", verbose_name=_("version")
    )
    version_number = models.PositiveIntegerField(_("version"))
    shown = models.JSONField(_("offering as it was"))
    meets = models.BooleanField(_("meets the criteria"))
    evaluation = models.JSONField(_("evaluation"))
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    note = models.CharField(_("note"), max_length=300, blank=True)
    decided_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    entered_date = models.DateField(_("in since"), null=True)
    left_date = models.DateField(_("left on"), null=True)
    left_reason = models.JSONField(_("why it left"), null=True)

    class Meta:
        app_label = "catalogue"
        verbose_name = _("entry of an edition")
        verbose_name_plural = _("entries of an edition")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "product"], name="edition_entry_unique"),
            models.CheckConstraint(
                condition=models.Q(decision="excluded") | models.Q(meets=True), name="edition_entry_included_meets"
            ),
            models.CheckConstraint(
                condition=models.Q(left_date__isnull=True, left_reason__isnull=True)
                | models.Q(left_date__isnull=False, left_reason__isnull=False, entered_date__isnull=False),
                name="edition_entry_left_has_reason",
            ),
        ]


class Signature(models.Model):
    """One person's signature under an edition's entries as they stood (`digest`). Changing an entry voids it."""

    class Role(models.TextChoices):
        OFFICER = "officer", _("Procurement officer")
        OPERATOR = "operator", _("Operator")
        OWNER = "owner", _("Owner")

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="signatures", verbose_name=_("edition"))
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+", verbose_name=_("by"))
    role = models.CharField(_("as"), max_length=10, choices=Role)
    digest = models.CharField(max_length=64)
    signed_at = models.DateTimeField(_("signed"))
    voided_at = models.DateTimeField(_("voided"), null=True)

    class Meta:
        app_label = "catalogue"
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "user"], condition=models.Q(voided_at__isnull=True), name="signature_once_per_person"
            ),
        ]
