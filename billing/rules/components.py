"""The prices of a plan: what each component asks for, refused at birth when it cannot be computed.

Prices are net of VAT, in major units (yuan) per unit, with at most 8 decimals. `docs/prices.md` states each model
with a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billing.rules import aggregation, decimals, tax

ONE_TIME: Final = "one_time"
RECURRING: Final = "recurring"
METERED: Final = "metered"
KINDS: Final = (ONE_TIME, RECURRING, METERED)

PER_UNIT: Final = "per_unit"
FLAT: Final = "flat"
GRADUATED: Final = "graduated"
VOLUME: Final = "volume"
PACKAGE: Final = "package"
PERCENTAGE: Final = "percentage"
MODELS: Final = (PER_UNIT, FLAT, GRADUATED, VOLUME, PACKAGE, PERCENTAGE)
TIERED: Final = (GRADUATED, VOLUME)

MAX_PRICE_PLACES: Final = 8
MAX_QUANTITY_PLACES: Final = 6
MAX_TIERS: Final = 20
MAX_PRICE: Final = Decimal(10) ** 12
"""What the database holds of a price: 20 digits, 8 of them decimals."""
MAX_QUANTITY: Final = Decimal(10) ** 14

PROBLEMS: Final[Mapping[str, str]] = {
    "empty": "{field} is empty; fill it in.",
    "unknown": "{field} {value} is not known; use one of {allowed}.",
    "not_decimal": "{field} must be a decimal number.",
    "negative": "{field} {value} is negative; use 0 or more.",
    "not_positive": "{field} {value} must be above 0.",
    "too_long": "{field} {value} has more than {places} decimals; shorten it.",
    "too_large": "{field} {value} is too large; use less than {most}.",
    "meter_missing": "meter is missing on a metered component; name one.",
    "meter_not_metered": "meter is set on a component that is not metered; leave it out.",
    "aggregation_unused": "aggregation {value} is set on a component that is not metered; leave it out.",
    "percentage_metered": "model percentage takes a share of a measured amount; use it on metered components only.",
    "percentage_above_one": "{field} {value} is above 100 %; give a fraction, 6 % is 0.06.",
    "unit_price_unused": "unit_price {value} is not read by model {model}, whose prices stand in the tiers; make it 0.",
    "tiers_missing": "tiers are missing for model {model}; give at least one.",
    "tiers_unused": "tiers are not read by model {model}; leave them out.",
    "tiers_too_many": "tiers: there are more than {most}; merge some.",
    "tiers_not_ascending": "{field} {value} is not above the tier before; put the tiers in ascending order.",
    "tiers_open_end": "{field}: the last tier has no upper bound (up_to is null), and only the last one.",
    "package_missing": "package_size is missing for model package; say how many units a package holds.",
    "package_unused": "package_size is not read by model {model}; leave it out.",
    "minimum_above_maximum": "minimum_amount {value} is above maximum_amount {most}; lower it or raise the maximum.",
}
"""Problem → English sentence. Pages translate by the code."""


class InvalidComponent(ValueError):
    """A price component contradicts itself: `field`, `problem` (a key of PROBLEMS) and `values` for its sentence."""

    def __init__(self, field: str, problem: str, **values: object) -> None:
        self.field, self.problem = field, problem
        self.values = {"field": field, **values}
        super().__init__(PROBLEMS[problem].format(**self.values))


@dataclass(frozen=True, slots=True)
class Tier:
    """`unit_price` for the units up to and including `up_to` (None: without end), and `flat` for entering the tier."""

    up_to: Decimal | None
    unit_price: Decimal
    flat: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Component:
    """One price of a price book: `unit_price` per `unit`, net; `vat_rate` as a fraction.

    `meter` names what is measured and stands on metered components only. The first `included_quantity` units cost
    nothing; a month costs at least `minimum_amount` and at most `maximum_amount`. `aggregation` says which quantity a
    month's events come to (`billing.rules.aggregation`); on what is not metered it is sum.
    """

    code: str
    kind: str
    unit_price: Decimal
    vat_rate: Decimal
    unit: str
    meter: str | None
    model: str = PER_UNIT
    tiers: tuple[Tier, ...] = ()
    package_size: Decimal | None = None
    included_quantity: Decimal = Decimal(0)
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None
    aggregation: str = aggregation.SUM

    def __post_init__(self) -> None:
        if not self.code:
            raise InvalidComponent("code", "empty")
        _require_one_of(self.kind, KINDS, field="kind")
        _require_one_of(self.model, MODELS, field="model")
        _require_price(self.unit_price, field="unit_price")
        tax.require_rate(self.vat_rate, name="vat_rate")
        if self.kind == METERED and not self.meter:
            raise InvalidComponent("meter", "meter_missing")
        if self.kind != METERED and self.meter:
            raise InvalidComponent("meter", "meter_not_metered")
        _require_one_of(self.aggregation, aggregation.AGGREGATIONS, field="aggregation")
        if self.kind != METERED and self.aggregation != aggregation.SUM:
            raise InvalidComponent("aggregation", "aggregation_unused", value=self.aggregation)
        self._check_model()
        self._check_tiers()
        self._check_limits()

    def _check_model(self) -> None:
        if self.model == PERCENTAGE and self.kind != METERED:
            raise InvalidComponent("model", "percentage_metered")
        if self.tiers and self.unit_price:
            raise InvalidComponent(
                "unit_price", "unit_price_unused", value=decimals.format_plain(self.unit_price), model=self.model
            )
        if self.model == PACKAGE:
            if self.package_size is None:
                raise InvalidComponent("package_size", "package_missing")
            _require_quantity(self.package_size, field="package_size")
            if not self.package_size:
                raise InvalidComponent("package_size", "not_positive", value=0)
        elif self.package_size is not None:
            raise InvalidComponent("package_size", "package_unused", model=self.model)
        if self.model == PERCENTAGE:
            for field, rate in [("unit_price", self.unit_price)] + [
                (f"tiers[{place}].unit_price", tier.unit_price) for place, tier in enumerate(self.tiers, 1)
            ]:
                if isinstance(rate, Decimal) and rate > 1:
                    raise InvalidComponent(field, "percentage_above_one", value=rate)

    def _check_tiers(self) -> None:
        if not self.tiers:
            if self.model in TIERED:
                raise InvalidComponent("tiers", "tiers_missing", model=self.model)
            return
        if self.model not in (*TIERED, PERCENTAGE):
            raise InvalidComponent("tiers", "tiers_unused", model=self.model)
        if len(self.tiers) > MAX_TIERS:
            raise InvalidComponent("tiers", "tiers_too_many", most=MAX_TIERS)
        below = Decimal(0)
        for place, tier in enumerate(self.tiers, 1):
            name = f"tiers[{place}]"
            _require_price(tier.unit_price, field=f"{name}.unit_price")
            _require_price(tier.flat, field=f"{name}.flat")
            if (tier.up_to is None) != (place == len(self.tiers)):
                raise InvalidComponent(f"{name}.up_to", "tiers_open_end")
            if tier.up_to is not None:
                _require_quantity(tier.up_to, field=f"{name}.up_to")
                if tier.up_to <= below:
                    raise InvalidComponent(f"{name}.up_to", "tiers_not_ascending", value=tier.up_to)
                below = tier.up_to

    def _check_limits(self) -> None:
        _require_quantity(self.included_quantity, field="included_quantity")
        for field, amount in (("minimum_amount", self.minimum_amount), ("maximum_amount", self.maximum_amount)):
            if amount is not None:
                _require_price(amount, field=field)
        least, most = self.minimum_amount, self.maximum_amount
        if least is not None and most is not None and least > most:
            raise InvalidComponent(
                "minimum_amount",
                "minimum_above_maximum",
                value=decimals.format_plain(least),
                most=decimals.format_plain(most),
            )


def _require_one_of(value: str, allowed: tuple[str, ...], *, field: str) -> None:
    if value not in allowed:
        raise InvalidComponent(field, "unknown", value=repr(value), allowed=", ".join(allowed))


def _require_price(value: Decimal, *, field: str) -> None:
    _require_number(value, field=field, places=MAX_PRICE_PLACES, most=MAX_PRICE)


def _require_quantity(value: Decimal, *, field: str) -> None:
    _require_number(value, field=field, places=MAX_QUANTITY_PLACES, most=MAX_QUANTITY)


def _require_number(value: Decimal, *, field: str, places: int, most: Decimal) -> None:
    """TypeError unless a Decimal; ValueError (InvalidComponent) unless finite, 0 or more, and not too long."""
    decimals.require_decimal(value, name=field)
    if value < 0:
        raise InvalidComponent(field, "negative", value=decimals.format_plain(value))
    if decimals.count_places(value) > places:
        raise InvalidComponent(field, "too_long", value=value, places=places)
    if value >= most:
        raise InvalidComponent(field, "too_large", value=value, most=decimals.format_plain(most))
