"""What a quantity costs by a component's price model, line by line.

Each line is quantity × unit price, so that a person can check it; a tier's flat part, the true-up to the minimum and
the cut to the maximum are lines of their own. The boundaries, as `docs/prices.md` states them:

    up_to       is included in its tier
    flat        of a tier is due once the tier is entered; the first is entered from the start, even at quantity 0
    volume      all units cost what the tier reached says
    package     a package that is begun is paid in full
    included    units cost nothing and do not fill a tier or a package
    discount    comes before minimum and maximum, so these hold for what is really asked
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.rules import decimals
from billing.rules.components import FLAT, PACKAGE, VOLUME, Component, Tier

UNITS: Final = "units"
INCLUDED: Final = "included"
FLAT_PART: Final = "flat"
PACKAGES: Final = "packages"
MINIMUM: Final = "minimum"
MAXIMUM: Final = "maximum"
EXIT_FEE: Final = "exit_fee"

_ZERO: Final = Decimal(0)
_PARTS: Final = {part: part for part in (INCLUDED, MINIMUM, MAXIMUM, EXIT_FEE)}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a charge, unrounded: before discount and days, amount = quantity × unit_price.

    `key` tells the lines of a component apart and stays the same when the quantity changes. `tier` counts from 1,
    0 without tiers; `above` and `up_to` are its bounds, both in units beyond the included ones.
    """

    key: str
    part: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    formula: str
    tier: int = 0
    above: Decimal = _ZERO
    up_to: Decimal | None = None


def price_lines(component: Component, *, quantity: Decimal) -> tuple[Line, ...]:
    """The lines of `quantity` at list price, without minimum and maximum. Only lines that say something."""
    included = min(quantity, component.included_quantity)
    charged = decimals.add(quantity, -included)
    lines: list[Line] = []
    if included:
        lines.append(_line("included", INCLUDED, included, _ZERO))
    if component.model == FLAT:
        lines.append(_line("", FLAT_PART, Decimal(1), component.unit_price))
    elif component.model == PACKAGE:
        lines += _packages(component, charged)
    elif not component.tiers:
        lines += [_line("", UNITS, charged, component.unit_price)] if charged else []
    elif component.model == VOLUME:
        lines += _volume(component.tiers, charged)
    else:
        lines += _graduated(component.tiers, charged)
    return tuple(lines)


def limit_line(component: Component, *, amount: Decimal, minimum: Decimal | None, shown_as: str) -> Line | None:
    """The line that lifts `amount` to `minimum`, or cuts it to the component's maximum; None if neither is crossed.

    `minimum` is the component's, or what is left of it in a part month; `shown_as` is how the formula writes it.
    """
    if minimum is not None and amount < minimum:
        missing = decimals.add(minimum, -amount)
        return Line("minimum", MINIMUM, Decimal(1), missing, missing, f"{shown_as} − {decimals.format_plain(amount)}")
    most = component.maximum_amount
    if most is not None and amount > most:
        over = decimals.add(most, -amount)
        formula = f"{decimals.format_plain(most)} − {decimals.format_plain(amount)}"
        return Line("maximum", MAXIMUM, Decimal(1), over, over, formula)
    return None


def exit_line(*, fee: Decimal) -> Line:
    """What leaving before the end of the term costs, once; an amount of its own beside the component's."""
    return Line(EXIT_FEE, EXIT_FEE, Decimal(1), fee, fee, decimals.format_plain(fee))


def empty_line(component: Component, *, key: str, unit_price: Decimal) -> Line:
    """The line of a key at quantity 0: what is left of a row that was charged and is not due any more."""
    part, place = _PARTS.get(key, UNITS), 0
    above, up_to = _ZERO, None
    if key.startswith("tier"):
        number, _underscore, flat = key.removeprefix("tier").partition("_")
        place, part = int(number), FLAT_PART if flat else UNITS
        bounds = [_ZERO, *(tier.up_to for tier in component.tiers)]
        above, up_to = bounds[place - 1] or _ZERO, bounds[place]
    elif not key:
        part = {FLAT: FLAT_PART, PACKAGE: PACKAGES}.get(component.model, UNITS)
    return Line(key, part, _ZERO, unit_price, _ZERO, "0", tier=place, above=above, up_to=up_to)


def _packages(component: Component, charged: Decimal) -> Iterator[Line]:
    size = component.package_size
    if size is None:
        raise AssertionError("a package component without a size was refused at birth")
    if charged:
        number = decimals.divide_up(charged, size)
        begun = f"⌈{decimals.format_plain(charged)} ÷ {decimals.format_plain(size)}⌉"
        yield _line("", PACKAGES, Decimal(number), component.unit_price, shown_as=begun)


def _volume(tiers: tuple[Tier, ...], charged: Decimal) -> Iterator[Line]:
    above = _ZERO
    for place, tier in enumerate(tiers, 1):
        if tier.up_to is None or charged <= tier.up_to:
            yield from _tier_lines(place, tier, charged, above)
            return
        above = tier.up_to


def _graduated(tiers: tuple[Tier, ...], charged: Decimal) -> Iterator[Line]:
    above = _ZERO
    for place, tier in enumerate(tiers, 1):
        if place > 1 and charged <= above:
            return
        top = charged if tier.up_to is None else min(charged, tier.up_to)
        yield from _tier_lines(place, tier, decimals.add(top, -above), above)
        if tier.up_to is not None:
            above = tier.up_to


def _tier_lines(place: int, tier: Tier, quantity: Decimal, above: Decimal) -> Iterator[Line]:
    if quantity:
        yield _line(f"tier{place}", UNITS, quantity, tier.unit_price, tier=place, above=above, up_to=tier.up_to)
    if tier.flat:
        yield _line(f"tier{place}_flat", FLAT_PART, Decimal(1), tier.flat, tier=place, above=above, up_to=tier.up_to)


def _line(
    key: str,
    part: str,
    quantity: Decimal,
    unit_price: Decimal,
    *,
    shown_as: str = "",
    tier: int = 0,
    above: Decimal = _ZERO,
    up_to: Decimal | None = None,
) -> Line:
    return Line(
        key=key,
        part=part,
        quantity=quantity,
        unit_price=unit_price,
        amount=decimals.multiply(quantity, unit_price),
        formula=f"{shown_as or decimals.format_plain(quantity)} × {decimals.format_plain(unit_price)}",
        tier=tier,
        above=above,
        up_to=up_to,
    )
