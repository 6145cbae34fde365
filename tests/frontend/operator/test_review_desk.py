"""A listing through both desks' pages: listed, returned, mended, published, edited, frozen; and what strangers see."""

import pytest
from django.test import Client
from django.urls import reverse

from listings.models import OfferingVersion
from tests import factories
from tests.listings.test_life import Desk, last


def client_of(actor):
    from marketplace.organisations.models import User

    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.fixture
def desk(db, now):
    return Desk(now)


@pytest.fixture
def seller(desk):
    return client_of(desk.seller)


@pytest.fixture
def reviewer(desk):
    return client_of(desk.reviewer)


def edit(client, code, step, **values):
    return client.post(f"{reverse('provider:listing_edit', args=[code])}?step={step}", values)


def test_a_provider_lists_is_returned_mends_and_is_published(desk, seller, reviewer):
    answer = seller.post(
        reverse("provider:listing_new"),
        {"title": "敖汉云主机", "category": "cloud-hosts", "data_centre": desk.centre.code, "code": "AH-1"},
    )
    assert answer.status_code == 302
    submit = reverse("provider:listing_submit", args=["AH-1"])
    page = seller.post(submit, follow=True)
    assert "没有价格" in page.content.decode() or "There is no price" in page.content.decode()
    assert f"{reverse('provider:listing_edit', args=['AH-1'])}?step=terms" in page.content.decode()
    where = {"data_centre": desk.centre.code, "deployment_models": ["public"], "lead_time_days": "2", "draw_vcpu": "2"}
    assert edit(seller, "AH-1", "where", **where).status_code == 302
    terms = {
        "sla_percent": "99.9",
        "support": "7x24",
        "exit_notice_days": "30",
        "exit_export_days": "30",
        "exit_export_formats": "qcow2",
        "exit_fee": "0",
    }
    bad = edit(seller, "AH-1", "terms", **{**terms, "sla_percent": "101"})
    assert bad.status_code == 422
    assert 'aria-invalid="true"' in bad.content.decode()
    assert edit(seller, "AH-1", "terms", **terms).status_code == 302
    assert edit(seller, "AH-1", "texts", title="<b>敖汉</b>").status_code == 422
    assert edit(seller, "AH-1", "texts", title="敖汉云主机", summary="两核四吉").status_code == 302
    product = OfferingVersion.objects.get(product__code="AH-1").product
    desk.price(product)
    seller.post(submit)
    assert last(product).state == "submitted"
    assert "AH-1" in reviewer.get(reverse("operator:listings")).content.decode()
    reviewer.post(reverse("operator:listing_take", args=["AH-1"]))
    assert reviewer.post(reverse("operator:listing_return", args=["AH-1"]), {"reason": ""}).status_code == 422
    reviewer.post(reverse("operator:listing_return", args=["AH-1"]), {"reason": "请补充摘要"})
    assert "请补充摘要" in seller.get(reverse("provider:listing", args=["AH-1"])).content.decode()
    seller.post(reverse("provider:listing_draft", args=["AH-1"]))
    edit(seller, "AH-1", "texts", title="敖汉云主机", summary="两核四吉,适合网站")
    seller.post(submit)
    reviewer.post(reverse("operator:listing_take", args=["AH-1"]))
    reviewer.post(reverse("operator:listing_publish", args=["AH-1"]))
    product.refresh_from_db()
    assert (product.state, product.version_number, product.summary) == ("published", 2, "两核四吉,适合网站")
    assert Client().get(product.get_absolute_url()).status_code == 200
    versions = [reverse("offering_version", args=[product.pk, product.slug, number]) for number in (1, 2)]
    assert [Client().get(url).status_code for url in versions] == [404, 200]


def test_the_contract_keeps_showing_what_was_bought(desk, seller, reviewer):
    product = desk.list(desk.create())
    buyer = factories.foods()
    contract = factories.contract(buyer, product)
    from listings import operations

    second = operations.draft_version(product=product, actor=desk.seller, now=desk.now)
    operations.change_draft(version=second, values={"title": "改名云主机"}, actor=desk.seller, now=desk.now)
    desk.list(product)
    bought = reverse("offering_version", args=[product.pk, product.slug, 1])
    client = client_of(factories.actor(buyer, "owner"))
    assert bought in client.get(reverse("buyer:contract", args=[contract.number])).content.decode()
    assert bought in client.get(reverse("buyer:order", args=[contract.order_number])).content.decode()
    page = client.get(bought).content.decode()
    assert "测试云主机" in page
    assert "改名云主机" not in page.split('class="page-header"')[1]
    assert "alert-warning" in page
    assert "alert-success" in Client().get(bought.replace("/1/", "/2/")).content.decode()
    operations.freeze(product=product, reason="核查", actor=desk.reviewer, now=desk.now)
    assert Client().get(bought).status_code == 200


def test_two_reviewers_at_once_one_is_told(desk, reviewer):
    product = desk.create()
    desk.submit(product)
    colleague = client_of(desk.colleague)
    assert reviewer.post(reverse("operator:listing_take", args=["OF900"])).status_code == 302
    answer = colleague.post(reverse("operator:listing_take", args=["OF900"]))
    assert answer.status_code == 409
    assert colleague.post(reverse("operator:listing_publish", args=["OF900"])).status_code == 409
    assert last(product).state == "in_review"
    assert colleague.post(reverse("operator:listing_take", args=["OF900"]), {"over": "1"}).status_code == 302


def test_another_providers_listing_is_not_found(desk):
    desk.create()
    stranger = client_of(factories.actor(factories.songmo().organisation, "owner"))
    for name in ("listing", "listing_edit"):
        assert stranger.get(reverse(f"provider:{name}", args=["OF900"])).status_code == 404
    for name in ("listing_draft", "listing_submit", "listing_withdraw"):
        assert stranger.post(reverse(f"provider:{name}", args=["OF900"])).status_code == 404


def test_the_lists_take_the_same_queries_with_one_row_and_with_many(
    desk, seller, reviewer, django_assert_max_num_queries
):
    desk.submit(desk.create())
    for number in range(3):
        desk.submit(desk.create(code=f"OF91{number}", title=f"云主机 {number}"))
    with django_assert_max_num_queries(10):
        assert seller.get(reverse("provider:listings")).status_code == 200
    with django_assert_max_num_queries(8):
        assert reviewer.get(reverse("operator:listings")).status_code == 200


def test_frozen_and_withdrawn_through_the_pages(desk, seller, reviewer):
    product = desk.list(desk.create())
    reviewer.post(reverse("operator:listing_freeze", args=["OF900"]), {"reason": "安全预警"})
    assert "安全预警" in seller.get(reverse("provider:listing", args=["OF900"])).content.decode()
    assert "OF900" in reviewer.get(f"{reverse('operator:listings')}?view=frozen").content.decode()
    reviewer.post(reverse("operator:listing_lift", args=["OF900"]), {"reason": "已处置"})
    seller.post(reverse("provider:listing_withdraw", args=["OF900"]), {"reason": "停售"})
    product.refresh_from_db()
    assert product.state == "withdrawn"


def test_what_is_submitted_is_taken_back_before_its_prices_change(desk, seller):
    product = desk.create()
    desk.submit(product)
    prices = seller.get(reverse("provider:prices", args=[product.code])).content.decode()
    assert "价格审核中" in prices
    assert reverse("provider:price_draft", args=[product.code]) not in prices
    form = {"plans-TOTAL_FORMS": "1", "plans-INITIAL_FORMS": "0", "components-TOTAL_FORMS": "1"}
    form |= {"components-INITIAL_FORMS": "0", "plans-0-code": "monthly", "plans-0-name": "包月", "plans-0-terms": "1"}
    fee = {"plan": "0", "code": "fee", "name": "月费", "kind": "recurring", "model": "per_unit", "unit": "台·月"}
    fee |= {"unit_price": "1", "vat_percent": "6"}
    form |= {f"components-0-{name}": value for name, value in fee.items()}
    refused = seller.post(reverse("provider:price_draft", args=[product.code]), form)
    assert refused.status_code == 409
    assert "请先撤回该版本，再修改价格。" in refused.content.decode()
    back = reverse("provider:listing_take_back", args=[product.code])
    assert back in seller.get(reverse("provider:listing", args=[product.code])).content.decode()
    assert seller.post(back, {"reason": ""}).status_code == 422
    answer = seller.post(back, {"reason": "价格有误"})
    assert answer.url == reverse("provider:listing_edit", args=[product.code])
    assert seller.post(reverse("provider:price_draft", args=[product.code]), form).status_code == 302
    page = seller.get(reverse("provider:listing", args=[product.code])).content.decode()
    for words in ("供应方撤回", "价格有误", "¥1.06", "¥106.00"):  # why, and the prices before and after
        assert words in page
