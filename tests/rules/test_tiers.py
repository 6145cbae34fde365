"""Price models: boundaries, and what holds for every quantity. Worked tables stand in tests/worked."""

from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.rules import components, decimals, pricing, tiers
from billing.rules.components import Component, InvalidComponent, Tier

STORAGE = (Tier(D(100), D("0.5")), Tier(D(1000), D("0.4"), D(10)), Tier(None, D("0.3")))


def make(model, unit_price="0", *, kind=pricing.METERED, **fields):
    return Component(
        code="c",
        kind=kind,
        unit_price=D(unit_price),
        vat_rate=D("0.06"),
        unit="GB",
        meter="gb" if kind == pricing.METERED else None,
        model=model,
        **fields,
    )


def amount(component, quantity):
    return pricing.metered_charge(component, quantity=D(quantity))


def lines(component, quantity):
    rated = pricing.rate_metered(component, quantity=D(quantity))
    return [(line.key, line.quantity, line.unit_price, line.amount) for line in rated.lines]


def test_a_tier_holds_its_upper_bound():
    graduated = make("graduated", tiers=STORAGE)
    assert lines(graduated, "100") == [("tier1", D(100), D("0.5"), D(50))]
    assert lines(graduated, "100.000001") == [
        ("tier1", D(100), D("0.5"), D(50)),
        ("tier2", D("0.000001"), D("0.4"), D("0.0000004")),
        ("tier2_flat", D(1), D(10), D(10)),
    ]


def test_volume_prices_all_units_at_the_tier_reached():
    volume = make("volume", tiers=STORAGE)
    assert lines(volume, "100") == [("tier1", D(100), D("0.5"), D(50))]
    assert lines(volume, "101") == [("tier2", D(101), D("0.4"), D("40.4")), ("tier2_flat", D(1), D(10), D(10))]


def test_the_first_tier_is_entered_from_the_start():
    based = (Tier(D(10), D(1), D(5)), Tier(None, D(1), D(7)))
    for model in components.TIERED:
        assert lines(make(model, tiers=based), "0") == [("tier1_flat", D(1), D(5), D(5))]


def test_a_package_that_is_begun_is_paid_in_full():
    package = make("package", "20", package_size=D(100))
    assert [amount(package, q) for q in ("0", "0.000001", "100", "100.000001")] == [D(0), D(20), D(20), D(40)]
    [line] = pricing.rate_metered(package, quantity=D("100.000001")).lines
    assert (line.quantity, line.formula) == (D(2), "⌈100.000001 ÷ 100⌉ × 20")


def test_what_is_included_neither_costs_nor_fills_a_tier():
    graduated = make("graduated", tiers=STORAGE, included_quantity=D(50))
    assert lines(graduated, "150") == [("included", D(50), D(0), D(0)), ("tier1", D(100), D("0.5"), D(50))]
    assert lines(graduated, "20") == [("included", D(20), D(0), D(0))]


def test_a_flat_price_does_not_count():
    assert [amount(make("flat", "30"), q) for q in ("0", "1", "1000")] == [D(30)] * 3
    once = make("flat", "30", kind=pricing.ONE_TIME)
    assert pricing.one_time_charge(once, quantity=D(7)) == D(30)


def test_minimum_and_maximum_are_lines():
    bounded = make("per_unit", "2", minimum_amount=D(10), maximum_amount=D(100))
    assert lines(bounded, "3") == [("", D(3), D(2), D(6)), ("minimum", D(1), D(4), D(4))]
    assert lines(bounded, "60") == [("", D(60), D(2), D(120)), ("maximum", D(1), D(-20), D(-20))]
    assert lines(bounded, "0") == [("minimum", D(1), D(10), D(10))]
    assert pricing.rate_metered(bounded, quantity=D(60)).formula == "60 × 2 + (100 − 120)"


def test_a_part_month_shortens_the_minimum_of_measured_use_and_nothing_else():
    bounded = make("per_unit", "2", minimum_amount=D(31), maximum_amount=D(40), included_quantity=D(1))
    rated = pricing.rate_metered(bounded, quantity=D(3), ran=(10, 31))
    assert [(line.key, line.amount) for line in rated.lines] == [("included", D(0)), ("", D(4)), ("minimum", D(6))]
    assert rated.lines[-1].formula == "31 × 10/31 − 4"
    assert pricing.rate_metered(bounded, quantity=D(50), ran=(1, 31)).amount == D(40)


def test_a_discount_comes_before_minimum_and_maximum():
    bounded = make("per_unit", "100", kind=pricing.RECURRING, minimum_amount=D(95), maximum_amount=D(170))
    assert pricing.monthly_charge(bounded, quantity=D(1), term_discount=D("0.1")) == D(95)
    assert pricing.monthly_charge(bounded, quantity=D(2), term_discount=D("0.1")) == D(170)


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"model": "stairs"}, "model", "unknown"),
        ({"model": "graduated"}, "tiers", "tiers_missing"),
        ({"model": "per_unit", "tiers": STORAGE}, "tiers", "tiers_unused"),
        ({"model": "volume", "tiers": STORAGE, "unit_price": "1"}, "unit_price", "unit_price_unused"),
        ({"model": "volume", "tiers": (Tier(D(1), D(1)),)}, "tiers[1].up_to", "tiers_open_end"),
        ({"model": "volume", "tiers": (Tier(None, D(1)), Tier(None, D(1)))}, "tiers[1].up_to", "tiers_open_end"),
        (
            {"model": "graduated", "tiers": (Tier(D(5), D(1)), Tier(D(5), D(1)), Tier(None, D(1)))},
            "tiers[2].up_to",
            "tiers_not_ascending",
        ),
        (
            {"model": "graduated", "tiers": (Tier(D(0), D(1)), Tier(None, D(1)))},
            "tiers[1].up_to",
            "tiers_not_ascending",
        ),
        ({"model": "graduated", "tiers": (Tier(None, D(-1)),)}, "tiers[1].unit_price", "negative"),
        ({"model": "graduated", "tiers": (Tier(None, D(1), D("0.123456789")),)}, "tiers[1].flat", "too_long"),
        ({"model": "graduated", "tiers": tuple(Tier(D(n), D(1)) for n in range(1, 30))}, "tiers", "tiers_too_many"),
        ({"model": "package"}, "package_size", "package_missing"),
        ({"model": "package", "package_size": D(0)}, "package_size", "not_positive"),
        ({"model": "package", "package_size": D(-1)}, "package_size", "negative"),
        ({"model": "flat", "package_size": D(1)}, "package_size", "package_unused"),
        ({"model": "percentage", "unit_price": "1.01"}, "unit_price", "percentage_above_one"),
        ({"model": "percentage", "tiers": (Tier(None, D("1.5")),)}, "tiers[1].unit_price", "percentage_above_one"),
        ({"model": "percentage", "kind": pricing.RECURRING}, "model", "percentage_metered"),
        ({"model": "flat", "included_quantity": D(-1)}, "included_quantity", "negative"),
        ({"model": "flat", "minimum_amount": D(2), "maximum_amount": D(1)}, "minimum_amount", "minimum_above_maximum"),
        ({"model": "flat", "maximum_amount": D(-1)}, "maximum_amount", "negative"),
        ({"model": "flat", "unit_price": "1e12"}, "unit_price", "too_large"),
    ],
)
def test_a_contradiction_is_refused_with_its_field(fields, field, problem):
    with pytest.raises(InvalidComponent) as refusal:
        make(**fields)
    assert (refusal.value.field, refusal.value.problem) == (field, problem)
    assert field in str(refusal.value)


prices = st.decimals(0, 10**6, places=8, allow_nan=False)
quantities = st.decimals(0, 10**6, places=6, allow_nan=False)


@st.composite
def tier_lists(draw):
    bounds = sorted(draw(st.sets(st.decimals("0.000001", 10**5, places=6), max_size=5)))
    return tuple(Tier(bound, draw(prices), draw(prices)) for bound in [*bounds, None])


@st.composite
def any_components(draw):
    model = draw(st.sampled_from(components.MODELS))
    least, most = draw(st.none() | prices), draw(st.none() | prices)
    assume(least is None or most is None or least <= most)
    fields = {"included_quantity": draw(quantities), "minimum_amount": least, "maximum_amount": most}
    if model in components.TIERED:
        return make(model, tiers=draw(tier_lists()), **fields)
    if model == components.PACKAGE:
        size = draw(st.decimals("0.000001", 10**4, places=6))
        return make(model, draw(prices), package_size=size, **fields)
    top = 1 if model == components.PERCENTAGE else 10**6
    return make(model, draw(st.decimals(0, top, places=8)), **fields)


@given(any_components(), quantities)
def test_the_lines_add_up_and_limits_hold(component, quantity):
    rated = pricing.rate_metered(component, quantity=quantity)
    assert rated.amount == decimals.add(*(line.amount for line in rated.lines))
    for line in rated.lines:
        assert line.amount == decimals.multiply(line.quantity, line.unit_price)
    assert len({line.key for line in rated.lines}) == len(rated.lines)
    if component.minimum_amount is not None:
        assert rated.amount >= component.minimum_amount
    if component.maximum_amount is not None:
        assert rated.amount <= component.maximum_amount
    if component.model not in (components.PACKAGE, components.FLAT):
        units = [line.quantity for line in rated.lines if line.part in (tiers.UNITS, tiers.INCLUDED)]
        assert decimals.add(*units) == quantity
    if quantity <= component.included_quantity:
        assert all(line.part != tiers.UNITS for line in rated.lines)


@given(tier_lists(), quantities, quantities)
def test_more_never_costs_less_by_graduation(spans, one, other):
    graduated = make("graduated", tiers=spans)
    low, high = sorted([one, other])
    assert amount(graduated, low) <= amount(graduated, high)


@given(prices, quantities, quantities, st.decimals("0.000001", 10**4, places=6))
def test_packages_bought_in_two_pieces_never_cost_less(price, one, other, size):
    package = make("package", price, package_size=size)
    assert amount(package, one) + amount(package, other) >= amount(package, decimals.add(one, other))


@given(prices, quantities)
def test_one_tier_is_a_price_per_unit(price, quantity):
    single = (Tier(None, price),)
    plain = amount(make("per_unit", price), quantity)
    assert plain == amount(make("graduated", tiers=single), quantity) == amount(make("volume", tiers=single), quantity)


@given(tier_lists(), quantities, quantities)
def test_a_correction_by_difference_is_the_right_amount(spans, before, after):
    """What rating does with late usage: the rows' differences on top of the rows charged."""
    for model in components.TIERED:
        component = make(model, tiers=spans)
        charged = {line.key: line for line in pricing.rate_metered(component, quantity=before).lines}
        due = {line.key: line for line in pricing.rate_metered(component, quantity=after).lines}
        total = sum((Fraction(line.amount) for line in charged.values()), Fraction(0))
        for key in charged.keys() | due.keys():
            unit = (due.get(key) or charged[key]).unit_price
            new = due[key].quantity if key in due else D(0)
            old = charged[key].quantity if key in charged else D(0)
            total += Fraction(unit) * (Fraction(new) - Fraction(old))
        assert total == Fraction(amount(component, after))


def test_the_empty_line_of_a_key_names_its_tier():
    graduated = make("graduated", tiers=STORAGE)
    for key in ("tier1", "tier2", "tier2_flat", "tier3"):
        line = tiers.empty_line(graduated, key=key, unit_price=D(1))
        found = [one for one in pricing.rate_metered(graduated, quantity=D(5000)).lines if one.key == key]
        assert [(one.part, one.tier, one.above, one.up_to) for one in found] == [
            (line.part, line.tier, line.above, line.up_to)
        ]
        assert (line.quantity, line.amount) == (0, 0)
