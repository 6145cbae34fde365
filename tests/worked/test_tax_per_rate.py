"""Tax once per rate, beside what rounding every line would give."""

from decimal import Decimal as D

import pytest

from billing.rules import money, tax

#  nets of the lines, in fen          rate    exact      tax   line by line   shares of the lines
TABLE = [
    ([8, 8],                          "0.06", "0.96",      1,   0,  [1, 0]),
    ([9, 9, 9],                       "0.06", "1.62",      2,   3,  [1, 1, 0]),
    ([10_000, 10_000],                "0.06", "1200.00",  1200, 1200, [600, 600]),
    ([333, 333, 334],                 "0.06", "60.00",    60,  60,  [20, 20, 20]),
    ([4, 4, 4, 4],                    "0.13", "2.08",      2,   4,  [1, 1, 0, 0]),
    ([1, 1, 1, 1],                    "0.09", "0.36",      0,   0,  [0, 0, 0, 0]),
    ([50, 50],                        "0.03", "3.00",      3,   4,  [2, 1]),
    ([19_999, 15_876, 21_778, 126_680], "0.06", "11059.98", 11060, 11061, [1200, 952, 1307, 7601]),
    # A credit of 12 fen beside a charge of 30.
    ([-12, 30],                       "0.06", "1.08",      1,   1,  [-1, 2]),
]  # fmt: skip


@pytest.mark.parametrize(("nets", "rate", "exact", "once", "line_by_line", "shares"), TABLE)
def test_tax(nets, rate, exact, once, line_by_line, shares):
    lines = [(net, D(rate)) for net in nets]
    assert sum(nets) * D(rate) == D(exact)
    tax_lines = tax.tax_by_rate(lines, currency="CNY")
    assert tax_lines == [tax.TaxLine(D(rate), sum(nets), once)]
    assert line_by_line == sum(money.round_to_minor(net * D(rate) / 100, currency="CNY") for net in nets)
    assert tax.spread_tax(lines, tax_lines) == shares
    assert sum(shares) == once
