"""Usage over HTTP: one event, a batch, all or nothing, and everything that can be wrong with a request."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.metering.models import UsageEvent
from marketplace.organisations.models import ApiKey
from tests import factories
from tests.marketplace.api.client import BATCH, Api, api, event

pytestmark = pytest.mark.django_db


def statuses(response: Any) -> list[str]:
    return [outcome["status"] for outcome in response.json()["events"]]


def test_an_event_is_stored_and_answered_202(hongshan: Api, contract: Any) -> None:
    response = hongshan.report(event(contract))
    assert response.status_code == 202
    assert response.json() == {
        "accepted": 1,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 0,
        "not_stored": 0,
        "events": [{"index": 0, "status": "accepted", "field": "", "code": "", "reason": ""}],
    }
    stored = UsageEvent.objects.get()
    assert (stored.contract_id, stored.quantity) == (contract.pk, Decimal("2.5"))


def test_the_same_event_again_is_answered_200(hongshan: Api, contract: Any) -> None:
    hongshan.report(event(contract))
    response = hongshan.report(event(contract, quantity=2.5))
    assert (response.status_code, statuses(response)) == (200, ["duplicate"])
    assert UsageEvent.objects.count() == 1


def test_another_content_with_the_same_id_is_answered_409(hongshan: Api, contract: Any) -> None:
    hongshan.report(event(contract))
    response = hongshan.report(event(contract, quantity="3"), headers={"Accept-Language": "en"})
    assert response.status_code == 409
    body = response.json()
    assert body["errors"] == [
        {"field": "id", "reason": "An event with this source and id is known with other content."}
    ]
    assert statuses(response) == ["conflict"]
    assert UsageEvent.objects.get().quantity == Decimal("2.5")


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"quantity": "-1"}, "data.quantity", "negative"),
        ({"quantity": "NaN"}, "data.quantity", "not_a_quantity"),
        ({"quantity": None}, "data.quantity", "not_a_quantity"),
        ({"meter": "petabytes"}, "data.meter", "no_such_meter"),
        ({"time": "yesterday"}, "time", "not_a_time"),
        ({"time": "2026-09-30T23:59:59+08:00"}, "time", "before_start"),
        ({"time": "2026-11-02T12:05:01+08:00"}, "time", "in_the_future"),
        ({"subject": "HT-INVENTED00"}, "subject", "no_such_contract"),
        ({"subject": "\x00"}, "subject", "bad_character"),
        ({"type": "cloud.usage.v2"}, "type", "wrong_type"),
        ({"id": 5}, "id", "not_text"),
        ({"data": "text"}, "data", "not_an_object"),
    ],
)
def test_a_rejected_event_is_answered_422_with_its_field(
    hongshan: Api, contract: Any, fields: dict[str, Any], field: str, code: str
) -> None:
    response = hongshan.report(event(contract, **fields))
    assert response.status_code == 422
    (outcome,) = response.json()["events"]
    assert (outcome["status"], outcome["field"], outcome["code"]) == ("rejected", field, code)
    assert response.json()["errors"] == [{"field": field, "reason": outcome["reason"]}]
    assert not UsageEvent.objects.exists()


def test_a_batch_says_what_became_of_each_event(hongshan: Api, contract: Any, other: Any) -> None:
    hongshan.report(event(contract, id="known"))
    batch = [
        event(contract, id="new"),
        event(contract, id="known"),
        event(contract, id="known", quantity="9"),
        event(other, id="theirs"),
        event("HT-INVENTED00", id="nobodys"),
        event(contract, id="wrong", quantity="1.0000001"),
        None,
        event(contract, id="last"),
    ]
    response = hongshan.report(batch, content_type=BATCH)
    assert response.status_code == 200
    body = response.json()
    assert statuses(response) == [
        "accepted", "duplicate", "conflict", "rejected", "rejected", "rejected", "rejected", "accepted",
    ]  # fmt: skip
    assert [outcome["index"] for outcome in body["events"]] == list(range(8))
    assert {name: body[name] for name in ("accepted", "duplicate", "conflict", "rejected", "not_stored")} == {
        "accepted": 2, "duplicate": 1, "conflict": 1, "rejected": 4, "not_stored": 0,
    }  # fmt: skip
    theirs, nobodys = body["events"][3:5]
    assert {**theirs, "index": 4} == nobodys  # another's contract looks like one that does not exist
    assert set(UsageEvent.objects.values_list("event_id", flat=True)) == {"known", "new", "last"}


def test_a_strict_batch_with_a_bad_event_stores_nothing(hongshan: Api, contract: Any) -> None:
    strict = {"Prefer": "respond-async, handling=strict"}
    batch = [event(contract, id="a"), event(contract, id="b", quantity="-1"), event(contract, id="c")]
    response = hongshan.report(batch, content_type=BATCH, headers=strict)
    assert (response.status_code, response["Preference-Applied"]) == (422, "handling=strict")
    assert statuses(response) == ["not_stored", "rejected", "not_stored"]
    assert [error["field"] for error in response.json()["errors"]] == ["1.data.quantity"]
    assert not UsageEvent.objects.exists()
    response = hongshan.report([batch[0], batch[2]], content_type=BATCH, headers=strict)
    assert (response.status_code, statuses(response)) == (200, ["accepted", "accepted"])


def test_a_strict_batch_in_conflict_is_answered_409(hongshan: Api, contract: Any) -> None:
    hongshan.report(event(contract))
    batch = [event(contract, quantity="9"), event(contract, id="new")]
    response = hongshan.report(batch, content_type=BATCH, headers={"Prefer": "handling=strict"})
    assert (response.status_code, statuses(response)) == (409, ["conflict", "not_stored"])
    assert UsageEvent.objects.count() == 1


def test_an_empty_batch_is_no_work(hongshan: Api) -> None:
    assert hongshan.report([], content_type=BATCH).json()["events"] == []


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_answered_415(hongshan: Api, contract: Any, content_type: str) -> None:
    assert hongshan.report(event(contract), content_type=content_type).status_code == 415
    assert not UsageEvent.objects.exists()


@pytest.mark.parametrize("content_type", ["application/cloudevents+json", BATCH])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"nonsense", b'{"id": "\xff\xfe"}', b"\x00", b"[" * 50_000, b'"\\ud800"', b"\xef\xbb\xbf{}"]
)
def test_what_is_not_json_is_answered_400(hongshan: Api, content_type: str, body: bytes) -> None:
    assert hongshan.report(body, content_type=content_type).status_code == 400


@pytest.mark.parametrize(("body", "status"), [(b"[]", 422), (b"5", 422), (b'"text"', 422), (b"null", 422)])
def test_a_single_event_is_an_object(hongshan: Api, body: bytes, status: int) -> None:
    assert hongshan.report(body).status_code == status


@pytest.mark.parametrize("body", [b"{}", b"5", b'"text"', b"null"])
def test_a_batch_is_an_array(hongshan: Api, body: bytes) -> None:
    assert hongshan.report(body, content_type=BATCH).status_code == 400


def test_a_body_over_8_mb_is_answered_413(hongshan: Api, contract: Any) -> None:
    limit = 8 * 1024 * 1024
    padding = limit - len(json.dumps(event(contract, extra="")))
    assert hongshan.report(event(contract, extra="x" * padding)).status_code == 202
    assert hongshan.report(event(contract, id="e2", extra="x" * (padding + 1))).status_code == 413
    assert UsageEvent.objects.count() == 1


def test_a_batch_of_more_than_10000_events_is_answered_422(hongshan: Api) -> None:
    body = b"[" + b",".join([b"{}"] * 10_001) + b"]"
    response = hongshan.report(body, content_type=BATCH)
    assert response.status_code == 422
    assert "events" not in response.json()


def test_a_charset_in_the_content_type_is_let_through(hongshan: Api, contract: Any) -> None:
    response = hongshan.report(event(contract), content_type="application/cloudevents+json; charset=utf-8")
    assert response.status_code == 202


def test_the_number_of_queries_does_not_grow(hongshan: Api, contract: Any) -> None:
    def count(size: int) -> int:
        batch = [event(contract, id=f"{size}-{n}") for n in range(size)]
        with CaptureQueriesContext(connection) as captured:
            assert hongshan.report(batch, content_type=BATCH).json()["accepted"] == size
        return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])

    assert count(1) == 4  # key, provider, contracts, events
    assert count(30) == count(1_000) == 5  # keys of events and events are copied apart


@pytest.mark.parametrize("token", ["", "crm_", "crm_a_b", "nonsense", "crm_\x00_x", "crm_é_ü"])
def test_without_a_good_key_it_is_answered_401(contract: Any, token: str) -> None:
    response = Api(token).report(event(contract))
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert not UsageEvent.objects.exists()


def test_a_session_is_not_a_key(contract: Any) -> None:
    caller = Api("")
    caller.client.force_login(factories.member(contract.provider.organisation, "owner"))
    assert caller.report(event(contract)).status_code == 401


def test_a_key_without_the_scope_is_answered_403(contract: Any) -> None:
    caller = api(contract.provider.organisation, "contracts.view")
    assert caller.report(event(contract)).status_code == 403
    assert not UsageEvent.objects.exists()


def test_a_buyers_key_reports_nothing(contract: Any) -> None:
    caller = api(contract.buyer, "contracts.view", "invoices.view")
    assert caller.report(event(contract)).status_code == 403


def test_a_revoked_or_expired_key_is_answered_401(contract: Any) -> None:
    provider = contract.provider.organisation
    expired = Api(factories.api_token(provider, "usage.report", lives_for=timedelta(days=1)))
    assert expired.report(event(contract)).status_code == 401
    revoked = api(provider, "usage.report")
    ApiKey.objects.update(revoked_at="2026-11-01T00:00:00Z")
    assert revoked.report(event(contract)).status_code == 401
    assert not UsageEvent.objects.exists()
