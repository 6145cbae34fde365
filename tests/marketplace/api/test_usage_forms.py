"""Every form in which usage is taken, and what a client does wrong with each."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from redis import RedisError

from billing.metering import operations
from billing.metering.models import Supersession, UsageBatch, UsageEvent
from marketplace import cache as shared
from marketplace.api import authentication, usage
from marketplace.organisations import limits
from marketplace.organisations.models import ApiKey
from tests import factories
from tests.marketplace.api.client import BATCH, EVENT, Api, event

pytestmark = pytest.mark.django_db

MB = 1024 * 1024
EN = {"Accept-Language": "en"}


def data(**fields: Any) -> dict[str, Any]:
    return {"meter": "vcpu_hours", "quantity": "2.5", **fields}


def without_time(contract: Any, **fields: Any) -> dict[str, Any]:
    made = event(contract, data=data(**fields))
    del made["time"]
    return made


def outcome(response: Any) -> tuple[str, str, str]:
    (one,) = response.json()["events"]
    return one["status"], one["field"], one["code"]


# --- binary mode ------------------------------------------------------------------------------------


def attributes(contract: Any, **fields: Any) -> dict[str, str]:
    whole = event(contract, **fields)
    return {f"ce-{name}": whole[name] for name in ("specversion", "type", "source", "id", "subject", "time")}


def test_an_event_in_binary_mode_is_the_same_event(hongshan: Api, contract: Any) -> None:
    assert hongshan.report(event(contract, id="机房 1%")).status_code == 202
    headers = attributes(contract) | {"ce-id": "%E6%9C%BA%E6%88%BF%201%25", "ce-unknown": "extension"}
    response = hongshan.report(data(quantity=2.5), content_type="application/json", headers=headers)
    assert (response.status_code, outcome(response)) == (200, ("duplicate", "", ""))


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"ce-id": ""}, json.dumps(data()), 422),
        ({"ce-id": "%FF"}, json.dumps(data()), 422),
        ({"ce-specversion": "0.3"}, json.dumps(data()), 422),
        ({}, '{"meter": "vcpu_hours", "quantity": 1}, "id": "smuggled"', 400),
        ({}, '{"meter": "vcpu_hours", "quantity": 1, "quantity": 2}', 422),
        ({}, "", 400),
        ({}, "[]", 422),
    ],
)
def test_what_is_wrong_in_binary_mode(
    hongshan: Api, contract: Any, headers: dict[str, str], body: str, status: int
) -> None:
    response = hongshan.report(body, content_type="application/json", headers=attributes(contract) | headers)
    assert response.status_code == status
    assert not UsageEvent.objects.exists()


# --- gzip -------------------------------------------------------------------------------------------


def packed(body: Any) -> bytes:
    return gzip.compress(body if isinstance(body, bytes) else json.dumps(body).encode(), mtime=0)


def test_a_packed_body_is_unpacked(hongshan: Api, contract: Any) -> None:
    batch = [event(contract, id=f"e{n}") for n in range(50)]
    response = hongshan.report(packed(batch), content_type=BATCH, headers={"Content-Encoding": "gzip"})
    assert response.json()["accepted"] == 50
    text = json.dumps(event(contract, id="members")).encode()
    response = hongshan.report(packed(text[:40]) + packed(text[40:]), headers={"Content-Encoding": "gzip"})
    assert response.status_code == 202


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (packed(b"[" + b" " * (8 * MB - 2) + b"]"), "gzip", 200),
        (packed(b"[" + b" " * (8 * MB - 1) + b"]"), "gzip", 413),
        (gzip.compress(packed(b"0" * (20 * MB)), mtime=0), "gzip", 400),  # unpacks to what is no JSON
        (packed(b"0" * (20 * MB)), "gzip", 413),
        (packed([])[:-9], "gzip", 400),
        (packed([])[:5], "gzip", 400),
        (b"", "gzip", 400),
        (b"[]", "gzip", 400),
        (packed([]) + b"rest", "gzip", 400),
        (b"[]", "br", 415),
        (b"[]", "gzip, gzip", 415),
    ],
)
def test_a_packed_body_is_limited_by_what_it_unpacks_to(hongshan: Api, body: bytes, encoding: str, status: int) -> None:
    response = hongshan.report(body, content_type=BATCH, headers={"Content-Encoding": encoding} | EN)
    assert response.status_code == status
    assert status == 200 or len(response.json()["detail"]) > 20


# --- what an event may say ----------------------------------------------------------------------------


def test_a_span_counts_at_its_start(hongshan: Api, contract: Any) -> None:
    span = {"start": "2026-10-31T23:00:00+08:00", "end": "2026-11-01T00:00:00+08:00"}
    assert hongshan.report(without_time(contract, **span)).status_code == 202
    stored = UsageEvent.objects.get()
    assert (stored.occurred_at.isoformat(), stored.ended_at.isoformat()) == (
        "2026-10-31T15:00:00+00:00",
        "2026-10-31T16:00:00+00:00",
    )


def test_a_value_needs_no_quantity(hongshan: Api, contract: Any) -> None:
    given = event(contract)
    given["data"] = {"meter": "vcpu_hours", "value": "user-7"}
    assert hongshan.report(given).status_code == 202
    assert [(e.value, e.quantity) for e in UsageEvent.objects.all()] == [("user-7", Decimal(1))]


def test_an_event_is_corrected_and_taken_back(hongshan: Api, contract: Any) -> None:
    named = {"source": event(contract)["source"], "id": "e1"}
    better = event(contract, id="e2", data=data(quantity="1", supersedes=named))
    void = event(contract, id="e3")
    void["data"] = {"meter": "vcpu_hours", "voids": {**named, "id": "e2"}, "reason": "measured twice"}
    response = hongshan.report([better, event(contract), void, better], content_type=BATCH)
    assert [one["status"] for one in response.json()["events"]] == ["accepted", "accepted", "accepted", "duplicate"]
    assert list(Supersession.objects.order_by("event_id").values_list("event_id", "by_event_id", "reason")) == [
        ("e1", "e2", ""),
        ("e2", "e3", "measured twice"),
    ]
    again = event(contract, id="e4", data=data(supersedes=named))
    response = hongshan.report(again)
    assert (response.status_code, outcome(response)) == (409, ("conflict", "data.supersedes", "already_superseded"))


def test_the_providers_own_resource_id_names_the_contract(hongshan: Api, contract: Any, other: Any) -> None:
    type(contract).objects.filter(pk=contract.pk).update(resource_id="i-07")
    type(other).objects.filter(pk=other.pk).update(resource_id="i-08")
    assert hongshan.report(event(contract, subject="i-07")).status_code == 202
    assert UsageEvent.objects.get().contract_id == contract.pk
    response = hongshan.report(event(contract, id="e2", subject="i-08"))  # another provider's
    assert outcome(response) == ("rejected", "subject", "no_such_contract")


KEY = {"source": "s", "id": "x"}


@pytest.mark.parametrize(
    ("fields", "where", "code"),
    [
        ({"quantity": "Infinity"}, "data.quantity", "not_a_quantity"),
        ({"quantity": "-Infinity"}, "data.quantity", "not_a_quantity"),
        ({"quantity": "NaN"}, "data.quantity", "not_a_quantity"),
        ({"quantity": "1e30"}, "data.quantity", "too_large"),
        ({"quantity": 10**30}, "data.quantity", "too_large"),
        ({"quantity": "0." + "1" * 40}, "data.quantity", "too_many_decimals"),
        ({"quantity": "0." + "1" * 41}, "data.quantity", "not_a_quantity"),
        ({"quantity": -1}, "data.quantity", "negative"),
        ({"quantity": ""}, "data.quantity", "not_a_quantity"),
        ({"quantity": True}, "data.quantity", "not_a_quantity"),
        ({"quantity": [1]}, "data.quantity", "not_a_quantity"),
        ({"meter": "petabytes"}, "data.meter", "no_such_meter"),
        ({"meter": ""}, "data.meter", "empty"),
        ({"meter": "m" * 201}, "data.meter", "too_long"),
        ({"meter": 5}, "data.meter", "not_text"),
        ({"subject": "HT-INVENTED00"}, "subject", "no_such_contract"),
        ({"time": "2026-10-10T12:00:00"}, "time", "not_a_time"),
        ({"time": "2026-10-10 12:00:00+08:00"}, "time", "not_a_time"),
        ({"time": "2026-10-10T12:00:00 CST"}, "time", "not_a_time"),
        ({"time": "2016-12-31T23:59:60Z"}, "time", "not_a_time"),  # a leap second
        ({"time": "2026-02-30T12:00:00+08:00"}, "time", "not_a_time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time", "not_a_time"),
        ({"time": "0001-01-01T00:00:00Z"}, "time", "before_start"),
        ({"time": "9999-12-31T23:59:59Z"}, "time", "after_end"),
        ({"time": "2021-10-10T12:00:00+08:00"}, "time", "before_start"),  # five years late
        ({"time": "2026-11-03T12:00:00+08:00"}, "time", "in_the_future"),  # a day early
        ({"time": 1760000000}, "time", "not_text"),
        ({"data": data(start="2026-10-10T12:00:00+08:00")}, "time", "time_and_start"),
        ({"data": data(value="")}, "data.value", "empty"),
        ({"data": data(value=5)}, "data.value", "not_text"),
        ({"data": data(value="\x00")}, "data.value", "bad_character"),
        ({"data": {"meter": "vcpu_hours"}}, "data.quantity", "missing"),
        ({"data": data(supersedes="e1")}, "data.supersedes", "not_a_key"),
        ({"data": data(supersedes={"id": "e1"})}, "data.supersedes", "not_a_key"),
        ({"data": data(supersedes={"source": "", "id": "e1"})}, "data.supersedes.source", "empty"),
        ({"data": data(supersedes=KEY)}, "data.supersedes", "no_such_event"),
        ({"data": data(supersedes=KEY, voids=KEY)}, "data.voids", "two_targets"),
        ({"data": data(voids=KEY, reason="r")}, "data.quantity", "quantity_of_a_void"),
        ({"data": {"meter": "vcpu_hours", "voids": KEY}}, "data.reason", "missing"),
        ({"data": {"meter": "vcpu_hours", "voids": KEY, "reason": ""}}, "data.reason", "empty"),
    ],
)
def test_bad_input_is_named_and_leaves_the_others_alone(
    hongshan: Api, contract: Any, fields: dict[str, Any], where: str, code: str
) -> None:
    bad = event(contract, id="bad", **fields)
    alone = hongshan.report(bad)
    assert (alone.status_code, outcome(alone)) == (422, ("rejected", where, code))
    good = [event(contract, id="a"), event(contract, id="b")]
    first, second, third = hongshan.report([good[0], bad, good[1]], content_type=BATCH).json()["events"]
    assert (first["status"], third["status"]) == ("accepted", "accepted")
    assert (second["field"], second["code"], len(second["reason"]) > 4) == (where, code, True)
    assert UsageEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("start", "end", "where", "code"),
    [
        ("2026-10-10T12:00:00+08:00", None, "data.end", "missing"),
        (None, "2026-10-10T12:00:00+08:00", "data.start", "missing"),
        ("2026-10-10T12:00:00+08:00", "2026-10-10T04:00:00Z", "data.end", "not_after_start"),
        ("2026-10-31T23:00:00+08:00", "2026-11-01T00:00:00.000001+08:00", "data.end", "two_months"),
        ("2026-09-30T23:00:00+08:00", "2026-10-01T00:00:00+08:00", "data.start", "before_start"),
        ("2026-11-02T12:00:00+08:00", "2026-11-02T13:00:00+08:00", "data.end", "in_the_future"),
        ("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z", "data.start", "not_a_time"),
        ("9999-12-31T01:00:00Z", "9999-12-31T23:00:00Z", "data.start", "not_a_time"),
        ("yesterday", "today", "data.start", "not_a_time"),
    ],
)
def test_bad_spans(hongshan: Api, contract: Any, start: str | None, end: str | None, where: str, code: str) -> None:
    span = {name: text for name, text in (("start", start), ("end", end)) if text is not None}
    response = hongshan.report(without_time(contract, **span))
    assert (response.status_code, outcome(response)) == (422, ("rejected", where, code))


@pytest.mark.parametrize("name", ["id", "data", "quantity", "\\u0069d"])
def test_a_field_that_stands_twice_is_refused(hongshan: Api, contract: Any, name: str) -> None:
    text = json.dumps(event(contract))
    place = text.index('"meter"') if name == "quantity" else 1
    twice = f'{text[:place]}"{name}": "other", {text[place:]}'
    plain = "id" if name.startswith("\\") else name
    where = "data.quantity" if name == "quantity" else plain
    response = hongshan.report(twice)
    assert (response.status_code, outcome(response)) == (422, ("rejected", where, "twice"))
    batch = hongshan.report(f"[{twice}, {json.dumps(event(contract, id='a'))}]", content_type=BATCH)
    assert [one["status"] for one in batch.json()["events"]] == ["rejected", "accepted"]


# --- Idempotency-Key --------------------------------------------------------------------------------


def test_the_same_batch_under_its_key_is_answered_as_the_first_time(hongshan: Api, contract: Any) -> None:
    batch = [event(contract, id="a"), event(contract, id="b", quantity="-1"), event(contract, id="a")]
    key = {"Idempotency-Key": "batch-1"}
    first = hongshan.report(batch, content_type=BATCH, headers=key)
    assert [one["status"] for one in first.json()["events"]] == ["accepted", "rejected", "duplicate"]
    with CaptureQueriesContext(connection) as captured:
        again = hongshan.report(batch, content_type=BATCH, headers=key)
    assert (again.status_code, again.content) == (200, first.content)
    assert len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]) == 4
    assert hongshan.report(batch, content_type=BATCH).json()["duplicate"] == 2  # without it: as it is now
    other = hongshan.report(batch[:1], content_type=BATCH, headers=key)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert UsageEvent.objects.count() == 1


def test_a_batch_of_which_nothing_was_to_be_stored_does_not_spend_its_key(hongshan: Api, contract: Any) -> None:
    headers = {"Idempotency-Key": "batch-1", "Prefer": "handling=strict"}
    batch = [event(contract), event(contract, id="b", quantity="-1")]
    assert hongshan.report(batch, content_type=BATCH, headers=headers).status_code == 422
    assert hongshan.report(batch[:1], content_type=BATCH, headers=headers).status_code == 200


@pytest.mark.parametrize("key", ["", "k" * 256, "批次"])
def test_a_key_is_ascii_and_not_too_long(hongshan: Api, contract: Any, key: str) -> None:
    response = hongshan.report([event(contract)], content_type=BATCH, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not UsageEvent.objects.exists()


def test_answers_are_forgotten_after_a_week(hongshan: Api, contract: Any) -> None:
    hongshan.report([event(contract)], content_type=BATCH, headers={"Idempotency-Key": "batch-1"})
    made = UsageBatch.objects.get().created_at
    week = operations.batches.KEPT
    assert operations.forget_batches(now=made + week, limit=500) == 0
    assert operations.forget_batches(now=made + week * 1.01, limit=500) == 1
    assert UsageEvent.objects.count() == 1


# --- too often, too late, not there -----------------------------------------------------------------


@pytest.fixture
def counted() -> Any:
    limits.forget()
    shared.ask_again()
    cache.clear()
    yield
    limits.forget()
    shared.ask_again()


def test_a_key_that_calls_too_often_waits(hongshan: Api, contract: Any, settings: Any, counted: None) -> None:
    settings.USAGE_CALLS_PER_MINUTE = 2
    answers = [hongshan.report(event(contract), headers=EN) for _ in range(3)]
    # The minute may turn between two calls: then the count begins anew, once.
    answers.append(hongshan.report(event(contract), headers=EN))
    answers.append(hongshan.report(event(contract), headers=EN))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert 1 <= int(refused[0]["Retry-After"]) <= 60
    second = Api(factories.api_token(contract.provider.organisation, "usage.report"))
    assert second.report(event(contract)).status_code == 200  # each key has its own


def test_without_redis_calls_are_counted_in_the_process(
    hongshan: Api, contract: Any, settings: Any, counted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(*given: Any, **named: Any) -> None:
        tries.append(given)
        raise RedisError("Redis is down")

    monkeypatch.setattr(RedisCache, "add", fail)
    settings.USAGE_CALLS_PER_MINUTE = 2
    statuses = [hongshan.report(event(contract)).status_code for _ in range(5)]
    assert statuses[0] == 202
    assert 429 in statuses
    assert len(tries) == 1  # the others did not wait for it


@pytest.mark.parametrize("fault", [OperationalError("the disk is full"), connection.Database.OperationalError("gone")])
def test_a_database_that_does_not_answer_is_a_503(
    hongshan: Api, contract: Any, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    from billing.metering.store import postgres

    def fail(*given: Any) -> None:
        raise fault

    monkeypatch.setattr(postgres, "_copy", fail)
    batch = [event(contract, id=f"e{n}") for n in range(50)]
    response = hongshan.report(batch, content_type=BATCH, headers={"Idempotency-Key": "batch-1"} | EN)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "send it again" in response.json()["detail"]
    monkeypatch.undo()
    assert not UsageEvent.objects.exists()
    assert not UsageBatch.objects.exists()


def test_what_is_remembered_costs_no_query_and_ends(hongshan: Api, contract: Any, settings: Any) -> None:
    settings.USAGE_KEPT_SECONDS = 60
    try:
        assert hongshan.report(event(contract)).status_code == 202
        with CaptureQueriesContext(connection) as captured:
            assert hongshan.report(event(contract, id="e2")).status_code == 202
        assert len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]) == 1
        ApiKey.objects.update(revoked_at="2026-11-01T00:00:00Z")
        assert hongshan.report(event(contract, id="e3")).status_code == 202  # for as long as it is remembered
        settings.USAGE_KEPT_SECONDS = 0
        assert hongshan.report(event(contract, id="e4")).status_code == 401
    finally:
        operations.bindings.forget()
        authentication.forget()
        usage._kept_providers.clear()


def test_a_body_without_a_type_of_its_own_is_not_guessed_at(hongshan: Api, contract: Any) -> None:
    assert hongshan.report([event(contract)], content_type=EVENT).status_code == 422
    assert hongshan.report(event(contract), content_type="application/json").status_code == 415
