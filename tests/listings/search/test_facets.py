"""Counts are the results they lead to, whatever is chosen: held against a plain filter over the rows themselves."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from listings import queries
from listings.models import Category, CategoryAttribute, Product, ProductAttribute, ProductClass, SolutionDomain
from listings.search import filters, results
from marketplace.organisations.models import Division
from tests import factories


@pytest.fixture
def market():
    """Twelve offerings that differ in everything that is filtered by."""
    hohhot = Division.objects.create(code="150100", name="呼和浩特市")
    saihan = Division.objects.create(code="150105", name="赛罕区", prefecture=hohhot)
    hongshan = factories.county(code="150402", name="红山区")
    gpu = Category.objects.add_root(create_kwargs={"name": "GPU算力", "name_en": "GPU computing", "slug": "gpu"})
    SolutionDomain.objects.create(code="e-government", name="电子政务", name_en="E-government")
    SolutionDomain.objects.create(code="industry", name="工业", name_en="Industry")
    provider = factories.hongshan()
    centres = [
        factories.data_centre(provider),
        factories.data_centre(provider, county=hongshan, mlps_level=None, measured_pue=None, green_power_percent=85),
        factories.data_centre(factories.songmo(), county=saihan, mlps_level=2, measured_pue=Decimal("1.19")),
    ]
    for number in range(12):
        factories.offering(
            centres[number % 3],
            title=f"{'甲乙丙丁'[number % 4]} 云主机",
            title_en="Host" if number % 2 else "",
            title_mn="ᠡᠭᠦᠯᠡᠨ" if number % 5 == 0 else "",
            service_model=["iaas", "paas"][number % 2],
            is_recommended=number % 3 == 0,
            deployment_models=[["public"], ["private", "hybrid"], ["public", "hybrid"], []][number % 4],
            solution_domains=[["e-government"], ["industry", "e-government"], []][number % 3],
            specs={"vcpu": [2, 4, 8][number % 3], "ha": number % 2 == 0, "disk": ["ssd", "hdd"][number % 2]},
            sla_percent=[Decimal("99.9"), Decimal("99.95"), None][number % 3],
            lead_time_days=[1, 3, 40][number % 3],
            from_price=[Decimal("10"), Decimal("20.5"), None, Decimal("300")][number % 4],
            normal_price=[Decimal("10"), Decimal("20"), Decimal("45.5"), None][number % 4],
            normal_unit="vcpu_month" if number % 4 < 3 else "",
            **({"main_category": gpu} if number % 4 == 3 else {}),
        )
    factories.offering(centres[0], title="戊 草稿", state="draft")
    hosts = Category.objects.get(slug="cloud-hosts")
    Category.objects.filter(pk=hosts.pk).update(normal_unit="vcpu_month", price_bands=[Decimal(20), Decimal(40)])
    service = ProductClass.objects.get(slug="iaas")
    for code, kind in (("vcpu", "integer"), ("ha", "boolean"), ("disk", "text")):
        attribute = ProductAttribute.objects.create(
            product_class=service, code=code, name=code, type=kind, required=False
        )
        CategoryAttribute.objects.create(category=hosts, attribute=attribute, is_facet=True)
    return list(Product.objects.select_related("main_category", "data_centre__county__prefecture"))


def in_band(number, band):
    low, _dash, high = band.partition("-")
    return number is not None and (not low or number >= Decimal(low)) and (not high or number < Decimal(high))


HOLDS = {
    "service": lambda one, value: one.service_model == value,
    "category": lambda one, value: one.main_category.slug == value,
    "region": lambda one, value: value in (one.data_centre.county.code, one.data_centre.county.prefecture.code),
    "deployment": lambda one, value: value in one.deployment_models,
    "mlps": lambda one, value: str(one.data_centre.proven_mlps_level) == value,
    "pue": lambda one, value: in_band(one.data_centre.proven_pue, value),
    "green": lambda one, value: in_band(one.data_centre.proven_green_percent, value),
    "sla": lambda one, value: in_band(one.sla_percent, value),
    "lead": lambda one, value: in_band(one.lead_time_days, value),
    "domain": lambda one, value: value in one.solution_domains,
    "language": lambda one, value: bool(one.title_en if value == "en" else one.title_mn),
    "price_band": lambda one, value: (
        one.normal_unit == value.partition(":")[0] and in_band(one.normal_price, value.partition(":")[2])
    ),
    "recommended": lambda one, value: one.is_recommended,
    "spec_vcpu": lambda one, value: str(one.specs["vcpu"]) == value,
    "spec_ha": lambda one, value: one.specs["ha"] == (value == "true"),
    "spec_disk": lambda one, value: one.specs["disk"] == value,
    "q": lambda one, value: value in one.title,
    "price_min": lambda one, value: one.from_price is not None and one.from_price >= Decimal(value),
    "price_max": lambda one, value: one.from_price is not None and one.from_price <= Decimal(value),
}
VALUES = {
    "service": ["iaas", "paas", "saas"],
    "category": ["cloud-hosts", "gpu"],
    "region": ["150100", "150400", "150105", "150402", "150404"],
    "deployment": ["public", "private", "hybrid", "community"],
    "mlps": ["2", "3", "4"],
    "pue": ["-1.2", "1.3-1.5", "1.5-"],
    "green": ["80-", "50-80"],
    "sla": ["99.9-99.95", "99.95-99.99", "99.99-"],
    "lead": ["-2", "2-4", "31-"],
    "domain": ["e-government", "industry"],
    "language": ["en", "mn"],
    "price_band": ["vcpu_month:-20", "vcpu_month:20-40", "vcpu_month:40-"],
    "spec_vcpu": ["2", "4", "8"],
    "spec_ha": ["true", "false"],
    "spec_disk": ["ssd", "hdd"],
}
SINGLE = {"recommended": ["1"], "q": ["主机", "甲", "丁 云"], "price_min": ["10", "15"], "price_max": ["20.5", "200"]}
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        **{
            kind: st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
            for kind, values in VALUES.items()
        },
        **{kind: st.sampled_from(values).map(lambda value: [value]) for kind, values in SINGLE.items()},
        "sort": st.sampled_from([["price"], ["newest"]]),
    },
)


def expected(rows, params):
    """What is listed and fulfils every kind, by reading every row."""
    return {
        row.code
        for row in rows
        if row.state == "published"
        and all(any(HOLDS[kind](row, value) for value in values) for kind, values in params.items() if kind != "sort")
    }


def ask(params):
    chosen, unknown = filters.read_filters(params=params)
    assert unknown == []
    return chosen


@pytest.mark.django_db
@settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(params=QUESTIONS)
def test_counts_are_results_and_results_are_right(market, params):
    chosen = ask(params)
    assert filters.read_filters(params=_as_params(chosen.params())) == (chosen, [])
    found = queries.search_offerings(filters=chosen)
    assert found.unknown == ()
    codes = {row.product.code for row in found.rows}
    assert codes == expected(market, params)
    assert found.total == len(found.rows) == len(results.search(filters=chosen).list_pks())
    assert found.recommended_count == len(expected(market, {**params, "recommended": ["1"]}))
    for facet in found.facets:
        for option in facet.options:
            assert option.count == len(expected(market, {**params, facet.name: [option.value]})), (
                facet.name,
                option.value,
            )
            assert option.count or option.checked
    assert bool(found.relaxations) == (not found.total)
    for one in found.relaxations:
        assert queries.search_offerings(filters=one.filters).total == one.count > 0


@pytest.mark.django_db
@settings(
    max_examples=12,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(params=QUESTIONS, data=st.data())
def test_an_export_has_the_rows_that_are_counted(market, client, params, data):
    """Of the question itself, and of one more condition: the count beside it is the number of rows in the file."""
    found = queries.search_offerings(filters=ask(params))
    codes = sorted(row.product.code for row in found.rows)
    assert sorted(_export(client, params)) == sorted(_workbook(client, params)) == codes
    options = [(facet.name, option) for facet in found.facets for option in facet.options]
    if options:
        kind, option = data.draw(st.sampled_from(options))
        assert len(_export(client, {**params, kind: [option.value]})) == option.count


def _export(client, params):
    """The codes in the CSV file, which is written and read in memory."""
    answer = client.get(reverse("catalogue_csv"), params)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return [row[0] for row in csv.reader(io.StringIO(text))][1:]


def _workbook(client, params):
    """The codes in the XLSX file, below the heading of their column."""
    answer = client.get(reverse("catalogue_xlsx"), params)
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)), read_only=True).active
    return [row[0] for row in sheet.iter_rows(values_only=True) if str(row[0]).startswith("OF0")]


def _as_params(pairs):
    params = {}
    for name, value in pairs:
        params.setdefault(name, []).append(value)
    return params


@pytest.mark.django_db
def test_specifications_appear_with_their_category(market):
    shown = [facet.name for facet in queries.search_offerings(filters=ask({})).facets]
    assert "spec_vcpu" not in shown
    shown = [facet.name for facet in queries.search_offerings(filters=ask({"category": ["cloud-hosts"]})).facets]
    assert shown[2:5] == ["spec_vcpu", "spec_ha", "spec_disk"]


@pytest.mark.django_db
def test_a_price_band_says_its_unit(market):
    facets = {facet.name: facet for facet in queries.search_offerings(filters=ask({})).facets}
    assert [option.label for option in facets["price_band"].options] == [
        "vCPU·月 低于 ¥20",
        "vCPU·月 ¥20–40",
        "vCPU·月 ¥40 及以上",
    ]


@pytest.mark.django_db
def test_what_no_single_condition_explains_is_relaxed_in_pairs(market):
    found = queries.search_offerings(filters=ask({"service": ["saas"], "mlps": ["4"], "recommended": ["1"]}))
    assert found.total == 0
    assert [(set(one.kinds), one.count) for one in found.relaxations] == [({"service", "mlps"}, 4)]
