"""The events of a campaign, worked out from a seed before the first is posted."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.rules import periods

SOURCE: Final = "faults"
FIRST: Final = datetime(2026, 10, 1, tzinfo=periods.SHANGHAI)
SPAN_S: Final = 32 * 86_400  # all of October, which is closed when it is reported, and 1 November
DUPLICATES, CONFLICTS, CORRECTIONS = 0.20, 0.05, 0.04
SIZES: Final = (1, 10, 19, 100, 100, 200, 300)  # one alone, statements that ask for each key, and COPY
# A correction names an event that was posted at least this many batches earlier: by then it has been answered.
BATCHES_BETWEEN: Final = 12
METERS: Final = ("vcpu_hours", "gib_hours", "requests")


@dataclass(frozen=True, slots=True)
class Event:
    """One CloudEvent. `quantity` None is a void; `corrects` names the event whose place it takes, or that it voids."""

    id: str
    contract: str
    meter: str
    quantity: Decimal | None
    at: datetime
    corrects: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it goes over the wire."""
        data: dict[str, Any] = {"meter": self.meter}
        if self.quantity is not None:
            data["quantity"] = str(self.quantity)
        if self.corrects is not None:
            data["voids" if self.quantity is None else "supersedes"] = {"source": SOURCE, "id": self.corrects}
            data["reason"] = "meter was read wrongly"
        return {
            "specversion": "1.0",
            "type": "cloud.usage.v1",
            "source": SOURCE,
            "id": self.id,
            "subject": self.contract,
            "time": self.at.isoformat(),
            "data": data,
        }


Batch = tuple[Event, ...]


def plan(
    chance: random.Random,
    contracts: list[str],
    *,
    events: int,
    sizes: tuple[int, ...] = SIZES,
    corrections: float = CORRECTIONS,
) -> list[Batch]:
    """`events` events in batches: of these 20 % are known already, and 5 % are known with another quantity."""
    batches: list[Batch] = []
    known: list[Event] = []
    correctable: list[Event] = []  # each once, and old enough
    waiting: list[list[Event]] = []  # by batch, until they are old enough
    posted = 0
    while posted < events:
        fresh: list[Event] = []
        batch: list[Event] = []
        for _ in range(min(chance.choice(sizes), events - posted)):
            event = _next(chance, contracts, known, correctable, corrections, serial=len(known))
            if event.id == f"e{len(known)}":
                known.append(event)
                if event.quantity is not None:
                    fresh.append(event)
            batch.append(event)
        posted += len(batch)
        batches.append(tuple(batch))
        waiting.append(fresh)
        if len(waiting) > BATCHES_BETWEEN:
            correctable += waiting.pop(0)
    return batches


def _next(
    chance: random.Random,
    contracts: list[str],
    known: list[Event],
    correctable: list[Event],
    corrections: float,
    *,
    serial: int,
) -> Event:
    dice = chance.random()
    if known and dice < DUPLICATES:
        return chance.choice(known)
    if known and dice < DUPLICATES + CONFLICTS:
        other = chance.choice(known)
        if other.quantity is not None:
            return replace(other, quantity=other.quantity + Decimal("0.000001") * chance.randint(1, 9))
    at = FIRST + timedelta(seconds=chance.randrange(SPAN_S), microseconds=chance.randrange(10**6))
    quantity = Decimal(chance.randrange(1, 10**9)).scaleb(-6)
    if correctable and chance.random() < corrections:
        place = chance.randrange(len(correctable))
        correctable[place], correctable[-1] = correctable[-1], correctable[place]
        target = correctable.pop()
        is_void = chance.random() < 0.5
        return Event(f"e{serial}", target.contract, target.meter, None if is_void else quantity, at, corrects=target.id)
    return Event(f"e{serial}", chance.choice(contracts), chance.choice(METERS), quantity, at)
