"""Usage of the sample world, reported as providers report it: CloudEvents batches to the API with a key."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from django.test import Client

from billing.rules.periods import SHANGHAI
from marketplace.organisations import actors, operations

BATCH: Final = 5000
ADDRESS: Final = "/api/v1/usage/events"
HOURS_OF_A_DAY: Final = 24
# Share of the full load by hour of the day: quiet nights, busy mornings and afternoons.
RHYTHM: Final = tuple(
    Decimal(percent) / 100
    for percent in (20, 18, 15, 15, 18, 25, 40, 60, 85, 95, 100, 98, 80, 85, 96, 100, 97, 90, 75, 60, 50, 42, 33, 25)
)
WEEKEND: Final = Decimal("0.45")
SATURDAY: Final = 5
SIX_PLACES: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Metered:
    """A contract with use to report: how many resources it has, and what each uses in a full hour, by meter."""

    number: str
    provider_id: int
    resources: int
    hourly: Mapping[str, Decimal]


def issue_token(*, actor: actors.Actor, now: datetime) -> str:
    """A provider's API key that may report usage."""
    issued = operations.issue_api_key(
        name="usage reporter",
        scopes=["usage.report", "contracts.view"],
        lives_for=timedelta(days=365),
        actor=actor,
        now=now,
    )
    return issued.token


def post_hourly(metered: Sequence[Metered], *, first_day: date, end_date: date, tokens: Mapping[int, str]) -> int:
    """One event per resource, meter and hour. Returns the number of events."""
    return _post(metered, first_day=first_day, end_date=end_date, tokens=tokens, is_hourly=True)


def post_daily(metered: Sequence[Metered], *, first_day: date, end_date: date, tokens: Mapping[int, str]) -> int:
    """One event per contract, meter and day, for a provider that sums up before it reports."""
    return _post(metered, first_day=first_day, end_date=end_date, tokens=tokens, is_hourly=False)


def _post(
    metered: Sequence[Metered], *, first_day: date, end_date: date, tokens: Mapping[int, str], is_hourly: bool
) -> int:
    total = 0
    days = [first_day + timedelta(days=n) for n in range((end_date - first_day).days)]
    for provider_id, token in tokens.items():
        own = [contract for contract in metered if contract.provider_id == provider_id]
        events = (
            event for day in days for contract in own for event in (_hours if is_hourly else _whole_day)(contract, day)
        )
        while batch := list(islice(events, BATCH)):
            _send(batch, token=token)
            total += len(batch)
    return total


def _hours(contract: Metered, day: date) -> Iterator[dict[str, Any]]:
    for hour in range(HOURS_OF_A_DAY):
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI).isoformat()
        for resource in range(1, contract.resources + 1):
            for meter, full in contract.hourly.items():
                quantity = full * _load(day, hour, resource)
                yield _event(contract, f"res-{resource:03d}", f"{moment}/{meter}", moment, meter, quantity)


def _whole_day(contract: Metered, day: date) -> Iterator[dict[str, Any]]:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI).isoformat()
    for meter, full in contract.hourly.items():
        quantity = sum((full * contract.resources * _load(day, hour, 0) for hour in range(HOURS_OF_A_DAY)), Decimal(0))
        yield _event(contract, "daily", f"{moment}/{meter}", moment, meter, quantity)


def _load(day: date, hour: int, resource: int) -> Decimal:
    """The same every time: a demo loaded twice shows the same figures."""
    share = RHYTHM[(hour + resource) % HOURS_OF_A_DAY]
    return share * WEEKEND if day.weekday() >= SATURDAY else share


def _event(
    contract: Metered, resource: str, event_id: str, moment: str, meter: str, quantity: Decimal
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "cloud.usage.v1",
        "source": f"/contracts/{contract.number}/{resource}",
        "id": event_id,
        "subject": contract.number,
        "time": moment,
        "data": {"meter": meter, "quantity": str(quantity.quantize(SIX_PLACES))},
    }


def _send(batch: list[dict[str, Any]], *, token: str) -> None:
    """Post one batch through the whole web stack, in this process."""
    response = Client().post(
        ADDRESS,
        data=json.dumps(batch),
        content_type="application/cloudevents-batch+json",
        headers={"Authorization": f"Bearer {token}"},
    )
    if response.status_code != 200:
        raise RuntimeError(f"The API answered {response.status_code}: {response.content[:500]!r}")
    refused = [one for one in response.json()["events"] if one["status"] not in ("accepted", "duplicate")]
    if refused:
        raise RuntimeError(f"The API refused {len(refused)} events, the first: {refused[0]}")
