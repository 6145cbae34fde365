"""Offerings and price books: what is refused, and what a published version never does again."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from listings import operations
from listings.models import Category, PriceBook, PriceComponent, Product
from listings.prices import operations as price_books
from listings.prices.operations import ComponentDraft, PlanDraft
from listings.taxonomy import operations as taxonomy
from listings.taxonomy import specs
from tests import factories

TAXONOMY = [
    {
        "slug": "iaas",
        "name": "IaaS",
        "name_en": "IaaS",
        "categories": [{"slug": "hosts", "name": "云主机", "name_en": "Cloud hosts"}],
        "specs": [
            {"code": "vcpu", "name": "vCPU", "name_en": "vCPU", "type": "integer", "unit": "核"},
            {"code": "ha", "name": "主备", "name_en": "High availability", "type": "boolean"},
        ],
    }
]


@pytest.fixture
def centre():
    return factories.data_centre(factories.hongshan())


@pytest.fixture
def seller(centre):
    return factories.actor(centre.partner.organisation, "sales")


def monthly(price="100", *, discount="0", **fields):
    component = ComponentDraft(
        **{
            "code": "fee",
            "name": "月费",
            "kind": "recurring",
            "unit": "台·月",
            "unit_price": Decimal(price),
            "vat_rate": Decimal("0.06"),
            **fields,
        }
    )
    return PlanDraft(code="monthly", name="包月", components=[component], terms={1: Decimal(discount)})


def draft(centre, seller, now, **fields):
    taxonomy.load_taxonomy(service_types=TAXONOMY, actor=seller, now=now)
    return operations.create_offering(
        **{
            "code": "OF900",
            "title": "测试云主机",
            "partner": centre.partner,
            "data_centre": centre,
            "category_slug": "hosts",
            "offering_specs": {"vcpu": 2, "ha": True},
            "draws": {"vcpu": 2},
            "actor": seller,
            "now": now,
            **fields,
        }
    )


@pytest.mark.django_db
def test_a_new_offering_is_a_draft_with_its_first_version(centre, seller, now):
    product = draft(centre, seller, now, title_en="Test host")
    assert (product.state, product.is_public, product.service_model, product.slug) == (
        "draft",
        False,
        "iaas",
        "test-host",
    )
    version = product.versions.get()
    assert (version.number, version.state, version.content["title"]) == (1, "draft", "测试云主机")
    with pytest.raises(operations.OfferingCodeTaken):
        draft(centre, seller, now)


@pytest.mark.django_db
def test_a_new_version_retires_the_former_one(centre, seller, now):
    product = draft(centre, seller, now)
    first = price_books.draft_price_book(product=product, plans=[monthly("100")], actor=seller, now=now)
    price_books.publish_price_book(price_book=first, actor=seller, now=now)
    second = price_books.draft_price_book(product=product, plans=[monthly("90")], actor=seller, now=now)
    price_books.publish_price_book(price_book=second, actor=seller, now=now)
    states = PriceBook.objects.filter(product=product).order_by("version").values_list("version", "status")
    assert list(states) == [(1, "retired"), (2, "published")]
    product.refresh_from_db()
    assert product.from_price == Decimal("95.40")
    with pytest.raises(price_books.PriceBookNotDraft):
        price_books.publish_price_book(price_book=first, actor=seller, now=now)


@pytest.mark.django_db
def test_the_database_freezes_a_published_version(centre, seller, now):
    product = draft(centre, seller, now)
    book = price_books.draft_price_book(product=product, plans=[monthly()], actor=seller, now=now)
    price_books.publish_price_book(price_book=book, actor=seller, now=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceComponent.objects.filter(plan__price_book=book).update(unit_price=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        PriceBook.objects.filter(pk=book.pk).update(status="draft")
    assert PriceComponent.objects.get(plan__price_book=book).unit_price == Decimal(100)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "plan",
    [
        monthly("-1"),
        monthly("0.123456789"),
        monthly(vat_rate=Decimal("1.06")),
        monthly(vat_rate=None),
        monthly(kind="weekly"),
        monthly(unit=""),
        monthly(meter="vcpu_hours"),
        monthly(kind="metered"),
        monthly(discount="1"),
        PlanDraft(code="empty", name="空", components=[], terms={1: Decimal(0)}),
        PlanDraft(code="timeless", name="无期", components=monthly().components, terms={}),
    ],
)
def test_a_price_that_cannot_be_computed_is_refused(centre, seller, now, plan):
    product = draft(centre, seller, now)
    with pytest.raises(price_books.InvalidPriceBook):
        price_books.draft_price_book(product=product, plans=[plan], actor=seller, now=now)
    assert not PriceBook.objects.exists()


@pytest.mark.django_db
def test_an_offering_stands_in_its_providers_own_data_centre(centre, seller, now):
    foreign = factories.data_centre(factories.songmo())
    with pytest.raises(operations.ForeignDataCentre):
        draft(centre, seller, now, data_centre=foreign)
    assert not Product.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"vcpu": "2"}, {"vcpu": True}, {"vcpu": -1}, {"ha": 1}, {"colour": "red"}])
def test_specs_are_of_the_type_of_the_schema(centre, seller, now, values):
    with pytest.raises(specs.InvalidSpecs) as refusal:
        draft(centre, seller, now, offering_specs=values)
    assert refusal.value.field == next(iter(values))
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_the_taxonomy_loads_once_and_takes_changes(seller, now):
    assert taxonomy.load_taxonomy(service_types=TAXONOMY, actor=seller, now=now).changed == 5
    assert taxonomy.load_taxonomy(service_types=TAXONOMY, actor=seller, now=now).changed == 0
    renamed = [{**TAXONOMY[0], "categories": [{"slug": "hosts", "name": "云服务器", "name_en": "Cloud hosts"}]}]
    assert taxonomy.load_taxonomy(service_types=renamed, actor=seller, now=now).changed == 1
    assert list(Category.objects.values_list("name", flat=True)) == ["IaaS", "云服务器"]
