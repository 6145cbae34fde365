"""Exact arithmetic, and the one division."""

import decimal
from decimal import Decimal as D
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.rules import decimals, money

_amounts = st.decimals(min_value=D(-(10**40)), max_value=D(10**40), allow_nan=False, allow_infinity=False)


@given(_amounts, _amounts)
def test_products_and_sums_are_exact(left, right):
    assert Fraction(decimals.multiply(left, right)) == Fraction(left) * Fraction(right)
    assert Fraction(decimals.add(left, right)) == Fraction(left) + Fraction(right)


def test_nothing_depends_on_the_callers_context():
    with decimal.localcontext(decimal.Context(prec=1, Emax=1, Emin=-1)):
        assert decimals.multiply(D("12345.678"), D("0.001")) == D("12.345678")
        assert str(decimals.divide(D(1), 3)) == "0." + "3" * 50


def test_an_inexact_quotient_never_looks_like_a_tie():
    # 1/3 of 0.015000…0003 is 0.005000…0001, above a tie; of 0.014999…9997 it is below.
    above = decimals.divide(D("0.015" + "0" * 60 + "3"), 3)
    below = decimals.divide(D("0.014" + "9" * 60 + "7"), 3)
    assert money.round_to_minor(above, currency="CNY") == 1
    assert money.round_to_minor(below, currency="CNY") == 0
    assert decimals.divide(D("0.015"), 3) == D("0.005")


@given(st.integers(0, 10**70), st.integers(0, 60), st.sampled_from([28, 29, 30, 31]))
def test_rounding_a_quotient_rounds_the_true_quotient(coefficient, places, days):
    numerator = D(coefficient).scaleb(-places, decimal.Context(prec=200))
    minor = money.round_to_minor(decimals.divide(numerator, days), currency="CNY")
    true = Fraction(coefficient * 100, 10**places * days)
    assert minor == (true + Fraction(1, 2)).__floor__()


def test_plain_forms():
    assert decimals.format_plain(D("1E+3")) == "1000"
    assert decimals.format_plain(D("0.10000000")) == "0.1"
    assert decimals.format_plain(D("0E-8")) == "0"
    assert decimals.format_plain(D("1E-8")) == "0.00000001"
    assert decimals.count_places(D("1.2300")) == 2
    assert decimals.count_places(D("1E+3")) == 0
