"""Finance's bank receipts: upload, dry run, the inbox, the desk, taking back; without a script."""

from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.test import Client

from billing.payments.models import Payment
from billing.payments.statements import operations, queries
from billing.payments.statements.models import StatementAccount, StatementLine
from tests.frontend import billed
from tests.frontend.buyer.test_invoices import text

pytestmark = pytest.mark.django_db
ACCOUNT = {
    "code": "ICBC",
    "number": "0605 1234",
    "bank": "示例银行赤峰分行",
    "currency": "CNY",
    "date_form": "%Y-%m-%d",
    "header_row": "1",
    "column_reference": "流水号",
    "column_booked_date": "日期",
    "column_amount": "金额",
    "column_payer_name": "户名",
    "column_remark": "附言",
}
HEADING = "流水号,日期,金额,户名,附言\n"
FILE = HEADING + "R1,2026-12-03,700.00,草原食品有限公司,FP-2026-000003\nR2,2026-12-04,80.00,某公司,云服务\n"


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> billed.World:
    settings.MEDIA_ROOT = tmp_path
    return billed.make_world()


@pytest.fixture
def finance(client: Client, world: billed.World) -> Any:
    client.force_login(world.finance)
    with time_machine.travel(billed.NOW, tick=False):
        yield client


def upload(client: Client, data: str, mode: str) -> str:
    file = ContentFile(data.encode("gbk"), name="对账单.csv")
    response = client.post("/finance/bank/statements/", {"account": "ICBC", "file": file, "mode": mode})
    assert response.status_code == 302, response.context["form"].errors
    operations.import_due(now=billed.NOW, limit=5)
    return str(response["Location"])


def test_from_the_account_to_a_match_that_is_taken_back(finance: Client) -> None:
    assert finance.post("/finance/bank/accounts/new/", ACCOUNT).status_code == 302
    tried = upload(finance, FILE, "try")
    shown = text(finance.get(tried))
    assert "试算" in shown and "R1" in shown and not StatementLine.objects.exists()
    assert finance.get(f"{tried}?part").status_code == 286
    made = finance.post(tried)["Location"]
    operations.import_due(now=billed.NOW, limit=5)
    assert "GB 18030" in text(finance.get(made))
    first, second = StatementLine.objects.order_by("row")
    assert (first.status, second.status) == ("matched", "unmatched")
    inbox = finance.get("/finance/bank/")
    assert [row["line"].reference for row in inbox.context["rows"]] == ["R2"]
    desk = f"/finance/bank/lines/{second.pk}/"
    found = finance.get(desk, {"q": "FP-2026-000001"}).context["rows"]
    assert [row["one"].balance.invoice.number for row in found] == ["FP-2026-000001"]
    wrong = finance.post(desk, {"pay-FP-2026-000001": "80.01"})
    assert (wrong.status_code, "只剩 ¥80.00" in text(wrong) or "80.00" in text(wrong)) == (422, True)
    assert finance.post(desk, {"pay-FP-2026-000001": "5角"}).status_code == 422
    assert finance.post(desk, {"pay-FP-2026-000001": "", "top_up": ""}).status_code == 422
    right = {"pay-FP-2026-000001": "53.00", "buyer": str(Payment.objects.first().organisation_id), "top_up": "27"}
    assert finance.post(desk, right)["Location"] == "/finance/bank/"
    second.refresh_from_db()
    assert second.status == "matched"
    number = Payment.objects.filter(purpose="invoice", match__line=second).get().number
    answer = finance.post(f"{desk}reverse/", {"payment": number, "reason": "付错了"}, follow=True)
    assert "付错了" in text(answer) and "53.00" in text(answer)
    again = finance.post("/finance/bank/match/", follow=True)
    assert "已匹配 0 笔" in text(again)


def test_problems_are_shown_with_their_cells(finance: Client) -> None:
    finance.post("/finance/bank/accounts/new/", ACCOUNT)
    page = text(finance.get(upload(finance, HEADING + "R1,2026-12-03,一百,a,b\n", "import")))
    assert "C2" in page and "不是形如 1,234.50 的金额。" in page
    file = ContentFile(FILE.encode(), name="s.csv")
    upload(finance, FILE, "import")
    same = finance.post("/finance/bank/statements/", {"account": "ICBC", "file": file, "mode": "import"})
    assert same.status_code == 302  # another encoding is another file; its lines are known
    operations.import_due(now=billed.NOW, limit=5)
    assert StatementLine.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"column_amount": ""},
        {"column_amount": "金额", "column_credit": "收入"},
        {"column_reference": ""},
        {"currency": "XXX"},
        {"header_row": "0"},
        {"date_form": "x"},
    ],
)
def test_an_account_that_could_not_be_read_is_refused(finance: Client, change: dict[str, str]) -> None:
    assert finance.post("/finance/bank/accounts/new/", ACCOUNT | change).status_code == 422
    assert not StatementAccount.objects.exists()


def test_the_lists_take_the_same_queries_for_any_number(finance: Client, django_assert_max_num_queries: Any) -> None:
    finance.post("/finance/bank/accounts/new/", ACCOUNT)
    rows = "".join(f"N{number},2026-12-03,{number}.00,某公司,x\n" for number in range(1, 40))
    upload(finance, HEADING + rows, "import")
    for address in ("/finance/bank/", "/finance/bank/?status=&q=N1", "/finance/bank/statements/"):
        with django_assert_max_num_queries(14):
            assert finance.get(address).status_code == 200
    with django_assert_max_num_queries(20):
        finance.get(f"/finance/bank/lines/{queries.next_waiting(line_id=0)}/")
