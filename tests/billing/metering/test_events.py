"""How events are read: every digit kept, every fault named."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.metering import events, reading
from billing.metering.events import Faulty, UsageInput

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "type": "cloud.usage.v1",
    "source": "//dc01/meter",
    "id": "e1",
    "subject": "HT-7K2MQ9XW4B",
    "time": "2026-10-31T23:00:00+08:00",
    "data": {"meter": "vcpu_hours", "quantity": "2.5"},
}
READ = UsageInput(
    "//dc01/meter", "e1", "HT-7K2MQ9XW4B", datetime(2026, 10, 31, 15, tzinfo=UTC), "vcpu_hours", Decimal("2.5")
)


def body(quantity: str = '"2.5"', **fields: Any) -> bytes:
    """GOOD with other fields (None leaves one out); the quantity is given as JSON text."""
    event = {name: value for name, value in (GOOD | fields).items() if value is not None}
    return json.dumps(event).replace('"2.5"', quantity).encode()


def test_an_event_is_read() -> None:
    assert reading.decode_event(body()) == READ
    assert reading.decode_batch(b"[" + body() + b"," + body() + b"]") == [READ, READ]
    assert reading.decode_batch(b"[]") == []


def test_unknown_attributes_are_let_through() -> None:
    assert reading.decode_event(body(datacontenttype="application/json", traceparent="00-1")) == READ


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0.1", "0.1"),
        ("0.100000", "0.1"),
        ("0.1000000000", "0.1"),
        ("1e3", "1000"),
        ("1E-6", "0.000001"),
        ('"1E-6"', "0.000001"),
        ("999999999999999999.999999", "999999999999999999.999999"),
        ('"999999999999999999.999999"', "999999999999999999.999999"),
        ("123456789.123457", "123456789.123457"),
    ],
)
def test_a_quantity_keeps_its_digits(text: str, quantity: str) -> None:
    event = reading.decode_event(body(text))
    assert isinstance(event, UsageInput)
    assert str(event.quantity) == str(Decimal(quantity).quantize(Decimal("0.000001")))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-0.000001", "negative"),
        ("0.0000001", "too_many_decimals"),
        ("0.1000000000000000055511151231257827", "too_many_decimals"),
        ("1000000000000000000", "too_large"),
        ("1e18", "too_large"),
        ("1e999", "too_large"),
        ("1e-999", "too_many_decimals"),
        ("1e99999999999999999999", "not_a_quantity"),
        ("9" * 5000, "not_a_quantity"),
        ('"NaN"', "not_a_quantity"),
        ('"Infinity"', "not_a_quantity"),
        ('"1_000"', "not_a_quantity"),
        ('" 1"', "not_a_quantity"),
        ('"１"', "not_a_quantity"),
        ('"1,5"', "not_a_quantity"),
        ('""', "not_a_quantity"),
        ("true", "not_a_quantity"),
        ("null", "not_a_quantity"),
        ("[1]", "not_a_quantity"),
    ],
)
def test_a_wrong_quantity_is_named(text: str, code: str) -> None:
    assert reading.decode_event(body(text)) == Faulty("data.quantity", code)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"specversion": None}, ("specversion", "missing")),
        ({"specversion": "0.3"}, ("specversion", "wrong_version")),
        ({"specversion": 1.0}, ("specversion", "not_text")),
        ({"type": "cloud.usage.v2"}, ("type", "wrong_type")),
        ({"source": ""}, ("source", "empty")),
        ({"source": "s" * 201}, ("source", "too_long")),
        ({"id": 7}, ("id", "not_text")),
        ({"id": 7.5}, ("id", "not_text")),
        ({"id": "a\x00b"}, ("id", "bad_character")),
        ({"subject": "\x00"}, ("subject", "bad_character")),
        ({"subject": None}, ("subject", "missing")),
        ({"time": None}, ("time", "missing")),
        ({"time": 5}, ("time", "not_text")),
        ({"data": None}, ("data", "missing")),
        ({"data": []}, ("data", "not_an_object")),
        ({"data": {"quantity": "2.5"}}, ("data.meter", "missing")),
        ({"data": {"meter": "vcpu_hours"}}, ("data.quantity", "missing")),
        ({"data": {"meter": 1, "quantity": "2.5"}}, ("data.meter", "not_text")),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], fault: tuple[str, str]) -> None:
    assert reading.decode_event(body(**fields)) == Faulty(*fault)


@pytest.mark.parametrize("length", [1, 200])
def test_texts_of_up_to_200_characters_are_kept(length: int) -> None:
    event = reading.decode_event(body(id="号" * length))
    assert isinstance(event, UsageInput) and event.id == "号" * length


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-31T16:00:00Z", datetime(2026, 10, 31, 16, tzinfo=UTC)),
        ("2026-11-01T00:00:00+08:00", datetime(2026, 10, 31, 16, tzinfo=UTC)),
        ("2026-10-31T23:59:59.999999999+08:00", datetime(2026, 10, 31, 15, 59, 59, 999999, tzinfo=UTC)),
        ("2026-10-31T11:00:00.5-05:00", datetime(2026, 10, 31, 16, 0, 0, 500000, tzinfo=UTC)),
    ],
)
def test_a_time_is_an_instant_and_never_moves_into_the_next_day(text: str, moment: datetime) -> None:
    event = reading.decode_event(body(time=text))
    assert isinstance(event, UsageInput) and event.time == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-10-31",
        "2026-10-31T16:00:00",
        "2026-10-31 16:00:00Z",
        "2026-10-31T24:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-W44-6T16:00:00Z",
        "2026-10-31T16:00:00+0800",
        "1793462400",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "２０２６-10-31T16:00:00Z",
    ],
)
def test_a_time_without_offset_or_of_another_form_is_refused(text: str) -> None:
    assert reading.decode_event(body(time=text)) == Faulty("time", "not_a_time")


def test_one_bad_event_leaves_the_others_readable() -> None:
    batch = b"[" + b",".join([body(), body("-1"), b"7", b"null", body(id="e2")]) + b"]"
    good, negative, number, null, last = reading.decode_batch(batch)
    assert (good, negative) == (READ, Faulty("data.quantity", "negative"))
    assert number == null == Faulty("", "not_an_object")
    assert isinstance(last, UsageInput) and last.id == "e2"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b"NaN",
        b'{"id": [Infinity]}',
    ],
)
def test_what_is_not_json_is_refused_whole(text: bytes) -> None:
    with pytest.raises(events.Malformed):
        reading.decode_event(text)
    with pytest.raises(events.Malformed):
        reading.decode_batch(text)


@pytest.mark.parametrize("text", [b"{}", b'"x"', b"5", b"null"])
def test_a_batch_is_an_array(text: bytes) -> None:
    with pytest.raises(events.Malformed):
        reading.decode_batch(text)


def test_a_batch_has_an_end() -> None:
    assert len(reading.decode_batch(b"[" + b",".join([b"1"] * 10_000) + b"]")) == 10_000
    with pytest.raises(events.TooManyEvents):
        reading.decode_batch(b"[" + b",".join([b"1"] * 10_001) + b"]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "meter", "quantity"]), inner),
    max_leaves=12,
)


@given(JSON, st.sampled_from([*GOOD, "data.meter", "data.quantity"]))
def test_whatever_json_comes_it_is_read_or_named(value: Any, place: str) -> None:
    event = json.loads(json.dumps(GOOD))
    holder, _, name = place.rpartition(".")
    (event[holder] if holder else event)[name] = value
    for text in (json.dumps(event), json.dumps(value)):
        try:
            read = reading.decode_event(text.encode())
        except events.Malformed:
            continue
        assert isinstance(read, UsageInput) or read.code in events.REASONS
        assert reading.decode_batch(f"[{text}]".encode()) == [read]
