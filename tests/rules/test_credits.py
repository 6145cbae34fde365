"""Credits of a line: any order of them stays within its net and its tax, and the last one clears it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import credits
from billing.rules.credits import Part

LINE = Part(1_480_65, 192_48, Decimal(3))  # 1,480.65 at 13 %, three units


@pytest.mark.parametrize(
    ("quantity", "net_minor", "tax_minor"),
    [("1", 493_55, 64_16), ("2", 987_10, 128_32), ("3", 1_480_65, 192_48), ("0.5", 246_78, 32_08)],
)
def test_by_quantity(quantity, net_minor, tax_minor):
    assert credits.take_quantity(LINE, quantity=Decimal(quantity)) == Part(net_minor, tax_minor, Decimal(quantity))


@pytest.mark.parametrize(
    ("gross_minor", "net_minor", "tax_minor"),
    [(1, 1, 0), (4, 4, 0), (5, 4, 1), (113_00, 100_00, 13_00), (1673_12, 1480_64, 192_48), (1673_13, 1480_65, 192_48)],
)
def test_by_amount_with_tax(gross_minor, net_minor, tax_minor):
    assert credits.take_gross(LINE, gross_minor=gross_minor) == Part(net_minor, tax_minor)


@pytest.mark.parametrize(("net_minor", "tax_minor"), [(1, 0), (4, 1), (100_00, 13_00), (1480_65, 192_48)])
def test_by_amount_without_tax(net_minor, tax_minor):
    assert credits.take_net(LINE, net_minor=net_minor) == Part(net_minor, tax_minor)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_credit_is_above_zero(amount):
    for take in (
        lambda: credits.take_gross(LINE, gross_minor=amount),
        lambda: credits.take_net(LINE, net_minor=amount),
        lambda: credits.take_quantity(LINE, quantity=Decimal(amount)),
    ):
        with pytest.raises(credits.NotAboveZero):
            take()


def test_never_more_than_is_left():
    with pytest.raises(credits.MoreThanLeft):
        credits.take_gross(LINE, gross_minor=LINE.gross_minor + 1)
    with pytest.raises(credits.MoreThanLeft):
        credits.take_net(LINE, net_minor=LINE.net_minor + 1)
    with pytest.raises(credits.MoreThanLeft):
        credits.take_quantity(LINE, quantity=Decimal("3.000001"))
    correction = Part(-10_00, -60)
    with pytest.raises(credits.NothingLeft):
        credits.take_gross(correction, gross_minor=1)
    assert credits.take_all(correction) == correction


whole = st.integers(1, 10**13)
steps_of = st.lists(st.tuples(st.integers(0, 2), st.floats(0.001, 1)), max_size=8)


@given(net_minor=whole, rate=st.sampled_from(["0", "0.03", "0.06", "0.13"]), steps=steps_of)
def test_any_order_of_credits_stays_within_the_line_and_the_last_clears_it(net_minor, rate, steps):
    left = Part(net_minor, int(Decimal(net_minor) * Decimal(rate)), Decimal(7))
    for way, share in steps:
        if left.gross_minor <= 0:
            break
        if way == 0:
            taken = credits.take_gross(left, gross_minor=max(1, int(left.gross_minor * share)))
        elif way == 1 and left.quantity > 0:
            taken = credits.take_quantity(left, quantity=min(left.quantity, Decimal(f"{share:.3f}")))
        elif left.net_minor > 0:
            taken = credits.take_net(left, net_minor=max(1, min(left.net_minor, int(left.net_minor * share))))
        else:
            continue
        assert 0 <= taken.net_minor <= left.net_minor
        assert 0 <= taken.tax_minor <= left.tax_minor
        left = left.less(taken)
    assert left.less(credits.take_all(left)) == Part(0, 0, Decimal(0))
