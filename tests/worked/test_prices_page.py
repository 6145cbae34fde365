"""Every table of docs/prices.md, computed by the rules and compared to the letter."""

import re
from decimal import Decimal as D
from pathlib import Path

import pytest

from billing.rules import decimals, pricing
from billing.rules.components import METERED, Component, Tier

PAGE = (Path(__file__).parents[2] / "docs" / "prices.md").read_text(encoding="utf-8")
TIERS = (Tier(D(100), D("0.50")), Tier(D(1000), D("0.40"), D(10)), Tier(None, D("0.30")))


def make(model: str, price: str = "0", **fields: object) -> Component:
    return Component("c", METERED, D(price), D("0.06"), "unit", "meter", model=model, **fields)


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.strip().splitlines()[2:]]


def shown(rated: pricing.Rated) -> list[str]:
    return [rated.formula, decimals.format_plain(rated.amount)]


def test_tiers():
    table = rows("Tiers: up to 100 at 0.50; up to 1,000 at 0.40 and 10 flat; above at 0.30")
    assert len(table) == 5
    for quantity, *cells in table:
        graduated, volume = (
            pricing.rate_metered(make(model, tiers=TIERS), quantity=D(quantity)) for model in ("graduated", "volume")
        )
        assert cells == [*shown(graduated), *shown(volume)]


def test_packages():
    package = make("package", "13", package_size=D(100), included_quantity=D(500))
    for quantity, *cells in rows("Packages of 100 at 13.00, the first 500 included"):
        assert cells == shown(pricing.rate_metered(package, quantity=D(quantity)))


def test_minimum_and_maximum():
    bounded = make("per_unit", "0.03", minimum_amount=D(30), maximum_amount=D(20_000))
    for quantity, days, *cells in rows("0.03 a minute, at least 30.00 and at most 20,000.00 a month"):
        ran, month = map(int, days.split("/"))
        assert cells == shown(pricing.rate_metered(bounded, quantity=D(quantity), ran=(ran, month)))


def test_the_page_names_every_model():
    from billing.rules.components import MODELS

    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(MODELS)


REFERENCE = [
    # published examples of other billing engines: id, component, quantity, rows, amount
    ("GRAD-01", "graduated", (("10", "10", "2"), ("20", "5", "3"), (None, "5", "3")), "12", "115"),
    ("GRAD-05", "graduated", (("5", "0", "100"), ("10", "0", "50"), ("15", "5", "0"), (None, "1", "0")), "22", "182"),
    ("VOL-01", "volume", (("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50")), "100", "210"),
    ("VOL-03", "volume", (("100", "2", "10"), ("200", "1", "0"), (None, "0.5", "50")), "300", "200"),
    ("KB-02", "volume", (("10", "1.5", "0"), ("100", "1", "0"), (None, "0.5", "0")), "111", "55.5"),
]


@pytest.mark.parametrize(("name", "model", "spans", "quantity", "amount"), REFERENCE)
def test_published_examples_of_tiers(name, model, spans, quantity, amount):
    tiers = tuple(Tier(None if up is None else D(up), D(unit), D(flat)) for up, unit, flat in spans)
    assert pricing.metered_charge(make(model, tiers=tiers), quantity=D(quantity)) == D(amount), name


def test_published_examples_of_the_other_models():
    """PKG-01, PKG-02, PCT-01 (a rate and a fee for each event) and COMMIT-01 (a true-up without use)."""
    assert pricing.metered_charge(make("package", "100", package_size=D(10)), quantity=D(121)) == D(1300)
    freed = make("package", "100", package_size=D(10), included_quantity=D(10))
    assert pricing.metered_charge(freed, quantity=D(121)) == D(1200)
    rate, fee = make("percentage", "0.013"), make("per_unit", "2")
    assert pricing.metered_charge(rate, quantity=D(800)) + pricing.metered_charge(fee, quantity=D(4)) == D("18.4")
    spans = (Tier(D(5), D(0), D(100)), Tier(D(10), D(0), D(150)), Tier(D(15), D(10)), Tier(None, D(5)))
    rated = pricing.rate_metered(make("volume", tiers=spans, minimum_amount=D(150)), quantity=D(0))
    assert [line.amount for line in rated.lines] == [D(100), D(50)]
