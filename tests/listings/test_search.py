"""The catalogue's search: facets count what they lead to, whatever is chosen."""

from decimal import Decimal

import pytest

from listings import queries
from listings.models import Category
from listings.search import filters
from marketplace.organisations.models import Division
from tests import factories
from tests.factories import Price

GPU = {"metered": [Price("metered", "2.5", meter="gpu_hours", unit="卡·小时")]}


@pytest.fixture
def market():
    """Five offerings of two providers in two prefectures."""
    hohhot = Division.objects.create(code="150100", name="呼和浩特市")
    saihan = Division.objects.create(code="150105", name="赛罕区", prefecture=hohhot)
    gpu = Category.objects.add_root(create_kwargs={"name": "GPU算力", "name_en": "GPU computing", "slug": "gpu"})
    chifeng = factories.data_centre(factories.hongshan())
    capital = factories.data_centre(factories.songmo(), county=saihan, mlps_level=2)
    factories.offering(chifeng, title="甲 云主机", is_recommended=True)
    factories.offering(chifeng, title="乙 云主机", deployment_models=["public", "hybrid"])
    factories.offering(capital, title="丙 云主机", deployment_models=["private"], title_en="Third host")
    factories.offering(capital, title="丁 数据库", service_model="paas", is_recommended=True)
    factories.offering(capital, title="戊 算力", main_category=gpu, plans=GPU, terms={1: "0"}, draws={"vcpu": 1})
    factories.offering(chifeng, title="己 草稿", state="draft")
    return {"chifeng": chifeng, "capital": capital}


def search(**params):
    chosen, unknown = filters.read_filters(params={name: list(values) for name, values in params.items()})
    return queries.search_offerings(filters=chosen, unknown=unknown)


def titles(found):
    return sorted(row.product.title[0] for row in found.rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "丁丙乙戊甲"),
        ({"service": ["paas"]}, "丁"),
        ({"service": ["paas", "iaas"]}, "丁丙乙戊甲"),
        ({"category": ["gpu"]}, "戊"),
        ({"region": ["150400"]}, "乙甲"),
        ({"deployment": ["hybrid", "private"]}, "丙乙"),
        ({"mlps": ["2"]}, "丁丙戊"),
        ({"recommended": ["1"]}, "丁甲"),
        ({"recommended": ["1"], "region": ["150100"]}, "丁"),
        ({"q": ["云主机 赛罕"]}, "丁丙"),  # 丁 by its category
        ({"q": ["third HOST"]}, "丙"),
        ({"q": ["松漠"]}, "丁丙戊"),
        ({"q": ["gpu"]}, "戊"),
        ({"q": ["100%_"]}, ""),
        ({"region": ["150400"], "service": ["paas"]}, ""),
    ],
)
def test_finds(market, params, expected):
    found = search(**params)
    assert titles(found) == sorted(expected)
    assert found.total == len(expected)


@pytest.mark.django_db
def test_facets_count_what_they_lead_to(market):
    found = search(region=["150100"])
    counted = {facet.name: {option.value: option.count for option in facet.options} for facet in found.facets}
    assert counted == {
        "service": {"iaas": 2, "paas": 1},
        "category": {"cloud-hosts": 2, "gpu": 1},
        "region": {"150100": 3, "150105": 3, "150400": 2, "150404": 2},
        "deployment": {"public": 2, "private": 1},
        "mlps": {"2": 3},
        "sla": {"99.9-99.95": 3},
        "pue": {"1.3-1.5": 3},
        "green": {"50-80": 3},
        "lead": {"-2": 3},
        "language": {"en": 1},
    }
    assert found.recommended_count == 1
    assert found.provider_count == 1


@pytest.mark.django_db
def test_an_empty_page_names_what_removed_everything(market):
    found = search(region=["150400"], service=["paas"], q=["数据库"])
    assert found.rows == ()
    assert [(one.kinds, one.count) for one in found.relaxations] == [(("region",), 1)]
    assert queries.search_offerings(filters=found.relaxations[0].filters).total == 1
    assert [one.value for one in found.conditions] == ["paas", "150400"]


@pytest.mark.django_db
def test_what_does_not_exist_is_left_out_and_named(market):
    found = search(category=["nonsense", "gpu"], region=["999999"], service=["SaaS'--"], mlps=["9"], sort=["x"])
    assert titles(found) == ["戊"]
    assert set(found.unknown) == {"nonsense", "999999", "SaaS'--", "9", "x"}


@pytest.mark.django_db
def test_sorting(market):
    cheapest = search(sort=["price"])
    prices = [row.product.from_price for row in cheapest.rows]
    assert prices == sorted(prices, key=lambda price: (price is None, price or 0))
    assert search().rows[0].product.is_recommended


@pytest.mark.django_db
def test_a_page_beyond_the_last_is_the_last(market):
    found = queries.search_offerings(filters=filters.CatalogueFilters(), page=99)
    assert (found.number, len(found.rows)) == (1, 5)


@pytest.mark.django_db
def test_figures_are_those_of_what_can_be_ordered(market):
    building = factories.data_centre(market["chifeng"].partner, vcpu=500, status="building")
    cheap = {
        "metered": [Price("metered", "0.01", meter="vcpu_hours"), Price("metered", "0.1", meter="gpu_hours", code="g")]
    }
    factories.offering(building, plans=cheap)
    figures = queries.market_figures()
    assert figures.vcpu_hour == Decimal("0.1309")  # 0.12348 × 1.06 = 0.1308888
    assert figures.gpu_hour == Decimal("2.65")
    assert figures.vcpu_left == 2000
    assert (figures.offerings, figures.providers, figures.data_centres) == (6, 2, 3)


@pytest.mark.django_db
def test_an_offering_shows_what_is_left_and_its_prices(market):
    product = market["chifeng"].offerings.get(title="甲 云主机")
    row = queries.get_offering(pk=product.pk)
    assert row.remaining == 500
    assert (row.list_price.net, row.list_price.gross) == (Decimal("212.70"), Decimal("225.46"))
    assert row.yearly.term.gross.amount_minor == 243_499
    assert row.is_orderable
    draft = market["chifeng"].offerings.get(title="己 草稿")
    with pytest.raises(queries.NoSuchOffering):
        queries.get_offering(pk=draft.pk)
