"""Power usage effectiveness (PUE): what a data centre draws in all, divided by what its IT equipment draws.

Over a year it is the sum divided by the sum, never the mean of the months: a month with little load counts little.
Rounded once, half up, to PLACES. Source of the definition: GB/T 32910.3, ISO/IEC 30134-2.

Worked example, kWh: January 1,310,000 of which IT 1,000,000 → 1.310; February 620,000 of which IT 500,000 → 1.240.
Both: 1,930,000 ÷ 1,500,000 = 1.2866… → 1.287 (the mean of the months would say 1.275).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from billing.rules.decimals import add, require_decimal
from billing.rules.periods import Month

PLACES: Final = Decimal("0.001")
MONTHS_OF_A_YEAR: Final = 12

_CONTEXT: Final = Context(prec=60)


class ImpossibleReading(ValueError):
    """IT equipment that draws nothing, or more than the whole facility."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was metered in one month, in kWh. Refuses what cannot be."""

    facility_kwh: Decimal
    it_kwh: Decimal

    def __post_init__(self) -> None:
        require_decimal(self.facility_kwh, name="facility_kwh")
        require_decimal(self.it_kwh, name="it_kwh")
        if self.it_kwh <= 0:
            raise ImpossibleReading("The IT equipment must have drawn something.")
        if self.facility_kwh < self.it_kwh:
            raise ImpossibleReading("The whole facility draws at least what its IT equipment draws.")


@dataclass(frozen=True, slots=True)
class TrailingPue:
    """The twelve months that end with `until`. `value` is None while a month is `missing`: then nothing is proven."""

    until: Month
    value: Decimal | None
    missing: tuple[Month, ...]

    @property
    def since(self) -> Month:
        """The first of the twelve months."""
        return year_until(self.until)[0]


def monthly_pue(reading: Reading) -> Decimal:
    """The PUE of one month."""
    return _divide(reading.facility_kwh, reading.it_kwh)


def trailing_pue(readings: Mapping[Month, Reading], *, until: Month) -> TrailingPue:
    """The PUE of the twelve months that end with `until`: sum over sum."""
    months = year_until(until)
    missing = tuple(month for month in months if month not in readings)
    if missing:
        return TrailingPue(until=until, value=None, missing=missing)
    facility = add(*(readings[month].facility_kwh for month in months))
    return TrailingPue(
        until=until, value=_divide(facility, add(*(readings[month].it_kwh for month in months))), missing=()
    )


def year_until(until: Month) -> list[Month]:
    """Twelve months in order, the last of them `until`."""
    months = [until]
    while len(months) < MONTHS_OF_A_YEAR:
        months.append(months[-1].previous())
    return months[::-1]


def _divide(facility: Decimal, it: Decimal) -> Decimal:
    return _CONTEXT.divide(facility, it).quantize(PLACES, rounding=ROUND_HALF_UP)
