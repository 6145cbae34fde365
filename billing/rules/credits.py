"""What a credit note takes back of an invoice line: never more than is left of it, and the last one clears it.

All amounts are minor units. A line's net and tax are shared from what is *left*, so that any order of credits, by
quantity or by amount, stays within both, and a credit of all that is left takes exactly that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.rules import decimals, money

ZERO: Final = Decimal(0)


class NothingLeft(ValueError):
    """The line is credited in full, or it is itself a correction below zero."""


class MoreThanLeft(ValueError):
    """A credit asks for more than is left of the line."""


class NotAboveZero(ValueError):
    """A credit of nothing, or of less."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is left of a line, or what is taken of it."""

    net_minor: int
    tax_minor: int
    quantity: Decimal = ZERO

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor

    def less(self, taken: Part) -> Part:
        """What is left after `taken`."""
        return Part(
            self.net_minor - taken.net_minor,
            self.tax_minor - taken.tax_minor,
            decimals.add(self.quantity, -taken.quantity),
        )


def take_all(left: Part) -> Part:
    """All that is left; of a line below zero too, which only a credit of its whole invoice takes back."""
    return left


def take_quantity(left: Part, *, quantity: Decimal) -> Part:
    """`quantity` of the units left, at their share of the net and of the tax, each rounded half up.

    Raises NotAboveZero, NothingLeft or MoreThanLeft.
    """
    decimals.require_decimal(quantity, name="quantity")
    if quantity <= 0:
        raise NotAboveZero(f"a quantity of {quantity} can not be credited.")
    _require_left(left)
    if quantity > left.quantity:
        raise MoreThanLeft(f"{quantity} is more than the {left.quantity} left.")
    return Part(
        _share(left.net_minor, quantity, left.quantity), _share(left.tax_minor, quantity, left.quantity), quantity
    )


def take_net(left: Part, *, net_minor: int) -> Part:
    """`net_minor` without tax, and its share of the tax, rounded half up. Raises as `take_gross`."""
    _require_amount(net_minor, at_most=left.net_minor, left=left)
    return Part(net_minor, _share(left.tax_minor, Decimal(net_minor), Decimal(left.net_minor)))


def take_gross(left: Part, *, gross_minor: int) -> Part:
    """`gross_minor` with tax: its share of the net, rounded half up, and the rest as tax.

    Raises NotAboveZero, NothingLeft or MoreThanLeft.
    """
    _require_amount(gross_minor, at_most=left.gross_minor, left=left)
    net_minor = _share(left.net_minor, Decimal(gross_minor), Decimal(left.gross_minor))
    return Part(net_minor, gross_minor - net_minor)


def fill(net_minor: int, *, left: Sequence[Part]) -> list[Part]:
    """Take `net_minor` off several lines, the earlier one first, as far as they reach; parts may be empty.

    The nets add up to `net_minor`, or to all that is left where that is less.
    """
    money.require_minor(net_minor, name="net_minor")
    parts = []
    for one in left:
        taken = min(net_minor, max(0, one.net_minor))
        parts.append(take_net(one, net_minor=taken) if taken else Part(0, 0))
        net_minor -= taken
    return parts


def _require_amount(amount_minor: int, *, at_most: int, left: Part) -> None:
    money.require_minor(amount_minor, name="amount_minor")
    if amount_minor <= 0:
        raise NotAboveZero(f"{amount_minor} can not be credited.")
    _require_left(left)
    if amount_minor > at_most:
        raise MoreThanLeft(f"{amount_minor} is more than the {at_most} left.")


def _require_left(left: Part) -> None:
    if left.gross_minor <= 0:
        raise NothingLeft("nothing is left to be credited.")


def _share(whole_minor: int, part: Decimal, of: Decimal) -> int:
    """whole × part / of, half up, exact: both are turned into whole numbers first."""
    numerator, denominator = part.as_integer_ratio()
    of_numerator, of_denominator = of.as_integer_ratio()
    top, bottom = whole_minor * numerator * of_denominator, denominator * of_numerator
    return (2 * top + bottom) // (2 * bottom)
