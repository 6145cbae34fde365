"""Finance's payments and balances: lists, the top-up form, the books."""

import pytest
import time_machine

from billing.payments import queries
from billing.payments.models import Payment, Wallet
from tests import factories
from tests.frontend import billed
from tests.frontend.buyer.test_invoices import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return billed.make_world()


@pytest.fixture
def finance(client, world):
    client.force_login(world.finance)
    with time_machine.travel(billed.NOW, tick=False):
        yield client


@pytest.mark.parametrize(
    ("query", "references", "total"),
    [
        ("", {"T1", "T2", "FP-2026-000001", "FP-2026-000002", "FP-2026-000001/1"}, "银行到账合计 ¥268.00"),
        ("?kind=transfer", {"FP-2026-000001", "FP-2026-000002"}, "银行到账合计 ¥218.00"),
        ("?kind=top_up", {"T1", "T2"}, "银行到账合计 ¥50.00"),
        ("?kind=balance", {"FP-2026-000001/1"}, "余额扣款 ¥47.00"),
        ("?kind=top_up&month=2026-11", {"T1", "T2"}, "银行到账合计 ¥50.00"),
    ],
)
def test_payments_by_kind(finance, query, references, total):
    response = finance.get(f"/finance/payments/{query}")
    assert {row.reference for row in response.context["listing"].page} == references
    assert total in text(response)


def test_an_empty_list_says_which_condition(finance):
    assert "2026年1月没有此类到账。" in text(finance.get("/finance/payments/?month=2026-01"))


def test_a_top_up_is_recorded(finance, world):
    form = {
        "organisation": str(world.bureau.pk),
        "amount": "1,234.50",
        "bank_reference": "ICBC-8",
        "received_at": "2026-12-05",
    }
    response = finance.post("/finance/payments/top-up/", form, follow=True)
    assert "已登记充值 ¥1,234.50。" in text(response)
    assert queries.wallet_balance(organisation_id=world.bureau.pk).amount_minor == 1234_50
    finance.post("/finance/payments/top-up/", form)
    assert queries.wallet_balance(organisation_id=world.bureau.pk).amount_minor == 1234_50


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"organisation": ""}, "organisation"),
        ({"organisation": "provider"}, "organisation"),
        ({"amount": "0"}, "amount"),
        ({"bank_reference": "FP-2026-000002"}, "bank_reference"),
        ({"received_at": "2027-01-01"}, "received_at"),
    ],
)
def test_a_wrong_top_up_is_refused_beside_its_field(finance, world, wrong, field):
    if wrong.get("organisation") == "provider":
        wrong = {"organisation": str(factories.songmo().organisation.pk)}
    form = {"organisation": str(world.bureau.pk), "amount": "1", "bank_reference": "X", "received_at": "2026-12-05"}
    before = Payment.objects.count()
    response = finance.post("/finance/payments/top-up/", {**form, **wrong})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Payment.objects.count() == before


def test_others_of_the_platform_do_not_record(client, world):
    client.force_login(factories.member(factories.platform(), "operator"))
    response = client.get("/finance/payments/")
    assert response.status_code == 200
    assert "登记充值" not in text(response)
    assert client.post("/finance/payments/top-up/", {}).status_code == 403


def test_balances_and_books(finance, world):
    words = text(finance.get("/finance/balances/"))
    assert "预付余额 ¥3.00 2 个采购方" in words
    assert "账目 一致" in words
    assert f"赤峰草原食品有限公司 {world.foods.public_id} ¥3.00 ¥1,325.00 ¥53.00" in words
    assert f"赤峰市某局 {world.bureau.public_id} ¥0.00 ¥0.00 ¥0.00" in words
    assert "全部采购方合计 ¥3.00 ¥1,325.00 ¥53.00" in words
    assert "余额合计 CNY ¥0.00" in words


def test_books_that_differ_are_shown(finance):
    Wallet.objects.update(balance_minor=4_00)
    words = text(finance.get("/finance/balances/"))
    assert "账目不一致" in words
    assert "1 个余额、0 笔分录" in words


def test_queries_are_bounded(finance, django_assert_max_num_queries):
    finance.get("/finance/payments/")
    with django_assert_max_num_queries(14):
        finance.get("/finance/payments/")
    with django_assert_max_num_queries(14):
        finance.get("/finance/balances/")
