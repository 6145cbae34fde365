"""The client: events in, batches out, tried again with the same ids until they are answered."""

import gzip
import http.client
import json
import os
import random
import secrets
import time as clock
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from marketplace.client.spool import Spool

PATH: Final = "/api/v1/usage/events"
EVENT_TYPE: Final = "cloud.usage.v1"
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
STORED: Final = ("accepted", "duplicate")
# Not the events' fault, so the same batch is sent again: too often, or the marketplace cannot just now.
PASSING: Final = (408, 429, 500, 502, 503, 504)


class Offline(Exception):
    """No answer after all tries. Nothing is lost: the events wait in the spool for the next `flush`."""


class Refused(Exception):
    """The marketplace refuses the call as a whole, by `status`: a wrong key, a missing scope. The events wait."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status, self.detail = status, detail


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that is not stored: its `status`, conflict or rejected, and what the answer says of it."""

    event: Mapping[str, Any]
    status: str
    field: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a `flush` came to, in events. `refused` are also kept in the spool's refused.jsonl."""

    accepted: int
    duplicate: int
    refused: tuple[RefusedEvent, ...]


class UsageClient:
    """Reports the usage of one source. Use one client, and one spool, per process; it is not shared between threads."""

    def __init__(
        self,
        url: str,
        *,
        key: str,
        source: str,
        spool: str | os.PathLike[str],
        batch_size: int = 1000,
        tries: int = 6,
        timeout_seconds: float = 30.0,
        pause: Callable[[float], None] = clock.sleep,
    ) -> None:
        """`url` is the marketplace's address, `key` an API key with the scope usage.report, `spool` a folder.

        `batch_size` is 1 to 10,000 events. Raises ValueError, SpoolInUse.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is no address of a marketplace; begin it with https://.")
        if not 1 <= batch_size <= 10_000:
            raise ValueError(f"batch_size {batch_size} is out of bounds; use 1 to 10,000.")
        self._address = url.rstrip("/") + PATH
        self._key, self.source, self._tries = key, source, tries
        self._timeout_seconds, self._pause = timeout_seconds, pause
        self.spool = Spool(spool, batch_size=batch_size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the spool; what waits in it is sent by the next client."""
        self.spool.close()

    def report(
        self,
        *,
        subject: str,
        meter: str,
        quantity: Decimal | int | str | None = None,
        time: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        value: str = "",
        event_id: str = "",
    ) -> str:
        """Keep one event for the next `flush`; returns its id.

        `subject` is the contract's number or your resource id; `quantity` is in the meter's unit, never a float.
        Give `time`, or `start` and `end`; all aware. `value` is what a count of unique values counts. Raises
        TypeError, ValueError.
        """
        data: dict[str, Any] = {"meter": meter}
        if quantity is not None:
            data["quantity"] = _write_quantity(quantity)
        if value:
            data["value"] = value
        return self._keep(subject, data, event_id=event_id, time=time, start=start, end=end)

    def correct(
        self,
        *,
        corrected_id: str,
        subject: str,
        meter: str,
        quantity: Decimal | int | str,
        time: datetime,
        event_id: str = "",
    ) -> str:
        """Keep an event that counts in the place of the one with `corrected_id`, of the same source."""
        data: dict[str, Any] = {"meter": meter, "quantity": _write_quantity(quantity)}
        data["supersedes"] = {"source": self.source, "id": corrected_id}
        return self._keep(subject, data, event_id=event_id, time=time)

    def void(self, *, voided_id: str, subject: str, meter: str, reason: str, time: datetime, event_id: str = "") -> str:
        """Keep an event that takes the one with `voided_id`, of the same source, back."""
        data = {"meter": meter, "voids": {"source": self.source, "id": voided_id}, "reason": reason}
        return self._keep(subject, data, event_id=event_id, time=time)

    def flush(self) -> Sent:
        """Send everything that waits, oldest first. Raises Offline or Refused; what was not answered waits on."""
        self.spool.seal()
        accepted = duplicate = 0
        refused: list[RefusedEvent] = []
        for path, events in self.spool.batches():
            outcomes = self._send(events)
            bad = [
                RefusedEvent(events[one["index"]], one["status"], one["field"], one["code"], one["reason"])
                for one in outcomes
                if one["status"] not in STORED
            ]
            self.spool.answered(path, refused=[_as_line(one) for one in bad])
            accepted += sum(one["status"] == "accepted" for one in outcomes)
            duplicate += sum(one["status"] == "duplicate" for one in outcomes)
            refused += bad
        return Sent(accepted, duplicate, tuple(refused))

    def _keep(self, subject: str, data: dict[str, Any], *, event_id: str, **moments: datetime | None) -> str:
        for name, moment in moments.items():
            if moment is not None and moment.utcoffset() is None:
                raise ValueError(f"{name} {moment.isoformat()} has no time zone; give one, such as UTC.")
        # Begins with the time, so that the ids of one source grow: the marketplace's index stays small and warm.
        event_id = event_id or f"{clock.time_ns():x}-{secrets.token_hex(8)}"
        event: dict[str, Any] = {
            "specversion": "1.0", "type": EVENT_TYPE, "source": self.source, "id": event_id, "subject": subject,
        }  # fmt: skip
        if (time := moments.pop("time", None)) is not None:
            event["time"] = time.isoformat()
        data |= {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
        self.spool.add(event | {"data": data})
        return event_id

    def _send(self, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        body = gzip.compress(json.dumps(events, ensure_ascii=False).encode(), compresslevel=5)
        request = urllib.request.Request(  # noqa: S310  (the scheme was checked)
            self._address,
            data=body,
            method="POST",
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/cloudevents-batch+json",
                "Content-Encoding": "gzip",
                "Accept": "application/json",
            },
        )
        why = ""
        for attempt in range(self._tries):
            wait = 0.0
            try:
                with urllib.request.urlopen(request, timeout=self._timeout_seconds) as answer:  # noqa: S310
                    outcomes: list[dict[str, Any]] = json.loads(answer.read())["events"]
                    return outcomes
            except urllib.error.HTTPError as error:
                with error:
                    detail = _read_problem(error)
                if error.code not in PASSING:
                    raise Refused(error.code, detail) from error
                why, wait = f"{error.code}: {detail}", _read_wait(error.headers.get("Retry-After", ""))
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = str(error) or type(error).__name__  # no connection, cut off, or not the whole answer
            if attempt + 1 < self._tries:
                self._pause(wait or _pause_seconds(attempt))
        raise Offline(f"No answer after {self._tries} tries ({why}). The events wait in {self.spool.folder}.")


def _write_quantity(quantity: Decimal | int | str) -> str:
    if isinstance(quantity, float | bool):
        raise TypeError(f"quantity {quantity!r} is a {type(quantity).__name__}; give a Decimal, an int or a text.")
    return format(quantity, "f") if isinstance(quantity, Decimal) else str(quantity)


def _as_line(one: RefusedEvent) -> dict[str, Any]:
    return {"event": one.event, "status": one.status, "field": one.field, "code": one.code, "reason": one.reason}


def _read_problem(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["detail"])
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return str(error.reason)


def _read_wait(text: str) -> float:
    return min(float(text), LONGEST_PAUSE_SECONDS) if text.isascii() and text.isdigit() else 0.0


def _pause_seconds(attempt: int) -> float:
    """Twice as long each time, with jitter, so that many clients do not come back at one instant."""
    longest = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
    return longest * (0.5 + random.random() / 2)  # noqa: S311  (not for secrets)
