"""The tables of docs/usage.md about aggregations, computed by the rules and compared to the letter."""

from datetime import datetime, timedelta
from decimal import Decimal as D
from pathlib import Path

from billing.rules import aggregation, decimals, periods
from billing.rules.aggregation import Event

PAGE = (Path(__file__).parents[2] / "docs" / "usage.md").read_text(encoding="utf-8")
DAY = datetime(2026, 3, 3, tzinfo=periods.SHANGHAI)
NEXT = DAY + timedelta(days=1)


def table(header: str) -> list[list[str]]:
    rows = PAGE.split(f"{header}\n")[1].split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]


def test_each_aggregation_of_the_day_on_the_page():
    events = [
        Event(datetime.fromisoformat(time).replace(tzinfo=periods.SHANGHAI), D(quantity), value)
        for time, quantity, value in table("| Time | Quantity | Value |")
    ]
    rows = table("| `aggregation` | How | 3 March | 4 March, nothing reported |")
    assert [name.strip("`") for name, *_ in rows] == list(aggregation.AGGREGATIONS)
    after = aggregation.level_at(events, moment=NEXT)
    for name, _how, *cells in rows:
        first = aggregation.aggregate(name.strip("`"), events, start=DAY, end=NEXT, carried=D(10))
        second = aggregation.aggregate(name.strip("`"), events, start=NEXT, end=NEXT + timedelta(days=1), carried=after)
        assert cells == [decimals.format_plain(first), decimals.format_plain(second)], name


def test_the_page_defines_every_aggregation():
    rows = table("| `aggregation` | The quantity of a period | Nothing reported |")
    assert [name.strip("`") for name, *_ in rows] == list(aggregation.AGGREGATIONS)


def test_half_a_month_of_a_level_is_half_the_average():
    middle, month = datetime(2026, 4, 16, tzinfo=periods.SHANGHAI), periods.Month(2026, 4)
    held = [Event(middle, D(100))]
    assert aggregation.aggregate("weighted_average", held, start=month.start_at, end=month.end_at) == D(50)
