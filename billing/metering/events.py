"""Usage events as they arrive: CloudEvents 1.0 in JSON, read without a float on the way.

`decode_event` and `decode_batch` give for each event either a `UsageInput` or a `Faulty` that names the field.
A well-formed batch is read in one pass; only a batch with a fault in it is looked at event by event.
What an event must fulfil beyond its own text (contract, meter, period) is decided by `operations.record_usage`.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketplace.organisations import errors

SPEC_VERSION: Final = "1.0"
EVENT_TYPE: Final = "cloud.usage.v1"
LONGEST_TEXT: Final = 200
MOST_PLACES: Final = 6
MOST_DIGITS: Final = 18  # before the decimal point
MOST_EVENTS: Final = 10_000

# What can be wrong with an event. The code is for machines and never changes; the text is for people.
REASONS: Final[dict[str, str | Promise]] = {
    "not_an_object": _("The event must be a JSON object."),
    "missing": _("This field is missing."),
    "not_text": _("This field must be text."),
    "empty": _("This field is empty."),
    "too_long": _("This field is longer than 200 characters."),
    "bad_character": _("This field contains a character that cannot be stored."),
    "wrong_version": _("Only version 1.0 of CloudEvents is known."),
    "wrong_type": _("Only events of the type cloud.usage.v1 are known."),
    "not_a_time": _("Write the time as in 2026-10-31T23:00:00+08:00, with its offset."),
    "not_a_quantity": _("Write the quantity as a decimal number, such as 12.5."),
    "negative": _("The quantity must not be negative."),
    "too_many_decimals": _("The quantity has more than 6 decimals."),
    "too_large": _("The quantity must be less than 10 to the power of 18."),
    "no_such_contract": _("You have no contract with this number."),
    "not_delivered": _("The contract has not been delivered. Confirm its delivery first."),
    "no_such_meter": _("The contract has no price for this meter."),
    "before_start": _("The time lies before the contract's first day."),
    "after_end": _("The time lies on or after the contract's end date, which is no longer part of it."),
    "in_the_future": _("The time lies more than 5 minutes in the future."),
    "too_late": _("The time lies more than 12 months before the present month."),
    "no_such_event": _("No event with this source and id is stored. Send it first."),
    "other_contract": _("The event named here is of another contract or meter."),
    "already_superseded": _("The event named here was corrected or taken back before. Name the one that did so."),
    "other_content": _("An event with this source and id is known with other content."),
    "wrong_columns": _("The row has more or fewer columns than the header."),
    "unreadable": _("The file cannot be read further from here: a quote or a character in it is wrong."),
    "wrong_header": _("The first row must name the columns id, source, contract, time, meter and quantity."),
    "file_lost": _("The file is no longer there. Upload it again."),
    "broken_off": _("The import broke off because of an error on our side. Upload the file again."),
}

_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,20})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER: Final = r"(-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?)"
_QUANTITY: Final = re.compile(_NUMBER)
_QUANTITY_JSON: Final = re.compile(rf'(?:{_NUMBER}|"{_NUMBER}")'.encode())
_LIMIT: Final = Decimal(10) ** MOST_DIGITS
_STEP: Final = Decimal(1).scaleb(-MOST_PLACES)


class Malformed(errors.Refused):
    """The body is not JSON, or not of the shape that its content type promises: no event was read."""


class TooManyEvents(errors.Refused):
    """A batch holds more than `MOST_EVENTS`."""


class UsageInput(msgspec.Struct, frozen=True):
    """One event, well formed. `subject` is a contract's number, `time` and `end` are in UTC.

    `quantity` has 6 decimals; without one the event is a void, which takes `supersedes` back. With a quantity and
    `supersedes` it is a correction. `value` is what a count of unique values counts. Used from `time` to before
    `end`, if it has one.
    """

    source: str
    id: str
    subject: str
    time: datetime
    meter: str
    quantity: Decimal | None
    value: str = ""
    end: datetime | None = None
    supersedes: tuple[str, str] | None = None  # source, id
    reason: str = ""


class Faulty(msgspec.Struct, frozen=True):
    """An event that cannot be read: the field at fault and a key of `REASONS`."""

    field: str
    code: str


Read = UsageInput | Faulty

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class _Digits(str):
    """A JSON number, digit by digit. It is not a text of the event."""

    __slots__ = ()


class _Data(msgspec.Struct):
    meter: _Text
    quantity: msgspec.Raw


class _Event(msgspec.Struct):
    specversion: Literal["1.0"]
    type: Literal["cloud.usage.v1"]
    source: _Text
    id: _Text
    subject: _Text
    time: str
    data: _Data


_event_decoder: Final = msgspec.json.Decoder(_Event)
_batch_decoder: Final = msgspec.json.Decoder(list[_Event])
_parts_decoder: Final = msgspec.json.Decoder(list[msgspec.Raw])


def decode_event(body: bytes) -> Read:
    """Read one event in JSON. Raises Malformed if `body` is not JSON."""
    try:
        return _from_struct(_event_decoder.decode(body))
    except msgspec.ValidationError:
        return _examine(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error


def decode_batch(body: bytes) -> list[Read]:
    """Read an array of events in JSON. Raises Malformed if it is not one, TooManyEvents over `MOST_EVENTS`."""
    try:
        events: list[Any] = _batch_decoder.decode(body)
        read: Callable[[Any], Read] = _from_struct
    except msgspec.ValidationError:
        events, read = _split(body), _examine
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
    if len(events) > MOST_EVENTS:
        raise TooManyEvents(gettext("A batch holds at most 10,000 events. Send more than one batch."))
    return [read(event) for event in events]


def read_fields(*, source: str, id: str, subject: str, time: str, meter: str, quantity: str) -> Read:
    """An event from texts, as in a row of a CSV file."""
    texts = {"id": id, "source": source, "subject": subject, "data.meter": meter}
    for field, text in texts.items():
        code = _fault_of_text(text)
        if code:
            return Faulty(field, code)
    if not _storable(source, id, subject, meter):
        return Faulty(next(field for field, text in texts.items() if not _storable(text)), "bad_character")
    return _finish(source, id, subject, time, meter, quantity if _QUANTITY.fullmatch(quantity) else None)


def _from_struct(event: _Event) -> Read:
    match = _QUANTITY_JSON.fullmatch(bytes(event.data.quantity))
    if match is None or not _storable(event.source, event.id, event.subject, event.data.meter):
        return read_fields(
            source=event.source,
            id=event.id,
            subject=event.subject,
            time=event.time,
            meter=event.data.meter,
            quantity=_text_of(_parse(event.data.quantity)),
        )
    quantity = (match[1] or match[2]).decode()
    return _finish(event.source, event.id, event.subject, event.time, event.data.meter, quantity)


def _finish(source: str, id: str, subject: str, time: str, meter: str, quantity: str | None) -> Read:
    """The last step of every way in: the time and the quantity, whose text is known to be a number or None."""
    moment = _parse_time(time)
    if moment is None:
        return Faulty("time", "not_a_time")
    if quantity is None:
        return Faulty("data.quantity", "not_a_quantity")
    number = Decimal(quantity)
    if number < 0:
        return Faulty("data.quantity", "negative")
    if number >= _LIMIT:
        return Faulty("data.quantity", "too_large")
    # 24 digits at most: exact in the default context of 28.
    stored = number.quantize(_STEP)
    if stored != number:
        return Faulty("data.quantity", "too_many_decimals")
    return UsageInput(source, id, subject, moment, meter, abs(stored))


def _parse_time(text: str) -> datetime | None:
    """RFC 3339 with an offset; digits beyond the microsecond are cut, so that an instant never moves to a later day."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day; or one before year 1 or after 9999 in UTC
        return None


def _examine(raw: bytes | msgspec.Raw) -> Read:
    """Find out what is wrong with an event that did not fit, field by field in a fixed order."""
    event = _parse(raw)
    if not isinstance(event, dict):
        return Faulty("", "not_an_object")
    fault = _fault_of_envelope(event)
    if fault is not None:
        return fault
    data = event["data"]
    return read_fields(
        source=event["source"],
        id=event["id"],
        subject=event["subject"],
        time=event["time"],
        meter=data["meter"],
        quantity=_text_of(data["quantity"]),
    )


def _fault_of_envelope(event: dict[str, Any]) -> Faulty | None:
    for field in ("specversion", "type", "source", "id", "subject", "time"):
        if type(event.get(field)) is not str:
            return Faulty(field, "not_text" if field in event else "missing")
    if event["specversion"] != SPEC_VERSION:
        return Faulty("specversion", "wrong_version")
    if event["type"] != EVENT_TYPE:
        return Faulty("type", "wrong_type")
    data = event.get("data")
    if not isinstance(data, dict):
        return Faulty("data", "not_an_object" if "data" in event else "missing")
    for field, known in (("meter", type(data.get("meter")) is str), ("quantity", "quantity" in data)):
        if not known:
            return Faulty(f"data.{field}", "not_text" if field in data else "missing")
    return None


def _fault_of_text(text: str) -> str:
    if not text:
        return "empty"
    return "too_long" if len(text) > LONGEST_TEXT else ""


def _storable(*texts: str) -> bool:
    """Whether PostgreSQL can keep the texts: no NUL, and no half of a surrogate pair (a byte that is not UTF-8)."""
    whole = "".join(texts)
    if whole.isascii():
        return "\x00" not in whole
    try:
        whole.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in whole


def _text_of(quantity: object) -> str:
    return quantity if isinstance(quantity, str) else ""


def _parse(raw: bytes | msgspec.Raw) -> Any:
    """Any JSON, slowly, with numbers of any size as their digits. Raises Malformed."""
    try:
        return json.loads(bytes(raw).decode(), parse_int=_Digits, parse_float=_Digits, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error


def _refuse(name: str) -> None:
    """NaN and Infinity are no JSON, though Python would read them."""
    raise ValueError(name)


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        return _parts_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(gettext("The body must be an array of events.")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
