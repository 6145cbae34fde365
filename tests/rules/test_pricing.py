"""Components, charges and the committed price."""

from datetime import date
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import money, pricing, tax
from billing.rules.periods import Month
from billing.rules.pricing import Component

NO_DISCOUNT = D(0)


def make(kind=pricing.RECURRING, unit_price="100", vat_rate="0.06", **fields):
    fields.setdefault("meter", "vcpu_hours" if kind == pricing.METERED else None)
    fields.setdefault("code", "c")
    return Component(kind=kind, unit_price=D(unit_price), vat_rate=D(vat_rate), unit="unit", **fields)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"unit_price": "-0.01"}, "unit_price"),
        ({"unit_price": "0.123456789"}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"unit_price": "Infinity"}, "unit_price"),
        ({"vat_rate": "-0.01"}, "vat_rate"),
        ({"vat_rate": "6"}, "vat_rate"),
        ({"kind": "tiered"}, "kind"),
        ({"kind": pricing.METERED, "meter": None}, "meter"),
        ({"kind": pricing.METERED, "meter": ""}, "meter"),
        ({"kind": pricing.RECURRING, "meter": "vcpu_hours"}, "meter"),
        ({"code": ""}, "code"),
    ],
)
def test_a_component_refuses_inconsistency_at_birth(fields, field):
    with pytest.raises(ValueError, match=field):
        make(**fields)


def test_a_component_takes_what_a_database_column_gives():
    assert make(unit_price="0.17640000").unit_price == D("0.1764")
    assert make(unit_price="0.123456780000").unit_price == D("0.12345678")
    assert make(unit_price="0").unit_price == 0
    assert make(vat_rate="1").vat_rate == 1


@pytest.mark.parametrize("price", [1.5, 1, "1", None])
def test_a_price_is_a_decimal(price):
    with pytest.raises(TypeError, match="unit_price"):
        Component("c", pricing.RECURRING, price, D("0.06"), "unit", None)


def test_each_kind_has_its_own_rule():
    month = {"month": Month(2026, 10), "active_from": date(2026, 1, 1), "active_until": None}
    with pytest.raises(pricing.WrongKind):
        pricing.one_time_charge(make(pricing.METERED), quantity=D(1))
    with pytest.raises(pricing.WrongKind):
        pricing.metered_charge(make(pricing.ONE_TIME), quantity=D(1))
    with pytest.raises(pricing.WrongKind):
        pricing.recurring_charge(make(pricing.ONE_TIME), quantity=D(1), term_discount=NO_DISCOUNT, **month)


@pytest.mark.parametrize("quantity", ["-0.000001", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_quantity_is_not_negative(quantity):
    with pytest.raises(pricing.InvalidQuantity, match="quantity"):
        pricing.metered_charge(make(pricing.METERED), quantity=D(quantity))


@pytest.mark.parametrize("quantity", [1, 1.5, "1", True])
def test_a_quantity_is_a_decimal(quantity):
    with pytest.raises(TypeError, match="quantity"):
        pricing.metered_charge(make(pricing.METERED), quantity=quantity)
    with pytest.raises(TypeError, match="quantity"):
        pricing.committed_amount([], quantity=quantity, months=1, term_discount=NO_DISCOUNT)


def test_a_metered_charge_is_exact():
    rated = pricing.rate_metered(make(pricing.METERED, "0.12345678"), quantity=D("1234567890123456789.123456"))
    assert rated.amount == D("152415776406035777.65432090023168")
    assert rated.formula == "1234567890123456789.123456 × 0.12345678"
    assert (rated.factor_numerator, rated.factor_denominator) == (1, 1)


def test_a_recurring_charge_explains_itself():
    rated = pricing.rate_recurring(
        make(unit_price="3000"),
        quantity=D("2.5"),
        month=Month(2026, 10),
        active_from=date(2026, 10, 15),
        active_until=None,
        term_discount=D("0.10"),
    )
    assert rated.formula == "2.5 × 3000 × (1 − 0.1) × 17/31"
    assert (rated.factor_numerator, rated.factor_denominator) == (9 * 17, 10 * 31)
    assert str(rated.amount) == "3701.6129032258064516129032258064516129032258064516"


@given(
    st.decimals(0, 10**9, places=8, allow_nan=False),
    st.decimals(0, 10**6, places=6, allow_nan=False),
    st.decimals(0, 1, places=4, allow_nan=False),
    st.dates(date(2024, 1, 1), date(2029, 1, 1)),
    st.integers(0, 60),
)
def test_a_recurring_charge_is_the_true_fraction_to_the_fen(price, quantity, discount, first, length):
    month = Month.of_date(first)
    until = date.fromordinal(first.toordinal() + length)
    rated = pricing.rate_recurring(
        make(unit_price=price),
        quantity=quantity,
        month=month,
        active_from=first,
        active_until=until,
        term_discount=discount,
    )
    factor = Fraction(rated.factor_numerator, rated.factor_denominator)
    days = min(length, (month.end_date - first).days)
    assert factor == (1 - Fraction(discount)) * Fraction(days, month.days)
    true = Fraction(price) * Fraction(quantity) * factor
    assert abs(Fraction(rated.amount) - true) <= true / 10**49
    minor = money.round_to_minor(rated.amount, currency="CNY")
    assert minor == (true * 100 + Fraction(1, 2)).__floor__()


@given(
    st.decimals(0, 10**6, places=8, allow_nan=False),
    st.lists(st.decimals(0, 10**6, places=6, allow_nan=False), max_size=20),
)
def test_metered_use_costs_the_same_in_one_piece_or_in_many(price, quantities):
    component = make(pricing.METERED, price)
    pieces = sum((Fraction(pricing.metered_charge(component, quantity=q)) for q in quantities), Fraction(0))
    whole = Fraction(price) * sum((Fraction(q) for q in quantities), Fraction(0))
    assert pieces == whole


PLAN = [
    make(pricing.ONE_TIME, "199.99", code="setup"),
    make(pricing.RECURRING, "3000", "0.13", code="rack"),
    make(pricing.RECURRING, "58.80", code="disk"),
    make(pricing.METERED, "0.1764", code="vcpu"),
]


def test_the_committed_amount_of_a_plan():
    quote = pricing.committed_amount(PLAN, quantity=D(2), months=12, term_discount=D("0.1"))
    assert quote.currency == "CNY"
    assert [(line.code, line.net_minor, line.times) for line in quote.lines] == [
        ("setup", 39_998, 1),
        ("rack", 540_000, 12),
        ("disk", 10_584, 12),
    ]
    assert [line.term_net_minor for line in quote.lines] == [39_998, 6_480_000, 127_008]
    assert quote.one_time_net_minor == 39_998
    assert quote.monthly_net_minor == 550_584
    assert quote.term_net_minor == 39_998 + 12 * 550_584 == 6_647_006
    assert quote.tax_lines == (
        tax.TaxLine(D("0.06"), 167_006, 10_020),
        tax.TaxLine(D("0.13"), 6_480_000, 842_400),
    )
    assert quote.tax_minor == 852_420
    assert quote.gross_minor == 7_499_426


@pytest.mark.parametrize(
    ("components", "months", "expected"),
    [
        ([], 12, (0, 0, 0, 0)),
        (PLAN, 0, (19_999, 305_880, 19_999, 21_199)),
        (PLAN[3:], 12, (0, 0, 0, 0)),
    ],
)
def test_little_is_committed_without_a_term_or_without_components(components, months, expected):
    quote = pricing.committed_amount(components, quantity=D(1), months=months, term_discount=NO_DISCOUNT)
    assert expected == (
        quote.one_time_net_minor,
        quote.monthly_net_minor,
        quote.term_net_minor,
        quote.gross_minor,
    )


@pytest.mark.parametrize("months", [-1, 1.0, True, D(1), "12"])
def test_a_term_is_whole_months(months):
    with pytest.raises(pricing.InvalidTerm, match="months"):
        pricing.committed_amount(PLAN, quantity=D(1), months=months, term_discount=NO_DISCOUNT)


def test_a_yen_plan_is_rounded_to_yen_and_an_unknown_currency_refused():
    quote = pricing.committed_amount(
        [make(unit_price="100.5")], quantity=D(1), months=3, term_discount=D(0), currency="JPY"
    )
    assert (quote.monthly_net_minor, quote.tax_minor, quote.gross_minor) == (101, 18, 321)
    with pytest.raises(money.UnknownCurrency):
        pricing.committed_amount(PLAN, quantity=D(1), months=1, term_discount=D(0), currency="RMB")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(pricing.KINDS),
            st.decimals(0, 10**6, places=8, allow_nan=False),
            st.sampled_from(["0", "0.03", "0.06", "0.09", "0.13"]),
        ),
        max_size=8,
    ),
    st.decimals(0, 1000, places=6, allow_nan=False),
    st.integers(0, 60),
    st.decimals(0, 1, places=4, allow_nan=False),
)
def test_the_term_price_is_the_sum_of_its_full_months(priced, quantity, months, discount):
    components = [make(kind, price, rate) for kind, price, rate in priced]
    quote = pricing.committed_amount(components, quantity=quantity, months=months, term_discount=discount)
    month = Month(2026, 2)
    billed = 0
    for component in components:
        if component.kind == pricing.ONE_TIME:
            amount = pricing.one_time_charge(component, quantity=quantity)
            billed += money.round_to_minor(amount, currency="CNY")
        elif component.kind == pricing.RECURRING:
            amount = pricing.recurring_charge(
                component,
                quantity=quantity,
                month=month,
                active_from=month.first_date,
                active_until=None,
                term_discount=discount,
            )
            billed += months * money.round_to_minor(amount, currency="CNY")
    assert quote.term_net_minor == billed
    assert quote.term_net_minor == sum(line.net_minor for line in quote.tax_lines)
    assert quote.gross_minor == quote.term_net_minor + quote.tax_minor
