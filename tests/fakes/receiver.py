"""A provider's web server: a real one on 127.0.0.1 that does as it is told and remembers who called."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One call: the headers with lower-case names, and the body as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answer` is a status, or a function that writes an answer itself (`drip`, `garbage`, `redirect_to` …)."""

    port: int
    answer: int | Callable[[Any], None] = 204
    requests: list[Request] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)  # SNI, with TLS

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hooks"


@contextmanager
def receiving(*, certificate: Path | None = None) -> Iterator[Receiver]:
    """Serve while the block runs; with a certificate (PEM with its key), by TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(Request(self.command, self.path, headers, self.rfile.read(length)))
            answer = receiver.answer
            if callable(answer):
                answer(self)
                self.close_connection = True
                return
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_DELETE = take

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(port=server.server_address[1])
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _sock, name, _context: receiver.server_names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def redirect_to(url: str) -> Callable[[Any], None]:
    """302 to another address."""

    def answer(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def say(text: bytes) -> Callable[[Any], None]:
    """Any bytes in place of an answer."""
    return lambda handler: handler.wfile.write(text)


def send(body: bytes, *, status: int = 200) -> Callable[[Any], None]:
    """A whole answer with a body."""

    def answer(handler: Any) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drip(handler: Any) -> None:
    """A byte of a header every few milliseconds, for more than a second: no single read times out."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(60):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        return


def hang(handler: Any) -> None:
    """Say nothing until the other side goes."""
    handler.connection.settimeout(10)
    try:
        handler.connection.recv(1)
    except OSError:
        return


def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
