"""Price models in words: the rows of a charge, and what a component asks for, as pages, invoices and exports say it."""

from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import decimals, tiers
from billing.rules.tiers import Line
from listings import wording

MODELS: Final[dict[str, Promise]] = {
    "per_unit": gettext_lazy("Per unit"),
    "flat": gettext_lazy("Flat"),
    "graduated": gettext_lazy("Graduated: each tier at its own price"),
    "volume": gettext_lazy("Volume: all units at the price of the tier reached"),
    "package": gettext_lazy("By the package; a package that is begun is paid in full"),
    "percentage": gettext_lazy("Percentage of the amount measured"),
}

AGGREGATIONS: Final[dict[str, Promise]] = {
    "sum": gettext_lazy("Sum of what was reported"),
    "count": gettext_lazy("Number of reports"),
    "max": gettext_lazy("Highest reading of the month"),
    "latest": gettext_lazy("Last reading of the month"),
    "unique": gettext_lazy("Number of different values"),
    "weighted_sum": gettext_lazy("Level × hours"),
    "weighted_average": gettext_lazy("Average level of the month"),
}


def name_line(*, line: Line, unit: str) -> str:
    """What a row of a charge is for; "" for the plain price of a component."""
    return name_part(part=line.part, tier=line.tier, above=line.above, up_to=line.up_to, unit=unit)


def name_part(*, part: str, tier: int, above: Decimal, up_to: Decimal | None, unit: str) -> str:
    """As `name_line`, from the values that a charge keeps."""
    words = {
        tiers.INCLUDED: _("Included"),
        tiers.MINIMUM: _("Up to the minimum"),
        tiers.MAXIMUM: _("Down to the maximum"),
        tiers.EXIT_FEE: _("Fee for leaving"),
    }
    if part in words:
        return words[part]
    if not tier:
        return ""
    span = name_span(above=above, up_to=up_to, unit=unit)
    if part == tiers.FLAT_PART:
        return _("Tier %(tier)s (%(span)s), flat") % {"tier": tier, "span": span}
    return _("Tier %(tier)s (%(span)s)") % {"tier": tier, "span": span}


def name_span(*, above: Decimal, up_to: Decimal | None, unit: str) -> str:
    """The bounds of a tier: the lower one is not in it, the upper one is."""
    shown = {"above": _figure(above), "unit": wording.write_unit(unit)}
    if up_to is None:
        return _("above %(above)s %(unit)s") % shown if above else _("any quantity")
    shown["up_to"] = _figure(up_to)
    return _("above %(above)s up to %(up_to)s %(unit)s") % shown if above else _("up to %(up_to)s %(unit)s") % shown


def name_package(*, size: Decimal | None, unit: str) -> str:
    """A package as a unit: "100 GB"."""
    return f"{decimals.format_plain(size)} {unit}" if size is not None else unit


def _figure(value: Decimal) -> str:
    plain = decimals.format_plain(value)
    whole, _dot, rest = plain.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest else "")
