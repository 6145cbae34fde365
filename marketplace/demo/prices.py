"""Price books of the sample offerings, derived from the one price that demo.json gives each.

Per month → recurring with term discounts; per year → once per term of 12 months; by use → metered; work → once.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

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
