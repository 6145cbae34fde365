"""HTTP that cannot be led astray: real servers on this machine, and a resolver that lies."""

import itertools
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import urllib3.util.connection

from providers.connectors import outbound
from tests.fakes import certificates
from tests.fakes import receiver as receivers

PUBLIC, LOOPBACK, METADATA = "93.184.216.34", "127.0.0.1", "169.254.169.254"
QUICK = outbound.Limits(connect_s=0.3, read_s=0.3, total_s=0.5, answer_bytes=1000)
NAME = "hooks.example.com"


@pytest.fixture
def receiver() -> Iterator[receivers.Receiver]:
    with receivers.receiving() as running:
        yield running


@pytest.fixture
def excepted(receiver: receivers.Receiver, settings: Any) -> receivers.Receiver:
    settings.OUTBOUND_EXCEPTIONS = [receiver.host]
    return receiver


def answering(*rounds: list[str]) -> Callable[..., Any]:
    """A resolver that gives other addresses at each look-up, the last ones for ever."""
    turns = itertools.chain(rounds, itertools.repeat(rounds[-1]))
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name != NAME:
            return real(host, port, *args, **kwargs)  # a literal needs no look-up
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]

    return getaddrinfo


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that are connected to. The public one leads nowhere here: this machine has no way out."""
    seen: list[str] = []
    real = urllib3.util.connection.create_connection

    def create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        seen.append(address[0])
        if address[0] == PUBLIC:
            raise ConnectionRefusedError
        return real(address, *args, **kwargs)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
    return seen


def naive_get(url: str) -> int:
    """What one would write: look the name up, check it, then let the library fetch the URL."""
    host, port = urllib3.util.parse_url(url).host, urllib3.util.parse_url(url).port
    for entry in socket.getaddrinfo(host, port):
        assert outbound.addresses.is_public(outbound.ipaddress.ip_address(entry[4][0]))
    return urllib3.PoolManager(retries=False, timeout=1).request("GET", url).status


def test_control_a_naive_client_is_led_to_this_machine(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering([PUBLIC], [LOOPBACK]))
    assert naive_get(f"http://{NAME}:{receiver.port}/") == 204
    assert len(receiver.requests) == 1


def test_a_name_that_changes_between_check_and_use_gains_nothing(
    receiver: Any, connected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering([PUBLIC], [LOOPBACK]))
    with pytest.raises(outbound.Unreachable):
        outbound.get(url=f"https://{NAME}:{receiver.port}/")
    assert connected == [PUBLIC], "it connects to what was checked, and asks no second time"
    assert receiver.requests == []


@pytest.mark.parametrize(
    "found",
    [[LOOPBACK], [METADATA], ["10.0.0.7"], [PUBLIC, LOOPBACK], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]],
    ids=str,
)
def test_one_inner_address_refuses_the_name(
    receiver: Any, connected: list[str], monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering(found))
    with pytest.raises(outbound.ForbiddenAddress) as caught:
        outbound.post(url=f"https://{NAME}:{receiver.port}/", body=b"{}", headers={})
    assert connected == []
    assert not any(address in caught.value.message for address in found), "the refusal tells nothing about the inside"


def test_no_address_and_no_answer_of_the_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(outbound.Unreachable, match=NAME):
        outbound.get(url=f"https://{NAME}/")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1))
    started = time.monotonic()
    with pytest.raises(outbound.TimedOut):
        outbound.get(url=f"https://{NAME}/", limits=QUICK)
    assert time.monotonic() - started < 0.8


@pytest.fixture
def by_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[receivers.Receiver, list[str]]]]:
    """A server with the certificate of a name, where the public address of NAME leads to."""
    stack = []

    def serve(host: str) -> tuple[receivers.Receiver, list[str]]:
        certificate = certificates.write_certificate(tmp_path / f"{host}.pem", host=host)
        manager = receivers.receiving(certificate=certificate)
        running, seen = manager.__enter__(), []
        stack.append(manager)
        real = urllib3.util.connection.create_connection

        def create_connection(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
            seen.append(address[0])
            return real((LOOPBACK, running.port), *args, **kwargs)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", create_connection)
        monkeypatch.setattr(socket, "getaddrinfo", answering([PUBLIC], [LOOPBACK]))
        monkeypatch.setattr(outbound, "TRUSTED_CERTIFICATES", str(certificate))
        return running, seen

    yield serve
    for manager in stack:
        manager.__exit__(None, None, None)


def test_a_pinned_connection_keeps_the_name(by_tls: Any) -> None:
    server, connected = by_tls(NAME)
    answer = outbound.post(url=f"https://{NAME}/hooks?x=1", body=b'{"a":1}', headers={"webhook-id": "msg_1"})
    assert (answer.status, connected) == (204, [PUBLIC])
    (request,) = server.requests
    assert (request.path, request.body, request.headers["host"]) == ("/hooks?x=1", b'{"a":1}', NAME)
    assert request.headers["webhook-id"] == "msg_1"
    assert server.server_names == [NAME]


def test_the_certificate_of_another_name_is_refused(by_tls: Any) -> None:
    server, _ = by_tls("other.example.com")
    with pytest.raises(outbound.UntrustedCertificate):
        outbound.post(url=f"https://{NAME}/", body=b"secret", headers={})
    assert server.requests == []


def test_an_unknown_authority_is_refused(by_tls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server, _ = by_tls(NAME)
    monkeypatch.setattr(outbound, "TRUSTED_CERTIFICATES", None)
    with pytest.raises(outbound.UntrustedCertificate):
        outbound.post(url=f"https://{NAME}/", body=b"secret", headers={})
    assert server.requests == []


def test_a_server_without_tls_is_not_spoken_to(receiver: Any, monkeypatch: pytest.MonkeyPatch, by_tls: Any) -> None:
    real = socket.create_connection
    by_tls(NAME)
    monkeypatch.setattr(
        urllib3.util.connection, "create_connection", lambda *_, **__: real((LOOPBACK, receiver.port), timeout=1)
    )
    with pytest.raises((outbound.GarbledAnswer, outbound.Unreachable)):
        outbound.post(url=f"https://{NAME}/", body=b"secret", headers={})
    assert all(b"secret" not in request.body for request in receiver.requests)


def test_a_redirect_comes_back_and_is_not_followed(excepted: Any, settings: Any) -> None:
    with receivers.receiving() as inner:
        settings.OUTBOUND_EXCEPTIONS = [excepted.host, inner.host]  # even where it would be allowed
        excepted.answer = receivers.redirect_to(inner.url)
        answer = outbound.post(url=excepted.url, body=b"{}", headers={})
        assert (answer.status, answer.headers["location"]) == (302, inner.url)
        assert inner.requests == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (receivers.hang, outbound.TimedOut),
        (receivers.drip, outbound.TimedOut),
        (receivers.say(b"\x16\x03 nonsense\r\n\r\n"), outbound.GarbledAnswer),
        (receivers.say(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), outbound.GarbledAnswer),
        (receivers.say(b"HTTP/1.1 999999 What\r\n\r\n"), outbound.GarbledAnswer),
        (receivers.say(b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n"), outbound.GarbledAnswer),
        (receivers.say(b""), outbound.Unreachable),
        (receivers.send(b"x" * 1001), outbound.AnswerTooLarge),
    ],
    ids=["hangs", "drips", "nonsense", "cut short", "no status", "too many headers", "cut", "too large"],
)
def test_every_failure_has_its_kind(excepted: Any, answer: Any, error: type[Exception]) -> None:
    excepted.answer = answer
    started = time.monotonic()
    with pytest.raises(error) as caught:
        outbound.get(url=excepted.url, limits=QUICK)
    assert time.monotonic() - started < 1
    assert type(caught.value) is error


def test_control_a_time_out_alone_does_not_stop_one_that_drips(excepted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guard that cuts the connection, the same call goes on past its deadline."""
    excepted.answer = receivers.drip
    monkeypatch.setattr(outbound._Guard, "_cut", lambda self: None)
    started = time.monotonic()
    outbound.get(url=excepted.url, limits=outbound.Limits(connect_s=0.3, read_s=0.3, total_s=0.2))
    assert time.monotonic() - started > 0.4


def test_nobody_listens(settings: Any) -> None:
    port = receivers.closed_port()
    settings.OUTBOUND_EXCEPTIONS = [f"127.0.0.1:{port}"]
    with pytest.raises(outbound.Unreachable):
        outbound.get(url=f"http://127.0.0.1:{port}/")


def test_header_injection_is_refused(excepted: Any) -> None:
    with pytest.raises(outbound.OutboundError):
        outbound.post(url=excepted.url, body=b"", headers={"X-A": "1\r\nX-B: 2"})
    assert excepted.requests == []


def test_proxies_of_the_environment_are_not_used(excepted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert outbound.get(url=excepted.url).status == 204


def test_nothing_is_logged(excepted: Any, caplog: pytest.LogCaptureFixture) -> None:
    excepted.answer = receivers.send(b"their answer")
    with caplog.at_level(logging.DEBUG):
        outbound.post(url=f"{excepted.url}?token=abc", body=b"our secret", headers={"webhook-signature": "v1,xyz"})
    assert not any(word in caplog.text for word in ("our secret", "their answer", "token=abc", "v1,xyz"))
    assert "their answer" not in repr(outbound.get(url=excepted.url))
