"""The purchase list and the checkout through HTTP: forms, refusals beside their fields, addresses that do not exist."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.contracts.models import Contract
from billing.rules import periods
from marketplace import clock
from marketplace.procurement import adviser
from marketplace.procurement.models import AdviserRules, DeploymentAdvice
from marketplace.shop.basket.models import Basket, Line
from marketplace.shop.order.models import Order
from providers.models import CapacityPool
from tests import factories
from tests.factories import Price
from tests.frontend.trade import World, client_of

pytestmark = pytest.mark.django_db

ANSWERS = {
    "contact_name": "王经办",
    "contact_phone": "0476-8330000",
    "payment_method": "bank_transfer",
    "accepted_terms": "on",
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> Client:
    return client_of(world.buyer)


def add(client: Client, product: Any, **changes: Any) -> Any:
    data = {"plan": factories.plan(product).pk, "quantity": 2, "term_months": 12, **changes}
    return client.post("/basket/add/", data)


def hidden(client: Client) -> dict[str, str]:
    """What the checkout's hidden fields hold."""
    form = client.get("/checkout/").context["form"]
    return {name: str(form[name].value()) for name in ("basket", "seen_gross_minor", "terms_version")}


def test_a_buyer_orders_by_three_forms(world: World, client: Client) -> None:
    assert add(client, world.host).headers["Location"] == "/basket/"
    page = client.get("/basket/")
    assert page.status_code == 200
    # 2 × 212.70 × 0.9 = 382.86 a month, 4,594.32 over the year, VAT 275.66
    text = page.content.decode()
    assert "¥4,594.32" in text
    assert "¥4,869.98" in text
    checkout = client.get("/checkout/")
    assert "¥4,869.98" in checkout.content.decode()
    done = client.post("/checkout/", {**ANSWERS, **hidden(client)})
    order = Order.objects.get()
    assert (done.status_code, done.headers["Location"]) == (302, f"/buyer/orders/{order.number}/")
    shown = client.get(done.headers["Location"])
    assert shown.status_code == 200
    assert "¥4,869.98" in shown.content.decode()
    assert str(order.total_incl_tax) == "4869.98"


def test_the_form_sent_twice_leads_to_one_order(world: World, client: Client) -> None:
    add(client, world.host)
    data = {**ANSWERS, **hidden(client)}
    first, second = client.post("/checkout/", data), client.post("/checkout/", data)
    assert first.headers["Location"] == second.headers["Location"]
    assert (Order.objects.count(), Contract.objects.count()) == (1, 1)


def test_a_visitor_logs_in_and_comes_back_to_the_offering(world: World) -> None:
    answer = add(Client(), world.host)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/login/?next={world.host.get_absolute_url()}"
    assert Client().get("/checkout/").headers["Location"] == "/login/?next=/checkout/"
    assert not Line.objects.exists()


@pytest.mark.parametrize("roles", [("approver",), ("finance",)])
def test_a_buyer_without_the_role_sees_but_does_not_order(world: World, roles: tuple[str, ...]) -> None:
    client = client_of(factories.actor(world.foods, *roles))
    assert client.get("/basket/").status_code == 200
    assert add(client, world.host).status_code == 403
    assert client.get("/checkout/").status_code == 403
    assert not Line.objects.exists()


def test_a_provider_has_no_purchase_list(world: World) -> None:
    client = client_of(world.operator)
    assert client.get("/basket/").status_code == 403
    assert add(client, world.host).status_code == 403


@pytest.mark.parametrize(
    "changes", [{"quantity": 0}, {"quantity": "x"}, {"term_months": 7}, {"quantity": 9999}, {"plan": ""}]
)
def test_what_cannot_be_added_is_said(world: World, client: Client, changes: dict[str, Any]) -> None:
    answer = add(client, world.host, **changes)
    assert answer.status_code == 302
    assert not Line.objects.exists()
    said = [str(message) for message in answer.wsgi_request._messages]
    assert len(said) == 1


def test_an_unknown_plan_is_a_404(world: World, client: Client) -> None:
    assert add(client, world.host, plan=2**61).status_code == 404


def test_a_wrong_quantity_is_refused_beside_its_line(world: World, client: Client) -> None:
    add(client, world.host)
    line = Line.objects.get()
    answer = client.post(f"/basket/lines/{line.pk}/", {"quantity": 9999})
    assert answer.status_code == 422
    row = answer.context["groups"][0]["rows"][0]
    assert len(row["form"].errors["quantity"]) == 1
    assert Line.objects.get().quantity == 2
    assert client.post(f"/basket/lines/{line.pk}/", {"quantity": 5}).status_code == 302
    assert Line.objects.get().quantity == 5
    assert client.post(f"/basket/lines/{line.pk}/remove/").status_code == 302
    assert not Line.objects.exists()


def test_anothers_line_is_a_404(world: World, client: Client) -> None:
    add(client, world.host)
    line = Line.objects.get()
    other = client_of(factories.actor(world.foods, "buyer"))
    assert other.post(f"/basket/lines/{line.pk}/", {"quantity": 5}).status_code == 404
    assert other.post(f"/basket/lines/{line.pk}/remove/").status_code == 404
    assert Line.objects.get().quantity == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contact_name": ""}, "contact_name"),
        ({"contact_phone": "no digits"}, "contact_phone"),
        ({"payment_method": "cash"}, "payment_method"),
        ({"payment_method": "prepaid_balance"}, "payment_method"),
        ({"accepted_terms": ""}, "accepted_terms"),
        ({"terms_version": "2020-01"}, "accepted_terms"),
    ],
)
def test_wrong_answers_are_shown_beside_their_fields(
    world: World, client: Client, changes: dict[str, str], field: str
) -> None:
    add(client, world.host)
    answer = client.post("/checkout/", {**ANSWERS, **hidden(client), **changes})
    assert answer.status_code in (409, 422)
    assert list(answer.context["form"].errors) == [field]
    assert not Order.objects.exists()


def test_out_of_capacity_names_the_line_and_changes_nothing(world: World, client: Client) -> None:
    add(client, world.host)
    data = {**ANSWERS, **hidden(client)}
    CapacityPool.objects.filter(data_centre=world.host.data_centre).update(total=1)
    answer = client.post("/checkout/", data)
    assert answer.status_code == 409
    assert "红山云主机" in str(answer.context["form"].non_field_errors())
    assert not Order.objects.exists()
    assert not Contract.objects.exists()
    assert Basket.objects.get().status == "Open"
    assert set(CapacityPool.objects.values_list("allocated", flat=True)) == {0}


def test_a_list_changed_in_another_tab_is_shown_again(world: World, client: Client) -> None:
    add(client, world.host)
    data = {**ANSWERS, **hidden(client)}
    add(client, world.other_host)
    answer = client.post("/checkout/", data)
    assert answer.status_code == 409
    assert not Order.objects.exists()
    # What is shown now is what the next click orders.
    assert client.post("/checkout/", {**ANSWERS, **hidden(client)}).status_code == 302
    assert Contract.objects.count() == 2


def test_an_empty_list_has_no_checkout(world: World, client: Client) -> None:
    assert client.get("/checkout/").headers["Location"] == "/basket/"
    assert "采购单" in client.get("/basket/").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/basket/saved/",
        "/basket/vouchers/add/",
        "/basket/vouchers/1/remove/",
        "/basket/add/1/",
        "/checkout/shipping-address/",
        "/checkout/user-address/edit/1/",
        "/checkout/shipping-method/",
        "/checkout/payment-method/",
        "/checkout/payment-details/",
        "/checkout/preview/",
        "/checkout/thank-you/",
        "/dashboard/",
        "/accounts/",
        "/offers/",
        "/search/",
    ],
)
def test_what_oscar_would_offer_besides_has_no_address(world: World, client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "method"),
    [("/basket/", "post"), ("/basket/add/", "get"), ("/basket/lines/1/", "get"), ("/checkout/", "put")],
)
def test_other_methods_are_refused(world: World, client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(path).status_code == 405


def test_forms_need_their_token(world: World) -> None:
    from marketplace.organisations.models import User

    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(pk=world.buyer.user_id))
    assert add(client, world.host).status_code == 403
    assert client.post("/checkout/", ANSWERS).status_code == 403
    assert not Line.objects.exists()


def test_the_count_in_the_header_costs_one_query(world: World, client: Client) -> None:
    add(client, world.host)
    add(client, world.other_host)
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/buyer/orders/")
    assert int(page.wsgi_request.basket_count) == 2
    assert len([one for one in queries if "basket_line" in one["sql"]]) == 1


@pytest.mark.parametrize("lines", [1, 20])
def test_the_list_takes_at_most_16_queries_whatever_its_length(world: World, client: Client, lines: int) -> None:
    for _ in range(lines):
        add(client, factories.offering(world.host.data_centre))
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/basket/").status_code == 200
    print(f"{lines} lines: {len(queries)} queries")
    assert len(queries) <= 16, [one["sql"][:120] for one in queries]


def test_the_least_monthly_amount_stands_at_the_checkout(world: World, client: Client) -> None:
    """A metered plan of at least 50.00 a month, whatever is used: 53.00 with 6 % of VAT, for any quantity."""
    fee = Price("metered", "0.5", meter="vcpu_hours", minimum="50")
    metered = factories.offering(world.host.data_centre, plans={"metered": [fee]})
    plain = factories.offering(world.host.data_centre)
    add(client, plain)
    words = "无用量也须支付"
    for path in ("/basket/", "/checkout/"):
        assert words not in client.get(path).content.decode()
    plan = factories.plan(metered, "metered").pk
    assert client.post("/basket/add/", {"plan": plan, "quantity": 2, "term_months": 12}).status_code == 302
    for path in ("/basket/", "/checkout/"):
        text = client.get(path).content.decode()
        assert words in text, path
        assert text.count("¥53.00") == 2, path  # the line's and the total's


def announce_refusal(world: World) -> AdviserRules:
    """Version 2 of the adviser's table: what does not fit is refused. In force a month ago."""
    first = AdviserRules.objects.get(version=1)
    then = clock.now() - timedelta(days=40)
    return adviser.announce_rules(
        table=first.table,
        mode="block",
        source="市数据局新规",
        effective_date=periods.civil_date(then) + timedelta(days=10),
        actor=factories.actor(factories.platform(), "officer"),
        now=then,
    )


def test_what_the_rules_refuse_is_not_ordered_and_the_answer_stays_on_the_order(world: World) -> None:
    rules = announce_refusal(world)
    client = client_of(world.officer)
    add(client, world.host)
    stated = {**ANSWERS, "information_class": "sensitive", "business_class": "critical"}
    reason = {"advice_reason": "试点阶段，无敏感数据，领导已批示"}  # in this mode no reason helps
    refused = client.post("/checkout/", {**stated, **reason, **hidden(client)})
    assert refused.status_code == 422
    assert "红山云主机：" in refused.content.decode()
    assert not Order.objects.exists() and not DeploymentAdvice.objects.exists()
    assert not CapacityPool.objects.exclude(allocated=0).exists()
    assert Line.objects.filter(basket__status=Basket.OPEN).count() == 1

    fits = {**ANSWERS, "information_class": "public", "business_class": "general"}
    assert client.post("/checkout/", {**fits, **hidden(client)}).status_code == 302
    order = Order.objects.get()
    kept = DeploymentAdvice.objects.get(order_number=order.number)
    assert (kept.rules, kept.outcome, kept.stated_by_id) == (rules, "fits", world.officer.user_id)


def test_answer_version_reason_and_approver_stay_on_the_order(world: World) -> None:
    client, reason = client_of(world.officer), "试点阶段，无敏感数据，领导已批示"
    add(client, world.host)
    stated = {"information_class": "sensitive", "business_class": "critical", "advice_reason": reason}
    assert client.post("/checkout/", {**ANSWERS, **stated, **hidden(client)}).status_code == 302
    number = Order.objects.get().number
    decided = client_of(world.approver).post(f"/buyer/approvals/{number}/", {"decision": "approve", "reason": ""})
    assert decided.status_code == 302
    announce_refusal(world)  # a later version changes nothing that stands on the order
    kept = DeploymentAdvice.objects.get(order_number=number)
    assert (kept.rules.version, kept.allowed, kept.reason) == (1, ["private", "hybrid"], reason)
    page = client.get(f"/buyer/orders/{number}/").content.decode()
    assert reason in page
    assert "第 1 版" in page
    assert world.approver.user_name in page
