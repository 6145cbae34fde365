"""Money, rounding to the minor unit, and splits."""

import decimal
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import money
from billing.rules.money import Money


def test_currencies_have_their_iso_exponent():
    expected = {"CNY": 2, "USD": 2, "EUR": 2, "HKD": 2, "JPY": 0, "KRW": 0, "BHD": 3, "CLF": 4}
    assert {code: money.MINOR_UNITS[code] for code in expected} == expected
    assert all(len(code) == 3 and code.isupper() for code in money.MINOR_UNITS)
    with pytest.raises(TypeError):
        money.MINOR_UNITS["CNY"] = 3


@pytest.mark.parametrize("currency", ["XXX", "cny", "", "CN", "CNY ", None, 156, ["CNY"]])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(money.UnknownCurrency):
        Money(1, currency)
    with pytest.raises(money.UnknownCurrency):
        money.round_to_minor(D(1), currency=currency)


@pytest.mark.parametrize("amount", [1.0, True, False, D(1), "1", None])
def test_money_is_whole_minor_units_only(amount):
    with pytest.raises(TypeError, match="amount_minor"):
        Money(amount, "CNY")


def test_money_is_frozen_and_hashable():
    assert {Money(1, "CNY"): "x"}[Money(1, "CNY")] == "x"
    with pytest.raises(AttributeError):
        Money(1, "CNY").amount_minor = 2


def test_sums_and_comparisons():
    assert Money(5, "CNY") + Money(-7, "CNY") == Money(-2, "CNY")
    assert Money(5, "CNY") - Money(7, "CNY") == Money(-2, "CNY")
    assert -Money(5, "CNY") == Money(-5, "CNY")
    assert Money.zero("JPY") == Money(0, "JPY")
    assert Money(1, "CNY") < Money(2, "CNY") <= Money(2, "CNY")
    assert Money(2, "CNY") > Money(1, "CNY") >= Money(1, "CNY")
    assert not Money(2, "CNY") < Money(1, "CNY")
    assert str(Money(-123, "CNY")) == "-1.23 CNY"


@pytest.mark.parametrize(
    "mix",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
    ],
)
def test_currencies_never_mix(mix):
    with pytest.raises(money.CurrencyMismatch):
        mix(Money(1, "CNY"), Money(1, "USD"))
    with pytest.raises(TypeError):
        mix(Money(1, "CNY"), 1)
    assert Money(1, "CNY") != Money(1, "USD")
    assert Money(1, "CNY") != 1


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [
        (100, "CNY", "1.00"),
        (-5, "CNY", "-0.05"),
        (7, "JPY", "7"),
        (7, "BHD", "0.007"),
        (0, "CNY", "0.00"),
    ],
)
def test_decimal_and_back(minor, currency, major):
    assert str(Money(minor, currency).to_decimal()) == major
    assert Money.from_decimal(D(major), currency) == Money(minor, currency)


@pytest.mark.parametrize("amount", ["0.005", "1.001", "NaN", "Infinity", "-Infinity", "1E-3"])
def test_from_decimal_takes_exact_amounts_only(amount):
    with pytest.raises(ValueError):
        Money.from_decimal(D(amount), "CNY")
    with pytest.raises(TypeError):
        Money.from_decimal(0.5, "CNY")


def test_from_decimal_takes_trailing_zeros_and_exponents():
    assert Money.from_decimal(D("1.2300000000"), "CNY") == Money(123, "CNY")
    assert Money.from_decimal(D("1E+3"), "CNY") == Money(100_000, "CNY")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("0.004999999999999999999999999999999999999999", "CNY", 0),
        ("0.005", "CNY", 1),
        ("0.015", "CNY", 2),
        ("0.025", "CNY", 3),
        ("-0.005", "CNY", -1),
        ("-0.025", "CNY", -3),
        ("-0.0049", "CNY", 0),
        ("2.5", "JPY", 3),
        ("-2.5", "JPY", -3),
        ("0.0005", "BHD", 1),
        ("1E-4000", "CNY", 0),
        ("1E+40", "CNY", 10**42),
        ("12345678901234567890123456789012345678901234567890.125", "CNY",
         1234567890123456789012345678901234567890123456789013),
    ],
)  # fmt: skip
def test_rounding_is_half_away_from_zero_at_any_magnitude(amount, currency, minor):
    assert money.round_to_minor(D(amount), currency=currency) == minor


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "1E+4001", "1E-4001", "1E+999999999"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ValueError, match="amount"):
        money.round_to_minor(D(amount), currency="CNY")


def test_a_float_is_never_rounded():
    with pytest.raises(TypeError, match="float"):
        money.round_to_minor(0.5, currency="CNY")


def test_the_callers_decimal_context_does_not_matter():
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_DOWN, Emax=5)):
        assert money.round_to_minor(D("123456789.125"), currency="CNY") == 12_345_678_913
        assert Money(123_456_789, "CNY").to_decimal() == D("1234567.89")


@given(st.integers(-(10**60), 10**60), st.integers(0, 30))
def test_rounding_is_within_half_a_unit(coefficient, places):
    amount = D(coefficient).scaleb(-places, decimal.Context(prec=99))
    minor = money.round_to_minor(amount, currency="CNY")
    # In whole numbers: 2 * |minor / 100 - amount| <= 1 / 100.
    distance = 2 * abs(minor * 10**places - coefficient * 100)
    assert distance <= 10**places
    if distance == 10**places:
        assert abs(minor) * 10**places > abs(coefficient) * 100


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (0, [1, 2], [0, 0]),
        (5, [0, 1, 0], [0, 5, 0]),
        (1, [0, 1, 1], [0, 1, 0]),
        (100, [D("0.1"), D("0.2"), D("0.7")], [10, 20, 70]),
        (100, [D("1E-30"), D("1E+30")], [0, 100]),
        (10, [D("0.00000001"), 1], [0, 10]),
    ],
)
def test_split(total, weights, parts):
    assert money.split(total, weights) == parts


@pytest.mark.parametrize("weights", [[], [0], [0, D(0)], [1, -1], [D("NaN")], [D("Infinity"), 1]])
def test_split_needs_a_weight(weights):
    with pytest.raises(ValueError, match="weight"):
        money.split(10, weights)


@pytest.mark.parametrize(("total", "weights"), [(1.0, [1]), (True, [1]), (1, [1.0]), (1, [True])])
def test_split_takes_no_float_and_no_bool(total, weights):
    with pytest.raises(TypeError):
        money.split(total, weights)


_weights = st.lists(
    st.one_of(
        st.integers(0, 10**12),
        st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=8),
    ),
    min_size=1,
    max_size=30,
).filter(any)


@given(st.integers(-(10**15), 10**15), _weights)
def test_a_split_adds_up_and_no_part_is_off_by_a_unit(total, weights):
    parts = money.split(total, weights)
    assert sum(parts) == total
    assert parts == money.split(total, weights)
    assert money.split(-total, weights) == [-part for part in parts]
    scaled = [int(D(weight) * 10**8) for weight in weights]
    for part, weight in zip(parts, scaled, strict=True):
        assert abs(part * sum(scaled) - total * weight) < sum(scaled)


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
    st.lists(st.integers(1, 20 * 10**9), max_size=10),
)
def test_payments_by_what_is_still_owed_never_pay_a_line_over(owed, payments):
    # The last payment is for everything that is left.
    for payment in [*payments, sum(owed)]:
        payment = min(payment, sum(owed))
        if payment:
            paid = money.split(payment, owed)
            owed = [before - part for before, part in zip(owed, paid, strict=True)]
            assert min(owed) >= 0
    assert set(owed) == {0}


def test_apportion_refuses_a_total_that_is_not_the_rounded_sum():
    assert money.apportion(1, numerators=[1], denominator=2) == [1]
    assert money.apportion(0, numerators=[1], denominator=2) == [0]
    with pytest.raises(ValueError, match="rounded sum"):
        money.apportion(2, numerators=[1], denominator=2)
    with pytest.raises(ValueError, match="denominator"):
        money.apportion(0, numerators=[0], denominator=0)
