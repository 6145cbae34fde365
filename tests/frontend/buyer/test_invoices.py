"""A buyer's invoices: own ones only, figures that add up, and how to pay."""

import re

import pytest
import time_machine

from tests import factories
from tests.frontend import billed

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return billed.make_world()


@pytest.fixture
def foods(client, world):
    client.force_login(world.foods_finance)
    with time_machine.travel(billed.NOW, tick=False):
        yield client


def text(response) -> str:
    """The page's words, blanks made single."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def test_the_list_shows_own_invoices_and_their_sums(foods):
    words = text(foods.get("/buyer/invoices/"))
    assert billed.FOODS_OCTOBER in words
    assert billed.FOODS_NOVEMBER in words
    assert billed.BUREAU_OCTOBER not in words
    assert "共 2 张发票合计 ¥1,378.00 ¥53.00 ¥1,325.00" in words
    assert "未付 ¥1,325.00 2 张发票" in words
    assert "已逾期 ¥53.00 1 张发票" in words
    assert "2026 年已付 ¥53.00" in words
    assert "逾期 3 天" in words


@pytest.mark.parametrize(
    ("query", "shown", "total"),
    [
        ("?status=overdue", {billed.FOODS_OCTOBER}, "¥106.00 ¥53.00 ¥53.00"),
        ("?status=issued", {billed.FOODS_NOVEMBER}, "¥1,272.00 ¥0.00 ¥1,272.00"),
        ("?month=2026-10", {billed.FOODS_OCTOBER}, "¥106.00 ¥53.00 ¥53.00"),
        ("?month=2026-11&status=issued", {billed.FOODS_NOVEMBER}, "¥1,272.00 ¥0.00 ¥1,272.00"),
        ("?status=nonsense&month=nonsense", {billed.FOODS_OCTOBER, billed.FOODS_NOVEMBER}, "¥1,378.00"),
    ],
)
def test_conditions_and_the_sums_of_what_they_leave(foods, query, shown, total):
    words = text(foods.get(f"/buyer/invoices/{query}"))
    assert set(re.findall(r"FP-\d{4}-\d{6}", words)) == shown
    assert f"合计 {total}" in words


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?status=paid", "没有处于该状态的发票 另有 2 张发票处于其他状态。"),
        ("?month=2026-01", "2026年1月没有发票"),
    ],
)
def test_an_empty_list_says_why(foods, query, says):
    assert says in text(foods.get(f"/buyer/invoices/{query}"))


def test_a_new_buyer_has_no_invoices(client, world):
    client.force_login(factories.member(factories.organisation(side="buyer", name="新单位"), "owner"))
    assert "还没有发票" in text(client.get("/buyer/invoices/"))


def test_an_invoice_shows_lines_taxes_payments_and_how_to_pay(foods, world, settings):
    words = text(foods.get(f"/buyer/invoices/{billed.FOODS_OCTOBER}/"))
    assert world.foods.uscc in words
    # twice as a line, twice as a choice of what to dispute
    assert words.count("通用型云主机 2核4G · monthly · 云主机 2核4G · 2026-10") == 4
    assert "1 × 212.7 = 50" in words
    assert "税率 6% ¥100.00 ¥6.00" in words
    assert "合计 ¥100.00 ¥6.00 ¥106.00" in words
    assert "对公转账 FP-2026-000001 ¥6.00" in words
    assert "预付余额 FP-2026-000001/1 ¥47.00" in words
    assert f"账号 {settings.CLIENT_MONEY_ACCOUNT} 金额 ¥53.00 附言 FP-2026-000001" in words
    assert "本发票最多 ¥6.00 会自动从预付余额扣除。" in words


def test_a_correction_is_marked(foods):
    words = text(foods.get(f"/buyer/invoices/{billed.FOODS_NOVEMBER}/"))
    assert "2026-10 R1 更正" in words
    assert "−¥10.00" in words


def test_a_paid_invoice_asks_for_nothing(client, world):
    client.force_login(world.bureau_finance)
    words = text(client.get(f"/buyer/invoices/{billed.BUREAU_OCTOBER}/"))
    assert "已付清" in words
    assert "附言" not in words


def test_another_buyers_invoice_does_not_exist(foods):
    for number in (billed.BUREAU_OCTOBER, "FP-2026-999999"):
        assert foods.get(f"/buyer/invoices/{number}/").status_code == 404


def test_who_may_not_look(client, world):
    assert client.get("/buyer/invoices/").status_code == 302
    client.force_login(world.finance)
    for path in ("", f"{billed.FOODS_OCTOBER}/"):
        assert client.get(f"/buyer/invoices/{path}").status_code == 403


def test_queries_do_not_grow_with_the_list(foods, django_assert_max_num_queries):
    foods.get("/buyer/invoices/")
    with django_assert_max_num_queries(14):
        foods.get("/buyer/invoices/")
    with django_assert_max_num_queries(14):
        foods.get(f"/buyer/invoices/{billed.FOODS_OCTOBER}/")


def test_in_english(foods):
    words = text(foods.get(f"/buyer/invoices/{billed.FOODS_OCTOBER}/", headers={"accept-language": "en"}))
    assert "Transfer remark FP-2026-000001" in words
