"""Clouds for tests: moto's server, which has the interface of EC2, and a door before it that makes trouble.

The door keeps EC2's promise about ClientToken, which moto does not: the same token gives the same answer, also when the
first answer never arrived.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import urllib3

from providers.connectors import clouds

MOTO = Path(sys.executable).with_name("moto_server")
SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/ec2/aws4_request"}
TOKEN = f"Filter.1.Name=tag:{clouds.TOKEN_TAG}"


@contextmanager
def moto() -> Iterator[str]:
    """A moto server on a free port; gives host:port. The first request loads its world."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{sock.getsockname()[1]}"
    process = subprocess.Popen(
        [str(MOTO), "-H", "127.0.0.1", "-p", host.rpartition(":")[2]],
        env={**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(process, host)
        yield host
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _wait(process: subprocess.Popen, host: str) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        assert process.poll() is None, "moto_server did not start"
        try:
            answer = ec2(host, "DescribeInstances", timeout=60)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
            continue
        assert answer.status == 200, answer.data
        return
    raise AssertionError("moto_server did not answer")


def ec2(host: str, action: str, timeout: float = 20, **fields: str) -> urllib3.BaseHTTPResponse:
    """One call of the interface, past everything of ours."""
    query = "&".join(f"{name}={value}" for name, value in {"Version": "2016-11-15", "Action": action, **fields}.items())
    return urllib3.request("GET", f"http://{host}/?{query}", headers=SIGNED, retries=False, timeout=timeout)


def reset(host: str) -> None:
    """Let moto forget everything."""
    assert urllib3.request("POST", f"http://{host}/moto-api/reset").status == 200


def states(host: str) -> dict[str, list[str]]:
    """Token → the states of the instances that carry it, read past our own code."""
    root = ElementTree.fromstring(ec2(host, "DescribeInstances", MaxResults="1000").data)  # noqa: S314
    space = root.tag.partition("}")[0] + "}"
    found: dict[str, list[str]] = {}
    for instances in root.iter(f"{space}instancesSet"):
        for item in instances.findall(f"{space}item"):
            tags = {tag.findtext(f"{space}key"): tag.findtext(f"{space}value") for tag in item.iter(f"{space}item")}
            state = item.findtext(f"{space}instanceState/{space}name") or ""
            found.setdefault(tags.get(clouds.TOKEN_TAG) or "", []).append(state)
    return found


@dataclass
class Door:
    """What the door does with the next calls of an action: lose the answer, or what comes instead of one."""

    host: str
    trouble: dict[str, list[str]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)
    keeps_tokens: bool = True

    def plan(self, action: str, *what: str) -> None:
        """`lost`: done, but unanswered · `silent`: neither · garbage, refused, credentials, down."""
        self.trouble.setdefault(action, []).extend(what)


REFUSED = (
    '<?xml version="1.0"?><Response><Errors><Error><Code>{}</Code><Message>secret words</Message></Error></Errors>'
    "</Response>"
)
INSTEAD = {
    "garbage": (200, b"\x00<html>not a cloud"),
    "strange": (200, b'<?xml version="1.0"?><Answer xmlns="urn:x"><instancesSet><item/></instancesSet></Answer>'),
    "refused": (400, REFUSED.format("InstanceLimitExceeded").encode()),
    "credentials": (401, REFUSED.format("AuthFailure").encode()),
    "down": (503, b"down for repairs"),
}


@contextmanager
def door(moto_host: str) -> Iterator[Door]:
    """A door before moto while the block runs."""
    answers: dict[str, tuple[int, bytes]] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            action = asked.get("Action", "")
            running.actions.append(action)
            planned = running.trouble.get(action) or []
            trouble = planned.pop(0) if planned else ""
            if trouble == "silent":
                return self.say_nothing()
            status, body = INSTEAD.get(trouble) or self.forward(asked.get("ClientToken", ""))
            if trouble == "lost":
                return self.say_nothing()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def forward(self, token: str) -> tuple[int, bytes]:
            with lock:
                if token and running.keeps_tokens and token in answers:
                    return answers[token]
                answer = urllib3.request("GET", f"http://{moto_host}{self.path}", headers=SIGNED, retries=False)
                if token:
                    answers[token] = (answer.status, answer.data)
                return answer.status, answer.data

        def say_nothing(self) -> None:
            self.connection.settimeout(10)
            with suppress(OSError):
                self.connection.recv(1)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Door(host=f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
