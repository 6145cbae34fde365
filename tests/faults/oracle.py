"""What must be there in the end, worked out in plain Python from the answers alone, and what is there."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import psycopg

from billing.rules import periods
from tests.faults import client, traffic

DayKey = tuple[str, str, str]  # contract, meter, day in Asia/Shanghai
MonthKey = tuple[str, str, str]  # contract, first of the month, meter
PRICES: Final = {"vcpu_hours": Decimal("0.12348"), "gib_hours": Decimal("0.01547")}
# Graduated: up to how many at which price.
STEPS: Final = (
    (Decimal(1_000), Decimal("0.0137")),
    (Decimal(20_000), Decimal("0.00911")),
    (Decimal(10**18), Decimal("0.0053")),
)
TAKEN: Final = ("accepted", "duplicate")
CONFLICT: Final = "conflict id other_content"


@dataclass
class Verdict:
    """All that is wrong, in words; empty lists are what is promised."""

    lost: list[str] = field(default_factory=list)  # answered 2xx and not there, or there otherwise
    double: list[str] = field(default_factory=list)  # there more than once, or accepted twice
    phantom: list[str] = field(default_factory=list)  # there, and never answered as taken
    answers: list[str] = field(default_factory=list)  # answers that must not be
    sums: list[str] = field(default_factory=list)  # days and charges that are not exact
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.double or self.phantom or self.answers or self.sums)


def judge_answers(batches: list[traffic.Batch], notes: client.Notes) -> tuple[dict[str, traffic.Event], Verdict]:
    """Which events were taken, by id, as the answers say; and whether they say it without contradiction."""
    verdict = Verdict(answers=list(notes.wrong))
    taken: dict[str, traffic.Event] = {}
    refused: list[traffic.Event] = []
    for number, batch in enumerate(batches):
        outcomes = notes.answers.get(number)
        if outcomes is None or len(outcomes) != len(batch):
            verdict.answers.append(f"batch {number} of {len(batch)}: {outcomes}")
            continue
        for event, outcome in zip(batch, outcomes, strict=True):
            verdict.counts[outcome] += 1
            if outcome == CONFLICT:
                refused.append(event)
            elif outcome not in TAKEN:
                verdict.answers.append(f"{event.id}: {outcome}")
            elif taken.setdefault(event.id, event) != event:
                verdict.double.append(f"{event.id}: taken with {taken[event.id].quantity} and {event.quantity}")
    for event in refused:
        if taken.get(event.id) in (None, event):
            verdict.answers.append(f"{event.id}: in conflict with nothing")
    return taken, verdict


def compare_events(database_url: str, taken: dict[str, traffic.Event], verdict: Verdict) -> None:
    """Each event that was taken is stored once, as it was; nothing else is."""
    with psycopg.connect(database_url) as connection:
        stored = connection.execute(
            "SELECT event_id, contract.number, meter, event.quantity, occurred_at FROM metering_usageevent event"
            "  JOIN contracts_contract contract ON contract.id = event.contract_id"
        ).fetchall()
        keys = Counter(row[0] for row in connection.execute("SELECT event_id FROM metering_eventkey"))
        superseded = Counter(connection.execute("SELECT event_id, by_event_id FROM metering_supersession").fetchall())
    found: dict[str, Any] = {}
    for event_id, *what in stored:
        if event_id in found:
            verdict.double.append(f"{event_id}: stored twice")
        found[event_id] = what
    for event_id, event in taken.items():
        what = [event.contract, event.meter, event.quantity, event.at]
        if found.get(event_id) != what:
            verdict.lost.append(f"{event_id}: {what} is stored as {found.get(event_id)}")
    verdict.phantom += [f"{event_id}: {what}" for event_id, what in found.items() if event_id not in taken]
    wanted = Counter((event.corrects, event.id) for event in taken.values() if event.corrects is not None)
    for name, is_there, should_be in (("key", keys, Counter(taken.keys())), ("supersession", superseded, wanted)):
        verdict.lost += [f"{name} {key}" for key in should_be - is_there]
        verdict.double += [f"{name} {key}" for key, count in is_there.items() if count > 1]
        verdict.phantom += [f"{name} {key}" for key in is_there if key not in should_be]
    verdict.counts["stored"] = len(stored)
    verdict.counts["corrections and voids"] = len(superseded)


def compare_sums(final: dict[str, Any], taken: dict[str, traffic.Event], verdict: Verdict) -> None:
    """Days and charges are, to the last digit, what the effective events come to."""
    days = _days(taken)
    is_there = {
        (contract, meter, day): (Decimal(quantity), count)
        for contract, meter, day, quantity, count in final["days"]
        if count  # what was corrected or taken back on a day leaves a row of zero
    }
    verdict.sums += _differences("day", days, is_there)
    charges = _charges(days)
    rated = {
        (contract, month, meter): (Decimal(quantity), Decimal(amount))
        for contract, month, meter, quantity, amount in final["charges"]
        if Decimal(quantity) or Decimal(amount)
    }
    verdict.sums += _differences("charge", charges, rated)
    if final["waiting"]:
        verdict.sums.append(f"{final['waiting']} events were never rolled up")
    verdict.counts["days"], verdict.counts["charges"] = len(days), len(charges)


def _days(taken: dict[str, traffic.Event]) -> dict[DayKey, tuple[Decimal, int]]:
    gone = {event.corrects for event in taken.values()}
    sums: dict[DayKey, tuple[Decimal, int]] = defaultdict(lambda: (Decimal(0), 0))
    for event in taken.values():
        if event.id in gone or event.quantity is None:
            continue
        key = event.contract, event.meter, str(event.at.astimezone(periods.SHANGHAI).date())
        sums[key] = sums[key][0] + event.quantity, sums[key][1] + 1
    return dict(sums)


def _charges(days: dict[DayKey, tuple[Decimal, int]]) -> dict[MonthKey, tuple[Decimal, Decimal]]:
    months: dict[MonthKey, Decimal] = defaultdict(Decimal)
    for (contract, meter, day), (quantity, _count) in days.items():
        months[contract, f"{day[:7]}-01", meter] += quantity
    return {key: (quantity, _price(key[2], quantity)) for key, quantity in months.items()}


def _price(meter: str, quantity: Decimal) -> Decimal:
    if meter in PRICES:
        return quantity * PRICES[meter]
    amount, above = Decimal(0), Decimal(0)
    for up_to, price in STEPS:
        amount += max(min(quantity, up_to) - above, Decimal(0)) * price
        above = up_to
    return amount


def _differences(name: str, should_be: dict[Any, Any], is_there: dict[Any, Any]) -> list[str]:
    return [
        f"{name} {key}: {is_there.get(key)} instead of {should_be.get(key)}"
        for key in sorted({*should_be, *is_there})
        if should_be.get(key) != is_there.get(key)
    ]
