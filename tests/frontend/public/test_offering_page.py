"""The page of one offering: three languages, exit terms, domains, neighbours; at most 12 queries."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from listings.models import (
    CategoryAttribute,
    Plan,
    PlanTerm,
    PriceBook,
    PriceComponent,
    ProductAttribute,
    SolutionDomain,
)
from tests import editions, factories

pytestmark = pytest.mark.django_db
MN = "ᠡᠭᠦᠯᠡᠨ ᠰᠡᠷᠪᠧᠷ"
MOST_QUERIES = 13  # one of them for the reviews


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan())


@pytest.fixture
def product(centre):
    SolutionDomain.objects.create(code="medical", name="医疗", name_en="Health care")
    factories.offering(centre, title="另一台云主机")
    return factories.offering(
        centre,
        title_en="Cloud host",
        title_mn=MN,
        summary="两核四吉，开通即用。",
        summary_en="Two cores, ready at once.",
        summary_mn="ᠦᠢᠯᠡᠴᠢᠯᠡᠭᠡ᠃",
        solution_domains=["medical"],
        support="7x24",
        exit_notice_days=15,
        exit_export_days=30,
        exit_export_formats="QCOW2",
        exit_fee=Decimal(0),
    )


def page(product, *, client=None, language="zh-hans"):
    client = client or Client()
    client.cookies["django_language"] = language
    answer = client.get(product.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_service_and_exit_terms_stand_there(product):
    text = page(product)
    for words in (
        str(product.get_support_display()),
        "15 天",
        "服务结束后 30 天内",
        "QCOW2",
        "两核四吉，开通即用。",
        "另一台云主机",
    ):
        assert words in text
    assert '<a class="tag tag-link" href="/catalogue/?domain=medical">医疗</a>' in text


def test_what_is_not_stated_says_so(centre):
    assert page(factories.offering(centre)).count("未说明") >= 4


def test_mongolian_stands_in_columns_with_its_language(product, centre):
    text = page(product)
    assert 'class="mn mn-page" lang="mn-Mong"' in text
    assert MN in text
    assert "mn-page" not in page(factories.offering(centre))


def test_english_readers_get_english_or_are_told(product, centre):
    text = page(product, language="en")
    assert "<h1>Cloud host</h1>" in text
    assert "Two cores, ready at once." in text
    assert "Chinese only" not in text
    text = page(factories.offering(centre, title="仅有中文", summary="中文摘要"), language="en")
    assert '<h1 lang="zh-Hans">仅有中文</h1>' in text
    assert '<p class="lead" lang="zh-Hans">中文摘要</p>' in text
    assert "Chinese only" in text


def announce_prices(product):
    """The next list prices of an offering, from the first of December on."""
    book = PriceBook.objects.create(product=product, version=2)
    plan = Plan.objects.create(price_book=book, code="monthly", name="monthly")
    PlanTerm.objects.create(plan=plan, months=1)
    PriceComponent.objects.create(
        plan=plan,
        code="c0",
        name="主机",
        kind="recurring",
        unit="台·月",
        unit_price=Decimal(200),
        vat_rate=Decimal("0.06"),
    )
    PriceBook.objects.filter(pk=book.pk).update(
        status="announced", announced_at=editions.ANNOUNCED_AT, effective_date=date(2026, 12, 1)
    )


@pytest.mark.django_db(transaction=True)  # inside a test's transaction the index in memory reads its own rows again
@pytest.mark.parametrize("reader", ["visitor", "buyer"])
def test_the_page_costs_at_most_thirteen_queries(product, reader):
    """Of an offering that has everything a page can show: recommended, prices announced, terms, domains, Mongolian."""
    editions.document(product.data_centre, "mlps", "3", valid_until=date(2027, 3, 14))
    editions.document(product.data_centre, "pue", "1.31")
    editions.publish()
    announce_prices(product)
    client = Client()
    if reader == "buyer":
        client.force_login(factories.member(factories.foods(), "buyer"))
    page(product, client=client)  # what is read once per process
    with CaptureQueriesContext(connection) as captured:
        text = page(product, client=client)
    assert len(captured) <= MOST_QUERIES, "\n".join(one["sql"] for one in captured)
    for words in ("推荐目录", "12 个月", "2026-12-01", "医疗", "mn-page"):
        assert words in text


def test_specs_stand_in_the_order_of_the_category(product):
    """The service type says vCPU before memory; the schema of the category the other way round; the rest follows."""
    kinds = [("vcpu", "核数"), ("ram_gib", "内存大小"), ("tb", "附赠盘")]
    made = {
        code: ProductAttribute.objects.create(
            product_class=product.product_class, code=code, name=name, type="integer", position=place
        )
        for place, (code, name) in enumerate(kinds)
    }
    for place, code in enumerate(("ram_gib", "vcpu")):
        CategoryAttribute.objects.create(category=product.main_category, attribute=made[code], position=place)
    product.specs = {"vcpu": 2, "ram_gib": 4, "tb": 1}
    product.save(update_fields=["specs"])
    text = page(product)
    places = [text.index(f"{name}<") for name in ("内存大小", "核数", "附赠盘")]
    assert places == sorted(places)


def test_the_strip_leads_to_what_has_mongolian(product):
    assert 'href="/catalogue/?language=mn"' in page(product)
