"""What is listed, as sets in memory: which offerings have which value, and in which order they are shown.

A snapshot never changes: a change makes a new one that shares what stayed. Results, counts and exports that are
taken from one snapshot agree with each other by construction. Nothing here knows the database: see `store`.
"""

from bisect import bisect_left, insort
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final

from listings.search import bitsets
from listings.search.filters import CatalogueFilters

SORTS: Final = ("recommended", "price", "newest", "match")
FEW: Final = 200  # from here on sorting all again is quicker than moving one by one
REMEMBERED: Final = 64  # word searches a snapshot remembers
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """What one listed offering contributes: its values by kind of condition, its price, its place in each order."""

    pk: int
    partner: int
    data_centre: int
    values: Mapping[str, tuple[str, ...]]
    price: Decimal | None  # the listed one, tax included
    stamp: str  # the transaction that wrote the row: what was made of it is good as long as this stays
    keys: Mapping[str, Key]  # sort → key; each ends with the primary key, so no two are equal


@dataclass(frozen=True)
class Snapshot:
    """All entries at one moment. `bits`: kind → value → set of slots."""

    entries: tuple[Entry | None, ...] = ()
    slot_of: Mapping[int, int] = field(default_factory=dict)
    free: tuple[int, ...] = ()
    bits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    orders: Mapping[str, list[tuple[Key, int]]] = field(default_factory=lambda: {sort: [] for sort in SORTS})
    listed: int = 0
    # What word searches found here, and figures worked out from it: a new snapshot forgets them.
    remembered: OrderedDict[Any, Any] = field(default_factory=OrderedDict, compare=False, repr=False)

    def with_changes(self, *, changed: Iterable[Entry], gone: Iterable[int]) -> "Snapshot":
        """The snapshot after some offerings were written and others (by primary key) are no longer listed."""
        written = {entry.pk: entry for entry in changed}
        gone = {pk for pk in gone if pk in self.slot_of and pk not in written}
        if not written and not gone:
            return self
        entries, slot_of, free = list(self.entries), dict(self.slot_of), list(self.free)
        before: list[tuple[Entry, int]] = []
        after: list[tuple[Entry, int]] = []
        for pk in gone:
            slot = slot_of.pop(pk)
            before.append((_present(entries[slot]), slot))
            entries[slot] = None
            free.append(slot)
        for pk, entry in written.items():
            if pk in slot_of:
                slot = slot_of[pk]
                before.append((_present(entries[slot]), slot))
            elif free:
                slot = slot_of[pk] = free.pop()
            else:
                slot = slot_of[pk] = len(entries)
                entries.append(None)
            entries[slot] = entry
            after.append((entry, slot))
        listed = self.listed & ~bitsets.collect(slot for _entry, slot in before)
        return Snapshot(
            entries=tuple(entries),
            slot_of=slot_of,
            free=tuple(free),
            bits=_change_bits(self.bits, before=before, after=after),
            orders={sort: _change_order(self.orders[sort], sort, before=before, after=after) for sort in SORTS},
            listed=listed | bitsets.collect(slot for _entry, slot in after),
        )

    def __len__(self) -> int:
        return len(self.slot_of)

    @cached_property
    def prices(self) -> bitsets.Ranked:
        """The listed prices, for ranges."""
        return bitsets.Ranked((entry.price, slot) for slot, entry in self._pairs() if entry.price is not None)

    @cached_property
    def partners(self) -> dict[int, int]:
        """Provider → its offerings."""
        return self._group("partner")

    @cached_property
    def data_centres(self) -> dict[int, int]:
        """Data centre → its offerings."""
        return self._group("data_centre")

    @cached_property
    def in_order(self) -> dict[str, list[int]]:
        """Sort → all slots."""
        return {sort: [slot for _key, slot in order] for sort, order in self.orders.items()}

    def slots_of(self, pks: Iterable[int]) -> int:
        """The set of those of these primary keys that are listed here."""
        return bitsets.collect(self.slot_of[pk] for pk in pks if pk in self.slot_of)

    def count_partners(self, bits: int) -> int:
        """From how many providers the offerings of a set come."""
        return sum(1 for own in self.partners.values() if own & bits)

    def list_pks(self, bits: int, *, sort: str, tiers: Iterable[int] = (), start: int = 0, count: int = 0) -> list[int]:
        """Primary keys of a set in an order, from `start` on, `count` of them (0: all).

        With `tiers` (sets, the best first) those of a better tier come first, each tier in the order of `sort`.
        """
        order = self.in_order[sort]
        parts = [bits & tier for tier in tiers] or [bits]
        slots = chain.from_iterable(bitsets.spread(part, order=order, size=len(self.entries)) for part in parts if part)
        wanted = islice(slots, start, start + count if count else None)
        return [_present(self.entries[slot]).pk for slot in wanted]

    def remember(self, key: Any, found: Any) -> Any:
        """Keep what was worked out from this snapshot; the oldest of many is forgotten."""
        self.remembered[key] = found
        while len(self.remembered) > REMEMBERED:
            self.remembered.popitem(last=False)
        return found

    def _pairs(self) -> Iterable[tuple[int, Entry]]:
        return ((slot, entry) for slot, entry in enumerate(self.entries) if entry is not None)

    def _group(self, name: str) -> dict[int, int]:
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for slot, entry in self._pairs():
            groups[getattr(entry, name)].append(slot)
        return {key: bitsets.collect(slots) for key, slots in groups.items()}


class Matches:
    """Which slots fulfil a reader's conditions: together, and without some kind of them."""

    def __init__(self, snapshot: Snapshot, filters: CatalogueFilters, *, found_by_words: int | None = None) -> None:
        self._snapshot = snapshot
        self.parts: dict[str, int] = {}
        for kind, values in filters.chosen:
            held = snapshot.bits.get(kind, {})
            part = 0
            for value in values:
                part |= held.get(value, 0)
            self.parts[kind] = part
        if filters.recommended:
            self.parts["recommended"] = snapshot.bits.get("recommended", {}).get("1", 0)
        if filters.price_min is not None or filters.price_max is not None:
            self.parts["price"] = snapshot.prices.between(filters.price_min, filters.price_max)
        if found_by_words is not None:
            self.parts["words"] = found_by_words

    @cached_property
    def all(self) -> int:
        """What fulfils every condition."""
        return self.without()

    def without(self, *kinds: str) -> int:
        """What fulfils every condition but those of these kinds."""
        bits = self._snapshot.listed
        for kind, part in self.parts.items():
            if kind not in kinds:
                bits &= part
        return bits

    def count(self, kind: str) -> dict[str, int]:
        """Value → number of results if that value alone were chosen of its kind; those without any are left out."""
        base = self.without(kind) if kind in self.parts else self.all
        if not base:
            return {}
        counted = {value: (base & bits).bit_count() for value, bits in self._snapshot.bits.get(kind, {}).items()}
        return {value: number for value, number in counted.items() if number}


def _present(entry: Entry | None) -> Entry:
    if entry is None:
        raise AssertionError("a listed slot without an entry")
    return entry


def _change_bits(
    bits: Mapping[str, Mapping[str, int]], *, before: list[tuple[Entry, int]], after: list[tuple[Entry, int]]
) -> dict[str, dict[str, int]]:
    changed = {kind: dict(values) for kind, values in bits.items()}
    for (kind, value), slots in _slots_by_value(before).items():
        left = changed[kind][value] & ~bitsets.collect(slots)
        if left:
            changed[kind][value] = left
        else:
            del changed[kind][value]
    for (kind, value), slots in _slots_by_value(after).items():
        own = changed.setdefault(kind, {})
        own[value] = own.get(value, 0) | bitsets.collect(slots)
    return changed


def _slots_by_value(pairs: list[tuple[Entry, int]]) -> dict[tuple[str, str], list[int]]:
    slots: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for entry, slot in pairs:
        for kind, values in entry.values.items():
            for value in values:
                slots[kind, value].append(slot)
    return slots


def _change_order(
    order: list[tuple[Key, int]], sort: str, *, before: list[tuple[Entry, int]], after: list[tuple[Entry, int]]
) -> list[tuple[Key, int]]:
    if len(before) + len(after) > FEW:
        left = {(entry.pk, slot) for entry, slot in before}
        kept = [one for one in order if (_pk_of(one[0]), one[1]) not in left] if left else order
        return sorted([*kept, *((entry.keys[sort], slot) for entry, slot in after)])
    changed = list(order)
    for entry, slot in before:
        del changed[bisect_left(changed, (entry.keys[sort], slot))]
    for entry, slot in after:
        insort(changed, (entry.keys[sort], slot))
    return changed


def _pk_of(key: Key) -> int:
    return abs(int(key[-1]))
