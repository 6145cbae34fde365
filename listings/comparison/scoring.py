"""How compared offerings are scored and marked. Pure: values in, points out; the page prints `FORMULA_VERSION` 1.

1. A measure gives 0 to 100 points: points = 100 × (value − worst) ÷ (best − worst), worst and best among those
   compared. Where all that state it are equal, each of them gets 100. Who does not state it gets 0.
2. A criterion's points are the mean of its measures. A measure that nobody states is left out; a criterion of which
   nobody states anything gives 0 to everyone.
3. score = Σ weight × points ÷ 100, rounded once, half up, to one decimal. Equal scores share a rank.

Nothing depends on the order of the columns: the arithmetic is exact (fractions) until the one rounding.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from django.utils.translation import gettext as _

from marketplace.organisations import errors

FORMULA_VERSION: Final = 1
PRICE, SERVICE, COMPLIANCE, GREEN = "price", "service", "compliance", "green"
CRITERIA: Final = (PRICE, SERVICE, COMPLIANCE, GREEN)
HIGHER, LOWER = "higher", "lower"
TENTH: Final = Decimal("0.1")


class InvalidWeights(errors.Refused):
    """Weights that are no whole percentages, or do not sum to 100."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Per cent for each criterion; together 100. Raises InvalidWeights (field: the criterion, or `weights`)."""

    price: int
    service: int
    compliance: int
    green: int

    def __post_init__(self) -> None:
        for name, share in asdict(self).items():
            if isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= 100:
                raise InvalidWeights(_("Give each weight as a whole percentage from 0 to 100."), field=name)
        total = sum(asdict(self).values())
        if total != 100:
            raise InvalidWeights(
                _("The weights sum to %(total)s %%. Change them so that they sum to 100 %%.") % {"total": total},
                field="weights",
            )

    def as_dict(self) -> dict[str, int]:
        """The weights by criterion, in the order of CRITERIA."""
        return asdict(self)


PRESETS: Final[dict[str, Weights]] = {
    "balanced": Weights(price=40, service=30, compliance=20, green=10),
    "price": Weights(price=70, service=15, compliance=10, green=5),
    "compliance": Weights(price=25, service=20, compliance=45, green=10),
    "green": Weights(price=25, service=20, compliance=15, green=40),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is measured of every offering: its criterion, which way is better, a value or None for each."""

    code: str
    criterion: str
    better: str
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """An offering's score (0 to 100, one decimal), its points by criterion, its rank from 1."""

    total: Decimal
    points: Mapping[str, Decimal]
    rank: int


def score(*, measures: Sequence[Measure], weights: Weights, count: int) -> tuple[Score, ...]:
    """Score `count` offerings by `measures`; see the module for the formula. ValueError for a programmer's mistake."""
    for measure in measures:
        if len(measure.values) != count or measure.criterion not in CRITERIA:
            raise ValueError(f"measure {measure.code} does not fit")
    exact = {name: _criterion(measures, criterion=name, count=count) for name in CRITERIA}
    shares = weights.as_dict()
    totals = [
        _round(sum((shares[name] * exact[name][place] for name in CRITERIA), Fraction(0)) / 100)
        for place in range(count)
    ]
    return tuple(
        Score(
            total=total,
            points={name: _round(exact[name][place]) for name in CRITERIA},
            rank=1 + sum(other > total for other in totals),
        )
        for place, total in enumerate(totals)
    )


def points(*, values: Sequence[Decimal | None], better: str) -> tuple[Fraction, ...]:
    """0 to 100 for each value: min-max; all that state the same get 100, who states nothing gets 0."""
    stated = [Fraction(value) for value in values if value is not None]
    if not stated:
        return tuple(Fraction(0) for _value in values)
    best, worst = (max(stated), min(stated)) if better == HIGHER else (min(stated), max(stated))
    return tuple(
        Fraction(0)
        if value is None
        else Fraction(100)
        if best == worst
        else 100 * (Fraction(value) - worst) / (best - worst)
        for value in values
    )


def mark_best(*, values: Sequence[Decimal | None], better: str) -> tuple[bool, ...]:
    """Which are the best: all that tie, and none where fewer than two state a value or all state the same."""
    stated = {value for value in values if value is not None}
    if better not in (HIGHER, LOWER) or len(stated) < 2:
        return tuple(False for _value in values)
    best = max(stated) if better == HIGHER else min(stated)
    return tuple(value == best for value in values)


def _criterion(measures: Sequence[Measure], *, criterion: str, count: int) -> list[Fraction]:
    """The mean of a criterion's measures for each offering."""
    stated = [
        points(values=one.values, better=one.better)
        for one in measures
        if one.criterion == criterion and any(value is not None for value in one.values)
    ]
    if not stated:
        return [Fraction(0)] * count
    return [sum((row[place] for row in stated), Fraction(0)) / len(stated) for place in range(count)]


def _round(exact: Fraction) -> Decimal:
    """One decimal, half up. `exact` is never negative."""
    tenths = (exact.numerator * 20 + exact.denominator) // (2 * exact.denominator)
    return (Decimal(tenths) / 10).quantize(TENTH, rounding=ROUND_HALF_UP)
