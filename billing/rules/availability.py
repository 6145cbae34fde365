"""How long a service ran: its availability in a civil month of Shanghai, and the credit that a breach earns.

    availability = 100 × (minutes of the month − minutes interrupted without announcement) ÷ minutes of the month

Interruptions may overlap and cross months; what lies in an announced maintenance window does not count. Only closed
tables of numbers and instants come in, so an accountant can repeat every figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from billing.rules import decimals
from billing.rules.periods import InvalidInterval, Month

Interval = tuple[datetime, datetime]

_STEP: Final = re.compile(r"(?:(\d{1,2}(?:\.\d{1,3})?)\s*%?\s*[:：])?\s*(\d{1,3}(?:\.\d{1,3})?)\s*%?")

SHOWN_STEP: Final = Decimal(1).scaleb(-3)
WHOLE: Final = Decimal(100)


class InvalidCreditTable(ValueError):
    """A step of a credit table is out of range, or a worse month would earn less."""


@dataclass(frozen=True, slots=True)
class Step:
    """Below `below` per cent of availability, `percent` of the month's charges; `below` None is what was promised."""

    below: Decimal | None
    percent: Decimal


def availability(
    month: Month,
    *,
    interruptions: Iterable[tuple[datetime, datetime | None]],
    maintenance: Iterable[Interval] = (),
) -> Decimal:
    """Availability of `month` in per cent, with six decimals, half up. An interruption without an end lasts on.

    Raises InvalidInterval for one that ends before it begins.
    """
    down = [(since, max(since, month.end_at) if until is None else until) for since, until in interruptions]
    return availability_between(start=month.start_at, end=month.end_at, interruptions=down, maintenance=maintenance)


def availability_between(
    *, start: datetime, end: datetime, interruptions: Iterable[Interval], maintenance: Iterable[Interval] = ()
) -> Decimal:
    """The same of any time from `start` until `end`, which lies after it."""
    whole = _microseconds(end - start)
    lost = _microseconds(
        interrupted_between(start=start, end=end, interruptions=interruptions, maintenance=maintenance)
    )
    share = Fraction(100 * (whole - lost), whole) * 10**6
    return Decimal(int(share + Fraction(1, 2))).scaleb(-6)


def interrupted_between(
    *, start: datetime, end: datetime, interruptions: Iterable[Interval], maintenance: Iterable[Interval] = ()
) -> timedelta:
    """How long a service was interrupted from `start` until `end`, outside announced maintenance."""
    down, announced = merge(_clip(interruptions, start, end)), merge(_clip(maintenance, start, end))
    both = sum((_overlap(one, other) for one in down for other in announced), timedelta())
    return sum((until - since for since, until in down), timedelta()) - both


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time without overlaps, in order; what touches becomes one. Raises InvalidInterval."""
    merged: list[Interval] = []
    for since, until in sorted(intervals):
        if until < since:
            raise InvalidInterval(f"An interruption ends at {until}, before it begins at {since}.")
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until))
        else:
            merged.append((since, until))
    return merged


def show(percent: Decimal) -> Decimal:
    """Three decimals for people, cut: a month that missed 99.95 by a hair is never shown as 99.950."""
    return percent.quantize(SHOWN_STEP, rounding=ROUND_FLOOR)


def check_table(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps, the mildest first. Raises InvalidCreditTable unless the first is the promise and all get worse."""
    if not steps or steps[0].below is not None:
        raise InvalidCreditTable("The first step is for a month below what was promised.")
    for step in steps:
        decimals.require_decimal(step.percent, name="percent")
        if not 0 < step.percent <= WHOLE:
            raise InvalidCreditTable("A credit is above 0 and at most 100 % of the month's charges.")
    for milder, worse in pairwise(steps):
        if worse.below is None or not 0 < worse.below < WHOLE:
            raise InvalidCreditTable("Every further step names an availability between 0 and 100 %.")
        if worse.percent <= milder.percent or (milder.below is not None and worse.below >= milder.below):
            raise InvalidCreditTable("A lower availability earns a larger credit.")
    return tuple(steps)


def read_table(text: str) -> tuple[Step, ...]:
    """The steps of “10; 99: 25; 95: 50”: below the promise 10 %, below 99 % of availability 25 %, below 95 % 50 %.

    Raises InvalidCreditTable for anything else, and as `check_table`.
    """
    steps = []
    for part in re.split(r"[;；]", text):
        found = _STEP.fullmatch(part.strip())
        if found is None:
            raise InvalidCreditTable("A step is a credit, or an availability, a colon and a credit.")
        steps.append(Step(None if found[1] is None else Decimal(found[1]), Decimal(found[2])))
    return check_table(steps)


def write_table(steps: Sequence[Step]) -> str:
    """What `read_table` reads, in one form for one table."""
    return "; ".join(
        (f"{decimals.format_plain(one.below)}: " if one.below is not None else "") + decimals.format_plain(one.percent)
        for one in steps
    )


def credit_percent(*, reached: Decimal, promised: Decimal, steps: Sequence[Step]) -> Decimal:
    """What a month earns, in per cent of its charges: the worst step that it fell below; 0 if the promise was kept."""
    if reached >= promised:
        return Decimal(0)
    met = [step.percent for step in check_table(steps) if step.below is None or reached < step.below]
    return max(met)


def credit_amount(*, charged: Decimal, percent: Decimal) -> Decimal:
    """The credit for `charged` (of one VAT rate, unrounded): −charged × percent ÷ 100, exact."""
    return decimals.multiply(-charged, percent.scaleb(-2))


def _clip(intervals: Iterable[Interval], start: datetime, end: datetime) -> list[Interval]:
    clipped = []
    for since, until in intervals:
        if until < since:
            raise InvalidInterval(f"An interruption ends at {until}, before it begins at {since}.")
        if max(since, start) < min(until, end):
            clipped.append((max(since, start), min(until, end)))
    return clipped


def _overlap(one: Interval, other: Interval) -> timedelta:
    return max(timedelta(), min(one[1], other[1]) - max(one[0], other[0]))


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
