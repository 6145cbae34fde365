"""Reviews through their pages: written, changed, answered, flagged, hidden; the means everywhere; what is refused."""

from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from listings.reviews.models import ProductReview
from tests import factories, reviews
from tests.frontend.trade import client_of

pytestmark = pytest.mark.django_db

SAID = {
    "score": "4",
    "delivery_score": "5",
    "title": "运行稳定",
    "body": "没有中断。\n交付早一天。",
    "after_version": "0",
}


@pytest.fixture
def host() -> Any:
    factories.platform()
    return factories.offering(factories.data_centre(factories.hongshan()))


def text(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]


def test_from_the_contract_to_a_reason_in_the_place_of_the_text(host: Any) -> None:
    contract = reviews.accepted(factories.foods(), host)
    buyer = client_of(factories.actor(contract.buyer, "buyer"))
    seller = client_of(factories.actor(host.partner.organisation, "sales"))
    operator = client_of(factories.actor(factories.platform(), "operator"))
    write = reverse("buyer:review", args=[contract.number])
    wrong = buyer.post(write, {**SAID, "score": "6", "title": ""})
    assert (wrong.status_code, sorted(wrong.context["review_form"].errors)) == (422, ["score", "title"])
    assert buyer.post(write, SAID).status_code == 302
    stale = buyer.post(write, {**SAID, "body": "另一位同事"})
    assert stale.status_code == 409
    assert "刚刚修改过" in text(stale)
    assert buyer.post(write, {**SAID, "body": "后来也稳定。", "after_version": "1"}).status_code == 302
    review = ProductReview.objects.get()
    address = reverse("review", args=[review.code])
    answer = seller.post(reverse("provider:review_reply", args=[review.code]), {"text": "感谢。", "after_version": "0"})
    assert answer.status_code == 302
    public = text(Client().get(host.get_absolute_url()))
    for words in ("后来也稳定。", "感谢。", "赤峰草原食品", "共 1 条评价", "服务 4.0 / 5"):
        assert words in public
    assert "赤峰草原食品有限公司" not in public
    assert contract.number not in public
    assert "没有中断。<br>交付早一天。" in text(Client().get(address)), "the older version is readable"
    flag = reverse("review_flag", args=[review.code])
    assert seller.post(flag, {"reason": ""}).status_code == 422
    assert seller.post(flag, {"reason": "写了员工姓名"}).status_code == 302
    assert "写了员工姓名" in text(operator.get(reverse("operator:reviews")))
    hide = reverse("operator:review_hide", args=[review.code])
    assert operator.post(hide, {"reason": ""}).status_code == 422
    assert operator.post(hide, {"reason": "含个人信息"}).status_code == 302
    assert operator.post(hide, {"reason": "再次"}).status_code == 409
    for page in (host.get_absolute_url(), address):
        shown = text(Client().get(page))
        assert "含个人信息" in shown
        assert "后来也稳定。" not in shown
        assert "感谢。" not in shown
    assert "没有中断" not in text(Client().get(address))
    assert "后来也稳定。" in text(buyer.get(reverse("buyer:contract", args=[contract.number]))), "its writer reads it"
    assert operator.post(reverse("operator:review_show", args=[review.code]), {"reason": "已改"}).status_code == 302
    assert "后来也稳定。" in text(Client().get(address))


def test_before_acceptance_there_is_no_form_and_a_forged_one_is_refused(host: Any) -> None:
    contract = factories.contract(factories.foods(), host, start=None)
    buyer = client_of(factories.actor(contract.buyer, "buyer"))
    assert "delivery_score" not in text(buyer.get(reverse("buyer:contract", args=[contract.number])))
    assert buyer.post(reverse("buyer:review", args=[contract.number]), SAID).status_code == 409
    assert ProductReview.objects.count() == 0


def test_the_means_stand_on_card_comparison_and_api(client: Client, host: Any) -> None:
    foods = factories.foods()
    for score in (4, 5):
        reviews.write(reviews.accepted(foods, host), score=score, delivery_score=3)
    assert "4.5 / 5 · 2 条评价" in text(client.get(reverse("catalogue")))
    other = factories.offering(host.data_centre)
    compared = text(client.get(f"{reverse('compare')}?offering={host.pk}&offering={other.pk}"))
    assert "服务 4.5，交付 3.0（满分 5）" in compared
    machine = Client(headers={"Authorization": f"Bearer {factories.api_token(foods, 'contracts.view')}"})
    found = machine.get(reverse("api:offering", args=[host.code])).json()["reviews"]
    assert found == {"count": 2, "service": "4.50", "delivery": "3.00"}
    assert machine.get(reverse("api:offering", args=[other.code])).json()["reviews"] == {
        "count": 0,
        "service": None,
        "delivery": None,
    }


def test_lists_are_paged_and_their_queries_do_not_grow(
    client: Client, host: Any, django_assert_max_num_queries: Any
) -> None:
    foods = factories.foods()
    buyer = factories.actor(foods, "buyer")
    for number in range(12):
        reviews.write(reviews.accepted(foods, host), buyer, title=f"第{number:02d}条")
    first = text(client.get(host.get_absolute_url()))
    assert [f"第{number:02d}条" in first for number in (11, 2, 1)] == [True, True, False]
    assert "第01条" in text(client.get(f"{host.get_absolute_url()}?reviews=2"))
    seller = client_of(factories.actor(host.partner.organisation, "sales"))
    operator = client_of(factories.actor(factories.platform(), "operator"))
    for person, address in (
        (client, host.get_absolute_url()),
        (seller, reverse("provider:reviews")),
        (operator, f"{reverse('operator:reviews')}?state=all"),
    ):
        person.get(address)
        with django_assert_max_num_queries(16):
            person.get(address)


def test_oscars_own_pages_of_reviews_have_no_address() -> None:
    for name in ("catalogue:reviews-list", "catalogue:reviews-add", "dashboard:reviews-list"):
        with pytest.raises(NoReverseMatch):
            reverse(name)
    assert Client().get("/catalogue/x_1/reviews/add/").status_code == 404
