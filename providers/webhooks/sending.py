"""The stage that sends: claim in one transaction, talk to the network in none, write down in another.

A worker that is killed in between leaves a lease that ends by itself; the messages are then sent again under the same
id. One endpoint that hangs or fails holds up only itself: what else waits for it is put off with the message that
failed, and its attempts are not counted.
"""

import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from billing.rules import periods
from marketplace.organisations import notices, sealed
from providers.connectors import outbound
from providers.webhooks import operations, signing
from providers.webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage

logger = logging.getLogger(__name__)

# Waits after the first attempt, the second …: ten attempts in about three days, then the message is dead.
WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
MOST_ATTEMPTS: Final = len(WAITS) + 1
JITTER: Final = 0.2  # of the wait, more or less, so that what failed together does not come back together
FAILING_LIVES: Final = timedelta(days=5)  # an endpoint that has failed for so long is switched off
ENDPOINTS_AT_ONCE: Final = 8
MESSAGES_AT_ONCE: Final = 10  # of one endpoint
LEASE: Final = timedelta(minutes=5)  # above MESSAGES_AT_ONCE x Limits.total_s; by the database's clock
WITHIN_A_REQUEST: Final = outbound.Limits(connect_s=2, read_s=3, total_s=4)
CANNOT_OPEN: Final = "secret"  # an attempt that could not be signed
GONE: Final = 410  # the receiver wants no more
PUTS_OFF: Final = frozenset({429, 500, 502, 503, 504})  # the receiver is at fault or busy, not this one message

_random = secrets.SystemRandom()


@dataclass(slots=True)
class _Try:
    """One message on its way, and what came of it."""

    pk: int
    number: str
    attempts: int
    body: bytes
    is_done: bool = False
    status: int | None = None
    error: str = ""
    duration_ms: int = 0

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def puts_off(self) -> bool:
        """Whether the next message would fail as well."""
        return self.is_done and (self.status is None or self.status in PUTS_OFF or self.status == GONE)


@dataclass(slots=True)
class _Batch:
    """What one worker sends to one endpoint."""

    endpoint_id: int
    lease: str
    url: str
    secrets: list[str]
    limits: outbound.Limits | None = None
    tries: list[_Try] = field(default_factory=list)


def send_due(*, now: datetime, limit: int) -> int:
    """Send messages that are due, at most about `limit`. Returns how many were tried."""
    done = 0
    while done < limit:
        batches = _claim(now=now, most=min(ENDPOINTS_AT_ONCE, limit - done))
        if not batches:
            break
        with ThreadPoolExecutor(ENDPOINTS_AT_ONCE, thread_name_prefix="webhooks") as pool:
            list(pool.map(_send, batches))
        for batch in batches:
            _write_down(batch, now=now)
            done += sum(one.is_done for one in batch.tries)
    return done


def send_now(*, number: str, now: datetime) -> WebhookMessage:
    """Send one message while a person waits, within four seconds; if its endpoint is busy, it stays in the queue."""
    message = WebhookMessage.objects.select_related("endpoint").get(number=number)
    batch = _claim_endpoint(Q(pk=message.endpoint_id), only=message.pk, now=now)
    if batch is not None:
        batch.limits = WITHIN_A_REQUEST
        _send(batch)
        _write_down(batch, now=now)
        message.refresh_from_db()
    return message


def _claim(*, now: datetime, most: int) -> list[_Batch]:
    batches: list[_Batch] = []
    while len(batches) < most:
        due = WebhookMessage.objects.filter(endpoint=OuterRef("pk"), next_attempt_at__lte=now)
        batch = _claim_endpoint(Exists(due), only=None, now=now)
        if batch is None:
            break
        batches.append(batch)
    return batches


@transaction.atomic
def _claim_endpoint(which: Q | Exists, *, only: int | None, now: datetime) -> _Batch | None:
    """Take an endpoint that nobody serves, and what is due for it. Attempts are counted now, so that a crash counts."""
    endpoint = (
        WebhookEndpoint.objects.select_for_update(skip_locked=True, no_key=True)  # announcing goes on meanwhile
        .filter(which, Q(lease_until=None) | Q(lease_until__lt=Now()), is_active=True)
        .order_by("pk")
        .first()
    )
    if endpoint is None:
        return None
    lease = secrets.token_hex(16)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(lease=lease, lease_until=Now() + LEASE)
    due = WebhookMessage.objects.select_for_update().filter(endpoint=endpoint, next_attempt_at__lte=now)
    rows = list((due.filter(pk=only) if only else due).order_by("next_attempt_at", "pk")[:MESSAGES_AT_ONCE])
    WebhookMessage.objects.filter(pk__in=[row.pk for row in rows]).update(attempts=F("attempts") + 1)
    return _Batch(
        endpoint_id=endpoint.pk,
        lease=lease,
        url=endpoint.url,
        secrets=_open_secrets(endpoint, now=now),
        tries=[
            _Try(
                pk=row.pk,
                number=row.number,
                attempts=row.attempts + 1,
                body=signing.write_body(kind=row.kind, created_at=row.created_at, payload=row.payload),
            )
            for row in rows
        ],
    )


def _open_secrets(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """The secrets that sign, the newest first; none if the key that sealed them is gone."""
    kept = [endpoint.secret_sealed]
    if endpoint.former_until is not None and endpoint.former_until > now:
        kept.append(endpoint.former_sealed)
    try:
        return [sealed.unseal(sealed=text) for text in kept]
    except sealed.CannotOpen:
        logger.error("the secret of webhook endpoint %s cannot be opened: see CREDENTIALS_KEYS", endpoint.number)
        return []


def _send(batch: _Batch) -> None:
    """Send one after the other, in a thread of its own and without the database, until one puts off the rest."""
    for one in batch.tries:
        started = time.monotonic()
        try:
            one.status = _post(batch, one)
        except (outbound.OutboundError, outbound.InvalidAddress, outbound.ForbiddenAddress) as error:
            one.error = error.code
        one.is_done = True
        one.duration_ms = int((time.monotonic() - started) * 1000)
        if one.puts_off:
            return


def _post(batch: _Batch, one: _Try) -> int | None:
    if not batch.secrets:
        one.error = CANNOT_OPEN
        return None
    # The wall's clock, not the stage's `now`: the receiver holds the time against its own, and refuses what is old.
    sent_at = datetime.fromtimestamp(time.time(), tz=UTC)
    headers = signing.write_headers(number=one.number, sent_at=sent_at, body=one.body, with_secrets=batch.secrets)
    return outbound.post(url=batch.url, body=one.body, headers=headers, limits=batch.limits).status


@transaction.atomic
def _write_down(batch: _Batch, *, now: datetime) -> None:
    """What came of a batch, unless its lease was lost: then another worker has sent it meanwhile, and writes."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=batch.endpoint_id)
    if endpoint.lease != batch.lease:
        logger.warning("the lease of webhook endpoint %s was lost", endpoint.number)
        return
    tried = [one for one in batch.tries if one.is_done]
    WebhookMessage.objects.filter(pk__in=[one.pk for one in batch.tries if not one.is_done]).update(
        attempts=F("attempts") - 1
    )
    WebhookAttempt.objects.bulk_create(
        WebhookAttempt(
            message_id=one.pk, happened_at=now, status=one.status, error=one.error, duration_ms=one.duration_ms
        )
        for one in tried
    )
    for one in tried:
        _settle(endpoint, one, now=now)
    _judge(endpoint, tried, now=now)
    endpoint.lease, endpoint.lease_until = "", None
    endpoint.save(update_fields=["lease", "lease_until", "failing_since", "is_active", "off_reason"])


def _settle(endpoint: WebhookEndpoint, one: _Try, *, now: datetime) -> None:
    """Move one message to its next state, if it is still the attempt that was claimed (a replay counts anew)."""
    row = WebhookMessage.objects.filter(pk=one.pk, attempts=one.attempts, next_attempt_at__isnull=False)
    last = {"last_status": one.status, "last_error": one.error}
    if one.is_delivered:
        row.update(delivered_at=now, next_attempt_at=None, **last)
        return
    if one.attempts >= MOST_ATTEMPTS:
        if row.update(dead_at=now, next_attempt_at=None, **last):
            _tell_dead(endpoint, now=now)
        return
    again_at = now + WAITS[one.attempts - 1] * _random.uniform(1 - JITTER, 1 + JITTER)
    row.update(next_attempt_at=again_at, **last)
    if one.puts_off:
        WebhookMessage.objects.filter(endpoint=endpoint, next_attempt_at__lt=again_at).update(next_attempt_at=again_at)


def _judge(endpoint: WebhookEndpoint, tried: list[_Try], *, now: datetime) -> None:
    """Whether the endpoint works, fails, or has failed for so long that it is switched off."""
    if not tried:
        return
    if any(one.is_delivered for one in tried):
        endpoint.failing_since = None
    elif endpoint.failing_since is None:
        endpoint.failing_since = now
    if any(one.status == GONE for one in tried):
        _switch_off(endpoint, operations.GONE, now=now)
    elif endpoint.failing_since is not None and endpoint.failing_since <= now - FAILING_LIVES:
        _switch_off(endpoint, operations.FAILED_TOO_LONG, now=now)


def _switch_off(endpoint: WebhookEndpoint, reason: str, *, now: datetime) -> None:
    endpoint.is_active, endpoint.off_reason = False, reason
    text = (
        gettext_noop("The webhook endpoint %(host)s answered that it wants no more messages, so it was switched off.")
        if reason == operations.GONE
        else gettext_noop("The webhook endpoint %(host)s has failed for days, so it was switched off.")
    )
    _tell(endpoint, key="off", text=text, is_urgent=True, now=now)


def _tell_dead(endpoint: WebhookEndpoint, *, now: datetime) -> None:
    text = gettext_noop("Messages to the webhook endpoint %(host)s were given up. Mend it, then send them again.")
    _tell(endpoint, key="dead", text=text, is_urgent=False, now=now)


def _tell(endpoint: WebhookEndpoint, *, key: str, text: str, is_urgent: bool, now: datetime) -> None:
    """Once a day for each endpoint. The host alone: the rest of an address may be a secret."""
    notices.notify(
        organisation_id=endpoint.partner.organisation_id,
        key=f"webhook.{key}:{endpoint.number}:{periods.civil_date(now).isoformat()}",
        permission="connections.manage",
        text=text,
        values={"host": outbound.host_of(url=endpoint.url)},
        path="/provider/webhooks/",
        is_urgent=is_urgent,
        now=now,
    )
