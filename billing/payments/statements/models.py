"""Bank statements: the platform's accounts, the files that were read, their lines, and what did not agree."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StatementAccount(models.Model):
    """An account of the platform at a bank, with the form in which that bank gives its statements.

    `mapping` says where in a CSV or XLSX file a value stands; see `mappings.Mapping`.
    """

    number = models.CharField(_("account number"), max_length=40, unique=True)
    code = models.CharField(_("short name"), max_length=20, unique=True)
    bank = models.CharField(_("bank"), max_length=120)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    mapping = models.JSONField(_("form of the statements"), default=dict)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("bank account")
        verbose_name_plural = _("bank accounts")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class BankStatement(models.Model):
    """A file of a bank, read in the background. A file that was only tried has stored no line."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        CAMT = "camt053", "CAMT.053"

    number = models.CharField(_("number"), max_length=20, unique=True)
    account = models.ForeignKey(
        StatementAccount, models.PROTECT, related_name="statements", verbose_name=_("bank account")
    )
    file = models.FileField(_("file"), upload_to="bank-statements/")
    file_name = models.CharField(_("file name"), max_length=200)
    content_hash = models.CharField(_("hash of the file"), max_length=64)
    format = models.CharField(_("format"), max_length=10, choices=Format)
    is_dry_run = models.BooleanField(_("only try"), default=False)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    requested_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("requested by")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    first_date = models.DateField(_("from"), null=True)
    last_date = models.DateField(_("to"), null=True)
    opening_minor = models.BigIntegerField(_("opening balance"), null=True)
    closing_minor = models.BigIntegerField(_("closing balance"), null=True)
    rows_total = models.PositiveIntegerField(_("rows"), default=0)
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)
    new_count = models.PositiveIntegerField(_("new"), default=0)
    known_count = models.PositiveIntegerField(_("known"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    matched_count = models.PositiveIntegerField(_("matched"), default=0)
    problem_count = models.PositiveIntegerField(_("problems"), default=0)
    problems = models.JSONField(_("problems"), default=list)
    preview = models.JSONField(_("preview"), default=list)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_until = models.DateTimeField(_("worker is heard of until"), null=True)
    created_at = models.DateTimeField(_("uploaded"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("bank statement")
        verbose_name_plural = _("bank statements")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "content_hash"],
                condition=models.Q(is_dry_run=False) & ~models.Q(status="failed"),
                name="bank_statement_once",
            ),
        ]


class StatementLine(models.Model):
    """One movement on an account, once, however many statements bring it. Only what is matched of it moves.

    Money that came in and is not matched stands on the suspense account: `amount_minor - matched_minor`.
    """

    class Status(models.TextChoices):
        UNMATCHED = "unmatched", _("Not matched")
        PARTLY = "partly", _("Partly matched")
        MATCHED = "matched", _("Fully matched")
        BY_HAND = "by_hand", _("Entered by hand before")
        OUTGOING = "outgoing", _("Outgoing")

    account = models.ForeignKey(StatementAccount, models.PROTECT, related_name="lines", verbose_name=_("bank account"))
    statement = models.ForeignKey(BankStatement, models.PROTECT, related_name="lines", verbose_name=_("statement"))
    row = models.PositiveIntegerField(_("row"))
    reference = models.CharField(_("bank reference"), max_length=60)
    booked_date = models.DateField(_("booked"))
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    payer_name = models.CharField(_("payer"), max_length=140, blank=True)
    payer_account = models.CharField(_("payer's account"), max_length=40, blank=True)
    payer_bank = models.CharField(_("payer's bank"), max_length=140, blank=True)
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    matched_minor = models.BigIntegerField(_("matched"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    matches_count = models.PositiveIntegerField(_("matches ever made"), default=0)

    class Meta:
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        ordering = ["-booked_date", "-id"]
        indexes = [
            models.Index(
                fields=["booked_date", "id"],
                name="statement_line_waiting",
                condition=models.Q(status__in=["unmatched", "partly"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="statement_line_once"),
            models.CheckConstraint(condition=~models.Q(amount_minor=0), name="statement_line_not_zero"),
            models.CheckConstraint(
                condition=models.Q(status="outgoing", amount_minor__lt=0, matched_minor=0)
                | models.Q(status="by_hand", amount_minor__gt=0, matched_minor=0)
                | models.Q(status="unmatched", amount_minor__gt=0, matched_minor=0)
                | models.Q(status="partly", matched_minor__gt=0, matched_minor__lt=models.F("amount_minor"))
                | models.Q(status="matched", matched_minor__gt=0, matched_minor=models.F("amount_minor")),
                name="statement_line_matched_within_amount",
            ),
        ]

    @property
    def open_minor(self) -> int:
        """What of it still waits on the suspense account."""
        is_waiting = self.status in (self.Status.UNMATCHED, self.Status.PARTLY)
        return self.amount_minor - self.matched_minor if is_waiting else 0


class LineMatch(models.Model):
    """What a line of a statement was taken to pay, why, and by whom; a machine has no name."""

    class Reason(models.TextChoices):
        REFERENCE = "reference", _("Reference in the remark")
        PAYER = "payer", _("Known payer and exact amount")
        PERSON = "person", _("Chosen by a person")

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="matches", verbose_name=_("line"))
    payment = models.OneToOneField("payments.Payment", models.PROTECT, related_name="match", verbose_name=_("payment"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")


class KnownPayer(models.Model):
    """An account from which a buyer's transfers came: learned from what people matched."""

    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    account = models.CharField(_("account"), max_length=40)
    name = models.CharField(_("name"), max_length=140, blank=True)
    learned_at = models.DateTimeField(_("learned"))

    class Meta:
        verbose_name = _("known payer")
        verbose_name_plural = _("known payers")
        constraints = [models.UniqueConstraint(fields=["organisation", "account"], name="known_payer_unique")]


class LineDifference(models.Model):
    """A statement says something else of a line than what is kept. What is kept stays; a person looks at it."""

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="differences", verbose_name=_("line"))
    statement = models.ForeignKey(
        BankStatement, models.PROTECT, related_name="differences", verbose_name=_("statement")
    )
    row = models.PositiveIntegerField(_("row"))
    field = models.CharField(_("field"), max_length=20)
    kept = models.CharField(_("kept"), max_length=500, blank=True)
    found = models.CharField(_("found"), max_length=500, blank=True)
    found_at = models.DateTimeField(_("found"))

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["line", "statement", "field"], name="line_difference_once"),
        ]
