"""Price books of the sample offerings, derived from the one price that demo.json gives each.

Per month → recurring with term discounts; per year → once per term of 12 months; by use → metered; work → once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from billing.rules.components import Tier
from listings.prices.operations import ComponentDraft, PlanDraft

MONTHLY_TERMS: Final = {
    1: Decimal(0),
    3: Decimal("0.02"),
    12: Decimal("0.10"),
    24: Decimal("0.15"),
    36: Decimal("0.20"),
}
METERED_TERMS: Final = {months: Decimal(0) for months in MONTHLY_TERMS}
YEARLY_TERMS: Final = {12: Decimal(0)}
WORK_TERMS: Final = {1: Decimal(0)}

HOURS_PER_MONTH: Final = Decimal(730)  # the usual mean: 8,760 hours over 12 months
RATE_PLACES: Final = Decimal("0.00000001")
# 70 % of the anchors in demo.json: 0.1764 and 0.0221 CNY an hour
VCPU_HOUR: Final = Decimal("0.12348")
GIB_HOUR: Final = Decimal("0.01547")

# unit in demo.json → meter, unit shown, name, name in English
METERS: Final = {
    "卡/小时": ("gpu_hours", "卡·小时", "算力卡用量", "Accelerator use"),
    "GiB/月": ("gib_hours", "GiB·小时", "存储用量", "Storage use"),
    "GB": ("traffic_gb", "GB", "流量", "Traffic"),
    "分钟": ("video_minutes", "分钟", "转码时长", "Minutes transcoded"),
    "万字/次": ("ten_thousand_characters", "万字", "翻译字数", "Characters translated"),
}


def plan_prices(offering: Mapping[str, Any]) -> list[PlanDraft]:
    """The plans of an offering of demo.json."""
    price = offering["price"]
    unit, net, vat_rate = price["unit"], Decimal(price["min_excl_vat"]), Decimal(price["vat_rate"])
    if offering["id"] in RICHER:
        return [RICHER[offering["id"]](plan) for plan in _plain_prices(offering, unit=unit, net=net, vat_rate=vat_rate)]
    return _plain_prices(offering, unit=unit, net=net, vat_rate=vat_rate)


def agreed_prices(plans: Sequence[PlanDraft], *, share: Decimal) -> list[PlanDraft]:
    """The same plans at a share of their prices, to the fen: what a demo buyer has negotiated, or a new list price."""

    def change(one: ComponentDraft) -> ComponentDraft:
        step = Decimal("0.01") if one.unit_price >= 1 else RATE_PLACES
        return replace(one, unit_price=(one.unit_price * share).quantize(step))

    return [replace(plan, components=[change(one) for one in plan.components]) for plan in plans]


def _plain_prices(offering: Mapping[str, Any], *, unit: str, net: Decimal, vat_rate: Decimal) -> list[PlanDraft]:
    if unit in METERS:
        return [_metered(unit=unit, net=net, vat_rate=vat_rate)]
    what, _, per = unit.partition("/")
    if per == "月":
        plans = [_monthly(unit=f"{what}·月", net=net, vat_rate=vat_rate)]
        if offering["category"] == "云主机":
            plans.append(_hourly(vat_rate=vat_rate))
        return plans
    if per == "年":
        return [_once("yearly", "包年", "By the year", f"{what}·年", YEARLY_TERMS, net=net, vat_rate=vat_rate)]
    return [_once("once", "一次性", "One-time", unit, WORK_TERMS, net=net, vat_rate=vat_rate)]


def _monthly(*, unit: str, net: Decimal, vat_rate: Decimal) -> PlanDraft:
    fee = ComponentDraft("monthly_fee", "月费", "recurring", unit, net, vat_rate, name_en="Monthly fee")
    return PlanDraft("monthly", "包月", [fee], MONTHLY_TERMS, name_en="By the month")


def _hourly(*, vat_rate: Decimal) -> PlanDraft:
    parts = [
        ComponentDraft(
            "vcpu_hours",
            "vCPU 用量",
            "metered",
            "vCPU·小时",
            VCPU_HOUR,
            vat_rate,
            meter="vcpu_hours",
            name_en="vCPU use",
        ),
        ComponentDraft(
            "gib_hours", "内存用量", "metered", "GiB·小时", GIB_HOUR, vat_rate, meter="gib_hours", name_en="Memory use"
        ),
    ]
    return PlanDraft("metered", "按量", parts, METERED_TERMS, name_en="Pay as you go")


def _metered(*, unit: str, net: Decimal, vat_rate: Decimal) -> PlanDraft:
    meter, shown, name, name_en = METERS[unit]
    rate = (net / HOURS_PER_MONTH).quantize(RATE_PLACES) if meter == "gib_hours" else net
    use = ComponentDraft(meter, name, "metered", shown, rate, vat_rate, meter=meter, name_en=name_en)
    return PlanDraft("metered", "按量", [use], METERED_TERMS, name_en="Pay as you go")


def _once(
    code: str, name: str, name_en: str, unit: str, terms: Mapping[int, Decimal], *, net: Decimal, vat_rate: Decimal
) -> PlanDraft:
    fee = ComponentDraft("fee", name, "one_time", unit, net, vat_rate, name_en=name_en)
    return PlanDraft(code, name, [fee], terms, name_en=name_en)


def _change(plan: PlanDraft, **fields: Any) -> PlanDraft:
    """The plan with other fields on its one component."""
    return replace(plan, components=[replace(plan.components[0], **fields)])


def _by_tiers(bounds: Mapping[str, str], *, model: str) -> Callable[[PlanDraft], PlanDraft]:
    """Tiers of the plain price: upper bound → share of it; "" without end."""

    def change(plan: PlanDraft) -> PlanDraft:
        price = plan.components[0].unit_price
        step = Decimal("0.01") if price >= 1 else RATE_PLACES
        tiers = [
            Tier(Decimal(up_to) if up_to else None, (price * Decimal(share)).quantize(step))
            for up_to, share in bounds.items()
        ]
        return _change(plan, model=model, unit_price=Decimal(0), tiers=tiers)

    return change


# Offerings with more than one plain price. Object storage: 1 and 10 TiB through a month of 730 hours.
RICHER: Final[Mapping[str, Callable[[PlanDraft], PlanDraft]]] = {
    "OF014": _by_tiers({"747520": "1", "7475200": "0.9", "": "0.8"}, model="graduated"),
    "OF025": _by_tiers({"50": "1", "200": "0.9", "": "0.8"}, model="volume"),
    "OF037": lambda plan: _change(
        plan,
        model="package",
        unit_price=plan.components[0].unit_price * 100,
        package_size=Decimal(100),
        included_quantity=Decimal(500),
    ),
    "OF038": lambda plan: _change(plan, minimum_amount=Decimal(30), maximum_amount=Decimal(20_000)),
}
