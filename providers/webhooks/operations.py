"""Writes: announce what happened; endpoints of a provider; send a message again."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from marketplace.organisations import actors, errors, sealed
from marketplace.organisations import operations as organisations
from providers.connectors import outbound
from providers.models import Partner
from providers.webhooks import kinds, signing
from providers.webhooks.models import WebhookEndpoint, WebhookMessage

MOST_ENDPOINTS: Final = 10
FORMER_SECRET_LIVES: Final = timedelta(hours=24)
BY_PROVIDER, FAILED_TOO_LONG, GONE = "provider", "failing", "gone"  # why an endpoint is off


class NoSuchEndpoint(errors.NotFound):
    """No endpoint of this number, for this provider."""


class NoSuchMessage(errors.NotFound):
    """No message of this number, for this provider."""


class UnknownKind(errors.Refused):
    """There is nothing of this kind to be told of."""


class TooManyEndpoints(errors.Conflict):
    """The provider has as many endpoints as it may have."""


class EndpointTaken(errors.Conflict):
    """The provider has this address already."""


class EndpointIsOff(errors.Conflict):
    """A message was to be sent to an endpoint that is switched off."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint with a secret that is shown this once."""

    endpoint: WebhookEndpoint
    secret: str


def announce(*, partner_id: int, kind: str, object_id: str, payload: Mapping[str, Any], now: datetime) -> int:
    """Tell a provider's systems, in the caller's transaction: a message for each active endpoint that wants the kind.

    `payload` is JSON without secrets or personal data. Returns how many messages wait; without an endpoint that is one
    query. What is sent comes at least once, and not always in order.
    """
    return announce_each(partner_id=partner_id, kind=kind, payloads={object_id: payload}, now=now)


def announce_each(*, partner_id: int, kind: str, payloads: Mapping[str, Mapping[str, Any]], now: datetime) -> int:
    """As `announce`, for several objects (id → payload) of one kind, in as many queries as for one."""
    if kind not in kinds.KINDS:
        raise KeyError(kind)
    if not connection.in_atomic_block:
        raise RuntimeError("Call this inside transaction.atomic(), so that what is told has happened.")
    endpoints = WebhookEndpoint.objects.filter(partner_id=partner_id, is_active=True, kinds__contains=[kind])
    wanted = list(endpoints.order_by("pk").values_list("pk", flat=True))
    if not wanted:
        return 0
    messages = [
        _message(endpoint_id=pk, kind=kind, object_id=object_id, payload=payload, now=now)
        for object_id, payload in payloads.items()
        for pk in wanted
    ]
    return len(WebhookMessage.objects.bulk_create(messages))


def add_endpoint(
    *, partner_id: int, url: str, wanted: Collection[str], actor: actors.Actor, now: datetime
) -> NewSecret:
    """Register an address. Raises InvalidAddress, ForbiddenAddress, UnknownKind, TooManyEndpoints, EndpointTaken.

    The name is looked up when something is sent, because where it leads can change.
    """
    actor.require("connections.manage")
    outbound.check_url(url=url)
    chosen = _check_kinds(wanted)
    secret = signing.make_secret()
    try:
        with transaction.atomic():
            Partner.objects.select_for_update(no_key=True).get(pk=partner_id)  # one at a time is counted
            if WebhookEndpoint.objects.filter(partner_id=partner_id).count() >= MOST_ENDPOINTS:
                raise TooManyEndpoints(
                    _("A provider has at most %(most)s endpoints. Change one instead.") % {"most": MOST_ENDPOINTS}
                )
            endpoint = WebhookEndpoint.objects.create(
                partner_id=partner_id,
                number=organisations.random_number(prefix="WH"),
                url=url,
                kinds=chosen,
                secret_sealed=sealed.seal(plaintext=secret),
                created_at=now,
            )
            _note(endpoint, "webhook.added", actor=actor, now=now)
    except IntegrityError as error:
        if not errors.breaks(error, "webhook_endpoint_once"):
            raise
        raise EndpointTaken(_("You have an endpoint with this address already."), field="url") from error
    return NewSecret(endpoint=endpoint, secret=secret)


@transaction.atomic
def change_kinds(
    *, partner_id: int, number: str, wanted: Collection[str], actor: actors.Actor, now: datetime
) -> WebhookEndpoint:
    """Choose anew what an endpoint is told. Raises NoSuchEndpoint, UnknownKind."""
    endpoint = _lock(partner_id=partner_id, number=number, actor=actor)
    endpoint.kinds = _check_kinds(wanted)
    endpoint.save(update_fields=["kinds"])
    _note(endpoint, "webhook.kinds_set", actor=actor, now=now)
    return endpoint


@transaction.atomic
def rotate_secret(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> NewSecret:
    """A new secret; the former one signs beside it for another 24 hours. Raises NoSuchEndpoint."""
    endpoint = _lock(partner_id=partner_id, number=number, actor=actor)
    secret = signing.make_secret()
    endpoint.former_sealed, endpoint.former_until = endpoint.secret_sealed, now + FORMER_SECRET_LIVES
    endpoint.secret_sealed = sealed.seal(plaintext=secret)
    endpoint.save(update_fields=["former_sealed", "former_until", "secret_sealed"])
    _note(endpoint, "webhook.secret_rotated", actor=actor, now=now)
    return NewSecret(endpoint=endpoint, secret=secret)


@transaction.atomic
def switch_endpoint(
    *, partner_id: int, number: str, is_active: bool, actor: actors.Actor, now: datetime
) -> WebhookEndpoint:
    """On or off. What waits keeps waiting while an endpoint is off, and is sent when it is on again."""
    endpoint = _lock(partner_id=partner_id, number=number, actor=actor)
    if endpoint.is_active == is_active:
        return endpoint
    endpoint.is_active, endpoint.failing_since = is_active, None
    endpoint.off_reason = "" if is_active else BY_PROVIDER
    endpoint.save(update_fields=["is_active", "failing_since", "off_reason"])
    _note(endpoint, "webhook.switched_on" if is_active else "webhook.switched_off", actor=actor, now=now)
    return endpoint


@transaction.atomic
def queue_test(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> WebhookMessage:
    """A message that only says hello, to one endpoint. Raises NoSuchEndpoint, EndpointIsOff."""
    endpoint = _lock(partner_id=partner_id, number=number, actor=actor)
    _require_on(endpoint)
    message = _message(
        endpoint_id=endpoint.pk,
        kind=kinds.TEST,
        object_id=endpoint.number,
        payload={"endpoint": endpoint.number},
        now=now,
    )
    message.save()
    return message


@transaction.atomic
def replay(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> WebhookMessage:
    """Send a message again, from the first attempt on, under its old id. Raises NoSuchMessage, EndpointIsOff.

    One that waits already is only moved to now, so that pressing twice sends once.
    """
    actor.require("connections.manage")
    message = (
        WebhookMessage.objects.select_for_update(of=("self",))
        .select_related("endpoint")
        .filter(number=number, endpoint__partner_id=partner_id)
        .first()
    )
    if message is None:
        raise NoSuchMessage(number)
    _require_on(message.endpoint)
    if message.next_attempt_at is None:
        message.attempts, message.delivered_at, message.dead_at = 0, None, None
    message.next_attempt_at = now
    message.save(update_fields=["attempts", "next_attempt_at", "delivered_at", "dead_at"])
    organisations.record(
        actor=actor, action="webhook.replayed", object_type="webhook_message", object_id=number, now=now
    )
    return message


@transaction.atomic
def replay_dead(*, partner_id: int, number: str, actor: actors.Actor, now: datetime) -> int:
    """Send again all that was given up for an endpoint. Returns how many. Raises NoSuchEndpoint, EndpointIsOff."""
    endpoint = _lock(partner_id=partner_id, number=number, actor=actor)
    _require_on(endpoint)
    dead = WebhookMessage.objects.filter(endpoint=endpoint, dead_at__isnull=False)
    count = dead.update(attempts=0, next_attempt_at=now, dead_at=None)
    _note(endpoint, "webhook.dead_replayed", actor=actor, now=now)
    return count


def _message(
    *, endpoint_id: int, kind: str, object_id: str, payload: Mapping[str, Any], now: datetime
) -> WebhookMessage:
    return WebhookMessage(
        endpoint_id=endpoint_id,
        number=f"msg_{secrets.token_hex(16)}",
        kind=kind,
        object_id=object_id,
        payload=dict(payload),
        created_at=now,
        next_attempt_at=now,
    )


def _check_kinds(wanted: Collection[str]) -> list[str]:
    if not wanted or set(wanted) - set(kinds.KINDS):
        raise UnknownKind(_("Choose at least one of: %(kinds)s.") % {"kinds": ", ".join(kinds.KINDS)}, field="kinds")
    return [kind for kind in kinds.KINDS if kind in wanted]


def _lock(*, partner_id: int, number: str, actor: actors.Actor) -> WebhookEndpoint:
    actor.require("connections.manage")
    endpoint = WebhookEndpoint.objects.select_for_update().filter(partner_id=partner_id, number=number).first()
    if endpoint is None:
        raise NoSuchEndpoint(number)
    return endpoint


def _require_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_active:
        raise EndpointIsOff(_("The endpoint is off. Switch it on first."))


def _note(endpoint: WebhookEndpoint, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="webhook_endpoint",
        object_id=endpoint.number,
        now=now,
        details={"kinds": endpoint.kinds},
    )
