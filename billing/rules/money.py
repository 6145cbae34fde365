"""Money as whole minor units, the one rounding rule, and splits that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

from billing.rules import decimals
from billing.rules.currencies import MINOR_UNITS

__all__ = [
    "MINOR_UNITS",
    "CurrencyMismatch",
    "Money",
    "UnknownCurrency",
    "apportion",
    "minor_units",
    "require_minor",
    "round_lines",
    "round_to_minor",
    "split",
]


class UnknownCurrency(ValueError):
    """The text is not a currency of ISO 4217 in capitals."""


class CurrencyMismatch(ValueError):
    """Amounts of two currencies were added, subtracted or compared."""


def minor_units(currency: str) -> int:
    """Decimal places of `currency`: 2 for CNY, 0 for JPY, 3 for BHD. Raises UnknownCurrency."""
    try:
        return MINOR_UNITS[currency]
    except (KeyError, TypeError):
        raise UnknownCurrency(f"Currency {currency!r} is not known; use an ISO 4217 code such as CNY.") from None


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount that can be owed: `amount_minor` minor units (fen for CNY) of `currency`.

    Raises TypeError for a float or bool amount, UnknownCurrency for the currency.
    `==` between currencies is False; every other mix raises CurrencyMismatch.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        require_minor(self.amount_minor, name="amount_minor")
        minor_units(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str) -> Money:
        """`amount` in major units (yuan). ValueError if it has parts of a minor unit."""
        places = minor_units(currency)
        decimals.require_decimal(amount, name="amount")
        if decimals.count_places(amount) > places:
            raise ValueError(f"{amount} has more than the {places} decimals of {currency}; round it first.")
        return cls(int(decimals.shift(amount, places=places)), currency)

    def to_decimal(self) -> Decimal:
        """The amount in major units, with all the decimals of its currency: 100 fen → 1.00."""
        return decimals.shift(Decimal(self.amount_minor), places=-minor_units(self.currency))

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount_minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.to_decimal():f} {self.currency}"

    def _same(self, other: Money) -> int:
        """The other's minor units, once it is sure that they are of the same currency."""
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} can not be mixed.")
        return other.amount_minor


def round_to_minor(amount: Decimal, *, currency: str) -> int:
    """`amount` in major units → whole minor units, half up (a tie goes away from zero)."""
    places = minor_units(currency)
    decimals.require_decimal(amount, name="amount")
    return decimals.half_up(decimals.shift(amount, places=places))


def round_lines(amounts: Sequence[Decimal], *, currency: str) -> list[int]:
    """The sum of `amounts` (major units, either sign) rounded once, half up, and shared out to them.

    Largest remainder: each part is its amount within one minor unit, and the parts add up to the rounded sum.
    """
    if not amounts:
        return []
    places = minor_units(currency)
    total = round_to_minor(decimals.add(*amounts), currency=currency)
    exact = [Fraction(decimals.shift(decimals.require_decimal(one, name="amount"), places=places)) for one in amounts]
    scale = lcm(*(one.denominator for one in exact))
    return apportion(total, numerators=[one.numerator * (scale // one.denominator) for one in exact], denominator=scale)


def split(total_minor: int, weights: Sequence[int | Decimal]) -> list[int]:
    """Share `total_minor` in proportion to `weights`; the parts add up to it exactly.

    Largest remainder: every part is first cut to whole units, then the units left over
    go to the largest remainders, the earlier part first when they tie.
    Raises ValueError for no weights, a negative one, or all zero.
    """
    require_minor(total_minor, name="total_minor")
    fractions = [_weight(weight) for weight in weights]
    if not any(fractions):
        raise ValueError("weights must hold at least one that is above zero.")
    scale = lcm(*(fraction.denominator for fraction in fractions))
    whole = [fraction.numerator * (scale // fraction.denominator) for fraction in fractions]
    return apportion(
        total_minor,
        numerators=[total_minor * weight for weight in whole],
        denominator=sum(whole),
    )


def apportion(total_minor: int, *, numerators: Sequence[int], denominator: int) -> list[int]:
    """Whole parts near `numerator / denominator` each, that add up to `total_minor` exactly.

    The exact shares may have either sign; their sum must lie within half a unit
    of `total_minor` (ValueError otherwise), so no part is moved a whole unit or more.
    Turning every sign around turns every part around.
    """
    if denominator <= 0:
        raise ValueError("denominator must be above zero.")
    if 2 * abs(sum(numerators) - total_minor * denominator) > denominator:
        raise ValueError("total_minor is not the rounded sum of the shares.")
    leading = total_minor or next((numerator for numerator in numerators if numerator), 0)
    if leading < 0:
        mirrored = apportion(
            -total_minor,
            numerators=[-numerator for numerator in numerators],
            denominator=denominator,
        )
        return [-part for part in mirrored]
    parts = [numerator // denominator for numerator in numerators]
    remainders = [numerator % denominator for numerator in numerators]
    left = total_minor - sum(parts)
    # sorted() is stable, so of equal remainders the earlier part is served first.
    for index in sorted(range(len(parts)), key=lambda i: -remainders[i])[:left]:
        parts[index] += 1
    if sum(parts) != total_minor:
        # Not an assert statement: money is checked under python -O too.
        raise AssertionError(f"{parts} do not add up to {total_minor}.")
    return parts


def _weight(weight: int | Decimal) -> Fraction:
    if isinstance(weight, Decimal):
        decimals.require_decimal(weight, name="weight")
    else:
        require_minor(weight, name="weight")
    if weight < 0:
        raise ValueError(f"weights must not be negative, found {weight}.")
    return Fraction(weight)


def require_minor(value: int, *, name: str) -> None:
    """Raise TypeError unless `value` is a whole number of minor units."""
    # bool is an int in Python, and True fen is always a mistake.
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int of minor units, not {type(value).__name__}.")
