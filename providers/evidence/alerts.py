"""Writes: who may send security alerts, and what came in. Signed as Standard Webhooks 1.0.0 says.

The signature covers the message's id, its time and its bytes. A time stamp more than TOLERANCE away from now, before or
after, is refused, so that a message that was overheard is worth nothing later; within it, the id is taken once.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from standardwebhooks import Webhook

from marketplace.organisations import actors, errors, sealed
from marketplace.organisations import operations as organisations
from providers.evidence import queries
from providers.models import Alert, AlertSource, Partner

TOLERANCE: Final = timedelta(minutes=5)
SECRET_BYTES: Final = 32
MOST_SIGNATURES: Final = 10
MOST_SOURCES: Final = 50
LONGEST_ID, LONGEST_TITLE, LONGEST_TEXT = 100, 120, 1000
RAISED: Final = "alert.raised"


class Unsigned(Exception):
    """Not signed by a source that is open, or not now. Doors answer 401 and say no more."""


class InvalidAlert(errors.Refused):
    """Signed, but a field is missing or wrong."""


class InvalidSource(errors.Refused):
    """A source without a name, or too many of them."""


class OtherContent(errors.Conflict):
    """The id was used before for another message."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new source with its secret, which nobody can read again."""

    source: AlertSource
    secret: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An alert and whether it is new: a message that came before has no further effect."""

    alert: Alert
    is_new: bool


@transaction.atomic
def open_source(*, name: str, actor: actors.Actor, now: datetime) -> Opened:
    """Let somebody send alerts. Raises InvalidSource, PermissionDenied (needs `alerts.manage`)."""
    actor.require("alerts.manage")
    name = name.strip()
    if not name or len(name) > 80:
        raise InvalidSource(_("Give the source a name of at most 80 characters."), field="name")
    if AlertSource.objects.filter(closed_at=None).count() >= MOST_SOURCES:
        raise InvalidSource(_("At most 50 sources are open at a time. Close one first."), field="name")
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode('ascii')}"
    source = AlertSource.objects.create(
        number=organisations.random_number(prefix="YJY"),
        name=name,
        sealed_secret=sealed.seal(plaintext=secret),
        created_at=now,
    )
    organisations.record(
        actor=actor, action="alert_source.opened", object_type="alert_source", object_id=source.number, now=now
    )
    return Opened(source=source, secret=secret)


@transaction.atomic
def close_source(*, number: str, actor: actors.Actor, now: datetime) -> None:
    """What a source signs is refused from now on. Closing twice changes nothing. Raises queries.NoSuchAlert."""
    actor.require("alerts.manage")
    if not AlertSource.objects.filter(number=number).exists():
        raise queries.NoSuchAlert(number)
    if AlertSource.objects.filter(number=number, closed_at=None).update(closed_at=now):
        organisations.record(
            actor=actor, action="alert_source.closed", object_type="alert_source", object_id=number, now=now
        )


def find_signer(*, body: bytes, message_id: str, timestamp: str, signature: str, now: datetime) -> AlertSource:
    """The open source that signed these bytes, at about this time. Raises Unsigned."""
    sent_at = _read_time(timestamp)
    if not message_id or len(message_id) > LONGEST_ID or "\x00" in message_id or abs(now - sent_at) > TOLERANCE:
        raise Unsigned
    given = [one.partition(",") for one in signature.split(" ")[:MOST_SIGNATURES]]
    offered = [value for version, _comma, value in given if version == "v1"]
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Unsigned from error
    for source in AlertSource.objects.filter(closed_at=None).order_by("pk"):
        expected = Webhook(sealed.unseal(sealed=source.sealed_secret)).sign(message_id, sent_at, text)
        right = expected.partition(",")[2].encode()
        if any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in offered):
            return source
    raise Unsigned


@transaction.atomic
def take_alert(*, source: AlertSource, message_id: str, timestamp: str, body: bytes, now: datetime) -> Taken:
    """Keep a signed message once. Raises InvalidAlert naming the field, OtherContent."""
    digest = hashlib.sha256(body).hexdigest()
    known = Alert.objects.filter(source=source, message_id=message_id).first()
    if known is None:
        alert = _read(body)
        alert.number = organisations.random_number(prefix="YJ")
        alert.source, alert.message_id, alert.digest = source, message_id, digest
        alert.sent_at, alert.received_at = _read_time(timestamp), now
        Alert.objects.bulk_create([alert], ignore_conflicts=True)  # one of two at once waits here for the other
        known = Alert.objects.select_related("partner").get(source=source, message_id=message_id)
        if known.number == alert.number:
            _note(known, "alert.taken", actor=actors.Actor(user_name=source.name), now=now)
            return Taken(alert=known, is_new=True)
    if known.digest != digest:
        raise OtherContent(_("This id was used for another message. Give each message an id of its own."))
    return Taken(alert=known, is_new=False)


def note_effect(*, alert: Alert, frozen: int, told: int) -> None:
    """Write down what an alert did, in the transaction that did it."""
    alert.frozen_count, alert.told_count = frozen, told
    alert.save(update_fields=["frozen_count", "told_count"])


@transaction.atomic
def lift_alert(*, number: str, reason: str, actor: actors.Actor, now: datetime) -> Alert:
    """The danger is over, and why. Lifting twice changes nothing. Raises queries.NoSuchAlert, InvalidAlert."""
    actor.require("alerts.manage")
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise InvalidAlert(_("Say why, in at most 200 characters."), field="reason")
    alert = Alert.objects.select_for_update(of=("self",)).select_related("partner").filter(number=number).first()
    if alert is None:
        raise queries.NoSuchAlert(number)
    if alert.lifted_at is None:
        alert.lifted_at, alert.lifted_by_id, alert.lifted_reason = now, actor.user_id, reason
        alert.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        _note(alert, "alert.lifted", actor=actor, now=now)
    return alert


def _read(body: bytes) -> Alert:
    """An alert that is not kept yet. Raises InvalidAlert naming the field."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidAlert(_("The body is not JSON."), field="body") from error
    if not isinstance(message, dict) or message.get("type") != RAISED:
        raise InvalidAlert(_("The type of the message must be %(type)s.") % {"type": RAISED}, field="type")
    data = message.get("data")
    if not isinstance(data, dict):
        raise InvalidAlert(_("Give an object."), field="data")
    severity = data.get("severity")
    if severity not in Alert.Severity.values:
        raise InvalidAlert(
            _("Choose one of: %(choices)s.") % {"choices": ", ".join(Alert.Severity.values)}, field="data.severity"
        )
    code, credit_code = _text(data, "offering", 40, needed=False), _text(data, "provider", 18)
    partner = Partner.objects.filter(organisation__uscc=credit_code).first()
    if partner is None:
        raise InvalidAlert(_("No provider here has this unified social credit code."), field="data.provider")
    return Alert(
        severity=severity,
        title=_text(data, "title", LONGEST_TITLE),
        description=_text(data, "description", LONGEST_TEXT, needed=False),
        partner=partner,
        offering_code=code,
    )


def _text(data: dict[str, Any], name: str, longest: int, *, needed: bool = True) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or len(value) > longest or "\x00" in value or (needed and not value.strip()):
        raise InvalidAlert(_("Give text of at most %(most)s characters.") % {"most": longest}, field=f"data.{name}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidAlert(_("Give text that is Unicode."), field=f"data.{name}") from error
    return value.strip()


def _read_time(text: str) -> datetime:
    """Seconds since 1970 as a moment. Raises Unsigned."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 11):
        raise Unsigned
    return datetime.fromtimestamp(int(text), tz=UTC)


def _note(alert: Alert, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="alert",
        object_id=alert.number,
        now=now,
        details={"severity": alert.severity, "partner": alert.partner_id, "offering": alert.offering_code},
    )
