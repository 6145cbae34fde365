"""Cards that are kept say what holds now, to each reader what is meant for that reader."""

import pytest
from django.core.cache.backends.redis import RedisCache
from django.urls import reverse

from frontend.pages.public import kept
from listings.models import Product
from listings.search import store
from marketplace import cache
from providers.evidence import operations as evidence
from providers.models import CapacityPool, DataCentre, Partner
from tests import editions, factories
from tests.factories import Price


@pytest.fixture
def product(transactional_db):
    kept.forget()
    centre = factories.data_centre(factories.hongshan())
    return factories.offering(centre, title="通用型云主机", title_en="General host")


def page(client, address=""):
    return client.get(reverse("catalogue") + address).content.decode()


def test_a_kept_card_follows_every_change(client, product, django_assert_num_queries):
    assert "¥225.46" in page(client)
    with django_assert_num_queries(4):  # what was written, what is left, what is proven, the figures
        assert "余量 500" in page(client)
    CapacityPool.objects.filter(resource="vcpu").update(allocated=990)
    assert "余量 5" in page(client)
    CapacityPool.objects.filter(resource="vcpu").update(allocated=1000)
    assert "已售罄" in page(client)
    factories.price_book(product, plans={"monthly": [Price("recurring", "100")]}, terms={1: "0"})
    assert "¥106" in page(client) and "¥225.46" not in page(client)
    Product.objects.update(title="弹性云主机", is_recommended=True)
    assert "弹性云主机" in page(client)
    Partner.objects.update(name="乌兰哈达云")
    assert "乌兰哈达云" in page(client)
    assert "等保 3 级（供应方声明）" in page(client)
    claim = editions.document(product.data_centre, "mlps", "3", verified=False)
    assert "等保 3 级（供应方声明）" in page(client)  # a claim with a document is still a claim
    evidence.verify_evidence(evidence_id=claim.pk, actor=editions.operator(), now=editions.ANNOUNCED_AT)
    assert "等保 3 级（已核验）" in page(client)
    evidence.revoke_evidence(evidence_id=claim.pk, reason="撤回", actor=editions.operator(), now=editions.ANNOUNCED_AT)
    assert "等保 3 级（供应方声明）" in page(client)
    DataCentre.objects.update(status="building")
    assert "暂不可订购" in page(client)


def test_another_process_finds_what_was_written(client, product, django_assert_num_queries):
    """As after a start: no snapshot, no cards in this process. The cards come from the cache that all share."""
    assert "¥225.46" in page(client)
    kept.forget(everywhere=False)
    store.forget()
    # rows and schema of the snapshot, what is left, what is proven, the figures: no card's rows
    with django_assert_num_queries(5):
        assert "¥225.46" in page(client)
    factories.price_book(product, plans={"monthly": [Price("recurring", "100")]}, terms={1: "0"})
    kept.forget(everywhere=False)
    assert "¥106" in page(client)
    DataCentre.objects.update(proven_green_percent=17)
    kept.forget(everywhere=False)
    assert "17%" in page(client)
    Product.objects.update(is_recommended=True)
    kept.forget(everywhere=False)
    assert "badge-good" in page(client).split('<ul class="cards">')[1]


def test_the_catalogue_works_without_the_cache_and_does_not_wait_for_it_twice(client, product, monkeypatch, caplog):
    calls = []

    def fail(*args, **kwargs):
        calls.append(args)
        raise ConnectionError("no cache")

    monkeypatch.setattr(RedisCache, "get_many", fail)
    monkeypatch.setattr(RedisCache, "set_many", fail)
    cache.ask_again()
    for _ in range(2):
        kept._own.clear()
        assert "¥225.46" in page(client)
    cache.ask_again()
    assert len(calls) == 1
    assert "The cache does not answer" in caplog.text


def test_a_card_is_kept_per_language_and_says_why_each_time(client, product):
    assert "通用型云主机" in page(client)
    client.cookies["django_language"] = "en"
    assert "General host" in page(client)
    client.cookies["django_language"] = "zh-hans"
    assert "名称含“云主机”" in page(client, "?q=云主机")
    assert "名称含“云主机”" not in page(client)


def test_agreed_prices_are_shown_to_their_buyer_only(client, product):
    assert "¥225.46" in page(client)
    foods = factories.foods()
    book = product.price_books.get(status="published")
    plan = book.plans.get(code="monthly")
    own = product.price_books.create(version=9, organisation=foods, basis="negotiated")
    mine = own.plans.create(code="monthly", name="monthly")
    mine.terms.create(months=1)
    for one in plan.components.all():
        one.pk, one.plan, one.unit_price = None, mine, 50
        one.save()
    own.status, own.published_at = "published", factories.PLACED_AT
    own.save()
    assert "您有协议价" not in page(client)
    client.force_login(factories.member(foods, "owner"))
    for _ in range(2):
        text = page(client)
        assert "¥53.00" in text
        assert text.count("您有协议价") == 1
    client.force_login(factories.member(factories.bureau(), "owner"))
    assert "您有协议价" not in page(client)
    client.logout()
    assert "¥53.00" not in page(client) and "¥225.46" in page(client)
