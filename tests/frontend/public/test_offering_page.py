"""The page of one offering: three languages, exit terms, domains, neighbours; at most 12 queries."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from listings.models import SolutionDomain
from tests import factories

pytestmark = pytest.mark.django_db
MN = "ᠡᠭᠦᠯᠡᠨ ᠰᠡᠷᠪᠧᠷ"
MOST_QUERIES = 12


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


@pytest.mark.django_db(transaction=True)  # inside a test's transaction the index in memory reads its own rows again
@pytest.mark.parametrize("reader", ["visitor", "buyer"])
def test_the_page_costs_at_most_twelve_queries(product, reader):
    client = Client()
    if reader == "buyer":
        client.force_login(factories.member(factories.foods(), "buyer"))
    page(product, client=client)  # what is read once per process
    with CaptureQueriesContext(connection) as captured:
        page(product, client=client)
    assert len(captured) <= MOST_QUERIES


def test_the_strip_leads_to_what_has_mongolian(product):
    assert 'href="/catalogue/?language=mn"' in page(product)
