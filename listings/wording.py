"""Words for what offerings store as codes or in Chinese: units, deployment models, levels, resources."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

DEPLOYMENT_MODELS: Final[dict[str, Promise]] = {
    "public": _("Public cloud"),
    "private": _("Private cloud"),
    "hybrid": _("Hybrid cloud"),
    "community": _("Community cloud"),
}

CHINESE: Final = "zh-Hans"
SERVICES: Final[dict[str, Promise]] = {
    "iaas": _("IaaS"),
    "paas": _("PaaS"),
    "saas": _("SaaS"),
    "value_added": _("Value-added"),
    "project": _("Project work"),
}

# The states of an offering and of its versions.
STATES: Final[dict[str, Promise]] = {
    "draft": _("Draft"),
    "submitted": _("Submitted"),
    "in_review": _("In review"),
    "returned": _("Returned"),
    "published": _("Published"),
    "superseded": _("Superseded"),
    "frozen": _("Frozen"),
    "withdrawn": _("Withdrawn"),
}
SUPPORT: Final[dict[str, Promise]] = {
    "5x8": _("5 × 8 hours"),
    "7x12": _("7 × 12 hours"),
    "7x24": _("7 × 24 hours"),
}

MLPS_LEVELS: Final[dict[int, Promise]] = {
    1: _("MLPS level 1"),
    2: _("MLPS level 2"),
    3: _("MLPS level 3"),
    4: _("MLPS level 4"),
    5: _("MLPS level 5"),
}

# Units stand in price books in Chinese, as on the invoices; these are their English readings.
UNITS_IN_ENGLISH: Final[dict[str, str]] = {
    "台·月": "unit·month",
    "套·月": "set·month",
    "条·月": "circuit·month",
    "架·月": "rack·month",
    "实例·月": "instance·month",
    "集群·月": "cluster·month",
    "万次·月": "10,000 calls·month",
    "Mbps·月": "Mbps·month",
    "套·年": "set·year",
    "人·年": "seat·year",
    "账套·年": "ledger·year",
    "社区·年": "community·year",
    "企业·年": "company·year",
    "机构·年": "institution·year",
    "校·年": "school·year",
    "席·年": "seat·year",
    "人天": "person-day",
    "系统": "system",
    "卡·小时": "card·hour",
    "GiB·小时": "GiB·hour",
    "vCPU·小时": "vCPU·hour",
    "分钟": "minute",
    "万字": "10,000 characters",
    "小时": "h",
    "核": "cores",
    "卡": "cards",
    "台": "units",
    "架": "racks",
    "条": "circuits",
    "人天/月": "person-days/month",
}

RESOURCES: Final[dict[str, Promise]] = {
    "vcpu": _("vCPU"),
    "ram_gib": _("Memory, GiB"),
    "storage_gib": _("Storage, GiB"),
    "bare_metal": _("Bare-metal servers"),
    "gpu": _("GPU cards"),
    "npu": _("NPU cards"),
    "racks": _("Racks"),
    "liquid_racks": _("Liquid-cooled racks"),
    "bandwidth_mbps": _("Bandwidth, Mbps"),
    "circuits": _("Circuits"),
    "person_days": _("Person-days"),
}

RESOURCE_UNITS: Final[dict[str, str]] = {
    "vcpu": "vCPU",
    "ram_gib": "GiB",
    "storage_gib": "GiB",
    "bare_metal": "台",
    "gpu": "卡",
    "npu": "卡",
    "racks": "架",
    "liquid_racks": "架",
    "bandwidth_mbps": "Mbps",
    "circuits": "条",
    "person_days": "人天",
}


def is_chinese() -> bool:
    """Whether the reader's language is Chinese, the language of the listings themselves."""
    return (get_language() or "zh").startswith("zh")


def write_unit(unit: str) -> str:
    """A unit in the reader's language; one that is not known stays as the provider wrote it."""
    return unit if is_chinese() else UNITS_IN_ENGLISH.get(unit, unit)


def choose(name: str, name_en: str) -> str:
    """The name in the reader's language; without an English one, the Chinese one."""
    return name if is_chinese() or not name_en else name_en


@dataclass(frozen=True, slots=True)
class Text:
    """A title or summary as a reader gets it. `lang` is set where it is not the page's language: a fallback."""

    text: str
    lang: str = ""

    @property
    def is_fallback(self) -> bool:
        """Whether the reader's language was missing, so that the page says so and marks the language."""
        return bool(self.lang)

    def __str__(self) -> str:
        return self.text


def choose_text(text: str, text_en: str) -> Text:
    """The text in the reader's language; without an English one, the Chinese one, marked as such."""
    if is_chinese():
        return Text(text)
    return Text(text_en) if text_en else Text(text, lang=CHINESE if text else "")
