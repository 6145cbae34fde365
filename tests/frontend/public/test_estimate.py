"""The estimator over HTTP: the same figures as everywhere, sentences beside fields, links without agreed prices."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from listings.prices import pricing
from marketplace.procurement.models import Estimate
from tests import agreed, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Any:
    return factories.offering(factories.data_centre(factories.hongshan()))


def line(host: Any, *, place: int = 0, **fields: Any) -> str:
    chosen = {"offering": host.pk, "plan": "monthly", "quantity": 10, "term": 12, **fields}
    usage = chosen.pop("usage", {})
    pairs = [f"{name}-{place}={value}" for name, value in chosen.items()]
    return "&".join([*pairs, *(f"usage-{place}-{meter}={value}" for meter, value in usage.items())])


def test_one_price_function_serves_every_page(client: Client, host: Any) -> None:
    """Compare = offering page = purchase list = estimate: ¥24,349.90 for 10 over 12 months."""
    client.force_login(factories.member(factories.foods(), "owner"))
    plan = factories.plan(host)
    quote = pricing.quote(plan=plan, quantity=10, term_months=12)
    assert quote.term.gross.amount_minor == 24_349_90
    client.post("/basket/add/", {"plan": plan.pk, "quantity": 10, "term_months": 12})
    other = factories.offering(host.data_centre)
    for path in (
        f"{host.get_absolute_url()}?plan={plan.pk}&quantity=10&term_months=12",
        f"/compare/?offering={host.pk}&offering={other.pk}&quantity=10&term=12&plan={plan.pk}",
        f"/estimate/?{line(host)}",
        "/basket/",
    ):
        assert "¥24,349.90" in client.get(path).content.decode(), path


def test_expected_use_is_priced_by_component(client: Client, host: Any) -> None:
    """7,300 vCPU hours × 0.12348 = 901.404 → 901.40 net a month, 6 % VAT 54.08; GiB hours are not expected."""
    page = client.get(f"/estimate/?{line(host, plan='metered', usage={'vcpu_hours': '7300'})}").content.decode()
    for words in ("¥901.40", "¥54.08", "¥955.48", "¥11,465.76", "¥0.12348", "7,300"):
        assert words in page, words


def test_lines_are_added_from_the_cookie_changed_and_removed(client: Client, host: Any) -> None:
    first = client.get(f"/estimate/?add={host.pk}.metered&quantity=2&term_months=12")
    assert first["Location"] == f"/estimate/?{line(host, plan='metered', quantity=2)}"
    client.get(first["Location"])
    second = client.get(f"/estimate/?add={host.pk}.monthly")
    expected = f"{line(host, plan='metered', quantity=2)}&{line(host, place=1, quantity=1)}"
    assert second["Location"] == f"/estimate/?{expected}"
    client.get(second["Location"])
    assert client.get("/estimate/")["Location"] == second["Location"]
    removed = client.get(f"{second['Location']}&remove=0")
    assert removed["Location"] == f"/estimate/?{line(host, quantity=1)}"
    emptied = client.get(f"{removed['Location']}&remove=0")
    assert "估算清单为空" in client.get(emptied["Location"]).content.decode()


def test_the_catalogue_is_searched_from_the_page(client: Client, host: Any) -> None:
    page = client.get(f"/estimate/?clear=1&q={host.title}").content.decode()
    assert f"add={host.pk}.monthly" in page
    assert "没有找到" in client.get("/estimate/?clear=1&q=没有这样的资源").content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"plan": "metered", "usage": {"vcpu_hours": "-1"}}, "用量不能为负数"),
        ({"plan": "metered", "usage": {"vcpu_hours": "1" + "0" * 30}}, "用量超出可估算范围"),
        ({"plan": "metered", "usage": {"vcpu_hours": "0.123456789"}}, "最多保留 6 位小数"),
        ({"plan": "metered", "usage": {"vcpu_hours": "many"}}, "请填写数字"),
        ({"plan": "metered", "usage": {"vcpu_hours": "NaN"}}, "请填写数字"),
        ({"plan": "metered", "usage": {"unicorns": "1"}}, "该套餐不计量 unicorns"),
        ({"term": 7}, "该方案"),
        ({"quantity": 0}, "1 至 100000"),
        ({"quantity": "x"}, "1 至 100000"),
        ({"plan": "none"}, "该套餐已不再提供"),
        ({"offering": 10**9}, "该资源已不再挂牌"),
        ({"offering": "9" * 30}, "该资源已不再挂牌"),
    ],
)
def test_bad_input_gets_a_sentence_beside_its_field(
    client: Client, host: Any, fields: dict[str, Any], words: str
) -> None:
    response = client.get(f"/estimate/?{line(host, **fields)}")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="field-errors"' in page
    if words != "该方案":
        assert words in page
    assert "全部合计" not in page
    assert client.get(f"/estimate/xlsx/?{line(host, **fields)}").status_code == 302


def test_a_kept_estimate_shows_each_reader_their_own_prices(client: Client, host: Any) -> None:
    buyer = factories.foods()
    client.force_login(factories.member(buyer, "buyer"))
    kept = client.post(f"/estimate/save/?{line(host)}")["Location"]
    agreed.agree(host, buyer, unit_price="100")
    assert "¥11,448.00" in client.get(kept).content.decode()  # 100 × 10 × 12 × 0.9 × 1.06
    page = Client().get(kept).content.decode()
    assert "¥24,349.90" in page and "列表价" in page and "¥11,448.00" not in page
    assert Estimate.objects.get().lines[0]["plan"] == "monthly"
    assert "¥" not in str(Estimate.objects.get().lines)
    assert Client().get("/estimate/no-such-link/").status_code == 404


def test_what_cannot_be_priced_is_not_kept(client: Client, host: Any) -> None:
    client.force_login(factories.member(factories.foods(), "buyer"))
    for query in ("", line(host, quantity=0)):
        client.post(f"/estimate/save/?{query}")
    assert not Estimate.objects.exists()


def test_visitors_log_in_and_come_back(client: Client, host: Any) -> None:
    for path in ("/estimate/save/", "/basket/add-estimate/"):
        response = client.post(f"{path}?{line(host)}")
        assert response["Location"].startswith("/login/?next=/estimate/%3Foffering-0%3D")


def test_an_estimate_becomes_a_purchase_list_and_problems_are_told_per_line(client: Client, host: Any) -> None:
    client.force_login(factories.member(factories.foods(), "owner"))
    query = f"{line(host)}&{line(host, place=1, quantity=0)}&{line(host, place=2, quantity=99999)}"
    response = client.post(f"/basket/add-estimate/?{query}")
    assert response["Location"] == "/basket/"
    page = client.get("/basket/").content.decode()
    assert "¥24,349.90" in page and "第 2 行" in page and "第 3 行" in page and "估算中的 1 行已加入采购单" in page


def test_the_spreadsheet_has_the_same_figures_typed(client: Client, host: Any) -> None:
    response = client.get(f"/estimate/xlsx/?{line(host)}")
    rows = {row[0].value: row for row in openpyxl.load_workbook(BytesIO(response.content)).active.iter_rows()}
    assert [cell.value for cell in rows["整个租期"][1:4]] == [22971.6, 1378.3, 24349.9]


def test_twenty_lines_cost_as_many_queries_as_one(client: Client, host: Any) -> None:
    more = [factories.offering(host.data_centre) for _number in range(19)]
    full = "&".join(line(one, place=place) for place, one in enumerate([host, *more]))
    counts = []
    for query in (line(host), full):
        client.get(f"/estimate/?{query}")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/estimate/?{query}").status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 12
