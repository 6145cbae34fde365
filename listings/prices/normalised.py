"""One unit for all prices of a kind: what a vCPU costs a month, a GiB, a card an hour, a seat a year.

A plan by the month gives its monthly price, a plan by the year a twelfth of it, a metered plan its rates × 730 hours
(the mean month: 8,760 hours ÷ 12) × what one ordered unit uses of each meter. That is divided by the specification
the category names (`Category.normal_spec`), e.g. the vCPUs of a host. Quantity 1, no discount, tax included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any, Final

from billing.rules import pricing, tax
from listings import wording
from listings.prices import pricing as prices

if TYPE_CHECKING:
    from listings.models import Category, Plan

MONTH, YEAR, HOUR, ONCE = "month", "year", "hour", "once"
HOURS_PER_MONTH: Final = Decimal(730)
MONTHS_PER_YEAR: Final = Decimal(12)
STEP: Final = Decimal("0.00000001")  # what the column keeps
_DIVIDE: Final = Context(prec=60, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class NormalUnit:
    """A unit that prices are compared by. `meters`: meter → the specification that says how much one unit uses of it.

    "" stands for one: the meter counts the unit itself.
    """

    name: str
    name_en: str
    per: str
    meters: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The unit in the reader's language."""
        return wording.choose(self.name, self.name_en)


NORMAL_UNITS: Final[Mapping[str, NormalUnit]] = {
    "vcpu_month": NormalUnit("vCPU·月", "vCPU·month", MONTH, {"vcpu_hours": "vcpu", "gib_hours": "ram_gib"}),
    "gib_month": NormalUnit("GiB·月", "GiB·month", MONTH, {"gib_hours": ""}),
    "tb_month": NormalUnit("TB·月", "TB·month", MONTH, {"tb_hours": ""}),
    "card_hour": NormalUnit("卡·小时", "card·hour", HOUR, {"gpu_hours": "", "npu_hours": ""}),
    "card_month": NormalUnit("卡·月", "card·month", MONTH, {"gpu_hours": "", "npu_hours": ""}),
    "mbps_month": NormalUnit("Mbps·月", "Mbps·month", MONTH),
    "circuit_month": NormalUnit("条·月", "circuit·month", MONTH),
    "rack_month": NormalUnit("架·月", "rack·month", MONTH),
    "kw_month": NormalUnit("kW·月", "kW·month", MONTH),
    "server_month": NormalUnit("台·月", "server·month", MONTH),
    "instance_month": NormalUnit("实例·月", "instance·month", MONTH),
    "cluster_month": NormalUnit("集群·月", "cluster·month", MONTH),
    "node_month": NormalUnit("节点·月", "node·month", MONTH),
    "set_month": NormalUnit("套·月", "set·month", MONTH),
    "calls_10k": NormalUnit("万次", "10,000 calls", ONCE, {"ten_thousand_calls": ""}),
    "calls_10k_month": NormalUnit("万次·月", "10,000 calls·month", MONTH),
    "seat_year": NormalUnit("席·年", "seat·year", YEAR),
    "set_year": NormalUnit("套·年", "set·year", YEAR),
    "organisation_year": NormalUnit("单位·年", "organisation·year", YEAR),
    "gb": NormalUnit("GB", "GB", ONCE, {"traffic_gb": ""}),
    "minute": NormalUnit("分钟", "minute", ONCE, {"video_minutes": ""}),
    "characters_10k": NormalUnit("万字", "10,000 characters", ONCE, {"ten_thousand_characters": ""}),
    "person_day": NormalUnit("人天", "person-day", ONCE),
    "system": NormalUnit("系统", "system", ONCE),
    "project": NormalUnit("项", "project", ONCE),
}


@dataclass(frozen=True, slots=True)
class NormalPrice:
    """CNY (or the book's currency) with tax per `unit`, a key of NORMAL_UNITS."""

    amount: Decimal
    unit: str


def normal_price(*, plan: "Plan", specs: Mapping[str, Any], category: "Category | None") -> NormalPrice | None:
    """A plan's price per normalised unit of its category; None where the category has none, or it cannot be told."""
    unit = NORMAL_UNITS.get(category.normal_unit) if category is not None else None
    if unit is None or category is None:
        return None
    divisor = _spec(specs, category.normal_spec) if category.normal_spec else Decimal(1)
    whole = _committed(plan, unit)
    if whole is None:
        whole = _metered(plan, unit, specs, divisor)
    if whole is None or not divisor:
        return None
    amount = _DIVIDE.divide(whole, divisor).quantize(STEP, rounding=ROUND_HALF_UP, context=_DIVIDE)
    return NormalPrice(amount=amount, unit=category.normal_unit)


def _committed(plan: "Plan", unit: NormalUnit) -> Decimal | None:
    """The price of one unit over the normalised period, from what the plan asks by the month or by the year."""
    currency = plan.price_book.currency
    rows = list(plan.components.all())
    for kind in (pricing.RECURRING, pricing.ONE_TIME):
        of_kind = [row for row in rows if row.kind == kind]
        if not of_kind:
            continue
        gross = prices.price_of(rows=of_kind, currency=currency).gross.to_decimal()
        if kind == pricing.RECURRING:
            return _from_month(gross, unit.per)
        if unit.per == ONCE:
            return gross
        terms = [term.months for term in plan.terms.all()]
        # One charge pays for the whole term; with several lengths it is the shortest that the price is for.
        return _from_month(_DIVIDE.divide(gross, Decimal(min(terms))), unit.per) if terms else None
    return None


def _from_month(amount: Decimal, per: str) -> Decimal | None:
    if per == MONTH:
        return amount
    if per == YEAR:
        return amount * MONTHS_PER_YEAR
    return _DIVIDE.divide(amount, HOURS_PER_MONTH) if per == HOUR else None


def _metered(plan: "Plan", unit: NormalUnit, specs: Mapping[str, Any], divisor: Decimal) -> Decimal | None:
    """What one ordered unit costs that is used all the time; None if a meter of the plan has no measure here."""
    total = Decimal(0)
    for row in plan.components.all():
        if row.kind != pricing.METERED or row.meter not in unit.meters:
            return None
        rate = tax.gross_from_net(prices.headline(component=prices.to_component(row=row)), row.vat_rate)
        if row.package_size:
            rate = _DIVIDE.divide(rate, row.package_size)
        spec = unit.meters[row.meter]
        used = _spec(specs, spec) if spec else divisor
        if not used:
            return None
        is_by_the_hour = row.meter.endswith("_hours")
        if unit.per == MONTH and is_by_the_hour:
            used *= HOURS_PER_MONTH
        elif unit.per != (HOUR if is_by_the_hour else ONCE):
            return None
        total += rate * used
    return total if total else None


def _spec(specs: Mapping[str, Any], code: str) -> Decimal:
    """A specification as a number above 0; 0 where it is missing or none."""
    value = specs.get(code)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return Decimal(0)
    return number if number.is_finite() and number > 0 else Decimal(0)
