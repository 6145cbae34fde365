"""What we asked payment services for, what they told us, and methods that buyers saved."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Service(models.TextChoices):
    """The names stand in `billing.payments.models.Payment.Gateway` as well."""

    ALIPAY = "alipay", _("Alipay")
    STRIPE = "stripe", _("Stripe")


class Mode(models.TextChoices):
    TEST = "test", _("Test mode")
    LIVE = "live", _("Live mode")


class PaymentAttempt(models.Model):
    """What we asked a service to take. Its number cannot be guessed; the service keeps the money under it.

    An invoice has one open attempt, so that a checkout page and an automatic charge never both capture.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Waiting for the payment")
        PAID = "paid", _("Paid")
        CLOSED = "closed", _("Closed without payment")
        FAILED = "failed", _("Declined")

    number = models.CharField(_("number"), max_length=40, unique=True)
    gateway = models.CharField(_("by"), max_length=10, choices=Service)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="payment_attempts", verbose_name=_("organisation")
    )
    invoice = models.ForeignKey(
        "invoicing.Invoice", models.PROTECT, null=True, related_name="payment_attempts", verbose_name=_("invoice")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    is_automatic = models.BooleanField(_("automatic"), default=False)
    method = models.ForeignKey(
        "gateways.SavedMethod", models.PROTECT, null=True, related_name="+", verbose_name=_("saved method")
    )
    saves_method = models.BooleanField(_("saves the method"), default=False)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.OPEN)
    url = models.TextField(_("where to pay"), blank=True)
    external_id = models.CharField(_("number at the service"), max_length=100, blank=True)
    failure = models.CharField(_("what went wrong"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"))
    checked_at = models.DateTimeField(_("asked about"))
    created_by = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("made by")
    )
    payment = models.OneToOneField(
        "payments.Payment", models.PROTECT, null=True, related_name="attempt", verbose_name=_("payment")
    )

    class Meta:
        verbose_name = _("payment attempt")
        verbose_name_plural = _("payment attempts")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["checked_at"], name="attempt_open", condition=models.Q(state="open")),
            models.Index(fields=["organisation", "-id"], name="attempt_organisation"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["invoice"], condition=models.Q(state="open"), name="attempt_one_open_per_invoice"
            ),
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="attempt_positive"),
            models.CheckConstraint(
                condition=models.Q(state="paid", payment__isnull=False)
                | (~models.Q(state="paid") & models.Q(payment__isnull=True)),
                name="attempt_paid_has_payment",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class GatewayEvent(models.Model):
    """A message of a service, kept as it came, before anything is done with it. One row per event, one effect."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        DONE = "done", _("Done")
        IGNORED = "ignored", _("Nothing to do")
        PARKED = "parked", _("Needs a person")

    gateway = models.CharField(_("by"), max_length=10, choices=Service)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    event_id = models.CharField(_("number of the event"), max_length=128)
    kind = models.CharField(_("kind"), max_length=60)
    body = models.BinaryField(_("body"))
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True)
    number = models.CharField(_("number of the attempt"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("message of a payment service")
        verbose_name_plural = _("messages of payment services")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="gateway_event_pending", condition=models.Q(state="pending")),
            models.Index(fields=["state", "-id"], name="gateway_event_state"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "mode", "event_id"], name="gateway_event_unique"),
        ]


class SavedMethod(models.Model):
    """A card that a buyer has left with Stripe; we keep what is needed to show it, and never its number."""

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="saved_methods", verbose_name=_("organisation")
    )
    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    customer_id = models.CharField(_("customer at Stripe"), max_length=100)
    method_id = models.CharField(_("number at Stripe"), max_length=100)
    brand = models.CharField(_("brand"), max_length=30)
    last4 = models.CharField(_("last four digits"), max_length=4)
    expires = models.CharField(_("expires"), max_length=7)
    is_automatic = models.BooleanField(_("pays invoices by itself"), default=False)
    saved_at = models.DateTimeField(_("saved"))
    removed_at = models.DateTimeField(_("removed"), null=True)

    class Meta:
        verbose_name = _("saved method")
        verbose_name_plural = _("saved methods")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["mode", "method_id"], name="saved_method_unique"),
            models.UniqueConstraint(
                fields=["organisation", "mode"],
                condition=models.Q(is_automatic=True, removed_at__isnull=True),
                name="saved_method_one_automatic",
            ),
        ]


class StripeCustomer(models.Model):
    """The organisation as Stripe knows it, in one mode."""

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="+", verbose_name=_("organisation")
    )
    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    customer_id = models.CharField(_("customer at Stripe"), max_length=100)

    class Meta:
        verbose_name = _("customer at Stripe")
        verbose_name_plural = _("customers at Stripe")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "mode"], name="stripe_customer_unique"),
            models.UniqueConstraint(fields=["mode", "customer_id"], name="stripe_customer_id_unique"),
        ]


class ReconciliationDay(models.Model):
    """A service's own account of one day in Shanghai, compared with ours."""

    gateway = models.CharField(_("by"), max_length=10, choices=Service)
    mode = models.CharField(_("mode"), max_length=4, choices=Mode)
    day_date = models.DateField(_("day"))
    compared_at = models.DateTimeField(_("compared"))
    matched_count = models.PositiveIntegerField(_("matched"))
    taken_in_count = models.PositiveIntegerField(_("taken in"))
    gross_minor = models.BigIntegerField(_("amount"))
    fees_minor = models.BigIntegerField(_("fees"))

    class Meta:
        verbose_name = _("reconciled day")
        verbose_name_plural = _("reconciled days")
        ordering = ["-day_date", "gateway"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "mode", "day_date"], name="reconciliation_day_unique"),
        ]


class ReconciliationDifference(models.Model):
    """What a service and we do not agree on. Somebody of finance owns it until it is explained."""

    class Kind(models.TextChoices):
        FOREIGN = "foreign", _("Not asked for by us")
        AMOUNT = "amount", _("Another amount")
        ABSENT = "absent", _("Not in the service's account")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        EXPLAINED = "explained", _("Explained")

    day = models.ForeignKey(
        ReconciliationDay, models.PROTECT, related_name="differences", verbose_name=_("reconciled day")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    external_id = models.CharField(_("number at the service"), max_length=100)
    number = models.CharField(_("number of the attempt"), max_length=64, blank=True)
    theirs_minor = models.BigIntegerField(_("at the service"), null=True)
    ours_minor = models.BigIntegerField(_("with us"), null=True)
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    owner = models.ForeignKey(
        "organisations.User", models.PROTECT, null=True, related_name="+", verbose_name=_("taken on by")
    )
    explanation = models.CharField(_("explanation"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["day", "kind", "external_id"], name="difference_unique"),
            models.CheckConstraint(
                condition=models.Q(state="open") | (models.Q(owner__isnull=False) & ~models.Q(explanation="")),
                name="difference_explained_by_somebody",
            ),
        ]
