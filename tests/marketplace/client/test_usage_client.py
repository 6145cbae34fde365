"""A provider's system reports by the client: whatever happens on the way, each event counts once and none is lost."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from billing.metering.models import EventKey, Supersession, UsageEvent
from marketplace.client import Offline, Refused, SpoolInUse, UsageClient
from marketplace.organisations import actors
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 10, 31, 4, 0, tzinfo=UTC)


class Way:
    """Stands between client and marketplace: does the next of `mishaps` with each call, then lets all through.

    An int is answered instead of the marketplace; "cut" hands the call on and drops the answer.
    """

    def __init__(self, target: str) -> None:
        self.mishaps: list[int | str] = []
        self.calls = 0
        way, host = self, urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                way.calls += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mishap = way.mishaps.pop(0) if way.mishaps else None
                if isinstance(mishap, int):
                    self.send_response(mishap)
                    self.send_header("Retry-After", "7")
                    self.end_headers()
                    return
                connection = http.client.HTTPConnection(host)
                connection.request("POST", self.path, body, dict(self.headers) | {"Host": host})
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if mishap == "cut":
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


@pytest.fixture
def way(live_server: Any) -> Iterator[Way]:
    with time_machine.travel(datetime(2026, 11, 2, 4, 0, tzinfo=UTC), tick=True):
        way = Way(live_server.url)
        yield way
        way.server.shutdown()
        way.server.server_close()


@pytest.fixture
def connect(contract: Any, way: Way, tmp_path: Path) -> Callable[..., UsageClient]:
    """`connect()`: a client on the spool of this test; `waits` collects its pauses."""
    key = factories.api_token(contract.provider.organisation, *actors.SCOPES["provider"])

    def go(**options: Any) -> UsageClient:
        pause = options.pop("pause", lambda seconds: None)
        given = {"key": key, "source": "//dc01/meter", "spool": tmp_path / "spool", "pause": pause, **options}
        return UsageClient(options.pop("url", way.url), **{k: v for k, v in given.items() if k != "url"})

    return go


def report(client: UsageClient, contract: Any, count: int) -> list[str]:
    return [
        client.report(subject=contract.number, meter="vcpu_hours", quantity=Decimal("0.25"), time=NOON)
        for _ in range(count)
    ]


def test_events_go_in_batches_and_count_once(connect: Any, contract: Any, way: Way) -> None:
    with connect(batch_size=10) as client:
        ids = report(client, contract, 25)
        sent = client.flush()
        assert (sent.accepted, sent.duplicate, sent.refused) == (25, 0, ())
        assert way.calls == 3
        assert client.flush().accepted == 0
    assert sorted(UsageEvent.objects.values_list("event_id", flat=True)) == sorted(ids)


def test_what_is_cut_off_after_the_commit_is_sent_again_with_the_same_ids(
    connect: Any, contract: Any, way: Way
) -> None:
    way.mishaps = ["cut", 503, 429]
    waits: list[float] = []
    with connect(pause=waits.append) as client:
        report(client, contract, 5)
        sent = client.flush()
    assert (sent.accepted, sent.duplicate, way.calls) == (0, 5, 4)
    assert UsageEvent.objects.count() == EventKey.objects.count() == 5
    assert 0.25 <= waits[0] <= 0.5
    assert waits[1:] == [7.0, 7.0]  # as Retry-After says


def test_nothing_is_lost_while_the_marketplace_is_away(connect: Any, contract: Any, way: Way) -> None:
    away = connect(url="http://127.0.0.1:9", tries=2)
    report(away, contract, 3)
    with pytest.raises(Offline, match="wait in"):
        away.flush()
    away.close()
    with (away.spool.folder / "open.jsonl").open("ab") as file:
        file.write(b'{"specversion": "1.')  # a crash in the middle of a report
    with connect() as client:
        report(client, contract, 1)
        assert client.flush().accepted == 4
    assert UsageEvent.objects.count() == 4


def test_a_refused_event_is_kept_with_the_answer_and_stops_no_other(connect: Any, contract: Any) -> None:
    with connect() as client:
        report(client, contract, 1)
        client.report(subject="HT-OTHER", meter="vcpu_hours", quantity=1, time=NOON, event_id="bad")
        client.report(subject=contract.number, meter="vcpu_hours", quantity=1, time=NOON, event_id="twice")
        client.report(subject=contract.number, meter="vcpu_hours", quantity=2, time=NOON, event_id="twice")
        sent = client.flush()
        kept = [json.loads(line) for line in (client.spool.folder / "refused.jsonl").read_text().splitlines()]
    assert sent.accepted == 2
    assert [(one.event["id"], one.status, one.code) for one in sent.refused] == [
        ("bad", "rejected", "no_such_contract"),
        ("twice", "conflict", "other_content"),
    ]
    assert [(one["event"]["id"], one["field"]) for one in kept] == [("bad", "subject"), ("twice", "id")]
    assert all(one["reason"] for one in kept)


def test_an_event_is_corrected_and_taken_back(connect: Any, contract: Any) -> None:
    common = {"subject": contract.number, "meter": "vcpu_hours", "time": NOON}
    with connect() as client:
        first, second = report(client, contract, 2)
        client.correct(corrected_id=first, quantity="0.5", **common)
        client.void(voided_id=second, reason="counted twice", **common)
        assert client.flush().accepted == 4
    assert set(Supersession.objects.values_list("event_id", flat=True)) == {first, second}


def test_a_wrong_key_is_said_at_once_and_loses_nothing(connect: Any, contract: Any, way: Way) -> None:
    with connect(key="crm_wrong") as client:
        report(client, contract, 1)
        with pytest.raises(Refused) as refusal:
            client.flush()
    assert (refusal.value.status, way.calls) == (401, 1)
    with connect() as client:
        assert client.flush().accepted == 1


def test_one_process_uses_a_spool(connect: Any) -> None:
    with connect(), pytest.raises(SpoolInUse):
        connect()


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"quantity": 0.1}, TypeError),
        ({"quantity": True}, TypeError),
        ({"quantity": 1, "time": datetime(2026, 10, 31)}, ValueError),
    ],
)
def test_what_cannot_be_right_is_refused_before_it_is_kept(
    connect: Any, given: dict[str, Any], error: type[Exception]
) -> None:
    with connect() as client:
        with pytest.raises(error):
            client.report(subject="HT-1", meter="vcpu_hours", **{"time": NOON, **given})
        assert client.flush().accepted == 0


@pytest.mark.parametrize(("url", "options"), [("file:///etc/passwd", {}), ("http://127.0.0.1:9", {"batch_size": 0})])
def test_a_client_that_cannot_work_is_not_made(connect: Any, url: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"use|begin"):
        connect(url=url, **options)
