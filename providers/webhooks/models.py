"""Where a provider wants to be told, what it was told, and how each try went."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class WebhookEndpoint(models.Model):
    """An address of a provider's system. The secret is kept sealed, because every message is signed with it.

    After a rotation the former secret signs beside the new one until `former_until`, so that nothing is refused while
    the receiver changes over. One worker at a time sends to an endpoint: the one that holds its `lease`.
    """

    partner = models.ForeignKey(
        "partner.Partner", models.PROTECT, related_name="webhook_endpoints", verbose_name=_("provider")
    )
    number = models.CharField(_("number"), max_length=20, unique=True)
    url = models.CharField(_("address"), max_length=500)
    kinds = ArrayField(models.CharField(max_length=40), verbose_name=_("what it is told"))
    secret_sealed = models.TextField(editable=False)
    former_sealed = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    is_active = models.BooleanField(_("on"), default=True)
    failing_since = models.DateTimeField(_("failing since"), null=True)
    off_reason = models.CharField(_("why it is off"), max_length=20, blank=True)
    lease = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["partner", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "url"], name="webhook_endpoint_once"),
            models.CheckConstraint(condition=Q(kinds__len__gt=0), name="webhook_endpoint_has_kinds"),
            models.CheckConstraint(condition=Q(is_active=True, off_reason="") | Q(is_active=False), name="webhook_off"),
        ]


class WebhookMessage(models.Model):
    """One message to one endpoint: waiting (`next_attempt_at`), delivered, or dead. Never in two states."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, models.PROTECT, related_name="messages", verbose_name=_("webhook endpoint")
    )
    number = models.CharField(_("number"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    object_id = models.CharField(_("object"), max_length=60)
    payload = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("created"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    dead_at = models.DateTimeField(_("given up"), null=True)
    last_status = models.PositiveSmallIntegerField(_("last answer"), null=True)
    last_error = models.CharField(_("last error"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                name="webhook_message_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_message_of_endpoint"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(next_attempt_at__isnull=False, delivered_at=None, dead_at=None)
                | Q(next_attempt_at=None, delivered_at__isnull=False, dead_at=None)
                | Q(next_attempt_at=None, delivered_at=None, dead_at__isnull=False),
                name="webhook_message_one_state",
            )
        ]


class WebhookAttempt(models.Model):
    """How one try went. Rows are added, never changed; what the receiver answered is not kept, only its status."""

    message = models.ForeignKey(WebhookMessage, models.CASCADE, related_name="tries", verbose_name=_("webhook message"))
    happened_at = models.DateTimeField(_("when"))
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    error = models.CharField(_("error"), max_length=20, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration, ms"))

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["message", "happened_at", "id"]
