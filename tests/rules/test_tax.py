"""VAT per rate, and the share of each line."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import money, tax
from billing.rules.tax import TaxLine

SIX, NINE, THIRTEEN = D("0.06"), D("0.09"), D("0.13")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([(10_000, SIX)], [TaxLine(SIX, 10_000, 600)]),
        # 0.06 × 8 = 0.48 fen a line: nothing per line, one fen on the sum.
        ([(8, SIX), (8, SIX)], [TaxLine(SIX, 16, 1)]),
        # 0.06 × 9 = 0.54 fen a line: 3 per line, 2 on the sum.
        ([(9, SIX), (9, SIX), (9, SIX)], [TaxLine(SIX, 27, 2)]),
        ([(100, THIRTEEN), (100, SIX)], [TaxLine(SIX, 100, 6), TaxLine(THIRTEEN, 100, 13)]),
        ([(100, D("0"))], [TaxLine(D("0"), 100, 0)]),
        ([(25, SIX)], [TaxLine(SIX, 25, 2)]),
        ([(-25, SIX)], [TaxLine(SIX, -25, -2)]),
        ([(100, SIX), (-100, SIX)], [TaxLine(SIX, 0, 0)]),
        ([(10**40, SIX)], [TaxLine(SIX, 10**40, 6 * 10**38)]),
    ],
)
def test_tax_is_rounded_once_per_rate(lines, expected):
    assert tax.tax_by_rate(lines, currency="CNY") == expected


def test_a_rate_written_longer_is_the_same_rate():
    lines = [(100, D("0.0600")), (100, SIX)]
    assert repr(tax.tax_by_rate(lines, currency="CNY")) == repr([TaxLine(SIX, 200, 12)])
    assert repr(tax.tax_by_rate(lines[::-1], currency="CNY")) == repr([TaxLine(SIX, 200, 12)])


@pytest.mark.parametrize("rate", ["-0.01", "1.01", "6", "NaN", "Infinity"])
def test_a_rate_is_a_fraction(rate):
    with pytest.raises(tax.InvalidRate, match=r"0\.06"):
        tax.tax_by_rate([(1, D(rate))], currency="CNY")


def test_floats_and_unknown_currencies_are_refused():
    with pytest.raises(TypeError):
        tax.tax_by_rate([(1, 0.06)], currency="CNY")
    with pytest.raises(TypeError):
        tax.tax_by_rate([(1.5, SIX)], currency="CNY")
    with pytest.raises(money.UnknownCurrency):
        tax.tax_by_rate([], currency="RMB")


@pytest.mark.parametrize(
    ("lines", "taxes"),
    [
        ([], []),
        ([(8, SIX), (8, SIX)], [1, 0]),
        ([(9, SIX), (9, SIX), (9, SIX)], [1, 1, 0]),
        ([(-9, SIX), (-9, SIX), (-9, SIX)], [-1, -1, 0]),
        ([(100, THIRTEEN), (100, SIX), (50, THIRTEEN)], [13, 6, 7]),
        # A correction beside a charge: −12 and 30, exactly −0.72 and 1.80 fen.
        ([(-12, SIX), (30, SIX)], [-1, 2]),
        ([(100, SIX), (-100, SIX)], [6, -6]),
    ],
)
def test_spread(lines, taxes):
    assert tax.spread_tax(lines, tax.tax_by_rate(lines, currency="CNY")) == taxes


@pytest.mark.parametrize(
    "tax_lines",
    [
        [],
        [TaxLine(SIX, 100, 6), TaxLine(SIX, 100, 6)],
        [TaxLine(NINE, 100, 9)],
        [TaxLine(SIX, 101, 6)],
        [TaxLine(SIX, 100, 7)],
        [TaxLine(SIX, 100, 6), TaxLine(NINE, 0, 0)],
    ],
)
def test_tax_lines_of_another_document_are_refused(tax_lines):
    with pytest.raises(tax.TaxLinesMismatch):
        tax.spread_tax([(100, SIX)], tax_lines)


_lines = st.lists(
    st.tuples(
        st.integers(-(10**9), 10**9),
        st.sampled_from([D(0), D("0.03"), SIX, NINE, THIRTEEN, D("0.12345678"), D(1)]),
    ),
    max_size=30,
)


@given(_lines)
def test_shares_add_up_per_rate_and_stay_within_a_unit(lines):
    tax_lines = tax.tax_by_rate(lines, currency="CNY")
    taxes = tax.spread_tax(lines, tax_lines)
    assert [line.rate for line in tax_lines] == sorted({rate for _, rate in lines})
    for line in tax_lines:
        own = [i for i, (_, rate) in enumerate(lines) if rate == line.rate]
        assert sum(taxes[i] for i in own) == line.tax_minor
        assert sum(lines[i][0] for i in own) == line.net_minor
        assert abs(line.tax_minor - line.net_minor * line.rate) <= D("0.5")
        assert all(abs(taxes[i] - lines[i][0] * line.rate) < 1 for i in own)


@given(_lines)
def test_a_full_credit_is_the_exact_opposite(lines):
    opposite = [(-net, rate) for net, rate in lines]
    taxes = tax.spread_tax(lines, tax.tax_by_rate(lines, currency="CNY"))
    back = tax.spread_tax(opposite, tax.tax_by_rate(opposite, currency="CNY"))
    assert back == [-part for part in taxes]


@pytest.mark.parametrize(
    ("net", "rate", "gross"),
    [("100", "0.06", "106.00"), ("0.17640001", "0.13", "0.1993320113"), ("5", "0", "5")],
)
def test_gross_from_net_is_exact(net, rate, gross):
    assert tax.gross_from_net(D(net), D(rate)) == D(gross)
