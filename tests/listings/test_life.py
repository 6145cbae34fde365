"""The life of a listing: every step with who, when and why; what each state refuses; what publishing does."""

from decimal import Decimal

import pytest

from listings import operations, queries
from listings.content import Content
from listings.models import (
    Category,
    OfferingStep,
    OfferingVersion,
    PriceBook,
    Product,
    ProductAttribute,
    ProductClass,
)
from listings.prices import operations as price_books
from listings.prices.operations import ComponentDraft, PlanDraft
from marketplace.organisations.models import AuditEntry
from tests import factories

COMPLETE = {
    "deployment_models": ["public"],
    "sla_percent": "99.95",
    "support": "7x24",
    "lead_time_days": 1,
    "exit_notice_days": 30,
    "exit_export_days": 30,
    "exit_export_formats": "qcow2",
    "exit_fee": "0",
}


def monthly(price="100"):
    component = ComponentDraft(
        code="fee",
        name="月费",
        kind="recurring",
        unit="台·月",
        unit_price=Decimal(price),
        vat_rate=Decimal("0.06"),
    )
    return PlanDraft(code="monthly", name="包月", components=[component], terms={1: Decimal(0), 12: Decimal("0.1")})


class Desk:
    """One provider with a data centre, its seller, and two reviewers."""

    def __init__(self, now):
        self.now = now
        self.centre = factories.data_centre(factories.hongshan())
        factories.offering(self.centre, title="另一台云主机")  # and with it the category
        self.seller = factories.actor(self.centre.partner.organisation, "sales")
        self.reviewer = factories.actor(factories.platform(), "operator")
        self.colleague = factories.actor(factories.platform(), "operator")

    def create(self, *, code="OF900", with_prices=True, **fields):
        for name in ("vcpu", "ram_gib"):
            ProductAttribute.objects.get_or_create(
                product_class_id=Product.objects.first().product_class_id,
                code=name,
                defaults={"name": name, "type": "integer"},
            )
        product = operations.create_offering(
            **{
                "code": code,
                "title": "测试云主机",
                "partner": self.centre.partner,
                "data_centre": self.centre,
                "category_slug": "cloud-hosts",
                "offering_specs": {"vcpu": 2, "ram_gib": 4},
                "draws": {"vcpu": 2},
                "actor": self.seller,
                "now": self.now,
                **COMPLETE,
                **fields,
            }
        )
        if with_prices:
            self.price(product)
        return product

    def price(self, product, price="100"):
        return price_books.draft_price_book(product=product, plans=[monthly(price)], actor=self.seller, now=self.now)

    def submit(self, product):
        return operations.submit(version=last(product), actor=self.seller, now=self.now)

    def take(self, product, who=None, **fields):
        return operations.take_for_review(version=last(product), actor=who or self.reviewer, now=self.now, **fields)

    def publish(self, product, who=None):
        return operations.publish_version(version=last(product), actor=who or self.reviewer, now=self.now)

    def list(self, product):
        self.submit(product)
        self.take(product)
        self.publish(product)
        product.refresh_from_db()
        return product


def last(product):
    return OfferingVersion.objects.filter(product=product).order_by("-number").first()


@pytest.fixture
def desk(db, now):
    return Desk(now)


def test_from_draft_to_the_catalogue_with_every_step_on_record(desk):
    product = desk.create()
    assert (product.state, product.version_number, last(product).state) == ("draft", 0, "draft")
    desk.list(product)
    assert (product.state, product.is_public, product.version_number) == ("published", True, 1)
    assert (product.from_price, product.sla_percent) == (Decimal("106.00"), Decimal("99.950"))
    steps = OfferingStep.objects.filter(product=product).values_list(
        "version_number", "from_state", "to_state", "user_id"
    )
    seller, reviewer = desk.seller.user_id, desk.reviewer.user_id
    assert list(steps) == [
        (1, "", "draft", seller),
        (1, "draft", "submitted", seller),
        (1, "submitted", "in_review", reviewer),
        (1, "in_review", "published", reviewer),
    ]
    actions = AuditEntry.objects.filter(object_id="OF900").order_by("id").values_list("action", flat=True)
    assert list(actions) == [
        "offering.draft",
        "price_book.drafted",
        "offering.submitted",
        "offering.in_review",
        "offering.published",
        "price_book.published",
    ]
    assert "OF900" in [row.product.code for row in queries.search_offerings(filters=queries.CatalogueFilters()).rows]


def test_a_new_version_leaves_the_old_one_in_force_until_it_is_published(desk):
    product = desk.list(desk.create())
    second = operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    operations.change_draft(
        version=second, values={"title": "新标题云主机", "sla_percent": "99.99"}, actor=desk.seller, now=desk.now
    )
    desk.price(product, "90")
    desk.submit(product)
    product.refresh_from_db()
    assert (product.title, product.version_number, product.from_price) == ("测试云主机", 1, Decimal("106.00"))
    desk.take(product)
    desk.publish(product)
    product.refresh_from_db()
    assert (product.title, product.version_number, product.from_price) == ("新标题云主机", 2, Decimal("95.40"))
    assert list(product.versions.order_by("number").values_list("state", flat=True)) == ["superseded", "published"]
    first = product.versions.get(number=1)
    assert Content.from_json(first.content).title == "测试云主机"
    assert first.price_book.status == PriceBook.Status.RETIRED


def test_returned_with_a_reason_and_drafted_again(desk):
    product = desk.create()
    desk.submit(product)
    version = desk.take(product)
    with pytest.raises(operations.InvalidContent) as refusal:
        operations.return_version(version=version, reason="  ", actor=desk.reviewer, now=desk.now)
    assert refusal.value.field == "reason"
    operations.return_version(version=version, reason="请写明退出费用的依据", actor=desk.reviewer, now=desk.now)
    assert OfferingStep.objects.filter(product=product).last().reason == "请写明退出费用的依据"
    draft = operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    assert (draft.number, draft.state, draft.content) == (2, "draft", version.content)
    product.refresh_from_db()
    assert product.state == "draft"


def test_every_step_may_be_repeated_without_effect(desk):
    product = desk.create()
    for step in (desk.submit, desk.take, desk.publish):
        step(product)
        before = OfferingStep.objects.count(), AuditEntry.objects.count()
        step(product)
        assert (OfferingStep.objects.count(), AuditEntry.objects.count()) == before
    for act in (operations.freeze, operations.lift_freeze, operations.withdraw):
        act(product=product, reason="核查", actor=desk.reviewer, now=desk.now)
        before = OfferingStep.objects.count(), AuditEntry.objects.count()
        act(product=product, reason="核查", actor=desk.reviewer, now=desk.now)
        assert (OfferingStep.objects.count(), AuditEntry.objects.count()) == before


def test_errors_block_submission_and_stay_with_the_draft(desk):
    product = desk.create(with_prices=False, sla_percent=None)
    with pytest.raises(operations.ChecksFailed) as refusal:
        desk.submit(product)
    codes = [one["code"] for one in last(product).findings]
    assert {"sla.missing", "prices.missing"} <= set(codes)
    assert codes[0] == refusal.value.findings[0].code
    assert last(product).state == "draft"


def test_errors_block_publication_too(desk):
    product = desk.create()
    desk.submit(product)
    desk.take(product)
    desk.centre.pools.filter(resource="vcpu").update(total=1)
    with pytest.raises(operations.ChecksFailed) as refusal:
        desk.publish(product)
    assert [one.code for one in refusal.value.findings if one.is_error] == ["capacity.short"]
    product.refresh_from_db()
    assert (product.state, last(product).state) == ("draft", "in_review")
    assert PriceBook.objects.get(product=product).status == "draft"


def test_nobody_reviews_a_listing_of_their_own_organisation(desk):
    product = desk.create()
    desk.submit(product)
    both = factories.member(desk.centre.partner.organisation, "sales")
    double = factories.actor(factories.platform(), "operator", user=both)
    for who in (desk.seller, double):
        with pytest.raises(operations.ReviewerIsMember):
            desk.take(product, who)
    assert last(product).state == "submitted"


def test_a_version_in_hand_is_decided_by_the_one_who_took_it(desk):
    product = desk.create()
    desk.submit(product)
    desk.take(product)
    with pytest.raises(operations.TakenByAnother):
        desk.take(product, desk.colleague)
    with pytest.raises(operations.TakenByAnother):
        desk.publish(product, desk.colleague)
    with pytest.raises(operations.TakenByAnother):
        operations.return_version(version=last(product), reason="理由", actor=desk.colleague, now=desk.now)
    desk.take(product, desk.colleague, is_takeover=True)
    with pytest.raises(operations.TakenByAnother):
        desk.publish(product)
    assert desk.publish(product, desk.colleague).state == "published"


def test_what_a_state_does_not_allow_is_refused(desk):
    product = desk.create()
    with pytest.raises(operations.WrongState):
        desk.take(product)
    with pytest.raises(operations.WrongState):
        desk.publish(product)
    with pytest.raises(operations.WrongState):
        operations.freeze(product=product, reason="核查", actor=desk.reviewer, now=desk.now)
    desk.submit(product)
    with pytest.raises(operations.WrongState):
        operations.change_draft(version=last(product), values={"title": "别的标题"}, actor=desk.seller, now=desk.now)
    with pytest.raises(operations.WrongState):
        operations.draft_version(product=product, actor=desk.seller, now=desk.now)


def test_a_frozen_listing_is_hidden_and_takes_no_new_version_until_it_is_lifted(desk):
    product = desk.list(desk.create())
    operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    desk.submit(product)
    desk.take(product)
    operations.freeze(product=product, reason="安全预警", actor=desk.reviewer, now=desk.now)
    product.refresh_from_db()
    assert (product.state, product.is_public) == ("frozen", False)
    with pytest.raises(queries.NoSuchOffering):
        queries.get_offering(pk=product.pk)
    with pytest.raises(operations.WrongState):
        desk.publish(product)
    operations.lift_freeze(product=product, reason="已处置", actor=desk.reviewer, now=desk.now)
    assert desk.publish(product).state == "published"


def test_withdrawing_returns_what_waits_and_the_listing_may_come_back(desk):
    product = desk.list(desk.create())
    operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    desk.submit(product)
    operations.withdraw(product=product, reason="停止销售", actor=desk.seller, now=desk.now)
    product.refresh_from_db()
    assert (product.state, last(product).state) == ("withdrawn", "returned")
    operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    desk.list(product)
    assert (product.state, product.version_number) == ("published", 3)


def test_a_new_category_drops_the_specs_it_does_not_know(desk):
    root = Category.objects.get(slug="iaas", depth=1)
    other = Category.objects.add_root({"name": "SaaS", "name_en": "SaaS", "slug": "saas"})
    Category.objects.add_child(other, {"name": "办公", "name_en": "Office", "slug": "office"})
    ProductClass.objects.create(slug="saas", name="SaaS", requires_shipping=False, track_stock=False)
    product = desk.create()
    version = operations.change_draft(
        version=last(product), values={"category": "office"}, actor=desk.seller, now=desk.now
    )
    assert (version.content["category"], version.content["specs"]) == ("office", {})
    product.refresh_from_db()
    assert (product.service_model, product.product_class.slug) == ("saas", "saas")
    assert Category.objects.get_children(root).count() == 1
