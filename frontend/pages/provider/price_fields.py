"""Which fields a price has by its model, and what the form calls them."""

from typing import Final

from django.utils.translation import gettext_lazy

KINDS: Final = [
    ("recurring", gettext_lazy("Per month")),
    ("one_time", gettext_lazy("One-time")),
    ("metered", gettext_lazy("Metered")),
]
NO_END: Final = "*"
SAVE: Final = "save"
# Which figures a price model reads: the form shows these and no others.
FIGURES: Final[dict[str, tuple[str, ...]]] = {
    "flat": ("unit_price",),
    "per_unit": ("unit_price",),
    "graduated": ("tiers",),
    "volume": ("tiers",),
    "package": ("unit_price", "package_size"),
    "percentage": ("unit_price", "tiers"),
}
LIMITS: Final = ("included_quantity", "minimum_amount", "maximum_amount")
PRICES: Final = {
    "flat": gettext_lazy("Price without tax, whatever the quantity"),
    "per_unit": gettext_lazy("Price of a unit, without tax"),
    "package": gettext_lazy("Price of a package, without tax"),
    "percentage": gettext_lazy("Share of the amount: 0.06 is 6 %"),
}
# Fields of a refusal (`drafts.InvalidPriceBook.part`) that the form calls otherwise.
PARTS: Final = {"vat_rate": "vat_percent"}
