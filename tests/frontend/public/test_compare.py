"""The tray and the comparison over HTTP: at most four, by the cookie and by the address; the same figures; the cost."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture
def hosts() -> list[Any]:
    hongshan, songmo = factories.hongshan(), factories.songmo()
    centres = [factories.data_centre(hongshan), factories.data_centre(songmo, measured_pue=Decimal("1.18"))]
    return [factories.offering(centres[number % 2], title=f"云主机{number}") for number in range(5)]


def address(*products: Any, **fields: Any) -> str:
    pairs = [*(("offering", product.pk) for product in products), *fields.items()]
    return "/compare/?" + "&".join(f"{name}={value}" for name, value in pairs)


def toggle(client: Client, *, htmx: bool = False, **fields: Any) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post("/compare/tray/", fields, headers=headers)


def test_the_tray_takes_four_and_refuses_a_fifth(client: Client, hosts: list[Any]) -> None:
    for host in hosts[:4]:
        assert toggle(client, add=host.pk).status_code == 302
    assert client.cookies["compare"].value == ".".join(str(host.pk) for host in hosts[:4])
    assert client.cookies["compare"]["httponly"] and client.cookies["compare"]["samesite"] == "Lax"
    refused = toggle(client, add=hosts[4].pk)
    assert client.cookies["compare"].value == ".".join(str(host.pk) for host in hosts[:4])
    page = client.get(refused["Location"]).content.decode()
    assert "最多可比选 4 项" in page
    assert page.count('aria-pressed="true"') == 4
    toggle(client, remove=hosts[0].pk)
    toggle(client, add=hosts[4].pk)
    assert client.cookies["compare"].value == ".".join(str(host.pk) for host in hosts[1:])


def test_a_script_gets_the_toggle_and_the_tray_only(client: Client, hosts: list[Any]) -> None:
    part = toggle(client, htmx=True, add=hosts[0].pk).content.decode()
    assert part.count('aria-pressed="true"') == 1 and 'id="compare-tray"' in part and "<html" not in part
    assert hosts[0].title in part
    for host in hosts[1:4]:
        toggle(client, htmx=True, add=host.pk)
    part = toggle(client, htmx=True, add=hosts[4].pk).content.decode()
    assert 'role="alert"' in part and "最多可比选 4 项" in part and 'aria-pressed="false"' in part


def test_a_withdrawn_offering_falls_out_of_the_tray_with_a_notice(client: Client, hosts: list[Any]) -> None:
    toggle(client, add=hosts[0].pk)
    toggle(client, add=hosts[1].pk)
    hosts[0].state = "withdrawn"
    hosts[0].save()
    page = client.get("/catalogue/").content.decode()
    assert "1 项资源已不再挂牌，已从比选中移除" in page
    assert client.cookies["compare"].value == str(hosts[1].pk)
    assert "已从比选中移除" not in client.get("/catalogue/").content.decode()
    assert toggle(client, htmx=True, add=hosts[0].pk).content.decode().count("已不再挂牌") == 1


@pytest.mark.parametrize("cookie", ["", "x", "1;drop", "1.2.3.4.5.6", "9" * 30, "-1", "1..2", "0"])
def test_a_forged_cookie_breaks_nothing(client: Client, hosts: list[Any], cookie: str) -> None:
    client.cookies["compare"] = cookie
    assert client.get("/catalogue/").status_code == 200
    assert client.get("/compare/").status_code in (200, 302)


@pytest.mark.parametrize("fields", [{}, {"add": "x"}, {"add": "9" * 25}, {"add": "0"}, {"remove": "77"}])
def test_a_wrong_toggle_is_answered(client: Client, hosts: list[Any], fields: dict[str, str]) -> None:
    assert toggle(client, **fields).status_code == 302
    assert toggle(client, htmx=True, **fields).status_code == 200


def test_the_way_back_stays_here(client: Client, hosts: list[Any]) -> None:
    response = toggle(client, add=hosts[0].pk, next="https://elsewhere.example/")
    assert response["Location"] == "/catalogue/"


def test_the_navigations_entry_opens_what_is_in_the_tray(client: Client, hosts: list[Any]) -> None:
    assert "先在资源目录中选择" in client.get("/compare/").content.decode()
    toggle(client, add=hosts[0].pk)
    toggle(client, add=hosts[1].pk)
    assert client.get("/compare/")["Location"] == f"/compare/?offering={hosts[0].pk}&offering={hosts[1].pk}"


def test_the_comparison_shows_net_and_gross_marks_and_the_formula(client: Client, hosts: list[Any]) -> None:
    page = client.get(address(*hosts[:2], quantity=10, term=12)).content.decode()
    factories.price_book(hosts[1], plans={"monthly": [factories.Price("recurring", "300")]})
    page = client.get(address(*hosts[:2], quantity=10, term=12)).content.decode()
    for words in ("¥24,349.90", "¥22,971.60", "¥202.92", "1.18", "最低", "评分公式", "40% × 价格"):
        assert words in page, words


def test_one_offering_and_none_explain_themselves(client: Client, hosts: list[Any]) -> None:
    assert "单独一项无法比选" in client.get(address(hosts[0])).content.decode()
    assert client.get("/compare/?offering=").status_code == 200


def test_five_are_refused_with_the_way_out(client: Client, hosts: list[Any]) -> None:
    response = client.get(address(*hosts))
    assert response.status_code == 422
    page = response.content.decode()
    assert "一次最多比选 4 项，当前请求了 5 项" in page
    assert client.get(f"/compare/xlsx/?{address(*hosts).split('?')[1]}").status_code == 302


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("quantity=0", "1 至 100000"),
        ("quantity=-3", "1 至 100000"),
        ("quantity=" + "9" * 40, "1 至 100000"),
        ("quantity=1.5", "1 至 100000"),
        ("term=7", "均不提供 7 个月租期"),
        ("weights=custom&weight-price=50&weight-service=50&weight-compliance=50&weight-green=0", "权重合计为 150 %"),
        ("weights=custom&weight-price=x", "0 至 100 的整数百分比"),
    ],
)
def test_bad_input_gets_a_sentence(client: Client, hosts: list[Any], query: str, words: str) -> None:
    response = client.get(address(*hosts[:2]) + "&" + query)
    assert response.status_code == 200
    assert words in response.content.decode()


@pytest.mark.parametrize(
    "query", ["offering=999999999&offering=x", "plan=9999999999999999999999", "term=99999&term=x", "weights=none"]
)
def test_odd_addresses_break_nothing(client: Client, hosts: list[Any], query: str) -> None:
    assert client.get(address(*hosts[:2]) + "&" + query).status_code == 200


def test_unknown_and_withdrawn_ones_are_left_out_with_a_notice(client: Client, hosts: list[Any]) -> None:
    hosts[2].state = "withdrawn"
    hosts[2].save()
    page = client.get(address(*hosts[:3])).content.decode()
    assert "1 项请求的资源未挂牌" in page and hosts[2].title not in page


def test_own_weights_change_the_score(client: Client, hosts: list[Any]) -> None:
    query = "&weights=custom&weight-price=0&weight-service=0&weight-compliance=0&weight-green=100"
    page = client.get(address(*hosts[:2]) + query).content.decode()
    assert "100% × 绿色" in page


def test_only_differences(client: Client, hosts: list[Any]) -> None:
    page = client.get(address(*hosts[:2], differences=1)).content.decode()
    assert "实测 PUE" in page and "技术支持" not in page and "数据中心所在地" not in page


@pytest.mark.parametrize("reader", ["visitor", "buyer"])
def test_the_page_costs_at_most_twelve_queries(client: Client, hosts: list[Any], reader: str) -> None:
    if reader == "buyer":
        client.force_login(factories.member(factories.foods(), "owner"))
    toggle(client, add=hosts[0].pk)
    client.get(address(*hosts[:4]))
    for path in (address(*hosts[:2]), address(*hosts[:4]), address(*hosts[:4], quantity=10, term=12)):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        assert len(captured) <= MOST_QUERIES, "\n".join(query["sql"][:100] for query in captured.captured_queries)


def test_the_spreadsheet_has_the_same_figures_typed(client: Client, hosts: list[Any]) -> None:
    hosts[0].title = "=cmd|'/c calc'!A1"
    hosts[0].save()
    response = client.get(address(*hosts[:2], quantity=10, term=12).replace("/compare/?", "/compare/xlsx/?"))
    assert response["Content-Type"].endswith("spreadsheetml.sheet")
    sheet = openpyxl.load_workbook(BytesIO(response.content)).active
    rows = {row[0].value: row for row in sheet.iter_rows()}
    assert rows["折算总价（含税）"][1].value == 24349.9 and rows["折算总价（含税）"][1].data_type == "n"
    assert rows["折算总价（不含税）"][1].value == 22971.6
    assert rows["资源"][1].value == "'=cmd|'/c calc'!A1" and rows["资源"][1].data_type == "s"
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
