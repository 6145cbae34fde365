"""Sets of slots and snapshots, without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.search import bands, bitsets
from listings.search.filters import CatalogueFilters
from listings.search.index import FEW, SORTS, Entry, Matches, Snapshot

SLOTS = st.sets(st.integers(0, 700))


@given(slots=SLOTS, order=st.permutations(range(60)))
def test_a_set_gives_its_slots_back_in_order(slots, order):
    bits = bitsets.collect(slots)
    assert bits.bit_count() == len(slots)
    assert list(bitsets.spread(bits, order=range(701), size=701)) == sorted(slots)
    assert list(bitsets.spread(bits, order=order, size=701)) == [slot for slot in order if slot in slots]


@given(
    numbers=st.lists(st.integers(0, 50), max_size=600),
    low=st.none() | st.integers(-5, 60),
    high=st.none() | st.integers(-5, 60),
)
def test_ranges_hold_both_ends(numbers, low, high):
    ranked = bitsets.Ranked((Decimal(number), slot) for slot, number in enumerate(numbers))
    bounds = [None if one is None else Decimal(one) for one in (low, high)]
    expected = {
        slot
        for slot, number in enumerate(numbers)
        if (low is None or number >= low) and (high is None or number <= high)
    }
    assert ranked.between(*bounds) == bitsets.collect(expected)


@pytest.mark.parametrize(
    ("kind", "number", "band"),
    [
        ("pue", "1.19", "-1.2"),
        ("pue", "1.2", "1.2-1.25"),
        ("pue", "1.5", "1.5-"),
        ("sla", "99.95", "99.95-99.99"),
        ("green", 0, "-30"),
        ("lead", 1, "-2"),
        ("lead", 3, "2-4"),
    ],
)
def test_bands_hold_their_lower_end(kind, number, band):
    assert bands.band_of(number, bands.STEPS[kind]) == band
    assert band in bands.bands_of(kind)


def entry(pk, *, colour="red", price=10, partner=1):
    price = Decimal(price)
    return Entry(
        pk=pk,
        partner=partner,
        data_centre=partner,
        values={"category": (colour,), "region": ("1", colour)},
        price=price,
        stamp="1",
        keys=dict.fromkeys(SORTS, (price, pk)),
    )


CHANGES = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["red", "green", None]), st.integers(0, 4)), max_size=30
)


@given(batches=st.lists(CHANGES, max_size=6))
def test_a_snapshot_after_changes_is_the_one_built_afresh(batches):
    held: dict[int, Entry] = {}
    snapshot = Snapshot()
    for batch in batches:
        last = {pk: None if colour is None else entry(pk, colour=colour, price=price) for pk, colour, price in batch}
        before = (snapshot.bits, len(snapshot))
        changed = snapshot.with_changes(
            changed=[one for one in last.values() if one], gone=[pk for pk, one in last.items() if one is None]
        )
        assert (snapshot.bits, len(snapshot)) == before
        snapshot = changed
        held = {pk: one for pk, one in {**held, **last}.items() if one is not None}
    fresh = Snapshot().with_changes(changed=held.values(), gone=())
    for sort in SORTS:
        assert snapshot.list_pks(snapshot.listed, sort=sort) == fresh.list_pks(fresh.listed, sort=sort)
    for chosen in ((), (("category", ("red",)),), (("region", ("1",)), ("category", ("green", "red")))):
        found = [
            Matches(one, CatalogueFilters(chosen=chosen, price_min=Decimal(1), price_max=Decimal(3)))
            for one in (snapshot, fresh)
        ]
        assert found[0].all.bit_count() == found[1].all.bit_count()
        assert found[0].count("category") == found[1].count("category")
        assert found[0].count("region") == found[1].count("region")


def test_many_changes_at_once_sort_the_same():
    many = [entry(pk, price=pk % 7) for pk in range(FEW * 2)]
    snapshot = Snapshot().with_changes(changed=many, gone=())
    one_by_one = snapshot.with_changes(changed=[entry(5, price=3)], gone=[6])
    at_once = snapshot.with_changes(changed=[entry(5, price=3), *many[7:]], gone=[6])
    for sort in SORTS:
        assert one_by_one.list_pks(one_by_one.listed, sort=sort) == at_once.list_pks(at_once.listed, sort=sort)


def test_pages_follow_each_other_and_better_tiers_come_first():
    snapshot = Snapshot().with_changes(changed=[entry(pk, price=100 - pk) for pk in range(1, 51)], gone=())
    pages = [snapshot.list_pks(snapshot.listed, sort="price", start=start, count=20) for start in (0, 20, 40)]
    assert [pk for page in pages for pk in page] == list(range(50, 0, -1))
    tiers = (snapshot.slots_of([3]), snapshot.slots_of([40, 7]))
    assert snapshot.list_pks(snapshot.listed, sort="match", tiers=tiers) == [3, 40, 7]


def test_providers_are_counted_once():
    snapshot = Snapshot().with_changes(changed=[entry(pk, partner=pk % 3) for pk in range(9)], gone=())
    assert snapshot.count_partners(snapshot.listed) == 3
    assert snapshot.count_partners(snapshot.slots_of([0, 3])) == 1
