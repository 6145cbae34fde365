"""Finance's invoices: all buyers', and the confirmation of a transfer."""

import pytest
import time_machine

from billing.invoicing.models import InvoiceBalance
from billing.payments.models import Payment
from tests import factories
from tests.frontend import billed
from tests.frontend.buyer.test_invoices import text

pytestmark = pytest.mark.django_db
OCTOBER = f"/finance/invoices/{billed.FOODS_OCTOBER}/"
RECEIPT = {"amount": "53.00", "bank_reference": "ICBC-9", "received_at": "2026-12-04"}


@pytest.fixture
def world():
    return billed.make_world()


@pytest.fixture
def finance(client, world):
    client.force_login(world.finance)
    with time_machine.travel(billed.NOW, tick=False):
        yield client


def paid_minor() -> int:
    return InvoiceBalance.objects.get(invoice__number=billed.FOODS_OCTOBER).paid_minor


def test_the_list_shows_all_buyers(finance):
    words = text(finance.get("/finance/invoices/"))
    assert "共 3 张发票合计 ¥1,590.00 ¥265.00 ¥1,325.00" in words
    assert "2026 年已付 ¥265.00" in words
    assert "预付余额 ¥3.00" in words


def test_a_transfer_is_confirmed(finance, world):
    response = finance.post(f"{OCTOBER}confirm/", RECEIPT, follow=True)
    assert response.redirect_chain == [(OCTOBER, 302)]
    words = text(response)
    assert "已在发票 FP-2026-000001 上登记到账 ¥53.00。" in words
    assert "已付清" in words
    assert "确认银行转账" not in words
    payment = Payment.objects.get(reference="ICBC-9")
    assert (payment.amount_minor, payment.received_at.isoformat()) == (53_00, "2026-12-03T16:00:00+00:00")
    assert payment.recorded_by == world.finance


@pytest.mark.parametrize("amount", ["1,000.00", "¥53.01", "53.01"])
def test_more_than_is_open_is_refused_beside_the_field(finance, amount):
    response = finance.post(f"{OCTOBER}confirm/", {**RECEIPT, "amount": amount})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["amount"]
    assert "53.00 CNY" in response.context["form"].errors["amount"][0]
    assert paid_minor() == 53_00


@pytest.mark.parametrize("amount", ["", "5.001", "0.001", "1e2", "-1", "+1", "1,00", "12 000", "NaN", "٣", "1.", ".5"])
def test_an_amount_that_is_not_one_is_refused(finance, amount):
    response = finance.post(f"{OCTOBER}confirm/", {**RECEIPT, "amount": amount})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["amount"]
    assert paid_minor() == 53_00


@pytest.mark.parametrize(
    ("amount", "minor"), [("1,0", None), ("12", 12_00), ("0.1", 10), ("¥1,2", None), ("￥7.05", 7_05)]
)
def test_amounts_are_read_to_the_fen(finance, amount, minor):
    response = finance.post(f"{OCTOBER}confirm/", {**RECEIPT, "amount": amount})
    assert response.status_code == (422 if minor is None else 302)
    assert paid_minor() == 53_00 + (minor or 0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"bank_reference": " "}, "bank_reference"),
        ({"bank_reference": "T1"}, "bank_reference"),
        ({"received_at": "2026-12-06"}, "received_at"),
        ({"received_at": "31 February"}, "received_at"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(finance, wrong, field):
    response = finance.post(f"{OCTOBER}confirm/", {**RECEIPT, **wrong})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in response.content.decode()
    assert paid_minor() == 53_00


def test_the_same_receipt_twice_pays_once(finance):
    for _ in range(2):
        assert finance.post(f"{OCTOBER}confirm/", {**RECEIPT, "amount": "10"}).status_code == 302
    assert paid_minor() == 63_00


def test_no_such_invoice(finance):
    assert finance.get("/finance/invoices/FP-2026-999999/").status_code == 404
    assert finance.post("/finance/invoices/FP-2026-999999/confirm/", RECEIPT).status_code == 404
    assert finance.get(f"{OCTOBER}confirm/").status_code == 405


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_others_of_the_platform_look_but_do_not_record(client, world, role):
    client.force_login(factories.member(factories.platform(), role))
    response = client.get(OCTOBER)
    assert response.status_code == 200
    assert "确认银行转账" not in text(response)
    assert client.post(f"{OCTOBER}confirm/", RECEIPT).status_code == 403
    assert paid_minor() == 53_00


def test_buyers_are_kept_out(client, world):
    client.force_login(world.foods_finance)
    for path in ("/finance/invoices/", OCTOBER, "/finance/payments/", "/finance/balances/"):
        assert client.get(path).status_code == 403
    assert client.post(f"{OCTOBER}confirm/", RECEIPT).status_code == 403
    assert client.post("/finance/payments/top-up/", {}).status_code == 403


def test_queries_are_bounded(finance, django_assert_max_num_queries):
    finance.get("/finance/invoices/")
    with django_assert_max_num_queries(14):
        finance.get("/finance/invoices/")
