"""Writes: what services tell us. Verified, kept as it came, answered, and then done, once.

The insert is what makes a message count once; the effect is unique by the payment's reference as well, because a
service tells of one capture by several messages, and a query may have been first.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.payments.gateways import attempts, interface, methods, payouts, registry
from billing.payments.gateways.models import GatewayEvent, PaymentAttempt
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

logger = logging.getLogger(__name__)

MOST_TRIES: Final = 5
PAYOUT: Final = "payout.paid"
# Money that went back without our asking, or may: nobody but a person can say what follows from it.
FOR_A_PERSON: Final = {
    "refund": "money was given back at the service",
    "charge.refunded": "money was given back at the service",
    "charge.dispute.created": "the buyer's bank disputes a payment and holds its amount",
    "charge.dispute.closed": "a disputed payment is decided",
}
State = GatewayEvent.State


class NoSuchEvent(errors.NotFound):
    """No message of this number."""


class NotParked(errors.Conflict):
    """Only a message that waits for a person can be done again or set aside."""


def receive(*, gateway: str, body: bytes, headers: Mapping[str, str], now: datetime) -> int | None:
    """Verify a message and keep it. Returns its row if it is new. Raises Forged, with nothing kept."""
    service = registry.find(gateway) if gateway in registry.KINDS else None
    if service is None:
        raise interface.Forged("this service is not configured")
    told = service.verify(body=body, headers=headers, now=now)
    if not told.event_id or len(told.event_id) > 128 or told.mode != service.mode:
        raise interface.Forged("without a number, or of the other mode")
    event, is_new = GatewayEvent.objects.get_or_create(
        gateway=gateway,
        mode=service.mode,
        event_id=told.event_id,
        defaults={
            "kind": told.kind[:60],
            "body": body,
            "received_at": now,
            "number": told.receipt.number[:64] if told.receipt else "",
        },
    )
    return event.pk if is_new else None


def process_due(*, now: datetime, limit: int) -> int:
    """A stage: do up to `limit` messages that wait, the oldest first. Returns how many it did."""
    waiting = GatewayEvent.objects.filter(state=State.PENDING).order_by("tries", "id").values_list("pk", flat=True)
    return sum(process(event_id=pk, now=now) for pk in list(waiting[:limit]))


def process(*, event_id: int, now: datetime) -> bool:
    """Do one message under its row's lock. False if another does it, it is done, or it must be tried again.

    What is not what we asked for is parked with its reason, at once; what fails is parked after five tries.
    """
    try:
        parts = _parts_of_payout(event_id)
        with transaction.atomic():
            event = (
                GatewayEvent.objects.select_for_update(skip_locked=True)
                .filter(pk=event_id, state=State.PENDING)
                .first()
            )
            if event is None:
                return False
            _do(event, parts=parts, now=now)
    except (attempts.Mismatch, errors.Refused) as error:
        return _fail(event_id, str(error), is_final=True, now=now)
    except Exception as error:
        logger.exception("message %s of a payment service failed", event_id)
        return _fail(event_id, type(error).__name__, is_final=False, now=now)
    _keep_card(event_id, now=now)
    return True


@transaction.atomic
def retry(*, event_id: int, actor: actors.Actor, now: datetime) -> None:
    """Let a parked message be done again. Raises NoSuchEvent, NotParked."""
    event = _lock_parked(event_id)
    event.state, event.tries, event.problem = State.PENDING, 0, ""
    event.save(update_fields=["state", "tries", "problem"])
    _record(event, "gateway_event.retried", actor=actor, now=now)


@transaction.atomic
def set_aside(*, event_id: int, reason: str, actor: actors.Actor, now: datetime) -> None:
    """Say that a parked message needs nothing more, and why. Raises NoSuchEvent, NotParked, Refused."""
    reason = errors.check_reason(reason, refusal=errors.Refused)
    event = _lock_parked(event_id)
    event.state, event.problem, event.processed_at = State.IGNORED, reason, now
    event.save(update_fields=["state", "problem", "processed_at"])
    _record(event, "gateway_event.set_aside", actor=actor, now=now)


def _do(event: GatewayEvent, *, parts: list[dict[str, Any]], now: datetime) -> None:
    service = registry.find(event.gateway)
    if service is None or service.mode != event.mode:
        raise attempts.Mismatch(f"{event.gateway} is not configured in {event.mode} mode")
    told = service.read(bytes(event.body))
    event.state = State.IGNORED
    if told.kind == "payment" and told.receipt:
        attempts.take(gateway=event.gateway, mode=event.mode, receipt=told.receipt, now=now)
        event.state = State.DONE
    elif event.kind == PAYOUT and told.facts:
        payouts.enter(payout=told.facts, transactions=parts, mode=event.mode, now=now)
        event.state = State.DONE
    elif event.kind in FOR_A_PERSON:
        raise attempts.Mismatch(FOR_A_PERSON[event.kind])
    event.processed_at, event.tries, event.problem = now, event.tries + 1, ""
    event.save(update_fields=["state", "processed_at", "tries", "problem"])


def _parts_of_payout(event_id: int) -> list[dict[str, Any]]:
    """What Stripe says a payout is made of, asked for before any row is locked; nothing for other messages."""
    event = GatewayEvent.objects.filter(pk=event_id, state=State.PENDING, kind=PAYOUT, gateway="stripe").first()
    service = registry.find_stripe()
    told = service.read(bytes(event.body)) if event and service else None
    if service is None or told is None or not told.facts:
        return []
    return service.payout_transactions(str(told.facts["id"]))


def _keep_card(event_id: int, *, now: datetime) -> None:
    """After the commit, because Stripe is asked for it."""
    event = GatewayEvent.objects.get(pk=event_id)
    if event.state != State.DONE:
        return
    attempt = PaymentAttempt.objects.filter(number=event.number, saves_method=True).first()
    service = registry.find(event.gateway)
    told = service.read(bytes(event.body)) if service else None
    if attempt and told and told.receipt:
        methods.save_from(attempt=attempt, receipt=told.receipt, now=now)


def _fail(event_id: int, problem: str, *, is_final: bool, now: datetime) -> bool:
    with transaction.atomic():
        event = GatewayEvent.objects.select_for_update().get(pk=event_id)
        if event.state != State.PENDING:
            return False
        event.tries += 1
        event.problem = problem[:300]
        is_parked = is_final or event.tries >= MOST_TRIES
        if is_parked:
            event.state, event.processed_at = State.PARKED, now
        event.save(update_fields=["tries", "problem", "state", "processed_at"])
    return is_parked


def _lock_parked(event_id: int) -> GatewayEvent:
    event = GatewayEvent.objects.select_for_update().filter(pk=event_id).first()
    if event is None:
        raise NoSuchEvent
    if event.state != State.PARKED:
        raise NotParked(_("This message does not wait for a person."))
    return event


def _record(event: GatewayEvent, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="gateway_event",
        object_id=f"{event.gateway}:{event.event_id}",
        now=now,
        details={"kind": event.kind, "problem": event.problem},
    )
