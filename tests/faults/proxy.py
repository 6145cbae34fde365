"""A TCP proxy that loses what it carries: the answer of the server, which has committed by then, or half a request."""

import contextlib
import random
import socket
import threading
from collections import Counter
from typing import Final

CHUNK_BYTES: Final = 1 << 16


class Proxy:
    """Listens on a port of its own and hands on to `upstream`, on this machine."""

    def __init__(self, upstream: int, *, seed: int, lost_answers: float, half_requests: float) -> None:
        self.lost: Counter[str] = Counter()
        self._upstream, self._chance = upstream, random.Random(seed)
        self._lost_answers, self._half_requests = lost_answers, half_requests
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client:
            try:
                server = socket.create_connection(("127.0.0.1", self._upstream), timeout=5)
            except OSError:
                return  # the server is down: the client sees its connection end
            server.settimeout(None)
            with server:
                back = threading.Thread(target=self._carry_back, args=(server, client), daemon=True)
                back.start()
                self._carry_on(client, server)
                back.join()

    def _carry_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := client.recv(CHUNK_BYTES):
                if self._chance.random() < self._half_requests:
                    self.lost["half requests"] += 1
                    server.sendall(chunk[: len(chunk) // 2])
                    break
                server.sendall(chunk)
        _end(server, client)

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := server.recv(CHUNK_BYTES):
                if self._chance.random() < self._lost_answers:
                    self.lost["answers"] += 1
                    client.sendall(chunk[: self._chance.choice((0, len(chunk) // 2))])
                    break
                client.sendall(chunk)
        _end(server, client)


def _end(*both: socket.socket) -> None:
    for one in both:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
