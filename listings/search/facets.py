"""Facet counts: how many offerings each condition would lead to. One statement, whatever the number of facets.

A facet counts with all conditions but its own, so that its other values can still be chosen; the count beside a value
is the number of results if that value alone were chosen in its facet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import CharField, Count, F, Func, Q, Value
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from listings import wording
from listings.models import Product
from listings.search import filters as conditions_of
from listings.search.filters import CatalogueFilters

BLANK: Final = Value("")
LABELS: Final[dict[str, Promise]] = {
    "words": _("Search"),
    "service": _("Service type"),
    "category": _("Resource category"),
    "region": _("Data centre location"),
    "deployment": _("Deployment model"),
    "mlps": _("Security level"),
    "recommended": _("Scope"),
}


class Unnest(Func):
    """One row for each element of an array."""

    function = "unnest"
    set_returning = True
    output_field = CharField()


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet: `count` results if it were chosen."""

    value: str
    label: str
    count: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """One kind of condition with its values."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """All counts of a search. `recommended`: results if only recommended offerings were shown."""

    total: int
    providers: int
    recommended: int
    by_kind: dict[str, dict[str, tuple[str, str, int]]]  # kind → value → (position, label, count)


def count(*, filters: CatalogueFilters) -> Counts:
    """Count everything a catalogue page shows beside its results, in one query."""
    name = "name" if wording.is_chinese() else "name_en"
    parts = [
        _group(filters, "service", value=F("service_model")),
        _group(
            filters,
            "category",
            value=F("main_category__slug"),
            label=F(f"main_category__{name}"),
            position=F("main_category__path"),
        ),
        _group(
            filters,
            "region",
            value=F("data_centre__county__prefecture_id"),
            label=F("data_centre__county__prefecture__name"),
            position=F("data_centre__county__prefecture_id"),
        ),
        _group(filters, "deployment", value=Unnest("deployment_models")),
        _group(filters, "mlps", value=Cast("data_centre__mlps_level", CharField())),
        _figure(conditions_of.conditions(filters), "total", Count("pk")),
        _figure(conditions_of.conditions(filters), "providers", Count("partner", distinct=True)),
        _figure(
            conditions_of.conditions(filters, leave_out="recommended") & Q(is_recommended=True),
            "recommended",
            Count("pk"),
        ),
    ]
    by_kind: dict[str, dict[str, tuple[str, str, int]]] = {kind: {} for kind in conditions_of.KINDS}
    figures = {"total": 0, "providers": 0, "recommended": 0}
    for kind, value, label, position, number in parts[0].union(*parts[1:], all=True):
        if kind in figures:
            figures[kind] = number
        elif value:
            by_kind[kind][value] = (position or "", label or "", number)
    return Counts(by_kind=by_kind, **figures)


def build(*, filters: CatalogueFilters, counts: Counts, names: dict[tuple[str, str], str]) -> list[Facet]:
    """The facets as a page shows them. Values that count nothing are left out, unless they are chosen.

    `names`: (kind, value) → label for chosen values, which may count nothing.
    """
    facets = []
    for kind in conditions_of.KINDS:
        counted = counts.by_kind[kind]
        chosen = filters.values(kind)
        values = [*_in_order(kind, counted), *(value for value in chosen if value not in counted)]
        options = tuple(
            Option(
                value=value,
                label=label_of(kind=kind, value=value, stored=counted.get(value, ("", "", 0))[1], names=names),
                count=counted.get(value, ("", "", 0))[2],
                checked=value in chosen,
            )
            for value in values
        )
        if options:
            facets.append(Facet(name=kind, label=str(LABELS[kind]), options=options))
    return facets


def label_of(*, kind: str, value: str, stored: str = "", names: dict[tuple[str, str], str]) -> str:
    """A value in the reader's words."""
    if kind == "service":
        return str(Product.ServiceModel(value).label)
    if kind == "deployment":
        return str(wording.DEPLOYMENT_MODELS.get(value, value))
    if kind == "mlps":
        return str(wording.MLPS_LEVELS.get(int(value), value))
    return stored or names.get((kind, value), value)


def count_without(*, filters: CatalogueFilters) -> dict[str, int]:
    """For each kind of condition in force: how many results there were without it; for an empty page. One query."""
    parts = [
        _figure(conditions_of.conditions(filters, leave_out=kind), kind, Count("pk"))
        for kind in conditions_of.ALL_KINDS
        if filters.values(kind)
    ]
    if not parts:
        return {}
    return {row[0]: row[4] for row in (parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])}


def _in_order(kind: str, counted: dict[str, tuple[str, str, int]]) -> Iterable[str]:
    fixed = {"service": conditions_of.SERVICES, "deployment": tuple(wording.DEPLOYMENT_MODELS)}.get(kind)
    if fixed is not None:
        return [value for value in fixed if value in counted]
    return sorted(counted, key=lambda value: (counted[value][0], value))


def _group(filters: CatalogueFilters, kind: str, *, value: Any, label: Any = BLANK, position: Any = BLANK) -> Any:
    return (
        Product.objects.filter(conditions_of.conditions(filters, leave_out=kind))
        .order_by()
        .values(facet=Value(kind), value=value, label=label, position=position)
        .annotate(number=Count("pk"))
        .values_list("facet", "value", "label", "position", "number")
    )


def _figure(condition: Q, name: str, number: Any) -> Any:
    return (
        Product.objects.filter(condition)
        .order_by()
        .values(facet=Value(name), value=Value(""), label=Value(""), position=Value(""))
        .annotate(number=number)
        .values_list("facet", "value", "label", "position", "number")
    )
