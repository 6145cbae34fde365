"""Applications with their steps, qualifications, payout accounts, recognitions, and the table of standard rates."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

OPEN_STATES = ("draft", "submitted", "in_review", "returned")


class StandardCommission(models.Model):
    """What the platform keeps by default, from a day on. Data of the operator, with its source."""

    effective_date = models.DateField(_("effective from"), unique=True)
    commission_rate = models.DecimalField(_("commission rate"), max_digits=5, decimal_places=4)
    commission_vat_rate = models.DecimalField(_("VAT rate on the commission"), max_digits=5, decimal_places=4)
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("standard commission")
        verbose_name_plural = _("standard commissions")
        ordering = ["-effective_date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(commission_rate__gte=0, commission_rate__lt=1)
                & Q(commission_vat_rate__gte=0, commission_vat_rate__lt=1),
                name="standard_commission_rates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.effective_date} {self.commission_rate}"


class Application(models.Model):
    """What an organisation says of itself to become a provider. It is edited as a draft, frozen once decided."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        RETURNED = "returned", _("Returned")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    number = models.CharField(_("number"), max_length=20, unique=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="applications", verbose_name=_("organisation")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    legal_representative = models.CharField(_("legal representative"), max_length=60, blank=True)
    address = models.CharField(_("registered address"), max_length=200, blank=True)
    county = models.ForeignKey(
        "organisations.Division", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    services = ArrayField(models.CharField(max_length=20), default=list, verbose_name=_("services"))
    business_licence = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, related_name="+", verbose_name=_("business licence")
    )
    licence_is_long_term = models.BooleanField(_("the licence has no end"), default=False)
    licence_valid_until = models.DateField(_("licence valid until"), null=True, blank=True)
    telecom_licence = models.ForeignKey(
        "documents.Document", models.PROTECT, null=True, related_name="+", verbose_name=_("telecom licence")
    )
    telecom_number = models.CharField(_("number of the telecom licence"), max_length=40, blank=True)
    telecom_valid_until = models.DateField(_("telecom licence valid until"), null=True, blank=True)
    is_telecom_required = models.BooleanField(_("telecom licence required"), null=True)  # None: as the services say
    contact_name = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = models.CharField(_("telephone"), max_length=30, blank=True)
    contact_email = models.EmailField(_("e-mail address"), blank=True)
    requested_rate = models.DecimalField(_("requested commission"), max_digits=5, decimal_places=4, null=True)
    findings = models.JSONField(_("findings"), default=list)
    remarks = models.JSONField(_("remarks of the reviewer"), default=dict)  # field → what to mend
    created_at = models.DateTimeField(_("begun"))
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(state__in=[*OPEN_STATES, "approved"]), name="application_one_open"
            ),
            models.CheckConstraint(
                condition=Q(requested_rate__isnull=True) | Q(requested_rate__gte=0, requested_rate__lt=1),
                name="application_requested_rate",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["approved", "rejected"], decided_at__isnull=False)
                | (~Q(state__in=["approved", "rejected"]) & Q(decided_at__isnull=True)),
                name="application_decided_has_date",
            ),
        ]


class ApplicationStep(models.Model):
    """Who brought an application where, when and why. Rows are never changed."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="steps")
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10)
    happened_at = models.DateTimeField(_("when"))
    user = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    remarks = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("step of an application")
        verbose_name_plural = _("steps of applications")
        ordering = ["id"]


class Qualification(models.Model):
    """What a provider must hold, with its days. A renewal is a new row, which counts once it is verified."""

    class Kind(models.TextChoices):
        BUSINESS_LICENCE = "business_licence", _("Business licence")
        TELECOM_LICENCE = "telecom_licence", _("Value-added telecom licence")
        AGREEMENT = "agreement", _("Agreement with the platform")

    class Status(models.TextChoices):
        CLAIMED = "claimed", _("Waits for verification")
        VERIFIED = "verified", _("Verified")
        REFUSED = "refused", _("Refused")

    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="qualifications")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.CLAIMED)
    document = models.ForeignKey("documents.Document", models.PROTECT, null=True, related_name="+")
    document_number = models.CharField(_("document number"), max_length=60, blank=True)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until, included"), null=True)  # None: without end
    recorded_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(_("recorded"))
    decided_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["partner", "kind", "-id"]
        indexes = [models.Index(fields=["valid_until"], name="qualification_end", condition=Q(status="verified"))]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind"], condition=Q(status="claimed"), name="qualification_one_claimed"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="qualification_period",
            ),
            models.CheckConstraint(
                condition=Q(status="claimed", decided_at__isnull=True)
                | (~Q(status="claimed") & Q(decided_at__isnull=False)),
                name="qualification_decided_has_date",
            ),
        ]


class Reminder(models.Model):
    """That somebody was reminded of an end, so that it happens once: `what` names the row, `days` the lead."""

    what = models.CharField(max_length=60)
    days = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [models.UniqueConstraint(fields=["what", "days"], name="reminder_once")]


class PayoutAccount(models.Model):
    """Where a provider is paid. Never edited: another account is another version, and is proven anew."""

    class State(models.TextChoices):
        ENTERED = "entered", _("Entered")
        DRAWN = "drawn", _("Deposit being sent")
        SENT = "sent", _("Deposit sent")
        VERIFIED = "verified", _("Verified")
        REPLACED = "replaced", _("Replaced")

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="payout_accounts", verbose_name=_("organisation")
    )
    version = models.PositiveIntegerField(_("version"))
    bank = models.CharField(_("bank and branch"), max_length=120)
    account_name = models.CharField(_("account name"), max_length=120)
    number_sealed = models.CharField(max_length=300, editable=False)
    number_end = models.CharField(_("last four digits"), max_length=4)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ENTERED)
    entered_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField(_("entered"))
    verified_at = models.DateTimeField(_("verified"), null=True)

    class Meta:
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")
        ordering = ["organisation", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="payout_account_version_unique"),
            models.UniqueConstraint(
                fields=["organisation"], condition=~Q(state="replaced"), name="payout_account_one_current"
            ),
            models.CheckConstraint(
                condition=~Q(state="verified") | Q(verified_at__isnull=False), name="payout_account_verified_has_date"
            ),
        ]


class Deposit(models.Model):
    """A small amount sent to an account, which only its owner can read. Three tries, then another deposit."""

    account = models.ForeignKey(PayoutAccount, models.PROTECT, related_name="deposits")
    amount_sealed = models.CharField(max_length=200, editable=False)
    drawn_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    drawn_at = models.DateTimeField(_("drawn"))
    bank_reference = models.CharField(_("bank reference"), max_length=80, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    is_confirmed = models.BooleanField(_("confirmed"), default=False)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(tries__lte=3), name="deposit_three_tries"),
            models.UniqueConstraint(fields=["account"], condition=Q(closed_at__isnull=True), name="deposit_one_open"),
            models.CheckConstraint(
                condition=Q(is_confirmed=False) | Q(closed_at__isnull=False), name="deposit_confirmed_is_closed"
            ),
        ]


class Recognition(models.Model):
    """A recognition as a cloud enterprise (云计算企业认定), from the application to the certificate's revocation."""

    class State(models.TextChoices):
        APPLIED = "applied", _("Applied for")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")
        REVOKED = "revoked", _("Revoked")

    number = models.CharField(_("number"), max_length=20, unique=True)
    partner = models.ForeignKey("partner.Partner", models.PROTECT, related_name="recognitions")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.APPLIED)
    statement = models.CharField(_("statement"), max_length=1000)
    documents = models.ManyToManyField("documents.Document", related_name="+", verbose_name=_("documents"))
    applied_by = models.ForeignKey("organisations.User", models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(_("applied"))
    decided_at = models.DateTimeField(_("decided"), null=True)
    certificate_number = models.CharField(_("certificate"), max_length=20, unique=True, null=True)  # noqa: DJ001
    valid_from = models.DateField(_("valid from"), null=True)
    valid_until = models.DateField(_("valid until, included"), null=True)
    evidence = models.ForeignKey("partner.Evidence", models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("recognition")
        verbose_name_plural = _("recognitions")
        ordering = ["-applied_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["partner"], condition=Q(state="applied"), name="recognition_one_open"),
            models.CheckConstraint(
                condition=Q(state__in=["applied", "refused"], certificate_number__isnull=True)
                | Q(
                    state__in=["granted", "revoked"],
                    certificate_number__isnull=False,
                    valid_until__isnull=False,
                    evidence__isnull=False,
                ),
                name="recognition_certificate",
            ),
            models.CheckConstraint(
                condition=Q(state="revoked", revoked_at__isnull=False)
                | (~Q(state="revoked") & Q(revoked_at__isnull=True)),
                name="recognition_revoked_has_date",
            ),
        ]


class Opinion(models.Model):
    """What one member of the joint review thinks, in one role. Rows are never changed; a person speaks once."""

    recognition = models.ForeignKey(Recognition, models.PROTECT, related_name="opinions")
    user = models.ForeignKey("organisations.User", models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20)
    is_in_favour = models.BooleanField(_("in favour"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    given_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("opinion")
        verbose_name_plural = _("opinions")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["recognition", "user"], name="opinion_one_per_person"),
            models.UniqueConstraint(
                fields=["recognition", "role"], condition=Q(is_in_favour=True), name="opinion_one_per_role"
            ),
        ]
