"""Bands: numbers that are filtered by in steps. A band is written "low-high", low included, high not; either may be
missing. The steps are fixed, so that an address means the same tomorrow.
"""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# PUE: GB 40879-2021 asks for 1.5, 1.3 and 1.2 at most for levels 3, 2 and 1; new centres of hub nodes for 1.2 or 1.25.
# SLA: the months' minutes lost that buyers know. Lead time: at once, days, a week, a month.
STEPS: Final[dict[str, tuple[Decimal, ...]]] = {
    "pue": tuple(map(Decimal, ("1.2", "1.25", "1.3", "1.5"))),
    "green": tuple(map(Decimal, ("30", "50", "80"))),
    "sla": tuple(map(Decimal, ("99.5", "99.9", "99.95", "99.99"))),
    "lead": tuple(map(Decimal, ("2", "4", "8", "31"))),
}
# Numbers of any size, for specifications with more values than a list can show.
DECADES: Final = tuple(Decimal(step).scaleb(power) for power in range(-3, 10) for step in (1, 2, 5))
BEST_FIRST: Final = {"green", "sla"}


def band_of(number: Any, steps: Sequence[Decimal]) -> str:
    """The band a number falls into."""
    exact = Decimal(str(number))
    place = bisect_right(steps, exact)
    low = write(steps[place - 1]) if place else ""
    high = write(steps[place]) if place < len(steps) else ""
    return f"{low}-{high}"


def list_bands(steps: Sequence[Decimal]) -> list[str]:
    """All bands of these steps, ascending."""
    edges = ["", *map(write, steps), ""]
    return [f"{low}-{high}" for low, high in pairwise(edges)]


def bands_of(kind: str) -> list[str]:
    """The bands of a kind of condition, the most wanted first."""
    bands = list_bands(STEPS[kind])
    return bands[::-1] if kind in BEST_FIRST else bands


def write(number: Any) -> str:
    """A number as an address holds it: no exponent, no idle zeros."""
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def label_of(kind: str, band: str) -> str:
    """A band in words."""
    low, _dash, high = band.partition("-")
    if kind == "lead":
        return _label_days(low, high)
    percent = "%" if kind in ("green", "sla") else ""
    if not low:
        return _("below %(high)s") % {"high": high + percent}
    if not high:
        return _("%(low)s and above") % {"low": low + percent}
    return _("%(low)s to below %(high)s") % {"low": low + percent, "high": high + percent}


LEAD_LABELS: Final[dict[str, Promise]] = {
    "-2": gettext_lazy("within 1 day"),
    "2-4": gettext_lazy("2 to 3 days"),
    "4-8": gettext_lazy("4 to 7 days"),
    "8-31": gettext_lazy("8 to 30 days"),
    "31-": gettext_lazy("more than 30 days"),
}


def _label_days(low: str, high: str) -> str:
    return str(LEAD_LABELS[f"{low}-{high}"])
