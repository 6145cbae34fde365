"""The conditions beside the results: the values of each kind, with the number of results each leads to.

A kind counts with all conditions but its own, so that its other values can still be chosen; the number beside a value
is the number of results if that value alone were chosen of its kind. Values that lead to nothing are left out, unless
they are chosen.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import combinations
from math import comb
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from listings import wording
from listings.prices import normalised
from listings.search import bands
from listings.search import filters as conditions_of
from listings.search import schema as schemas
from listings.search.filters import SPEC, CatalogueFilters
from listings.search.index import Matches
from listings.search.schema import Schema, Spec

MOST_NUMBERS: Final = 12  # a number with more values than this is shown in bands
MOST_RELAXATIONS: Final = 6
MOST_COMBINATIONS: Final = 500
LABELS: Final[dict[str, Promise]] = {
    "words": gettext_lazy("Search"),
    "recommended": gettext_lazy("Scope"),
    "service": gettext_lazy("Service type"),
    "category": gettext_lazy("Resource category"),
    "region": gettext_lazy("Data centre location"),
    "deployment": gettext_lazy("Deployment model"),
    "mlps": gettext_lazy("Security level"),
    "price": gettext_lazy("Listed price, CNY with tax"),
    "price_band": gettext_lazy("Price per normalised unit"),
    "sla": gettext_lazy("Availability (SLA)"),
    "pue": gettext_lazy("Measured PUE"),
    "green": gettext_lazy("Share of green power"),
    "lead": gettext_lazy("Ready in"),
    "domain": gettext_lazy("Solution domain"),
    "language": gettext_lazy("Described also in"),
}
LANGUAGES: Final[dict[str, Promise]] = {"en": gettext_lazy("English"), "mn": gettext_lazy("Mongolian")}
BANDED: Final = ("sla", "pue", "green", "lead")
OPEN: Final = ("service", "category", "region", "mlps")  # the kinds whose groups stand open


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a kind: `count` results if it were chosen. `level` 1 hangs below the one before it."""

    value: str
    label: str
    count: int
    checked: bool
    level: int = 0


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of condition with its values."""

    name: str
    label: str
    options: tuple[Option, ...]
    is_open: bool

    @property
    def chosen(self) -> int:
        return sum(option.checked for option in self.options)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Conditions to give up together, and how many results there would be without them."""

    kinds: tuple[str, ...]
    label: str
    count: int
    filters: CatalogueFilters


def build(*, schema: Schema, filters: CatalogueFilters, matches: Matches) -> tuple[Facet, ...]:
    """The kinds with something to choose, in the order shown; specifications after the category they belong to."""
    facets = []
    for kind in conditions_of.KINDS:
        facets.append(_facet(kind, schema=schema, filters=filters, counted=matches.count(kind)))
        if kind == "category":
            facets += [
                _facet(f"{SPEC}{spec.code}", schema=schema, filters=filters, counted=counted, spec=spec)
                for spec in _specs_to_show(schema, filters, matches)
                if (counted := matches.count(f"{SPEC}{spec.code}")) or filters.values(f"{SPEC}{spec.code}")
            ]
    return tuple(facet for facet in facets if facet.options)


def _specs_to_show(schema: Schema, filters: CatalogueFilters, matches: Matches) -> list[Spec]:
    """What filters in the one category that is chosen or that all results share, and what is chosen already."""
    slugs = filters.values("category") or tuple(matches.count("category"))
    specs = {spec.code: spec for spec in schema.list_facets(slugs[0])} if len(slugs) == 1 else {}
    for kind, _values in filters.chosen:
        code = kind.removeprefix(SPEC)
        found = schema.find_spec(code) if kind.startswith(SPEC) else None
        if found is not None:
            specs.setdefault(code, found)
    return list(specs.values())


def _facet(
    kind: str, *, schema: Schema, filters: CatalogueFilters, counted: dict[str, int], spec: Spec | None = None
) -> Facet:
    chosen = filters.values(kind)
    name = labeller(kind, schema=schema)
    shown = _values_in_order(kind, {*counted, *chosen}, schema=schema, spec=spec, chosen=chosen)
    return Facet(
        name=kind,
        label=label_of_kind(kind, schema=schema),
        options=tuple(
            Option(
                value=value,
                label=name(value),
                count=counted.get(value, 0),
                checked=value in chosen,
                level=1 if kind == "region" and schema.divisions.get(value, ("", None))[1] else 0,
            )
            for value in shown
        ),
        is_open=kind in OPEN or bool(chosen) or spec is not None,
    )


def _values_in_order(
    kind: str, values: set[str], *, schema: Schema, spec: Spec | None, chosen: Sequence[str]
) -> list[str]:
    if spec is not None:
        return _spec_values(values, spec=spec, chosen=chosen)
    orders: dict[str, Iterable[str]] = {
        "service": conditions_of.SERVICES,
        "category": schema.by_slug,
        "region": schema.divisions,
        "deployment": wording.DEPLOYMENT_MODELS,
        "mlps": map(str, wording.MLPS_LEVELS),
        "price_band": schema.price_bands,
        "domain": schema.domains,
        "language": conditions_of.LANGUAGES,
    }
    order = orders[kind] if kind in orders else bands.bands_of(kind)
    known = [value for value in order if value in values]
    return known + sorted(values.difference(known))


def _spec_values(values: set[str], *, spec: Spec, chosen: Sequence[str]) -> list[str]:
    if spec.type not in ("integer", "float"):
        order = {value: place for place, value in enumerate(spec.options)}
        return sorted(values, key=lambda value: (order.get(value, len(order)), value))
    exact = {value for value in values if "-" not in value}
    shown = exact if len(exact) <= MOST_NUMBERS else values - exact
    return sorted({*shown, *chosen}, key=_number_in)


def _number_in(value: str) -> tuple[Decimal, str]:
    try:
        return Decimal(value.partition("-")[0] or "-1"), value
    except InvalidOperation:
        return Decimal(-1), value


def label_of_kind(kind: str, *, schema: Schema) -> str:
    """A kind in the reader's words."""
    if not kind.startswith(SPEC):
        return str(LABELS[kind])
    spec = schema.find_spec(kind.removeprefix(SPEC))
    return wording.choose(spec.name, spec.name_en) if spec else kind.removeprefix(SPEC)


def label_of(kind: str, value: str, *, schema: Schema) -> str:
    """A value in the reader's words."""
    return labeller(kind, schema=schema)(value)


def labeller(kind: str, *, schema: Schema) -> Callable[[str], str]:
    """What puts the values of a kind into the reader's words."""
    if kind.startswith(SPEC):
        return partial(_label_spec, schema.find_spec(kind.removeprefix(SPEC)))
    if kind in BANDED:
        return partial(bands.label_of, kind)
    labellers: dict[str, Callable[[str], str]] = {
        "category": partial(_name_category, schema),
        "region": lambda value: schema.divisions.get(value, (value, None))[0],
        "domain": lambda value: wording.choose(*schema.domains.get(value, (value, ""))),
        "price_band": _label_price_band,
        "price": partial(_money_band, is_inclusive=True),
        "deployment": lambda value: str(wording.DEPLOYMENT_MODELS.get(value, value)),
        "mlps": lambda value: str(wording.MLPS_LEVELS.get(int(value), value)),
        "language": lambda value: str(LANGUAGES[value]),
        "service": lambda value: str(wording.SERVICES[value]),
    }
    return labellers[kind]


def _name_category(schema: Schema, slug: str) -> str:
    category = schema.by_slug.get(slug)
    return wording.choose(category.name, category.name_en) if category else slug


def _label_price_band(value: str) -> str:
    unit, _colon, band = value.partition(":")
    return _("%(band)s per %(unit)s") % {
        "band": _money_band(band),
        "unit": normalised.NORMAL_UNITS[unit].label if unit in normalised.NORMAL_UNITS else unit,
    }


def _money_band(band: str, *, is_inclusive: bool = False) -> str:
    low, _dash, high = band.partition("-")
    if not low:
        return (_("up to ¥%(high)s") if is_inclusive else _("below ¥%(high)s")) % {"high": high}
    if not high:
        return _("¥%(low)s and above") % {"low": low}
    return _("¥%(low)s–%(high)s") % {"low": low, "high": high}


def _label_spec(spec: Spec | None, value: str) -> str:
    if spec is None:
        return value
    if spec.type == "boolean":
        return _("Yes") if value == "true" else _("No")
    unit = wording.write_unit(spec.unit)
    if spec.type in ("integer", "float"):
        band = bands.label_of("spec", value) if "-" in value else value
        return f"{band} {unit}".strip()
    return schemas.write_option(spec, value)


def list_relaxations(*, schema: Schema, filters: CatalogueFilters, matches: Matches) -> list[Relaxation]:
    """What to give up to find something: one condition; where no single one helps, two; then more.

    Those that keep the most conditions come first, among them those that give the most results.
    """
    kinds = filters.kinds()
    for size in range(1, len(kinds) + 1):
        if comb(len(kinds), size) > MOST_COMBINATIONS:
            break
        found = [
            Relaxation(
                kinds=given_up,
                label=_(" and ").join(label_of_kind(kind, schema=schema) for kind in given_up),
                count=count,
                filters=_without(filters, given_up),
            )
            for given_up in combinations(kinds, size)
            if (count := matches.without(*given_up).bit_count())
        ]
        if found:
            return sorted(found, key=lambda one: -one.count)[:MOST_RELAXATIONS]
    return _keep_what_fits(kinds, schema=schema, filters=filters, matches=matches)


def _keep_what_fits(
    kinds: tuple[str, ...], *, schema: Schema, filters: CatalogueFilters, matches: Matches
) -> list[Relaxation]:
    """For very many conditions: keep one after the other as long as something is left; one answer."""
    given_up = list(kinds)
    for kind in kinds:
        rest = [one for one in given_up if one != kind]
        if matches.without(*rest):
            given_up = rest
    count = matches.without(*given_up).bit_count()
    if not count:
        return []
    label = _(" and ").join(label_of_kind(kind, schema=schema) for kind in given_up)
    return [Relaxation(kinds=tuple(given_up), label=label, count=count, filters=_without(filters, given_up))]


def _without(filters: CatalogueFilters, kinds: Iterable[str]) -> CatalogueFilters:
    for kind in kinds:
        filters = filters.without(kind)
    return filters
