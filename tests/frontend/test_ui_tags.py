"""Figures and links as the templates write them."""

from decimal import Decimal

import pytest
from django.template import Context
from django.test import RequestFactory

from frontend.templatetags import marketplace_ui as ui
from listings.search import facets


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (123450, "CNY", "¥1,234.50"),
        (0, "CNY", "¥0.00"),
        (7, "CNY", "¥0.07"),
        (-123450, "CNY", "\N{MINUS SIGN}¥1,234.50"),
        (501214111, "CNY", "¥5,012,141.11"),
        (100, "USD", "$1.00"),
        (100, "MNT", "MNT 1.00"),
        (None, "CNY", ""),
    ],
)
def test_money(minor: int | None, currency: str, written: str) -> None:
    assert ui.money(minor, currency) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [("0.0825", "¥0.0825"), ("477", "¥477.00"), ("0.00000001", "¥0.00000001"), ("1200.5", "¥1,200.50")],
)
def test_unit_price(amount: str, written: str) -> None:
    assert ui.unit_price(Decimal(amount)) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [("1234.500000", "1,234.5"), ("1000", "1,000"), ("0.000001", "0.000001"), ("-3", "\N{MINUS SIGN}3"), ("0", "0")],
)
def test_quantity(amount: str, written: str) -> None:
    assert ui.quantity(Decimal(amount)) == written


def test_percent() -> None:
    assert ui.percent(Decimal("0.125")) == "12.5%"


def test_sparkline_ends_on_the_newest_value() -> None:
    drawn = ui.sparkline([1, 2, 3])
    assert 'polyline points="4,28 46,16 88,4"' in drawn
    assert 'circle cx="88" cy="4"' in drawn
    assert "style" not in drawn


def test_sparkline_of_one_value_is_nothing() -> None:
    assert ui.sparkline([5]) == ""


def test_sparkline_of_equal_values_is_flat() -> None:
    assert 'polyline points="4,16 88,16"' in ui.sparkline([5, 5])


def test_an_icon_is_hidden_and_has_no_inline_style() -> None:
    drawn = ui.icon("plus")
    assert 'aria-hidden="true"' in drawn
    assert "style=" not in drawn


def context_of(query: str) -> Context:
    return Context({"request": RequestFactory().get(f"/?{query}")})


def test_without_takes_one_value_and_leaves_the_others_and_goes_to_page_one() -> None:
    assert ui.without(context_of("city=a&city=b&kind=c&page=3"), "city", "a") == "?city=b&kind=c"
    assert ui.without(context_of("city=a&city=b&kind=c"), "city") == "?kind=c"
    assert ui.without(context_of("city=a"), "city", "a") == "?"


def test_sort_link_turns_round_at_the_second_click() -> None:
    assert ui.sort_link(context_of("kind=c&page=2"), "price") == "?kind=c&sort=price"
    assert ui.sort_link(context_of("sort=price"), "price") == "?sort=-price"
    assert ui.sort_link(context_of("sort=-price"), "price") == "?sort=price"
    assert ui.sort_state(context_of("sort=-price"), "price") == "descending"
    assert ui.sort_state(context_of("sort=name"), "price") == ""


def test_kept_fields_escape_what_the_address_says() -> None:
    kept = ui.kept_fields(context_of("city=%22%3E%3Cscript%3E&sort=x"), "sort")
    assert kept == '<input type="hidden" name="city" value="&quot;&gt;&lt;script&gt;">'


def test_of_a_long_list_of_options_the_rest_is_folded_but_what_is_chosen_stays_in_sight():
    options = tuple(facets.Option(f"c{n}", f"类别{n}", 20 - n, n == 15) for n in range(20))
    shown, _, folded = str(ui.facet_options(facets.Facet("category", "类别", options, True))).partition("<details>")
    assert [n for n in range(20) if f'value="c{n}"' in shown] == [0, 1, 2, 3, 4, 5, 6, 7, 15]
    assert [n for n in range(20) if f'value="c{n}"' in folded] == [8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19]
    assert folded.startswith("<summary>") and "11" in folded[:40]
    short = facets.Facet("category", "类别", options[:11], True)
    assert "<details>" not in ui.facet_options(short)
