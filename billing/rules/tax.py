"""VAT: rounded once per rate on a document, then shared out to its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.rules import decimals, money


class InvalidRate(ValueError):
    """A rate is not a fraction between 0 and 1 (6 % is 0.06)."""


class TaxLinesMismatch(ValueError):
    """The tax lines are not those of the lines they should be shared out to."""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax of one rate on one document; `rate` is a fraction (6 % is 0.06)."""

    rate: Decimal
    net_minor: int
    tax_minor: int


def require_rate(rate: Decimal, *, name: str = "rate") -> Decimal:
    """Return `rate` without trailing zeros. Raises TypeError, or InvalidRate outside 0..1."""
    if not isinstance(rate, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(rate).__name__}.")
    if not rate.is_finite() or not 0 <= rate <= 1:
        raise InvalidRate(f"{name} must be a fraction from 0 to 1 (6 % is 0.06), not {rate}.")
    return abs(decimals.canonical(decimals.require_decimal(rate, name=name)))


def tax_by_rate(lines: Sequence[tuple[int, Decimal]], *, currency: str) -> list[TaxLine]:
    """One TaxLine per rate for `lines` of (net_minor, rate), in the order of the rates.

    The tax is the sum of the nets of a rate × the rate, rounded half up once.
    """
    money.minor_units(currency)
    nets: dict[Decimal, int] = {}
    for net_minor, rate in lines:
        money.require_minor(net_minor, name="net_minor")
        key = require_rate(rate)
        nets[key] = nets.get(key, 0) + net_minor
    return [
        TaxLine(rate, nets[rate], decimals.half_up(decimals.multiply(Decimal(nets[rate]), rate)))
        for rate in sorted(nets)
    ]


def spread_tax(lines: Sequence[tuple[int, Decimal]], tax_lines: Sequence[TaxLine]) -> list[int]:
    """The tax of each of `lines`, in their order; per rate the parts add up to the TaxLine.

    Each line gets net × rate within one minor unit, by largest remainder. Lines of
    both signs (a charge and a correction) may stand on one document.
    Raises TaxLinesMismatch if `tax_lines` do not belong to `lines`.
    """
    positions: dict[Decimal, list[int]] = {}
    for index, (net_minor, rate) in enumerate(lines):
        money.require_minor(net_minor, name="net_minor")
        positions.setdefault(require_rate(rate), []).append(index)
    by_rate = {require_rate(line.rate): line for line in tax_lines}
    if len(by_rate) != len(tax_lines) or by_rate.keys() != positions.keys():
        raise TaxLinesMismatch("Give exactly one tax line for each rate of the lines.")
    taxes = [0] * len(lines)
    for rate, indexes in positions.items():
        parts = _spread_one_rate([lines[index][0] for index in indexes], by_rate[rate])
        for index, part in zip(indexes, parts, strict=True):
            taxes[index] = part
    return taxes


def gross_from_net(net: Decimal, rate: Decimal) -> Decimal:
    """`net` × (1 + `rate`), exact and unrounded; for showing a unit price with VAT."""
    decimals.require_decimal(net, name="net")
    return decimals.multiply(net, decimals.add(Decimal(1), require_rate(rate)))


def _spread_one_rate(nets: Sequence[int], tax_line: TaxLine) -> list[int]:
    if sum(nets) != tax_line.net_minor:
        raise TaxLinesMismatch(
            f"The nets at {tax_line.rate} add up to {sum(nets)}, but the tax line says {tax_line.net_minor}."
        )
    numerator, denominator = tax_line.rate.as_integer_ratio()
    try:
        return money.apportion(
            tax_line.tax_minor,
            numerators=[net * numerator for net in nets],
            denominator=denominator,
        )
    except ValueError:
        raise TaxLinesMismatch(
            f"{tax_line.tax_minor} is not the tax of {tax_line.net_minor} at {tax_line.rate}."
        ) from None
