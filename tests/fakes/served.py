"""What the fakes of payment services stand on: a small HTTP server, and a postman who delivers their messages."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import urllib3

MARK = "沙箱 SANDBOX"


@dataclass(frozen=True)
class Asked:
    """One request: its path, all its fields (of the address and of the body), headers with lower-case names."""

    method: str
    path: str
    fields: dict[str, str]
    headers: dict[str, str]
    host: str


@dataclass(frozen=True)
class Answered:
    """What is answered. `lost` means: done, but the answer never arrives."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    location: str = ""
    lost: bool = False


class Service(Protocol):
    """What can be served."""

    url: str

    def answer(self, asked: Asked) -> Answered: ...


@contextmanager
def serving(service: Service, *, port: int = 0) -> Iterator[None]:
    """Serve on 127.0.0.1 while the block runs, and tell the service its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            body = self.rfile.read(length).decode()
            fields = dict(parse_qsl(parts.query, keep_blank_values=True)) | dict(
                parse_qsl(body, keep_blank_values=True)
            )
            headers = {name.lower(): value for name, value in self.headers.items()}
            if parts.path == "/favicon.ico":
                answered = Answered(b"", 204, "image/x-icon")
            else:
                answered = service.answer(Asked(self.command, parts.path, fields, headers, headers.get("host", "")))
            self.close_connection = True
            if answered.lost:
                return
            self.send_response(answered.status)
            self.send_header("Content-Type", answered.kind)
            self.send_header("Content-Length", str(len(answered.body)))
            self.send_header("Connection", "close")
            if answered.location:
                self.send_header("Location", answered.location)
            self.end_headers()
            self.wfile.write(answered.body)

        do_GET = do_POST = do_DELETE = take

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@dataclass(frozen=True)
class Letter:
    """A message to be delivered: it is signed anew at each try, for the time of the try."""

    url: str
    body: str
    headers: Callable[[], dict[str, str]]
    is_taken: Callable[[int, bytes], bool]


@dataclass
class Postman:
    """Delivers messages again and again until they are taken. Twice and in another order, when asked to."""

    letters: list[Letter] = field(default_factory=list)
    taken: list[Letter] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def post(self, letter: Letter) -> None:
        with self.lock:
            self.letters.append(letter)

    def deliver(self, *, times: int = 1, shuffle: random.Random | None = None) -> int:
        """Deliver what waits, each `times` times. What was not taken waits on. Returns how many were taken."""
        with self.lock:
            waiting, self.letters = self.letters * times, []
        if shuffle:
            shuffle.shuffle(waiting)
        untaken: list[Letter] = []
        for letter in waiting:
            if not self._try(letter):
                untaken.append(letter)
        with self.lock:
            taken = [one for one in dict.fromkeys(map(id, waiting)) if one not in set(map(id, untaken))]
            self.taken += [one for one in {id(letter): letter for letter in waiting}.values() if id(one) in taken]
            self.letters += list({id(letter): letter for letter in untaken}.values())
        return len(taken)

    def _try(self, letter: Letter) -> bool:
        try:
            answer = urllib3.request(
                "POST", letter.url, body=letter.body.encode(), headers=letter.headers(), retries=False, timeout=15
            )
        except urllib3.exceptions.HTTPError:
            return False
        return letter.is_taken(answer.status, answer.data)

    def walk_rounds(self, *, every_s: float) -> None:
        """Deliver for ever, in the background; each message twice, as services sometimes do."""

        def rounds() -> None:
            while True:
                self.deliver(times=2)
                time.sleep(every_s)

        threading.Thread(target=rounds, daemon=True).start()


def page(title: str, body: str, *, status: int = 200) -> Answered:
    """A page of the sandbox, marked as such."""
    text = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{MARK} {title}</title><style>"
        "body{font:16px/1.6 sans-serif;margin:0;background:#f3f5f9;color:#1a2233}"
        ".mark{background:#8f4a05;color:#fff;padding:8px 16px;font-weight:600}"
        "main{max-width:420px;margin:32px auto;padding:24px;background:#fff;border-radius:12px}"
        "h1{font-size:20px;margin:0 0 8px}.amount{font-size:28px;font-weight:600;margin:8px 0 16px}"
        "button{font:inherit;display:block;width:100%;margin:8px 0;padding:12px;border:1px solid #8793a9;"
        "border-radius:8px;background:#fff;color:#1a2233}button.go{background:#1553c7;border-color:#1553c7;color:#fff}"
        f'</style><div class="mark">{MARK} · 不会产生真实扣款 · no money moves</div><main>{body}</main></html>'
    )
    return Answered(text.encode(), status, "text/html; charset=utf-8")


def redirect(location: str) -> Answered:
    return Answered(b"", 303, "text/plain", location)
