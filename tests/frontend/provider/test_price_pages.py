"""A provider's price pages through HTTP: drafted by a form, refused beside the field, announced, called off, agreed."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.rules import periods
from listings.models import PriceBook, Product
from marketplace import clock
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    return factories.offering(factories.data_centre(factories.hongshan()))


def log_in(organisation: Any) -> Client:
    client = Client()
    client.force_login(factories.member(organisation, "owner"))
    return client


def form(**changes: str) -> dict[str, str]:
    """A book of one plan with one price of 200 a month."""
    counts = {f"{name}-{which}_FORMS": "1" for name in ("plans", "components") for which in ("TOTAL", "INITIAL")}
    plan = {"plans-0-code": "monthly", "plans-0-name": "包月", "plans-0-terms": "1, 12:10"}
    fee = {"plan": "monthly", "code": "c0", "name": "月费", "kind": "recurring", "model": "per_unit", "unit": "台·月"}
    fee |= {"unit_price": "200", "vat_percent": "6", **changes}
    return {**counts, **plan, **{f"components-0-{name}": value for name, value in fee.items()}}


def test_drafted_announced_and_called_off(product: Product) -> None:
    client, base = log_in(product.partner.organisation), f"/provider/offerings/{product.code}/prices/"
    assert client.get(f"{base}draft/").status_code == 200
    assert client.post(f"{base}draft/", form()).headers["Location"] == base
    book = PriceBook.objects.get(status="draft")
    today = periods.civil_date(clock.now())
    refused = client.post(f"{base}{book.version}/announce/", {"effective_date": today.isoformat()})
    assert refused.status_code == 422
    assert "价格须提前" in refused.content.decode()
    day = today + timedelta(days=8)
    assert client.post(f"{base}{book.version}/announce/", {"effective_date": day.isoformat()}).status_code == 302
    book.refresh_from_db()
    assert (book.status, book.effective_date) == ("announced", day)
    assert client.post(f"{base}{book.version}/call-off/").status_code == 302
    book.refresh_from_db()
    assert book.status == "retired"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"unit_price": "1.123456789"}, "位小数"),
        ({"unit_price": "-1"}, "为负数"),
        ({"model": "graduated", "unit_price": "0", "tiers": "100 0.5\n50 0.4\n* 0.3"}, "从小到大排列阶梯"),
    ],
)
def test_refused_with_a_sentence_and_nothing_kept(product: Product, changes: dict[str, str], words: str) -> None:
    client, before = log_in(product.partner.organisation), PriceBook.objects.count()
    response = client.post(f"/provider/offerings/{product.code}/prices/draft/", form(**changes))
    assert (response.status_code, PriceBook.objects.count()) == (422, before)
    assert words in response.content.decode()


def test_agreed_with_one_buyer(product: Product) -> None:
    client, buyer = log_in(product.partner.organisation), factories.foods()
    given = {"buyer": buyer.uscc, "basis": "negotiated", "effective_date": periods.civil_date(clock.now()).isoformat()}
    base = f"/provider/offerings/{product.code}/prices/"
    unknown = client.post(f"{base}agree/", {**form(), **given, "buyer": "91000000000000000X"})
    assert unknown.status_code == 422
    assert client.post(f"{base}agree/", {**form(), **given}).status_code == 302
    assert PriceBook.objects.get(organisation=buyer).status == "published"


def test_another_provider_finds_nothing(product: Product) -> None:
    client = log_in(factories.songmo().organisation)
    base = f"/provider/offerings/{product.code}/prices/"
    for path in ("", "draft/", "agree/"):
        assert client.get(base + path).status_code == 404
    for path in ("draft/", "agree/", "1/announce/", "1/call-off/"):
        assert client.post(base + path, form()).status_code == 404
