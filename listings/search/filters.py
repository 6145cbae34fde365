"""What a reader asks of the catalogue: conditions read from an address, and as conditions on offerings."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db.models import Q

from listings import wording

SERVICES: Final = ("iaas", "paas", "saas", "value_added")
SORTS: Final = ("recommended", "price", "newest")
LONGEST_WORDS: Final = 80
MOST_VALUES: Final = 50
SLUG: Final = re.compile(r"[a-z0-9-]{1,60}")
DIVISION: Final = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class CatalogueFilters:
    """Conditions on the catalogue. Values of one kind widen (or), kinds narrow (and)."""

    words: str = ""
    service: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    deployment: tuple[str, ...] = ()
    mlps: tuple[str, ...] = ()
    recommended: bool = False
    sort: str = SORTS[0]

    def values(self, kind: str) -> tuple[str, ...]:
        """The values of one kind of condition; a switch and the words count as one value."""
        if kind == "words":
            return (self.words,) if self.words else ()
        if kind == "recommended":
            return ("1",) if self.recommended else ()
        chosen: tuple[str, ...] = getattr(self, kind)
        return chosen

    def without(self, kind: str, *values: str) -> "CatalogueFilters":
        """The same conditions without some values of a kind, or without the kind if none is named."""
        if kind == "words":
            return replace(self, words="")
        if kind == "recommended":
            return replace(self, recommended=False)
        return replace(self, **{kind: tuple(one for one in self.values(kind) if values and one not in values)})  # type: ignore[arg-type]


KINDS: Final = ("service", "category", "region", "deployment", "mlps")
ALL_KINDS: Final = ("words", *KINDS, "recommended")
_ACCEPTED: Final[dict[str, Callable[[str], bool]]] = {
    "service": lambda value: value in SERVICES,
    "category": lambda value: SLUG.fullmatch(value) is not None,
    "region": lambda value: DIVISION.fullmatch(value) is not None,
    "deployment": lambda value: value in wording.DEPLOYMENT_MODELS,
    "mlps": lambda value: value in {str(level) for level in wording.MLPS_LEVELS},
}


def read_filters(*, params: Mapping[str, Sequence[str]]) -> tuple[CatalogueFilters, list[str]]:
    """The conditions of an address, and the values in it that mean nothing (to be told, never to fail)."""
    unknown: list[str] = []
    chosen: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        values = list(dict.fromkeys(value for value in params.get(kind, ())[:MOST_VALUES] if value))
        chosen[kind] = tuple(value for value in values if _ACCEPTED[kind](value))
        unknown += [value for value in values if value not in chosen[kind]]
    sort = _last(params, "sort") or SORTS[0]
    if sort not in SORTS:
        unknown.append(sort)
        sort = SORTS[0]
    recommended = _last(params, "recommended")
    if recommended not in ("", "0", "1"):
        unknown.append(recommended)
    words = " ".join(_last(params, "q").replace("\x00", " ").split())[:LONGEST_WORDS]
    return CatalogueFilters(words=words, recommended=recommended == "1", sort=sort, **chosen), unknown


def conditions(filters: CatalogueFilters, *, leave_out: str = "") -> Q:
    """The filters as a condition on Product, without one kind: a facet counts as if nothing of it were chosen."""
    columns = {
        "service": "service_model__in",
        "category": "main_category__slug__in",
        "region": "data_centre__county__prefecture_id__in",
        "deployment": "deployment_models__overlap",
    }
    result = Q(state="published")
    for kind, column in columns.items():
        if kind != leave_out and filters.values(kind):
            result &= Q(**{column: list(filters.values(kind))})
    if leave_out != "mlps" and filters.mlps:
        result &= Q(data_centre__mlps_level__in=[int(level) for level in filters.mlps])
    if leave_out != "recommended" and filters.recommended:
        result &= Q(is_recommended=True)
    if leave_out != "words":
        for word in filters.words.split():
            result &= _contains(word)
    return result


def _contains(word: str) -> Q:
    """A word of the search: in a title, a category, the provider's or a place's name."""
    columns = (
        "title",
        "title_en",
        "main_category__name",
        "main_category__name_en",
        "partner__name",
        "data_centre__name",
        "data_centre__county__name",
        "data_centre__county__prefecture__name",
    )
    result = Q()
    for column in columns:
        result |= Q(**{f"{column}__icontains": word})
    return result


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    values = params.get(name, ())
    return values[-1] if values else ""
