"""Specs of an offering against the schema of its category, and how they are shown.

The schema is `taxonomy.queries.schema_of`; the values are JSON in `Product.specs`. Nothing here touches the database:
an import checks 20,000 rows against schemas it has read once.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from listings import wording
from marketplace.organisations import errors

MAX_TEXT: Final = 200
LARGEST: Final = 10**9
NUMBERS: Final = ("integer", "float")
UNPRINTABLE: Final = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


class InvalidSpecs(errors.Refused):
    """A spec is unknown to the schema, of another type or out of bounds; the message names it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values that a spec of type `option` may take."""

    value: str
    name: str
    name_en: str

    @property
    def label(self) -> str:
        """The option in the reader's language."""
        return wording.choose(self.name, self.name_en) or self.value


@dataclass(frozen=True, slots=True)
class Spec:
    """One specification in the schema of a category. `kind`: text, integer, float, boolean or option."""

    code: str
    name: str
    name_en: str
    kind: str
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    options: tuple[Option, ...] = ()
    better: str = ""
    is_required: bool = False
    is_facet: bool = False
    is_compared: bool = True

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return wording.choose(self.name, self.name_en)

    def write(self, value: Any) -> str:
        """A value of this spec for people: "1,536 GiB", "是", "三可用区"."""
        if self.kind == "option":
            return next((option.label for option in self.options if option.value == value), str(value))
        return write_value(value, unit=wording.write_unit(self.unit))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one spec. `kind`: unknown, type, bounds, option or missing; `message` names the remedy."""

    code: str
    kind: str
    message: str


def check(*, values: Mapping[str, Any], schema: Iterable[Spec]) -> dict[str, Any]:
    """`values` as they are stored: each known to the schema, of its type, within its bounds.

    Raises InvalidSpecs (field: the code) for the first that is not. What is required and missing is no error: a draft
    may be incomplete; see `find_problems`.
    """
    schema = tuple(schema)
    for problem in find_problems(values=values, schema=schema):
        if problem.kind != "missing":
            raise InvalidSpecs(problem.message, field=problem.code)
    known = {spec.code for spec in schema}
    return {code: value for code, value in values.items() if code in known}


def find_problems(*, values: Mapping[str, Any], schema: Iterable[Spec]) -> list[Problem]:
    """Everything that is wrong with `values`, in the order of `values`; then what is required and missing."""
    known = {spec.code: spec for spec in schema}
    problems = []
    for code, value in values.items():
        spec = known.get(code)
        if spec is None:
            problems.append(_unknown(code, known.values()))
            continue
        problem = find_problem(value=value, spec=spec)
        if problem is not None:
            problems.append(problem)
    for spec in known.values():
        if spec.is_required and spec.code not in values:
            message = _("%(name)s is missing. State it: offerings of this category are compared by it.")
            problems.append(Problem(code=spec.code, kind="missing", message=message % {"name": spec.label}))
    return problems


def find_problem(*, value: Any, spec: Spec) -> Problem | None:
    """What is wrong with one value, or None."""
    if not _fits(value, kind=spec.kind):
        message = _("%(name)s must be %(kind)s, not “%(value)s”.")
        words = {"name": spec.label, "kind": _expected(spec.kind), "value": _shorten(value)}
        return Problem(code=spec.code, kind="type", message=message % words)
    if spec.kind == "option" and spec.options and all(value != option.value for option in spec.options):
        message = _("%(name)s cannot be “%(value)s”. Choose one of: %(options)s.")
        options = ", ".join(f"{option.label} ({option.value})" for option in spec.options)
        words = {"name": spec.label, "value": _shorten(value), "options": options}
        return Problem(code=spec.code, kind="option", message=message % words)
    if spec.kind in NUMBERS:
        if spec.minimum is not None and value < spec.minimum:
            message = _("%(name)s must be at least %(bound)s, not %(value)s.")
            return Problem(code=spec.code, kind="bounds", message=message % _bound(spec, spec.minimum, value))
        if spec.maximum is not None and value > spec.maximum:
            message = _("%(name)s must be at most %(bound)s, not %(value)s.")
            return Problem(code=spec.code, kind="bounds", message=message % _bound(spec, spec.maximum, value))
    return None


def write_value(value: Any, *, unit: str) -> str:
    """A spec for people: "1,536 GiB", "是", "400G RoCE"."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, int | float | Decimal):
        exact = Decimal(str(value)).normalize()
        exponent = exact.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        value = number_format(exact, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{value} {unit}".strip()


def _fits(value: Any, *, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT and _is_plain(value)


def _is_plain(text: str) -> bool:
    """Whether a text holds no control characters. Mongolian needs its own spaces and separators, so not isprintable."""
    return text.isprintable() or not any(unicodedata.category(one) in UNPRINTABLE for one in text)


def _expected(kind: str) -> str:
    return {
        "boolean": _("yes or no"),
        "integer": _("a whole number from 0 to %(most)s") % {"most": LARGEST},
        "float": _("a number from 0 to %(most)s") % {"most": LARGEST},
        "option": _("one of its options"),
    }.get(kind, _("a text of 1 to %(most)s characters in one line") % {"most": MAX_TEXT})


def _bound(spec: Spec, bound: Decimal, value: Any) -> dict[str, str]:
    return {"name": spec.label, "bound": spec.write(bound), "value": spec.write(value)}


def _shorten(value: Any) -> str:
    text = "".join(one if one.isprintable() else " " for one in str(value))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _unknown(code: str, known: Iterable[Spec]) -> Problem:
    message = _("“%(code)s” is not a specification of this category. Leave it out, or use one of: %(known)s.")
    words = {"code": _shorten(code), "known": ", ".join(spec.code for spec in known)}
    return Problem(code=code, kind="unknown", message=message % words)
