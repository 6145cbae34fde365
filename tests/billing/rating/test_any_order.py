"""Whatever the order, the batches, repetitions, delays and corrections: the charges come to the same, digit for digit.

Events arrive over three months between roll-ups and ratings; in the end Σ charges of each price and month is compared
with what the pure rules make of all effective events in one go.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from billing.metering import events, operations
from billing.metering.models import RollUp
from billing.metering.store import days, levels
from billing.rating import operations as rating
from billing.rating.models import Charge
from billing.rules import aggregation, decimals, pricing
from billing.rules.periods import Month
from listings.prices import pricing as price_books
from tests import factories
from tests.factories import Price

pytestmark = pytest.mark.django_db(transaction=True)

D = Decimal
SEED = 20261125
MONTHS = (Month(2026, 10), Month(2026, 11), Month(2026, 12))
START = MONTHS[0].start_at
# A clock that goes on: within months, and after each is closed and rated.
CLOCK = [datetime(2026, *one, tzinfo=UTC) for one in ((10, 9, 3), (10, 31, 4), (11, 3, 5), (11, 16, 6), (12, 2, 17))]
LAST = datetime(2027, 1, 2, 4, tzinfo=UTC)
METERS = {name: f"m_{name}" for name in aggregation.AGGREGATIONS}
TIERS = (("2", "0.12348", "0"), ("40", "0.1", "1.5"), (None, "0.0333", "0"))


@dataclass(frozen=True)
class Reading:
    """One report of every meter, and what becomes of it: by a further reading, taken back, or neither."""

    offset: timedelta
    quantity: Decimal
    value: str
    corrections: tuple[tuple[timedelta, Decimal, str], ...]
    is_void: bool

    def versions(self) -> list[tuple[timedelta, Decimal, str]]:
        return [(self.offset, self.quantity, self.value), *self.corrections]


@pytest.fixture
def offering() -> Any:
    prices = [
        Price("metered", meter=meter, unit="GiB", model="graduated", tiers=TIERS, aggregation=name)
        for name, meter in METERS.items()
    ]
    return factories.offering(factories.data_centre(factories.hongshan()), plans={"metered": prices})


def written(contract: Any, readings: Sequence[Reading]) -> list[events.UsageInput]:
    """Every event of the history: the readings, their corrections one after the other, and voids."""
    made = []
    for name, meter in METERS.items():
        for n, reading in enumerate(readings):
            before = None
            for step, (offset, quantity, value) in enumerate(reading.versions()):
                id = f"{contract.pk}-{name}-{n}-{step}"
                made.append(
                    events.UsageInput(
                        "s", id, contract.number, START + offset, meter, quantity, value=value, supersedes=before
                    )
                )
                before = ("s", id)
            if reading.is_void:
                id, moment = f"{contract.pk}-{name}-{n}-void", START + reading.versions()[-1][0]
                made.append(
                    events.UsageInput("s", id, contract.number, moment, meter, None, supersedes=before, reason="r")
                )
    return made


def deliver(contract: Any, batches: Iterator[Sequence[events.UsageInput]], now: datetime) -> list[events.UsageInput]:
    """Report batch by batch; returns what was not taken yet: ahead of the clock, or what it corrects is not there."""
    left = []
    for batch in batches:
        outcomes = operations.record_usage(provider_id=contract.provider_id, events=batch, now=now)
        for event, outcome in zip(batch, outcomes, strict=True):
            if outcome.status == "rejected":
                assert outcome.code in ("in_the_future", "no_such_event")
                left.append(event)
            else:
                assert outcome.status in ("accepted", "duplicate")
    return left


def live(contract: Any, given: list[events.UsageInput], random: Any) -> None:
    """Let the clock go on, with roll-ups and ratings in between, until all is delivered and rated."""
    RollUp.objects.update(held_until=None)
    waiting, sent = list(given), []
    for now in CLOCK:
        random.shuffle(waiting)
        some = waiting[: random.randint(0, len(waiting))]
        again = random.sample(sent, k=min(len(sent), random.randint(0, 10)))
        pile = random.sample([*some, *again], k=len(some) + len(again))
        size = random.choice([3, 11, 40])
        left = deliver(contract, (pile[at : at + size] for at in range(0, len(pile), size)), now)
        sent += [event for event in some if event not in left]
        waiting = [event for event in waiting if event not in sent]
        if random.random() < 0.8:
            bring_up_to(now)
    while waiting:
        waiting = deliver(contract, iter([waiting]), LAST)
    deliver(contract, iter([given]), LAST)  # all of it once more
    bring_up_to(LAST)


def bring_up_to(now: datetime) -> None:
    for _ in range(3):
        operations.roll_up(now=now, limit=500)
    while rating.rate_pending(now=now, limit=500):
        pass


def charged(contract: Any) -> dict[tuple[str, Month], tuple[Decimal, Decimal]]:
    """(meter, month) → Σ quantity of units and Σ amount, over tiers and revisions."""
    sums: dict[tuple[str, Month], tuple[Decimal, Decimal]] = defaultdict(lambda: (D(0), D(0)))
    for charge in Charge.objects.filter(contract=contract).select_related("component"):
        key = (charge.component.meter, Month.of_date(charge.period_start_date))
        is_flat = charge.explanation.get("part") == "flat"
        sums[key] = (
            sums[key][0] + (0 if is_flat else charge.quantity),
            decimals.add(sums[key][1], charge.amount),
        )
    return {key: value for key, value in sums.items() if any(value)}


def due(contract: Any, readings: Sequence[Reading]) -> dict[tuple[str, Month], tuple[Decimal, Decimal]]:
    """The same, by the rules alone, from the effective events."""
    kept = [reading.versions()[-1] for reading in readings if not reading.is_void]
    effective = [aggregation.Event(START + offset, quantity, value) for offset, quantity, value in kept]
    found = {}
    for _, component in price_books.components_of(plan=contract.plan):
        for month in MONTHS:
            quantity = aggregation.aggregate(
                component.aggregation,
                effective,
                start=month.start_at,
                end=month.end_at,
                carried=aggregation.level_at(effective, moment=month.start_at),
            )
            amount = pricing.rate_metered(component, quantity=quantity).amount
            if quantity or amount:
                found[component.meter or "", month] = (quantity, amount)
    return found


_OFFSETS = st.one_of(
    st.integers(0, 92 * 24 - 1).map(lambda hours: timedelta(hours=hours)),
    st.integers(0, 92 * 86_400 * 10**6 - 1).map(lambda us: timedelta(microseconds=us)),
)
_FACTS = st.tuples(_OFFSETS, st.decimals(0, 90, places=6), st.sampled_from(["", "a", "b", "c"]))
_READING = st.builds(
    lambda facts, corrections, is_void: Reading(*facts, tuple(corrections), is_void),
    _FACTS,
    st.lists(_FACTS, max_size=2),
    st.sampled_from([False, False, False, True]),
)


@seed(SEED)
@settings(max_examples=6, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(_READING, min_size=2, max_size=5), random=st.randoms(use_true_random=False))
def test_any_history_of_the_same_events_comes_to_the_same(
    offering: Any, readings: Sequence[Reading], random: Any
) -> None:
    contract = factories.contract(factories.foods(), offering, plan_code="metered")
    live(contract, written(contract, readings), random)
    assert charged(contract) == due(contract, readings), f"seed {SEED}"


def _history() -> list[Reading]:
    """A level of 5 from 2 October on, and readings that are corrected into another month or taken back."""
    day = timedelta(days=1)
    return [
        Reading(day, D(5), "a", (), is_void=False),
        Reading(3 * day, D(9), "b", ((40 * day, D(7), "b"),), is_void=False),
        Reading(6 * day, D(30), "c", (), is_void=True),
    ]


@pytest.mark.parametrize("broken", ["", "watermark", "carrying on", "corrections"])
def test_control_what_is_broken_shows(offering: Any, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """The same history with nothing broken, and without what each guard is for."""
    if broken == "watermark":  # never moves, so events are read again
        move = days._move
        monkeypatch.setattr(days, "_move", lambda batch, upper, held_until: move(batch, "0", held_until))
    elif broken == "carrying on":
        monkeypatch.setattr(levels, "held_since", lambda *, moment: [])
    elif broken == "corrections":  # nothing is taken away
        monkeypatch.setattr(days, "_ADD", days._ADD.replace("-coalesce(sum(quantity), 0), -count(quantity)", "0, 0"))
    contract = factories.contract(factories.foods(), offering, plan_code="metered")
    live(contract, written(contract, _history()), Random(SEED))
    assert (charged(contract) == due(contract, _history())) is (not broken)
