"""Months of 28 to 31 days, a leap day, and the instants around midnight in Shanghai."""

from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest

from billing.rules import money, periods, pricing
from billing.rules.periods import Month

# A rack at 100.00 yuan a month; the end date is not counted.
#  month      from          until         days    charge   fen
PRORATED = [
    ("2026-02", "2026-02-01", None,         "28/28", "100",                    100_00),
    ("2026-02", "2026-02-15", None,         "14/28", "50",                      50_00),
    ("2026-02", "2026-02-28", None,         "1/28",  "3.57142857142857142857",   3_57),
    ("2028-02", "2028-02-01", None,         "29/29", "100",                    100_00),
    ("2028-02", "2028-02-01", "2028-02-15", "14/29", "48.27586206896551724138", 48_28),
    ("2028-02", "2028-02-29", None,         "1/29",  "3.44827586206896551724",   3_45),
    ("2028-02", "2028-02-28", "2028-02-29", "1/29",  "3.44827586206896551724",   3_45),
    ("2028-02", "2028-01-01", "2028-02-29", "28/29", "96.55172413793103448276", 96_55),
    ("2026-09", "2026-09-01", None,         "30/30", "100",                    100_00),
    ("2026-09", "2026-09-16", None,         "15/30", "50",                      50_00),
    ("2026-09", "2026-09-30", None,         "1/30",  "3.33333333333333333333",   3_33),
    ("2026-10", "2026-10-01", None,         "31/31", "100",                    100_00),
    ("2026-10", "2026-10-15", None,         "17/31", "54.83870967741935483871", 54_84),
    ("2026-10", "2026-10-15", "2026-10-16", "1/31",  "3.22580645161290322581",   3_23),
    ("2026-10", "2026-09-15", "2026-10-15", "14/31", "45.16129032258064516129", 45_16),
    ("2026-10", "2026-11-01", None,         "0/31",  "0",                        0),
    ("2026-10", "2026-10-05", "2026-10-05", "0/31",  "0",                        0),
]  # fmt: skip

RACK = pricing.Component("rack", pricing.RECURRING, D("100.00"), D("0.06"), "rack", None)


@pytest.mark.parametrize(("month", "first", "until", "days", "charge", "fen"), PRORATED)
def test_a_rack_for_part_of_a_month(month, first, until, days, charge, fen):
    rated = pricing.rate_recurring(
        RACK,
        quantity=D(1),
        month=Month.parse(month),
        active_from=date.fromisoformat(first),
        active_until=date.fromisoformat(until) if until else None,
        term_discount=D(0),
    )
    assert rated.formula == f"1 × 100 × {days}"
    assert round(rated.amount, 20) == D(charge)
    assert money.round_to_minor(rated.amount, currency="CNY") == fen


def test_two_parts_of_a_month_add_up_to_the_month():
    """The charges of 14 and of 17 days add up to the month; only their invoice lines are rounded."""
    parts = [
        pricing.recurring_charge(
            RACK,
            quantity=D(1),
            month=Month(2026, 10),
            active_from=first,
            active_until=until,
            term_discount=D(0),
        )
        for first, until in [
            (date(2026, 9, 1), date(2026, 10, 15)),
            (date(2026, 10, 15), None),
        ]
    ]
    assert [money.round_to_minor(part, currency="CNY") for part in parts] == [45_16, 54_84]
    assert money.round_to_minor(parts[0] + parts[1], currency="CNY") == 100_00


# 00:00 on 1 October in Shanghai is 16:00 on 30 September in UTC.
#  instant, in UTC               month      day in Shanghai
BOUNDARY = [
    ("2026-09-30T15:59:59+00:00", "2026-09", "2026-09-30"),
    ("2026-09-30T16:00:00+00:00", "2026-10", "2026-10-01"),
    ("2026-09-30T16:00:01+00:00", "2026-10", "2026-10-01"),
    ("2028-02-28T15:59:59+00:00", "2028-02", "2028-02-28"),
    ("2028-02-28T16:00:00+00:00", "2028-02", "2028-02-29"),
    ("2028-02-29T15:59:59+00:00", "2028-02", "2028-02-29"),
    ("2028-02-29T16:00:00+00:00", "2028-03", "2028-03-01"),
    ("2026-12-31T15:59:59+00:00", "2026-12", "2026-12-31"),
    ("2026-12-31T16:00:00+00:00", "2027-01", "2027-01-01"),
]


@pytest.mark.parametrize(("instant", "month", "day"), BOUNDARY)
def test_the_month_begins_at_midnight_in_shanghai(instant, month, day):
    moment = datetime.fromisoformat(instant)
    assert str(Month.of(moment)) == month
    assert periods.civil_date(moment) == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["2026-02", "2028-02", "2026-09", "2026-10", "2026-12"])
def test_one_second_decides_the_month(text):
    month = Month.parse(text)
    assert Month.of(month.start_at - timedelta(seconds=1)) == month.previous()
    assert Month.of(month.start_at) == month
    assert Month.of(month.end_at - timedelta(seconds=1)) == month
    assert Month.of(month.end_at) == month.next()
    assert month.end_at - month.start_at == timedelta(days=month.days)
