"""A provider's client: posts batches over several connections, each again with the same ids until it is answered."""

import gzip
import http.client
import json
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults import traffic

PATH: Final = "/api/v1/usage/events"
ANSWERED: Final = (200, 202, 409, 422)
ANSWER_TIMEOUT_S: Final = 20.0
PAUSE_S: Final = (0.05, 0.4)  # before a batch is sent again; shorter than Retry-After asks for, to press harder


@dataclass
class Notes:
    """What the client has seen: the answer to each batch, and all that should not have been answered."""

    answers: dict[int, list[str]] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Client:
    """Threads that take batches in order, as far as `release` allows."""

    def __init__(self, batches: list[traffic.Batch], *, port: int, token: str, seed: int, threads: int = 3) -> None:
        self.notes = Notes()
        self._batches, self._port, self._token = batches, port, token
        self._changed = threading.Condition()
        self._next, self._released, self._is_over = 0, 0, False
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(seed + number),), daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def release(self, count: int) -> None:
        """Let the first `count` batches be posted."""
        with self._changed:
            self._released = max(self._released, count)
            self._changed.notify_all()

    def is_done(self) -> bool:
        """Whether every batch is answered."""
        return len(self.notes.answers) == len(self._batches)

    def end(self) -> None:
        """Let the threads go, also those that still try."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _take(self) -> int | None:
        with self._changed:
            while not self._is_over:
                number = self._next
                if number == len(self._batches):
                    return None
                # What a correction may name was posted this many batches ago, and is answered.
                is_ripe = all(earlier in self.notes.answers for earlier in self._old(number))
                if number < self._released and is_ripe:
                    self._next += 1
                    return number
                self._changed.wait(timeout=1)
        return None

    def _old(self, number: int) -> range:
        last = number - traffic.BATCHES_BETWEEN
        return range(max(0, last - len(self._threads)), max(0, last + 1))

    def _work(self, chance: random.Random) -> None:
        connection: http.client.HTTPConnection | None = None
        while (number := self._take()) is not None:
            headers, body = self._request(number, chance)
            while not self._is_over:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_TIMEOUT_S)
                try:
                    connection.request("POST", PATH, body=body, headers=headers)
                    answer = connection.getresponse()
                    text = answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self._count("no answer in time" if isinstance(error, TimeoutError) else "no answer")
                    connection.close()
                    connection = None
                else:
                    if self._settle(number, answer, text):
                        break
                self._pause(chance)

    def _request(self, number: int, chance: random.Random) -> tuple[dict[str, str], bytes]:
        events = [event.to_json() for event in self._batches[number]]
        is_single = len(events) == 1
        body = json.dumps(events[0] if is_single else events).encode()
        kind = "cloudevents" if is_single else "cloudevents-batch"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": f"application/{kind}+json"}
        if chance.random() < 0.5:
            headers["Idempotency-Key"] = f"{traffic.SOURCE}-{number}"
        if chance.random() < 0.5:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        return headers, body

    def _settle(self, number: int, answer: http.client.HTTPResponse, text: bytes) -> bool:
        """Whether this was the answer; else the batch is sent again."""
        self._count(str(answer.status))
        if answer.status in ANSWERED:
            outcomes = _read_outcomes(text)
            with self._changed:
                self.notes.answers[number] = outcomes
                self._changed.notify_all()
            return True
        if answer.status not in (429, 503) or not answer.headers.get("Retry-After", "").isdigit():
            self.notes.wrong.append(f"{answer.status}: {text[:300].decode(errors='replace')}")
        return False

    def _count(self, what: str) -> None:
        with self._changed:
            self.notes.tries[what] += 1

    def _pause(self, chance: random.Random) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over, timeout=chance.uniform(*PAUSE_S))


def _read_outcomes(text: bytes) -> list[str]:
    answer: dict[str, Any] = json.loads(text)
    outcomes = sorted(answer["events"], key=lambda one: one["index"])
    return [f"{one['status']} {one['field']} {one['code']}".strip() for one in outcomes]
