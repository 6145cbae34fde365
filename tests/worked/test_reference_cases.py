"""Published examples of other billing engines that today's rules cover, restated in fen."""

from datetime import date
from decimal import Decimal as D

from billing.rules import money, pricing, tax
from billing.rules.periods import Month


def test_prorated_leap_february():
    """PROR-04: 100.00 for 1 to 14 February 2012, 14 of 29 days, is 48.28."""
    plan = pricing.Component("plan", pricing.RECURRING, D("100.00"), D("0.06"), "month", None)
    rated = pricing.rate_recurring(
        plan,
        quantity=D(1),
        month=Month(2012, 2),
        active_from=date(2012, 2, 1),
        active_until=date(2012, 2, 15),
        term_discount=D(0),
    )
    assert (rated.factor_numerator, rated.factor_denominator) == (14, 29)
    assert round(rated.amount / 100, 9) == D("0.482758621")
    assert money.round_to_minor(rated.amount, currency="CNY") == 48_28


def test_prorated_credit():
    """CN-02: 29 of 30 unused days of 160.00, tax 25 %: 154.67 + 38.67 = 193.34."""
    plan = pricing.Component("plan", pricing.RECURRING, D("160.00"), D("0.25"), "month", None)
    unused = pricing.recurring_charge(
        plan,
        quantity=D(1),
        month=Month(2026, 9),
        active_from=date(2026, 9, 2),
        active_until=None,
        term_discount=D(0),
    )
    net = money.round_to_minor(unused, currency="CNY")
    [line] = tax.tax_by_rate([(net, D("0.25"))], currency="CNY")
    assert (net, line.tax_minor, net + line.tax_minor) == (154_67, 38_67, 193_34)


def test_partial_payment_over_lines():
    """SPLIT-03: 5.00 paid on lines of 10.00 and 5.00 is 3.33 and 1.67."""
    assert money.split(5_00, [10_00, 5_00]) == [3_33, 1_67]
    assert money.split(5_00, [D("10.00"), D("5.00")]) == [3_33, 1_67]


def test_discount_over_lines():
    """SPLIT-04: 1.00 off lines of 3.33, 3.33 and 3.34 leaves 3.00 each."""
    lines = [3_33, 3_33, 3_34]
    off = money.split(1_00, lines)
    assert off == [33, 33, 34]
    assert [line - part for line, part in zip(lines, off, strict=True)] == [3_00, 3_00, 3_00]
    assert sum(lines) - sum(off) == 9_00
