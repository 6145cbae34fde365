"""One search over one snapshot: what page, counts, export and API all take their answer from."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from django.db import connection

from listings.search import facets, queries, store, words
from listings.search.filters import CatalogueFilters
from listings.search.index import Matches
from listings.search.store import Shelf
from listings.search.words import Search


@dataclass(frozen=True)
class Results:
    """What fulfils `filters` on `shelf`. `search` is None without words; `tiers` are sets of slots, the best first."""

    shelf: Shelf
    filters: CatalogueFilters
    unknown: tuple[str, ...]
    search: Search | None
    tiers: tuple[int, ...]
    matches: Matches

    @cached_property
    def total(self) -> int:
        return self.matches.all.bit_count()

    @cached_property
    def provider_count(self) -> int:
        return self.shelf.snapshot.count_partners(self.matches.all)

    @cached_property
    def recommended_count(self) -> int:
        """Results if only recommended offerings were shown."""
        return self.matches.count("recommended").get("1", 0)

    def list_pks(self, *, start: int = 0, count: int = 0) -> list[int]:
        """Primary keys in the order shown; 0 for all of them."""
        is_ranked = self.search is not None and self.filters.sort == "recommended"
        return self.shelf.snapshot.list_pks(
            self.matches.all,
            sort="match" if is_ranked else self.filters.sort,
            tiers=self.tiers if is_ranked else (),
            start=start,
            count=count,
        )

    def stamp_of(self, pk: int) -> tuple[str, str]:
        """What changes whenever anything changes that a listed offering's card is made of."""
        snapshot = self.shelf.snapshot
        entry = snapshot.entries[snapshot.slot_of[pk]]
        return self.shelf.schema.edition, entry.stamp if entry else ""

    def list_facets(self) -> tuple[facets.Facet, ...]:
        """The conditions with their counts."""
        return facets.build(schema=self.shelf.schema, filters=self.filters, matches=self.matches)

    def list_relaxations(self) -> list[facets.Relaxation]:
        """What to give up, where nothing was found."""
        if self.total:
            return []
        return facets.list_relaxations(schema=self.shelf.schema, filters=self.filters, matches=self.matches)


def search(*, filters: CatalogueFilters, unknown: Collection[str] = ()) -> Results:
    """Look up what fulfils the conditions. One query, two with words that were not looked for just before.

    Values that do not exist are left out and named in `unknown`.
    """
    shelf = store.current()
    filters, missing = _leave_out_unknown(filters, shelf)
    tiers: tuple[int, ...] = ()
    asked = None
    if filters.words:
        asked = words.read_search(filters.words, synonyms=shelf.schema.synonyms)
        tiers = _find(shelf, asked)
    found = None
    if asked is not None:
        found = 0
        for tier in tiers:
            found |= tier
    return Results(
        shelf=shelf,
        filters=filters,
        unknown=(*unknown, *missing),
        search=asked,
        tiers=tiers,
        matches=Matches(shelf.snapshot, filters, found_by_words=found),
    )


def _find(shelf: Shelf, asked: Search) -> tuple[int, ...]:
    """The tiers of a search on this snapshot. A later snapshot asks again: words may have been written since."""
    held: tuple[int, ...] | None = shelf.snapshot.remembered.get(asked)
    if held is None:
        found = queries.find(search=asked)
        held = tuple(shelf.snapshot.slots_of(pks) for pks in found.tiers)
        if not connection.in_atomic_block:
            shelf.snapshot.remember(asked, held)
    return held


def _leave_out_unknown(filters: CatalogueFilters, shelf: Shelf) -> tuple[CatalogueFilters, list[str]]:
    """Without values that do not exist: of the taxonomy and places by the schema, of specifications by the index."""
    unknown = []
    for kind, values in filters.chosen:
        for value in values:
            if not _exists(kind, value, shelf):
                filters = filters.without(kind, value)
                unknown.append(value)
    return filters, unknown


def _exists(kind: str, value: str, shelf: Shelf) -> bool:
    if not kind.startswith("spec_"):
        return shelf.schema.knows(kind, value)
    return value in shelf.snapshot.bits.get(kind, {})
