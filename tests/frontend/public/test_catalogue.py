"""The public pages over HTTP: their cost, what they show, and that no address breaks them."""

from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from listings.models import Plan, PlanTerm, PriceBook, PriceComponent, Product
from tests import factories

MOST_QUERIES = 12


def offering_url(product):
    return reverse("offering", kwargs={"pk": product.pk, "slug": product.slug})


def sell_many(product, count):
    """`count` more offerings like `product`, each with a published price book, in few statements."""
    copies = Product.objects.bulk_create(
        Product(
            title=f"通用型云主机 {number}号",
            title_en=f"Host {number}",
            code=f"BULK{number}",
            upc=f"BULK{number}",
            slug=f"bulk-{number}",
            product_class=product.product_class,
            partner=product.partner,
            data_centre=product.data_centre,
            main_category=product.main_category,
            state="published",
            is_public=True,
            service_model="iaas",
            deployment_models=["public"],
            specs={"vcpu": 2},
            draws={"vcpu": 2},
            from_price=Decimal(number),
        )
        for number in range(count)
    )
    books = PriceBook.objects.bulk_create(PriceBook(product=one, version=1) for one in copies)
    plans = Plan.objects.bulk_create(Plan(price_book=book, code="monthly", name="包月") for book in books)
    PlanTerm.objects.bulk_create(PlanTerm(plan=plan, months=1) for plan in plans)
    PriceComponent.objects.bulk_create(
        PriceComponent(
            plan=plan, code="fee", name="月费", kind="recurring", unit="台·月", unit_price=100, vat_rate="0.06"
        )
        for plan in plans
    )
    PriceBook.objects.filter(pk__in=[book.pk for book in books]).update(
        status="published", published_at=factories.PLACED_AT
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a database that was filled a moment ago plans as if it were empty


@contextmanager
def counting():
    with CaptureQueriesContext(connection) as captured:
        yield captured


@pytest.fixture
def product():
    return factories.offering(factories.data_centre(factories.hongshan()), title_en="General host")


def cost(client, address):
    client.get(address)  # the first request of a process reads the site and content types
    with counting() as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured), "\n".join(query["sql"][:120] for query in captured.captured_queries)


@pytest.mark.django_db(transaction=True)  # as in production: the index is kept from page to page
@pytest.mark.parametrize("reader", ["visitor", "buyer"])
def test_pages_cost_the_same_with_one_and_with_a_thousand(client, product, reader):
    if reader == "buyer":
        client.force_login(factories.member(factories.foods(), "owner"))
    county = product.data_centre.county
    addresses = [
        reverse("catalogue"),
        f"/catalogue/?service=iaas&category=cloud-hosts&region={county.prefecture_id}&deployment=public&mlps=3&q=主机",
        offering_url(product),
        offering_url(product) + "?quantity=3&term_months=12",
    ]
    before = [cost(client, address) for address in addresses]
    sell_many(product, 1000)
    after = [cost(client, address) for address in addresses]
    for (few, _), (many, statements) in zip(before, after, strict=True):
        assert many == few, statements
        assert many <= MOST_QUERIES, statements
    assert "1,001" in client.get(addresses[0]).content.decode()


@pytest.mark.django_db
def test_the_home_page_leads_to_the_catalogue(client):
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/catalogue/")


@pytest.mark.django_db
def test_a_card_shows_price_place_and_what_is_left(client, product):
    page = client.get(reverse("catalogue")).content.decode()
    for words in ("通用型云主机 2核4G", "¥225.46", "¥212.70", "¥2,434.99", "红山云数据服务有限公司", "松山区", "500"):
        assert words in page
    assert offering_url(product) in page


@pytest.mark.django_db
def test_an_offering_quotes_what_the_address_asks(client, product):
    plan = factories.plan(product)
    page = client.get(offering_url(product), {"plan": plan.pk, "quantity": 3, "term_months": 12}).content.decode()
    for words in ("¥7,304.97", "¥6,891.48", "¥413.49", "¥608.75"):
        assert words in page
    assert 'name="quantity"' in page
    assert "csrfmiddlewaretoken" not in page.split('id="order"')[1].split("</section>")[0]  # nobody is logged in


@pytest.mark.django_db
def test_a_buyer_gets_the_form_and_a_provider_does_not(client, product):
    client.force_login(factories.member(factories.foods(), "buyer"))
    assert reverse("basket:add-offering") in client.get(offering_url(product)).content.decode()
    client.force_login(factories.member(product.partner.organisation, "owner"))
    assert reverse("basket:add-offering") not in client.get(offering_url(product)).content.decode()


@pytest.mark.django_db
def test_what_is_not_open_yet_is_shown_but_not_sold(client, product):
    product.data_centre.status = "building"
    product.data_centre.save()
    client.force_login(factories.member(factories.foods(), "buyer"))
    page = client.get(offering_url(product)).content.decode()
    assert "暂不可订购" in page
    assert reverse("basket:add-offering") not in page


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "withdrawn"])
def test_what_is_not_listed_is_not_found(client, product, state):
    product.state = state
    product.save()
    assert client.get(offering_url(product)).status_code == 404
    assert product.title not in client.get(reverse("catalogue")).content.decode()


@pytest.mark.django_db
def test_another_slug_leads_to_the_right_one(client, product):
    response = client.get(f"/catalogue/{product.pk}/old-name/?quantity=2")
    assert (response.status_code, response["Location"]) == (301, offering_url(product) + "?quantity=2")


BAD = [
    "service=%00&category=%27%3B--&region=1&mlps=x&deployment=moon&sort=-1&page=0&recommended=maybe",
    "q=%25%5F%00%F0%9F%92%A5&page=-3",
    "page=99999999999999999999999&q=" + "a" * 5000,
    "category=" + "&category=".join(str(number) for number in range(200)),
    "page=²&region=１５０４００",
    "%5B%5D=1&q%5B%5D=2&q=&service=&service=iaas&service=iaas",
]


@pytest.mark.django_db
@pytest.mark.parametrize("query", BAD)
def test_no_address_breaks_the_catalogue(client, product, query):
    assert client.get(f"/catalogue/?{query}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "plan=x&quantity=y&term_months=z",
        "plan=999999999999999999999&quantity=-1&term_months=0",
        "quantity=0",
        "quantity=99999999999999999999",
        "quantity=1.5&term_months=7",
        "quantity=%C2%B2&plan=%00",
    ],
)
def test_no_address_breaks_an_offering(client, product, query):
    assert client.get(f"{offering_url(product)}?{query}").status_code == 200
    assert client.get(f"/catalogue/{2**80}/x/").status_code == 404


@pytest.mark.django_db
def test_unknown_conditions_are_named_and_escaped(client, product):
    page = client.get("/catalogue/", {"category": "<script>alert(1)</script>"}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page


@pytest.mark.django_db
def test_a_script_gets_the_results_alone(client, product):
    response = client.get("/catalogue/?service=iaas", headers={"hx-request": "true"})
    page = response.content.decode()
    assert 'id="results"' in page
    assert 'id="condition-groups"' in page
    assert "<html" not in page
    assert "HX-Request" in response["Vary"]


@pytest.mark.django_db
def test_only_get_is_answered(client, product):
    assert client.post("/catalogue/").status_code == 405
    assert client.post(offering_url(product)).status_code == 405


@pytest.mark.django_db
def test_english_readers_get_english_titles(client, product):
    page = client.get(reverse("catalogue"), headers={"accept-language": "en"}).content.decode()
    assert "General host" in page
    assert "unit·month" in page
