"""Reading usage events: JSON, headers or texts, without a float on the way.

Each event becomes a `UsageInput` or a `Faulty` that names its field. A well-formed batch is read in one pass by
msgspec; only a batch with a fault in it is looked at event by event, with Python's own reader of JSON.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from django.utils.translation import gettext

from billing.metering import exact_json
from billing.metering.events import (
    EVENT_TYPE,
    LONGEST_TEXT,
    MOST_DIGITS,
    MOST_EVENTS,
    MOST_PLACES,
    SPEC_VERSION,
    Faulty,
    Malformed,
    Read,
    TooManyEvents,
    UsageInput,
)
from billing.rules import periods

_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,20})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER: Final = r"(-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?)"
_QUANTITY: Final = re.compile(_NUMBER)
_QUANTITY_JSON: Final = re.compile(rf'(?:{_NUMBER}|"{_NUMBER}")'.encode())
_LIMIT: Final = Decimal(10) ** MOST_DIGITS
_STEP: Final = Decimal(1).scaleb(-MOST_PLACES)
_ONE: Final = Decimal(1).quantize(_STEP)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]


class _Key(msgspec.Struct):
    source: _Text
    id: _Text


class _Data(msgspec.Struct):
    meter: _Text
    quantity: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value: _Text | msgspec.UnsetType = msgspec.UNSET
    start: str | msgspec.UnsetType = msgspec.UNSET
    end: str | msgspec.UnsetType = msgspec.UNSET
    supersedes: _Key | msgspec.UnsetType = msgspec.UNSET
    voids: _Key | msgspec.UnsetType = msgspec.UNSET
    reason: _Text | msgspec.UnsetType = msgspec.UNSET


class _Event(msgspec.Struct):
    specversion: Literal["1.0"]
    type: Literal["cloud.usage.v1"]
    source: _Text
    id: _Text
    subject: _Text
    data: _Data
    time: str | msgspec.UnsetType = msgspec.UNSET


class _Given(NamedTuple):
    """What an event says, as texts; the envelope and the lengths are right."""

    source: str
    id: str
    subject: str
    meter: str
    time: str | None
    quantity: str | None  # "" is none that can be read
    value: str = ""
    start: str | None = None
    end: str | None = None
    supersedes: tuple[str, str] | None = None
    voids: tuple[str, str] | None = None
    reason: str = ""


_event_decoder: Final = msgspec.json.Decoder(_Event)
_batch_decoder: Final = msgspec.json.Decoder(list[_Event])
_parts_decoder: Final = msgspec.json.Decoder(list[msgspec.Raw])

_ENVELOPE: Final = ("specversion", "type", "source", "id", "subject", "time", "data")
_OF_DATA: Final = ("meter", "quantity", "value", "start", "end", "supersedes", "voids", "reason")
# Each stands in every event of the usual kind exactly once; each of the others nowhere.
_ALWAYS: Final = tuple(f'"{name}"'.encode() for name in (*_ENVELOPE, "meter", "quantity"))
_SELDOM: Final = tuple(f'"{name}"'.encode() for name in ("start", "end", "supersedes", "voids", "reason", "value"))


def decode_event(body: bytes) -> Read:
    """Read one event in JSON. Raises Malformed if `body` is not JSON."""
    try:
        event = _event_decoder.decode(body)
    except msgspec.ValidationError:
        return _examine(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
    return _from_struct(event) if _is_usual(body, 1) else _examine(body)


def decode_batch(body: bytes) -> list[Read]:
    """Read an array of events in JSON. Raises Malformed if it is not one, TooManyEvents over `MOST_EVENTS`."""
    read: Callable[[Any], Read] = _from_struct
    try:
        events: list[Any] = _batch_decoder.decode(body)
        if not _is_usual(body, len(events)):
            events, read = _split(body), _examine
    except msgspec.ValidationError:
        events, read = _split(body), _examine
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
    if len(events) > MOST_EVENTS:
        raise TooManyEvents(gettext("A batch holds at most 10,000 events. Send more than one batch."))
    return [read(event) for event in events]


def decode_headers(attributes: Mapping[str, str], body: bytes) -> Read:
    """Read one event in CloudEvents' binary mode: attributes from headers, `data` from the body. Raises Malformed."""
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
    known = {name: text for name, text in attributes.items() if name in _ENVELOPE and name != "data"}
    for name, text in known.items():
        if not _storable(text):
            return Faulty(name, "bad_character")
    return decode_event(msgspec.json.encode({**known, "data": msgspec.Raw(body)}))


def read_fields(*, source: str, id: str, subject: str, time: str, meter: str, quantity: str) -> Read:
    """An event from texts, as in a row of a CSV file."""
    return _check(_Given(source, id, subject, meter, time, quantity if _QUANTITY.fullmatch(quantity) else ""))


def _is_usual(body: bytes, count: int) -> bool:
    """Whether every field stands in each event exactly once, and none of the rarer ones: then none stands in it twice.

    msgspec keeps the last of two fields with one name. Counting names costs next to nothing; whatever looks odd, such
    as a name that is also a value, or an escape that might hide a letter, is read the slow and exact way.
    """
    return (
        all(body.count(name) == count for name in _ALWAYS)
        and not any(name in body for name in _SELDOM)
        and b"\\u00" not in body
    )


def _from_struct(event: _Event) -> Read:
    data = event.data
    match = _QUANTITY_JSON.fullmatch(bytes(data.quantity)) if isinstance(data.quantity, msgspec.Raw) else None
    if match is None or not isinstance(event.time, str):
        return _examine(msgspec.json.encode(event))
    if not _storable(event.source, event.id, event.subject, data.meter):
        return _check(_Given(event.source, event.id, event.subject, data.meter, event.time, ""))
    moment = _parse_time(event.time)
    if moment is None:
        return Faulty("time", "not_a_time")
    quantity = _parse_quantity((match[1] or match[2]).decode())
    if isinstance(quantity, Faulty):
        return quantity
    return UsageInput(event.source, event.id, event.subject, moment, data.meter, quantity)


def _check(given: _Given) -> Read:
    """Every way in but the quickest: texts, then the time, then what is counted."""
    texts = {"id": given.id, "source": given.source, "subject": given.subject, "data.meter": given.meter}
    optional = {"data.value": given.value, "data.reason": given.reason}
    for name, key in (("data.supersedes", given.supersedes), ("data.voids", given.voids)):
        if key is not None:
            texts |= {f"{name}.source": key[0], f"{name}.id": key[1]}
    for field, text in (*texts.items(), *((name, text) for name, text in optional.items() if text)):
        if code := _fault_of_text(text):
            return Faulty(field, code)
    times = _read_times(given)
    if isinstance(times, Faulty):
        return times
    counted = _read_counted(given)
    if isinstance(counted, Faulty):
        return counted
    return UsageInput(
        given.source,
        given.id,
        given.subject,
        times[0],
        given.meter,
        counted[0],
        given.value,
        times[1],
        given.supersedes or given.voids,
        given.reason if given.supersedes or given.voids else "",
    )


def _read_times(given: _Given) -> tuple[datetime, datetime | None] | Faulty:
    """The instant; or start and end, which lie in one month."""
    if given.start is None and given.end is None:
        moment = _parse_time(given.time or "")
        return (
            Faulty("time", "not_a_time" if given.time is not None else "missing") if moment is None else (moment, None)
        )
    if given.time is not None:
        return Faulty("time", "time_and_start")
    bounds = []
    for field, text in (("data.start", given.start), ("data.end", given.end)):
        moment = _parse_time(text or "")
        if moment is None:
            return Faulty(field, "missing" if text is None else "not_a_time")
        bounds.append(moment)
    start, end = bounds
    if end <= start:
        return Faulty("data.end", "not_after_start")
    try:
        is_one_month = periods.Month.of(start) == periods.Month.of(end - timedelta(microseconds=1))
    except periods.InvalidMonth:
        return Faulty("data.start", "not_a_time")
    return (start, end) if is_one_month else Faulty("data.end", "two_months")


def _read_counted(given: _Given) -> tuple[Decimal | None] | Faulty:
    """The quantity, None for a void."""
    if given.voids is not None:
        if given.supersedes is not None:
            return Faulty("data.voids", "two_targets")
        if given.quantity is not None:
            return Faulty("data.quantity", "quantity_of_a_void")
        return (None,) if given.reason else Faulty("data.reason", "missing")
    if given.quantity is None:
        # One thing was seen: what a count of unique values asks for.
        return (_ONE,) if given.value else Faulty("data.quantity", "missing")
    quantity = _parse_quantity(given.quantity)
    return quantity if isinstance(quantity, Faulty) else (quantity,)


def _parse_quantity(text: str) -> Decimal | Faulty:
    if not text:
        return Faulty("data.quantity", "not_a_quantity")
    number = Decimal(text)
    if number < 0:
        return Faulty("data.quantity", "negative")
    if number >= _LIMIT:
        return Faulty("data.quantity", "too_large")
    # 24 digits at most: exact in the default context of 28.
    stored = number.quantize(_STEP)
    return abs(stored) if stored == number else Faulty("data.quantity", "too_many_decimals")


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
    if not isinstance(event, exact_json.Object):
        return Faulty("", "not_an_object")
    fault = _fault_of_envelope(event)
    if fault is not None:
        return fault
    data = event["data"]
    keys: dict[str, tuple[str, str]] = {}
    for name in ("supersedes", "voids"):
        if name in data:
            key = data[name]
            if (
                not isinstance(key, exact_json.Object)
                or type(key.get("source")) is not str
                or type(key.get("id")) is not str
            ):
                return Faulty(f"data.{name}", "not_a_key")
            if key.twice in ("source", "id"):
                return Faulty(f"data.{name}.{key.twice}", "twice")
            keys[name] = key["source"], key["id"]
    return _check(
        _Given(
            event["source"],
            event["id"],
            event["subject"],
            data["meter"],
            event.get("time"),
            _text_of(data["quantity"]) if "quantity" in data else None,
            data.get("value", ""),
            data.get("start"),
            data.get("end"),
            keys.get("supersedes"),
            keys.get("voids"),
            data.get("reason", ""),
        )
    )


def _fault_of_envelope(event: exact_json.Object) -> Faulty | None:
    if event.twice in _ENVELOPE:
        return Faulty(event.twice, "twice")
    data = event.get("data")
    has_span = isinstance(data, exact_json.Object) and ("start" in data or "end" in data)
    optional = ("time",) if has_span and "time" not in event else ()
    fault = _fault_of_texts(event, [name for name in _ENVELOPE if name != "data" and name not in optional], "")
    if fault is not None:
        return fault
    for name, known, code in (("specversion", SPEC_VERSION, "wrong_version"), ("type", EVENT_TYPE, "wrong_type")):
        if event[name] != known:
            return Faulty(name, code)
    return _fault_of_data(data, is_there="data" in event)


def _fault_of_data(data: Any, *, is_there: bool) -> Faulty | None:
    if not isinstance(data, exact_json.Object):
        return Faulty("data", "not_an_object" if is_there else "missing")
    if data.twice in _OF_DATA:
        return Faulty(f"data.{data.twice}", "twice")
    given = [name for name in ("value", "start", "end", "reason") if name in data]
    return _fault_of_texts(data, ["meter", *given], "data.") or _fault_of_empty(data)


def _fault_of_texts(holder: exact_json.Object, names: Sequence[str], prefix: str) -> Faulty | None:
    for name in names:
        if type(holder.get(name)) is not str:
            return Faulty(f"{prefix}{name}", "not_text" if name in holder else "missing")
    return None


def _fault_of_empty(data: exact_json.Object) -> Faulty | None:
    """A value or a reason that is there says something."""
    return next((Faulty(f"data.{name}", "empty") for name in ("value", "reason") if data.get(name) == ""), None)


def _fault_of_text(text: str) -> str:
    if not text:
        return "empty"
    if len(text) > LONGEST_TEXT:
        return "too_long"
    return "" if _storable(text) else "bad_character"


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
    return quantity if isinstance(quantity, str) and _QUANTITY.fullmatch(quantity) else ""


def _parse(raw: bytes | msgspec.Raw) -> Any:
    try:
        return exact_json.parse(bytes(raw))
    except exact_json.NotJson as error:
        raise Malformed(gettext("The body is not JSON.")) from error


def _split(body: bytes) -> list[msgspec.Raw]:
    try:
        return _parts_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(gettext("The body must be an array of events.")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(gettext("The body is not JSON.")) from error
