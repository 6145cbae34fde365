"""What a reader asks of the catalogue, read from an address and written back into one."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from listings import wording
from listings.search import bands, words

SERVICES: Final = ("iaas", "paas", "saas", "value_added", "project")
LANGUAGES: Final = ("en", "mn")  # beside Chinese, which every listing has
SORTS: Final = ("recommended", "price", "newest")
MOST_VALUES: Final = 50
MOST_CHOSEN: Final = 200  # of all kinds together
HIGHEST_PRICE: Final = Decimal(10**9)
SLUG: Final = re.compile(r"[a-z0-9_-]{1,60}")
DIVISION: Final = re.compile(r"[0-9]{6}")
PRICE_BAND: Final = re.compile(r"[a-z0-9_]{1,20}:[0-9.]{0,20}-[0-9.]{0,20}")
PRICE: Final = re.compile(r"[0-9]{1,10}([.][0-9]{1,8})?")
SPEC: Final = "spec_"
SPEC_CODE: Final = re.compile(r"spec_[a-z0-9_]{1,60}")
LONGEST_VALUE: Final = 200

# Kinds of conditions with values to choose from, in the order a page shows them. To each: which words it accepts.
ACCEPTED: Final[dict[str, Callable[[str], bool]]] = {
    "service": lambda value: value in SERVICES,
    "category": lambda value: SLUG.fullmatch(value) is not None,
    "region": lambda value: DIVISION.fullmatch(value) is not None,
    "deployment": lambda value: value in wording.DEPLOYMENT_MODELS,
    "mlps": lambda value: value in {str(level) for level in wording.MLPS_LEVELS},
    "price_band": lambda value: PRICE_BAND.fullmatch(value) is not None,
    "sla": lambda value: value in bands.bands_of("sla"),
    "pue": lambda value: value in bands.bands_of("pue"),
    "green": lambda value: value in bands.bands_of("green"),
    "lead": lambda value: value in bands.bands_of("lead"),
    "domain": lambda value: SLUG.fullmatch(value) is not None,
    "language": lambda value: value in LANGUAGES,
}
KINDS: Final = tuple(ACCEPTED)


@dataclass(frozen=True, slots=True)
class CatalogueFilters:
    """Conditions on the catalogue. Values of one kind widen (or), kinds narrow (and).

    `chosen`: (kind, values) of KINDS and of specifications ("spec_vcpu"). Prices: CNY with tax, both included.
    """

    words: str = ""
    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    recommended: bool = False
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    sort: str = SORTS[0]

    def values(self, kind: str) -> tuple[str, ...]:
        """The values of one kind of condition; a switch, the words and the range of prices count as one value."""
        if kind == "words":
            return (self.words,) if self.words else ()
        if kind == "recommended":
            return ("1",) if self.recommended else ()
        if kind == "price":
            low, high = (bands.write(one) if one is not None else "" for one in (self.price_min, self.price_max))
            return (f"{low}-{high}",) if low or high else ()
        return next((values for name, values in self.chosen if name == kind), ())

    def kinds(self) -> tuple[str, ...]:
        """The kinds in force."""
        return (
            *(("words",) if self.words else ()),
            *(("recommended",) if self.recommended else ()),
            *(name for name, _values in self.chosen),
            *(("price",) if self.values("price") else ()),
        )

    def without(self, kind: str, *values: str) -> "CatalogueFilters":
        """The same conditions without some values of a kind, or without the kind if none is named."""
        if kind == "words":
            return replace(self, words="")
        if kind == "recommended":
            return replace(self, recommended=False)
        if kind == "price":
            return replace(self, price_min=None, price_max=None)
        left = tuple(one for one in self.values(kind) if values and one not in values)
        return replace(
            self,
            chosen=tuple((name, left if name == kind else held) for name, held in self.chosen if name != kind or left),
        )

    def params(self) -> list[tuple[str, str]]:
        """The conditions as an address holds them; reading them gives these filters again."""
        return list(self._params())

    def _params(self) -> Iterator[tuple[str, str]]:
        if self.words:
            yield "q", self.words
        if self.recommended:
            yield "recommended", "1"
        for kind, values in self.chosen:
            for value in values:
                yield kind, value
        for name, price in (("price_min", self.price_min), ("price_max", self.price_max)):
            if price is not None:
                yield name, bands.write(price)
        if self.sort != SORTS[0]:
            yield "sort", self.sort


# The parameters of an address that make up a kind, where they are not called like it.
PARAMETERS: Final = {"words": ("q",), "price": ("price_min", "price_max")}


def read_filters(*, params: Mapping[str, Sequence[str]]) -> tuple[CatalogueFilters, list[str]]:
    """The conditions of an address, and the values in it that mean nothing (to be told, never to fail)."""
    unknown: list[str] = []
    chosen: list[tuple[str, tuple[str, ...]]] = []
    specs = sorted(name for name in params if SPEC_CODE.fullmatch(name))[:MOST_VALUES]
    for kind in (*KINDS, *specs):
        values = list(dict.fromkeys(value for value in params.get(kind, ())[:MOST_VALUES] if value))
        accepted = tuple(value for value in values if ACCEPTED.get(kind, _is_spec_value)(value))
        if accepted:
            chosen.append((kind, accepted))
        unknown += [value for value in values if value not in accepted]
    sort = _one_of(params, "sort", SORTS, unknown) or SORTS[0]
    recommended = _one_of(params, "recommended", ("0", "1"), unknown) == "1"
    asked = _last(params, "q")
    typed = words.tidy(asked)
    if typed and not words.tokenise(typed):
        unknown.append(typed)
        typed = ""
    low, high = (_price(params, name, unknown) for name in ("price_min", "price_max"))
    filters = CatalogueFilters(
        words=typed, chosen=tuple(chosen), recommended=recommended, price_min=low, price_max=high, sort=sort
    )
    return filters, [words.tidy(value)[:80] or "?" for value in unknown]


def _is_spec_value(value: str) -> bool:
    return len(value) <= LONGEST_VALUE and value.isprintable()


def _one_of(params: Mapping[str, Sequence[str]], name: str, accepted: Collection[str], unknown: list[str]) -> str:
    value = _last(params, name)
    if value and value not in accepted:
        unknown.append(value)
        return ""
    return value


def _price(params: Mapping[str, Sequence[str]], name: str, unknown: list[str]) -> Decimal | None:
    text = _last(params, name).strip().replace(",", "")
    if not text:
        return None
    try:
        price = Decimal(text) if PRICE.fullmatch(text) else None
    except InvalidOperation:
        price = None
    if price is None or price > HIGHEST_PRICE:
        unknown.append(text)
        return None
    return price


def _last(params: Mapping[str, Sequence[str]], name: str) -> str:
    values = params.get(name, ())
    return values[-1] if values else ""
