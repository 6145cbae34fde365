"""PUE by worked examples: sum over sum, rounded once; a year with a gap proves nothing."""

from decimal import Decimal

import pytest

from billing.rules import energy
from billing.rules.energy import ImpossibleReading, Reading
from billing.rules.periods import Month

OCTOBER = Month(2026, 10)


def year(facility="1310000", it="1000000"):
    return {month: Reading(Decimal(facility), Decimal(it)) for month in energy.year_until(OCTOBER)}


@pytest.mark.parametrize(
    ("facility", "it", "pue"),
    [
        ("1310000", "1000000", "1.310"),
        ("620000", "500000", "1.240"),
        ("1000000", "1000000", "1.000"),
        ("2", "3e0", None),
        ("1.0005", "1", "1.001"),  # half up
        ("10000", "7000", "1.429"),
    ],
)
def test_a_month(facility, it, pue):
    if pue is None:
        with pytest.raises(ImpossibleReading):
            Reading(Decimal(facility), Decimal(it))
    else:
        assert str(energy.monthly_pue(Reading(Decimal(facility), Decimal(it)))) == pue


def test_a_year_is_the_sum_over_the_sum_and_not_the_mean_of_the_months():
    months = year("620000", "500000")
    for month in list(months)[:6]:
        months[month] = Reading(Decimal("1310000"), Decimal("1000000"))
    found = energy.trailing_pue(months, until=OCTOBER)
    assert (found.value, found.missing, found.since) == (Decimal("1.287"), (), Month(2025, 11))


def test_eleven_months_prove_nothing_and_say_which_one_is_missing():
    months = year()
    del months[Month(2026, 2)]
    found = energy.trailing_pue(months, until=OCTOBER)
    assert (found.value, found.missing) == (None, (Month(2026, 2),))
    assert energy.trailing_pue({}, until=OCTOBER).missing == tuple(energy.year_until(OCTOBER))


@pytest.mark.parametrize(
    ("facility", "it", "error"),
    [
        (Decimal(1), Decimal(0), ImpossibleReading),
        (Decimal(-1), Decimal(-2), ImpossibleReading),
        (Decimal("NaN"), Decimal(1), ValueError),
        (1.5, Decimal(1), TypeError),
    ],
)
def test_readings_that_cannot_be(facility, it, error):
    with pytest.raises(error):
        Reading(facility, it)
