"""The platform's commission."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import commission, money, tax
from billing.rules.commission import Commission


@pytest.mark.parametrize(
    ("gross", "rate", "vat_rate", "expected"),
    [
        (106_000, "0.10", "0.06", (10_600, 636, 94_764)),
        (200_007, "0.085", "0.06", (17_001, 1_020, 181_986)),
        (5, "0.10", "0.06", (1, 0, 4)),
        (-5, "0.10", "0.06", (-1, 0, -4)),
        (4, "0.10", "0.06", (0, 0, 4)),
        (250, "0.10", "0.06", (25, 2, 223)),
        # VAT on the rounded 8 fen is 0.48, on the exact 8.4 it would be 0.504.
        (84, "0.10", "0.06", (8, 0, 76)),
        (0, "0.10", "0.06", (0, 0, 0)),
        (1_000, "0", "0.06", (0, 0, 1_000)),
        (1_000, "0.00000001", "0.06", (0, 0, 1_000)),
        (10**30, "0.05", "0.06", (5 * 10**28, 3 * 10**27, 947 * 10**27)),
    ],
)
def test_settle(gross, rate, vat_rate, expected):
    assert commission.settle(
        gross, commission_rate=D(rate), commission_vat_rate=D(vat_rate), currency="CNY"
    ) == Commission(gross, *expected)


def test_bad_input_is_refused():
    good = {"commission_rate": D("0.1"), "commission_vat_rate": D("0.06"), "currency": "CNY"}
    with pytest.raises(TypeError):
        commission.settle(1.0, **good)
    with pytest.raises(TypeError):
        commission.settle(1, **good | {"commission_rate": 0.1})
    with pytest.raises(tax.InvalidRate, match="commission_rate"):
        commission.settle(1, **good | {"commission_rate": D(10)})
    with pytest.raises(tax.InvalidRate, match="commission_vat_rate"):
        commission.settle(1, **good | {"commission_vat_rate": D("-0.06")})
    with pytest.raises(money.UnknownCurrency):
        commission.settle(1, **good | {"currency": "RMB"})
    with pytest.raises(ValueError, match="gross_minor"):
        Commission(10, 1, 1, 9)


_rates = st.decimals(0, 1, places=6, allow_nan=False)


@given(st.integers(-(10**15), 10**15), _rates, _rates)
def test_nothing_is_lost_and_a_refund_is_the_opposite(gross, rate, vat_rate):
    rules = {"commission_rate": rate, "commission_vat_rate": vat_rate, "currency": "CNY"}
    paid = commission.settle(gross, **rules)
    back = commission.settle(-gross, **rules)
    assert paid.commission_minor + paid.vat_minor + paid.net_minor == gross
    assert abs(paid.commission_minor - gross * rate) <= D("0.5")
    assert abs(paid.vat_minor - paid.commission_minor * vat_rate) <= D("0.5")
    assert (back.commission_minor, back.vat_minor, back.net_minor) == (
        -paid.commission_minor,
        -paid.vat_minor,
        -paid.net_minor,
    )
