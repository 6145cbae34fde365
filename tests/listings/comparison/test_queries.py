"""Offerings side by side: the same figures as everywhere, best marks, and what is missing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from listings.comparison import queries, scoring, table
from listings.models import CategoryAttribute, ProductAttribute, ProductClass
from listings.prices import pricing
from tests import editions, factories

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 2)


def choose(*offering_ids: int, **fields: Any) -> queries.Chosen:
    return queries.Chosen(
        **{
            "offering_ids": offering_ids,
            "plan_ids": frozenset(),
            "quantity": 10,
            "term_months": 12,
            "weights": scoring.PRESETS["balanced"],
            **fields,
        }
    )


def compare(*offering_ids: int, **fields: Any) -> queries.Comparison:
    return queries.compare_offerings(chosen=choose(*offering_ids, **fields), organisation_id=None, on=ON)


def find_row(found: queries.Comparison, code: str) -> table.Row:
    return next(row for group in found.table.groups for row in group.rows if row.code == code)


def prove(centre: Any, *, kind: str, value: str, until: date) -> None:
    editions.document(centre, kind, value, valid_until=until)


@pytest.fixture
def hosts() -> tuple[Any, Any]:
    dear = factories.offering(factories.data_centre(factories.hongshan()), sla_percent=Decimal("99.95"))
    cheap = factories.offering(
        factories.data_centre(factories.songmo(), measured_pue=Decimal("1.18"), green_power_percent=40),
        plans={"monthly": [factories.Price("recurring", "200", name="云主机")]},
        lead_time_days=3,
    )
    prove(dear.data_centre, kind="pue", value="1.31", until=date(2027, 1, 31))
    prove(cheap.data_centre, kind="pue", value="1.18", until=date(2027, 1, 31))
    prove(dear.data_centre, kind="green_power", value="62", until=date(2027, 1, 31))
    prove(cheap.data_centre, kind="green_power", value="40", until=date(2027, 1, 31))
    return dear, cheap


def test_the_total_is_the_price_functions(hosts: tuple[Any, Any]) -> None:
    """212.70 net a month, 10 % off for 12 months, 10 units: 22,971.60 net, 24,349.90 with 6 % VAT."""
    found = compare(*(host.pk for host in hosts))
    quote = pricing.quote(plan=factories.plan(hosts[0]), quantity=10, term_months=12)
    assert [cell.value for cell in find_row(found, "total").cells] == [Decimal("24349.90"), Decimal("22896.00")]
    assert find_row(found, "total").cells[0].value == quote.term.gross.to_decimal()
    assert find_row(found, "net").cells[0].value == quote.term.net.to_decimal() == Decimal("22971.60")
    # 24,349.90 ÷ 10 ÷ 12 = 202.9158…
    assert find_row(found, "monthly_unit").cells[0].value == Decimal("202.92")
    assert find_row(found, "monthly_unit").cells[0].unit == "台·月"


def test_best_marks_scores_and_ranks(hosts: tuple[Any, Any]) -> None:
    """Price 0/100, service (99.95/99.9, 1/3 days) 100/0, compliance equal and unfiled, green 50/50."""
    found = compare(*(host.pk for host in hosts))
    assert [cell.is_best for cell in find_row(found, "total").cells] == [False, True]
    assert [cell.is_best for cell in find_row(found, "sla").cells] == [True, False]
    assert [cell.is_best for cell in find_row(found, "pue").cells] == [False, True]
    assert [cell.is_best for cell in find_row(found, "green").cells] == [True, False]
    # recommended: both 0, so 100 each; the level has no filing number and measures nothing
    assert [dict(one.points) for one in found.table.scores] == [
        {"price": 0, "service": 100, "compliance": 100, "green": 50},
        {"price": 100, "service": 0, "compliance": 100, "green": 50},
    ]
    assert [(one.total, one.rank) for one in found.table.scores] == [(Decimal("55.0"), 2), (Decimal("65.0"), 1)]


def test_only_differences(hosts: tuple[Any, Any]) -> None:
    found = compare(*(host.pk for host in hosts))
    left = {row.code for group in table.only_differences(found.table.groups) for row in group.rows}
    assert {"total", "sla", "lead_time", "pue"} <= left
    assert not {"mlps", "recommended", "place"} & left


def test_a_claim_without_evidence_measures_nothing() -> None:
    hongshan = factories.hongshan()
    proven, lapsed, claimed = (factories.data_centre(hongshan) for _number in range(3))
    prove(proven, kind="mlps", value="3", until=date(2027, 1, 31))
    prove(lapsed, kind="mlps", value="3", until=date(2026, 10, 31))
    prove(proven, kind="pue", value="1.290", until=date(2027, 1, 31))
    found = compare(*(factories.offering(centre).pk for centre in (proven, lapsed, claimed)))
    assert [cell.value for cell in find_row(found, "mlps").cells] == [3, None, None]
    assert [cell.text for cell in find_row(found, "mlps").cells] == ["等保三级"] * 3
    assert "2027-01-31" in find_row(found, "mlps").cells[0].note
    assert [cell.value for cell in find_row(found, "pue").cells] == [Decimal("1.290"), None, None]
    assert [cell.text for cell in find_row(found, "pue").cells] == ["1.29", "1.31", "1.31"]


def test_specifications_are_the_union_of_the_categories_in_the_schemas_order(hosts: tuple[Any, Any]) -> None:
    iaas = ProductClass.objects.get(slug="iaas")
    category = hosts[0].main_category
    for place, (code, better, compared) in enumerate(
        [("ram_gib", "higher", True), ("vcpu", "higher", True), ("secret", "", False)]
    ):
        attribute = ProductAttribute.objects.create(
            product_class=iaas, code=code, name=code, type="integer", better=better
        )
        CategoryAttribute.objects.create(category=category, attribute=attribute, is_compared=compared, position=place)
    hosts[1].specs = {"vcpu": 4, "ram_gib": 4, "secret": 1}
    hosts[1].save()
    found = compare(*(host.pk for host in hosts))
    rows = next(group for group in found.table.groups if group.code == "specs").rows
    assert [row.code for row in rows] == ["spec_ram_gib", "spec_vcpu"]
    assert [cell.is_best for cell in rows[1].cells] == [False, True]
    assert not rows[0].differs


def test_each_offering_is_compared_by_its_best_plan_unless_another_is_chosen(hosts: tuple[Any, Any]) -> None:
    host = hosts[0]
    factories.price_book(
        host,
        plans={
            "dear": [factories.Price("recurring", "300")],
            "cheap": [factories.Price("recurring", "100")],
            "metered": [factories.VCPU_HOURS],
        },
    )
    assert compare(host.pk).table.columns[0].plan == "cheap"
    dear = factories.plan(host, "dear")
    assert compare(host.pk, plan_ids=frozenset({dear.pk})).table.columns[0].plan == "dear"
    metered = factories.plan(host, "metered")
    found = compare(host.pk, hosts[1].pk, plan_ids=frozenset({metered.pk}))
    # What is paid by use has no committed total: it is never "the lowest" with 0.
    assert find_row(found, "total").cells[0].value is None
    assert not any(cell.is_best for cell in find_row(found, "total").cells)


def test_a_term_that_is_not_offered_has_no_total_and_says_which_are(hosts: tuple[Any, Any]) -> None:
    found = compare(*(host.pk for host in hosts), term_months=7)
    assert not found.term_is_offered and found.terms == (1, 12)
    assert [cell.value for cell in find_row(found, "total").cells] == [None, None]
    assert "12" in find_row(found, "total").cells[0].note


def test_withdrawn_and_unknown_offerings_are_left_out_and_named(hosts: tuple[Any, Any]) -> None:
    hosts[1].state = "withdrawn"
    hosts[1].save()
    found = compare(hosts[1].pk, hosts[0].pk, 10**9)
    assert [one.offering_id for one in found.table.columns] == [hosts[0].pk]
    assert found.missing == (hosts[1].pk, 10**9)


def test_five_are_refused(hosts: tuple[Any, Any]) -> None:
    with pytest.raises(queries.TooMany) as refused:
        compare(1, 2, 3, 4, 5)
    assert refused.value.field == "offering"
    with pytest.raises(pricing.InvalidQuantity):
        compare(hosts[0].pk, quantity=0)


def test_eight_queries_whatever_the_number(hosts: tuple[Any, Any], django_assert_max_num_queries: Any) -> None:
    more = [factories.offering(hosts[0].data_centre) for _number in range(2)]
    with django_assert_max_num_queries(8):
        compare(*(host.pk for host in (*hosts, *more)))


def test_json_keeps_everything(hosts: tuple[Any, Any]) -> None:
    found = compare(*(host.pk for host in hosts)).table
    assert table.Table.from_json(found.to_json()) == found
