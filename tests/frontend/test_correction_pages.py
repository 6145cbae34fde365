"""Disputes, credit notes and write-offs through the pages: a buyer objects, finance decides."""

import pytest
import time_machine

from billing.invoicing.models import CreditNote, Dispute, InvoiceBalance, WriteOff
from tests import factories
from tests.frontend import billed
from tests.frontend.buyer.test_invoices import text

pytestmark = pytest.mark.django_db
NUMBER = billed.FOODS_OCTOBER


@pytest.fixture
def world():
    return billed.make_world()


@pytest.fixture
def ask(client, world):
    with time_machine.travel(billed.NOW, tick=False):
        yield lambda user: client.force_login(user) or client


def test_a_buyer_disputes_a_line_and_finance_upholds_a_part(ask, world, django_assert_max_num_queries):
    foods = factories.member(world.foods, "owner")
    buyer = ask(foods)
    page = buyer.get(f"/buyer/invoices/{NUMBER}/")
    assert "对明细提出异议" in text(page)
    response = buyer.post(f"/buyer/invoices/{NUMBER}/dispute/", {"line": "1", "reason": "机器停了三天"}, follow=True)
    assert response.status_code == 200
    assert "机器停了三天" in text(response)
    refused = buyer.post(f"/buyer/invoices/{NUMBER}/dispute/", {"line": "1", "reason": "又来"})
    assert refused.status_code == 422
    number = Dispute.objects.get().number
    finance = ask(world.finance)
    with django_assert_max_num_queries(14):
        page = finance.get("/finance/corrections/")
    assert number in text(page)
    response = finance.post(
        f"/finance/disputes/{number}/uphold/", {"amount": "10.60", "reason": "停机属实"}, follow=True
    )
    assert "贷项通知单 HZ-2026-000001 已开具。" in text(response)
    assert InvoiceBalance.objects.get(invoice__number=NUMBER).credited_minor == 10_60
    for user, console in ((world.finance, "finance"), (foods, "buyer")):
        person = ask(user)
        with django_assert_max_num_queries(12):
            assert "HZ-2026-000001" in text(person.get(f"/{console}/credit-notes/"))
        assert "HZ-2026-000001" in text(person.get(f"/{console}/invoices/{NUMBER}/"))


def test_finance_credits_once_however_often_it_clicks(ask, world):
    finance = ask(world.finance)
    form = finance.get(f"/finance/invoices/{NUMBER}/").context["credit_form"]
    data = {
        "line": "1",
        "amount": "1.06",
        "kind": "goodwill",
        "reason": "致歉",
        "request_key": form["request_key"].value(),
    }
    for _ in range(2):
        assert finance.post(f"/finance/invoices/{NUMBER}/credit/", data).status_code == 302
    assert CreditNote.objects.get().total_minor == 1_06
    for wrong in ({"amount": "9999999"}, {"line": "9"}, {"reason": ""}, {"amount": "0"}):
        answer = finance.post(
            f"/finance/invoices/{NUMBER}/credit/", {**data, "request_key": "other", **wrong}, follow=True
        )
        assert "alert" in answer.content.decode()
    assert CreditNote.objects.count() == 1


def test_a_write_off_needs_two(ask, world):
    finance = ask(world.finance)
    finance.post(f"/finance/invoices/{NUMBER}/write-off/", {"reason": "破产"})
    made = WriteOff.objects.get()
    page = finance.post(f"/finance/write-offs/{made.pk}/approve/", follow=True)
    assert "须由财务的另一人批准" in text(page)
    second = ask(factories.member(factories.platform(), "finance"))
    second.post(f"/finance/write-offs/{made.pk}/approve/")
    assert InvoiceBalance.objects.get(invoice__number=NUMBER).status == "written_off"
