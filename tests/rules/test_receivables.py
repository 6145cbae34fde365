"""Where paid money stands after credits and refunds: the lines always agree with their invoice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules import receivables
from billing.rules.receivables import LineStanding, Standing


@pytest.mark.parametrize(
    ("standing", "open_minor", "owed_back_minor", "collected_minor"),
    [
        (Standing(100), 100, 0, 0),
        (Standing(100, paid_minor=60), 40, 0, 60),
        (Standing(100, credited_minor=30, paid_minor=60), 10, 0, 60),
        (Standing(100, credited_minor=50, paid_minor=60), 0, 10, 50),
        (Standing(100, credited_minor=50, paid_minor=60, refunded_minor=10), 0, 0, 50),
        (Standing(100, written_off_minor=40, paid_minor=60), 0, 0, 60),
        (Standing(100, paid_minor=100, refunded_minor=25), 25, 0, 75),
    ],
)
def test_the_figures_of_an_invoice(standing, open_minor, owed_back_minor, collected_minor):
    found = (standing.open_minor, standing.owed_back_minor, standing.collected_minor)
    assert found == (open_minor, owed_back_minor, collected_minor)


def test_a_payment_goes_to_what_nobody_disputes_first():
    lines = [LineStanding(100, 0), LineStanding(300, 0, is_held=True), LineStanding(-40, 0)]
    assert receivables.collect(60, lines=lines) == [100, 0, -40]
    assert receivables.collect(90, lines=lines) == [100, 30, -40]
    assert receivables.collect(30, lines=lines) == [50, 0, -20]
    with pytest.raises(ValueError, match="more than is owed"):
        receivables.collect(361, lines=lines)


@pytest.mark.parametrize(
    ("collected_minor", "lines", "expected"),
    [
        # 60 of 100 credited on a paid line: the other one is owed 30 of it, 30 are owed back
        (70, [LineStanding(40, 100), LineStanding(30, 0)], [-60, 30]),
        # the other line is owed more than the credit: nothing leaves
        (100, [LineStanding(40, 100), LineStanding(90, 0)], [-60, 60]),
        # nothing credited, 25 paid back (a chargeback): by what is collected
        (75, [LineStanding(80, 80), LineStanding(20, 20)], [-20, -5]),
        # the whole invoice credited, with its correction
        (0, [LineStanding(0, 100), LineStanding(0, -30)], [-100, 30]),
        (70, [LineStanding(100, 100), LineStanding(-30, -30)], [0, 0]),
    ],
)
def test_collections_follow_credits_and_refunds(collected_minor, lines, expected):
    assert receivables.follow(collected_minor, lines=lines) == expected


@given(
    grosses=st.lists(st.integers(0, 10**9), min_size=1, max_size=5),
    shares=st.lists(st.floats(0, 1), min_size=14, max_size=14),
)
def test_lines_agree_with_their_invoice_after_any_payment_credit_and_refund(grosses, shares):
    total = sum(grosses)
    paid = int(total * shares[0])
    fresh = [LineStanding(gross, 0, share > 0.8) for gross, share in zip(grosses, shares[1:], strict=False)]
    collected = receivables.collect(paid, lines=fresh)
    assert sum(collected) == paid
    credited = [int(gross * share) for gross, share in zip(grosses, shares[6:], strict=False)]
    standing = Standing(total, credited_minor=sum(credited), paid_minor=paid)
    refunded = int(standing.owed_back_minor * shares[12]) + int(standing.collected_minor * max(0, shares[13] - 0.5))
    standing = Standing(total, credited_minor=sum(credited), paid_minor=paid, refunded_minor=refunded)
    left = [gross - gone for gross, gone in zip(grosses, credited, strict=True)]
    before = [LineStanding(gross, was) for gross, was in zip(left, collected, strict=True)]
    after = [
        was + move
        for was, move in zip(collected, receivables.follow(standing.collected_minor, lines=before), strict=True)
    ]
    assert sum(after) == standing.collected_minor
    assert all(0 <= now <= most for now, most in zip(after, left, strict=True))
    assert sum(left) - sum(after) == standing.open_minor
