"""Decimal arithmetic that never depends on the caller's decimal context.

Products and sums are exact. A quotient is the only thing that can be endless,
so it is cut, once, and in a way that a later rounding to the minor unit still
comes out as if the true quotient had been rounded.
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Final

MAX_EXPONENT: Final = 4000
"""Values outside 10**±4000 are refused: they are attacks or mistakes, and
writing them out would take the machine down."""

DIVISION_DIGITS: Final = 50
"""Significant digits a quotient is cut to."""

DIVISION_PLACES: Final = 20
"""Decimal places a quotient keeps at least, even if that takes more digits."""

# Inexact is a trap: a digit lost here would be an error, never a rounding.
_EXACT: Final = decimal.Context(
    prec=decimal.MAX_PREC,
    Emax=decimal.MAX_EMAX,
    Emin=decimal.MIN_EMIN,
    rounding=decimal.ROUND_HALF_UP,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Inexact],
)


def require_decimal(value: Decimal, *, name: str) -> Decimal:
    """Return `value`, or raise TypeError (not a Decimal) or ValueError (NaN, infinite, absurd)."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(value).__name__}.")
    if not value.is_finite():
        raise ValueError(f"{name} must be a finite number, not {value}.")
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MAX_EXPONENT or value.adjusted() > MAX_EXPONENT:
        raise ValueError(f"{name} is outside the range 10**±{MAX_EXPONENT}.")
    return value


def multiply(*factors: Decimal) -> Decimal:
    """The exact product of `factors`."""
    product = Decimal(1)
    for factor in factors:
        product = _EXACT.multiply(product, factor)
    return product


def add(*terms: Decimal) -> Decimal:
    """The exact sum of `terms`."""
    total = Decimal(0)
    for term in terms:
        total = _EXACT.add(total, term)
    return total


def complement(rate: Decimal) -> Decimal:
    """1 − `rate`, exactly."""
    return _EXACT.subtract(Decimal(1), rate)


def divide(numerator: Decimal, denominator: int) -> Decimal:
    """`numerator` ÷ `denominator`, cut to 50 significant digits (more for amounts over 10**30).

    The last digit is chosen with ROUND_05UP: an inexact quotient never ends in
    0 or 5, so it can not look like a tie that it is not, and rounding it again
    to the minor unit gives what rounding the true quotient would give.
    """
    if denominator == 1:
        return numerator
    digits = max(DIVISION_DIGITS, numerator.adjusted() + 1 + DIVISION_PLACES)
    context = decimal.Context(
        prec=digits,
        Emax=decimal.MAX_EMAX,
        Emin=decimal.MIN_EMIN,
        rounding=decimal.ROUND_05UP,
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
    )
    return context.divide(numerator, Decimal(denominator))


def divide_up(numerator: Decimal, denominator: Decimal) -> int:
    """The smallest whole number that is not below `numerator` ÷ `denominator` (above 0); exact."""
    over, under = numerator.as_integer_ratio(), denominator.as_integer_ratio()
    return -((-over[0] * under[1]) // (over[1] * under[0]))


def shift(value: Decimal, *, places: int) -> Decimal:
    """`value` × 10**`places`, exactly."""
    return _EXACT.scaleb(value, places)


def half_up(value: Decimal) -> int:
    """The nearest whole number; a tie goes away from zero, for negatives too."""
    return int(value.to_integral_value(rounding=decimal.ROUND_HALF_UP, context=_EXACT))


def count_places(value: Decimal) -> int:
    """Decimal places `value` really needs; trailing zeros do not count."""
    exponent = _EXACT.normalize(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def canonical(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without a positive exponent."""
    bare = _EXACT.normalize(value)
    exponent = bare.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return _EXACT.quantize(bare, Decimal(1))
    return bare


def format_plain(value: Decimal) -> str:
    """`value` without exponent notation and without trailing zeros, for formulas people read."""
    return f"{canonical(value):f}"
