"""Prices with 8 decimals and quantities with 6: exact to the last digit, then rounded once."""

from decimal import Decimal as D

import pytest

from billing.rules import money, pricing

#  price per unit   quantity          charge, to the last digit   fen
METERED = [
    ("0.17640000", "1234.567891",     "217.7777759724",           217_78),
    ("0.02210005", "57321.100005",    "1266.79917616550025",      1266_80),
    ("0.00000001", "0.000001",        "0.00000000000001",         0),
    ("0.00000001", "499999.999999",   "0.00499999999999",         0),
    ("0.00000001", "500000",          "0.005",                    1),
    ("0.00000001", "500000.000001",   "0.00500000000001",         1),
    ("0.12345678", "0.081001",        "0.01000012263678",         1),
    ("3.33333333", "3.000000",        "9.99999999",               10_00),
    ("0.00000000", "999999.999999",   "0",                        0),
    ("0.17640000", "0",               "0",                        0),
    ("99999999.99999999", "999999.999999", "99999999999899.99000000000001", 9999999999989999),
]  # fmt: skip


@pytest.mark.parametrize(("price", "quantity", "charge", "fen"), METERED)
def test_a_metered_line(price, quantity, charge, fen):
    vcpu = pricing.Component("vcpu", pricing.METERED, D(price), D("0.06"), "vCPU·h", "vcpu_hours")
    amount = pricing.metered_charge(vcpu, quantity=D(quantity))
    assert amount == D(charge)
    assert money.round_to_minor(amount, currency="CNY") == fen


def test_a_thousand_small_charges_are_rounded_together_not_one_by_one():
    """1,000 × 0.004 yuan is 4.00 on the line; a fen's rounding of each would make it nothing."""
    call = pricing.Component("call", pricing.METERED, D("0.004"), D("0.06"), "call", "calls")
    charges = [pricing.metered_charge(call, quantity=D(1)) for _ in range(1000)]
    assert money.round_to_minor(sum(charges, D(0)), currency="CNY") == 4_00
    assert sum(money.round_to_minor(charge, currency="CNY") for charge in charges) == 0
