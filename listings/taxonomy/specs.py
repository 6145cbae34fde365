"""Specs of an offering against the schema of its service type, and how they are shown.

The schema is Oscar's product attributes with a unit and an order; the values are JSON in `Product.specs`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from marketplace.organisations import errors

if TYPE_CHECKING:
    from listings.models import ProductAttribute

MAX_TEXT = 200
LARGEST = 10**9


class InvalidSpecs(errors.Refused):
    """A spec is unknown to the schema or of another type; the message names it."""


def check(*, values: Mapping[str, Any], schema: Iterable["ProductAttribute"]) -> dict[str, Any]:
    """`values` as they are stored, each of the type its schema names. Raises InvalidSpecs (field: the code)."""
    known = {entry.code: entry for entry in schema}
    checked = {}
    for code, value in values.items():
        if code not in known:
            raise InvalidSpecs(
                _("%(code)s is not a specification of this service type. Leave it out.") % {"code": code}, field=code
            )
        if not _fits(value, kind=known[code].type):
            raise InvalidSpecs(
                _("%(code)s must be of type %(type)s, not %(value)s.")
                % {"code": code, "type": known[code].type, "value": str(value)[:MAX_TEXT]},
                field=code,
            )
        checked[code] = value
    return checked


def _fits(value: Any, *, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def write_value(value: Any, *, unit: str) -> str:
    """A spec for people: "1,536 GiB", "是", "400G RoCE"."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float):
        exact = Decimal(str(value)).normalize()
        exponent = exact.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        value = number_format(exact, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{value} {unit}".strip()
