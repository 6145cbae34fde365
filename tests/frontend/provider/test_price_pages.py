"""A provider's price pages through HTTP: drafted by a form, refused beside the field, announced, called off, agreed."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.rules import periods
from frontend.pages.provider import price_forms
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
    fee = {"plan": "0", "code": "c0", "name": "月费", "kind": "recurring", "model": "per_unit", "unit": "台·月"}
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


def test_a_refusal_stands_beside_its_field(product: Product) -> None:
    client = log_in(product.partner.organisation)
    address = f"/provider/offerings/{product.code}/prices/draft/"
    for changes, field in (
        ({"unit_price": "-1"}, "components-0-unit_price"),
        ({"vat_percent": ""}, "components-0-vat_percent"),
        ({"kind": "metered"}, "components-0-meter"),
        ({"model": "package"}, "components-0-package_size"),
        ({"model": "volume", "tiers": "100 0.5"}, "components-0-tiers"),
        ({"minimum_amount": "9", "maximum_amount": "8"}, "components-0-minimum_amount"),
    ):
        page = client.post(address, form(**changes)).content.decode()
        assert f'id="id_{field}_error"' in page, changes
        assert page.count('class="field-errors"') == 1, changes
        assert '<details class="fold" id="price-0" open>' in page
    terms = client.post(address, {**form(), "plans-0-terms": "99"}).content.decode()
    assert 'id="id_plans-0-terms_error"' in terms


@pytest.mark.parametrize(
    ("kind", "model", "asks"),
    [
        ("recurring", "flat", {"unit_price"}),
        ("recurring", "per_unit", {"unit_price", "included_quantity", "minimum_amount", "maximum_amount"}),
        (
            "one_time",
            "package",
            {"unit_price", "package_size", "included_quantity", "minimum_amount", "maximum_amount"},
        ),
        ("recurring", "graduated", {"tiers", "included_quantity", "minimum_amount", "maximum_amount"}),
        (
            "metered",
            "volume",
            {"meter", "aggregation", "tiers", "included_quantity", "minimum_amount", "maximum_amount"},
        ),
        ("metered", "percentage", {"meter", "aggregation", "unit_price", "tiers", *price_forms.LIMITS}),
    ],
)
def test_the_model_shapes_the_form_without_a_script(product: Product, kind: str, model: str, asks: set[str]) -> None:
    client, before = log_in(product.partner.organisation), PriceBook.objects.count()
    address = f"/provider/offerings/{product.code}/prices/draft/"
    sent = {**form(kind=kind, model=model), "step": "shape-0"}
    response = client.post(address, sent)
    page = response.content.decode()
    figures = {"unit_price", "tiers", "package_size", "meter", "aggregation", *price_forms.LIMITS}
    assert response.status_code == 200
    assert {name for name in figures if f'name="components-0-{name}"' in page} == asks
    assert 'class="field-errors"' not in page
    assert 'value="月费"' in page  # what was written stays
    assert PriceBook.objects.count() == before


def test_plans_and_prices_are_added_and_left_out(product: Product) -> None:
    client = log_in(product.partner.organisation)
    address = f"/provider/offerings/{product.code}/prices/draft/"
    page = client.post(address, {**form(), "step": "price-0"}).content.decode()
    assert 'name="components-TOTAL_FORMS" value="2"' in page
    page = client.post(address, {**form(), "step": "plan"}).content.decode()
    assert 'name="plans-TOTAL_FORMS" value="2"' in page
    page = client.post(address, {**form(), "plans-0-DELETE": "on", "step": "plan"}).content.decode()
    assert 'value="月费"' not in page
    second = {key.replace("-0-", "-1-"): value for key, value in form(code="c1", unit_price="oops").items()}
    counts = {"components-TOTAL_FORMS": "2", "plans-TOTAL_FORMS": "1"}
    both = {**second, **form(), **counts, "components-1-plan": "0"}
    assert client.post(address, both).status_code == 422
    assert client.post(address, {**both, "components-1-DELETE": "on"}).status_code == 302
    (plan,) = PriceBook.objects.get(status="draft").plans.all()
    assert [part.code for part in plan.components.all()] == ["c0"]


def test_the_draft_starts_from_the_prices_in_force_with_tax_computed(product: Product) -> None:
    page = (
        log_in(product.partner.organisation).get(f"/provider/offerings/{product.code}/prices/draft/").content.decode()
    )
    assert "212.70" in page
    assert "含税 ¥225.462" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"plans-INITIAL_FORMS": "0", "components-INITIAL_FORMS": "0", "components-0-code": ""},
        {"components-0-plan": "7"},
        {"components-0-plan": "x"},
        {"components-TOTAL_FORMS": "100000"},
        {"components-0-model": "gift"},
        {"step": "shape-99"},
        {"step": "price-x"},
        {"step": "plan", "plans-TOTAL_FORMS": "many"},
    ],
)
def test_a_page_that_was_tampered_with_keeps_nothing(product: Product, changes: dict[str, str]) -> None:
    client, before = log_in(product.partner.organisation), PriceBook.objects.count()
    response = client.post(f"/provider/offerings/{product.code}/prices/draft/", {**form(), **changes})
    assert response.status_code in (200, 422)
    assert PriceBook.objects.count() == before


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
