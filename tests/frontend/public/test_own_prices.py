"""A buyer with prices of its own sees them in the comparison, its spreadsheet, reports and estimates; nobody else."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client

from marketplace.procurement.models import ComparisonReport
from tests import agreed, factories

pytestmark = pytest.mark.django_db
OWN, LISTED = "11,448.00", "24,349.90"  # 100.00 and 212.70 net × 10 × 12 months × 0.9, with 6 % VAT


@pytest.fixture
def hosts() -> list[Any]:
    return [
        factories.offering(factories.data_centre(partner), plans={"monthly": [factories.MONTHLY]})
        for partner in (factories.hongshan(), factories.songmo())
    ]


def total_of(response: Any) -> list[Any]:
    rows = {row[0].value: row for row in openpyxl.load_workbook(BytesIO(response.content)).active.iter_rows()}
    return [rows["折算总价（含税）"][1].value, rows["折算总价（含税）"][3].value]


def test_agreed_prices_reach_their_buyer_everywhere_and_nobody_else(hosts: list[Any]) -> None:
    foods, bureau = factories.foods(), factories.bureau()
    agreed.agree(hosts[0], foods, unit_price="100")
    query = "&".join(f"offering={host.pk}" for host in hosts) + "&quantity=10&term=12"
    line = f"offering-0={hosts[0].pk}&plan-0=monthly&quantity-0=10&term-0=12"
    readers = {
        "foods": (factories.member(foods, "buyer"), OWN),
        "bureau": (factories.member(bureau, "buyer"), LISTED),
        "officer": (factories.member(factories.platform(), "officer"), LISTED),
        "provider": (factories.member(hosts[0].partner.organisation, "sales"), LISTED),
        "visitor": (None, LISTED),
    }
    for name, (user, shown) in readers.items():
        client = Client()
        if user is not None:
            client.force_login(user)
        hidden = {OWN, LISTED} - {shown}
        page = client.get(f"/compare/?{query}").content.decode()
        assert f"¥{shown}" in page, name
        if name != "foods":
            assert not any(f"¥{one}" in page for one in hidden), name
        figure = float(shown.replace(",", ""))
        assert total_of(client.get(f"/compare/xlsx/?{query}")) == [figure, 24349.9], name
        estimate = client.get(f"/estimate/?{line}").content.decode()
        assert f"¥{shown}" in estimate and not any(f"¥{one}" in estimate for one in hidden), name
        if name in ("foods", "bureau", "officer"):
            report = client.post(f"/reports/new/?{query}")["Location"]
            assert total_of(client.get(f"{report}xlsx/")) == [figure, 24349.9], name
    kept = ComparisonReport.objects.get(organisation=foods)
    assert [one["is_own_price"] for one in kept.content["table"]["columns"]] == [True, False]
    other = Client()
    other.force_login(factories.member(bureau, "buyer"))
    assert other.get(f"/reports/{kept.number}/").status_code == 404


def test_paid_by_use_is_compared_by_the_use_that_is_expected(client: Client) -> None:
    """7,300 vCPU hours and 14,600 GiB hours a month cost 901.40 + 225.86 net there, 730.00 net here, each × 12."""
    dear = factories.offering(
        factories.data_centre(factories.hongshan()), plans={"metered": [factories.VCPU_HOURS, factories.GIB_HOURS]}
    )
    cheap = factories.offering(
        factories.data_centre(factories.songmo()),
        plans={"metered": [factories.Price("metered", "0.10", meter="vcpu_hours", unit="vCPU·小时", name="核时")]},
    )
    query = f"offering={dear.pk}&offering={cheap.pk}&quantity=10&term=12"
    page = client.get(f"/compare/?{query}").content.decode()
    assert "按用量付费。填写每月用量即可比较：vCPU 用量、内存用量。" in page
    assert 'name="usage-vcpu_hours"' in page and 'name="usage-gib_hours"' in page

    page = client.get(f"/compare/?{query}&usage-vcpu_hours=7,300").content.decode()
    assert "¥9,285.60" in page and "填写每月用量即可比较：内存用量。" in page  # the cheap one alone is complete

    query += "&usage-vcpu_hours=7300&usage-gib_hours=14600"
    page = client.get(f"/compare/?{query}").content.decode()
    assert "¥14,338.80" in page and "¥9,285.60" in page and "填写每月用量即可比较" not in page
    assert 'value="14600"' in page and "14,600 GiB·小时" in page
    response = client.get(f"/compare/xlsx/?{query}")
    assert total_of(response) == [14338.8, 9285.6]
    rows = {row[0].value: row for row in openpyxl.load_workbook(BytesIO(response.content)).active.iter_rows()}
    assert (rows["每月用量：内存用量"][1].value, rows["每月用量：内存用量"][2].value) == (14600, "GiB·小时")
    assert [rows["其中预计用量"][1].value, rows["其中预计用量"][3].value] == [14338.8, 9285.6]

    client.force_login(factories.member(factories.foods(), "buyer"))
    report = client.post(f"/reports/new/?{query}")["Location"]
    factories.price_book(cheap, plans={"metered": [factories.Price("metered", "9", meter="vcpu_hours")]})
    assert "14,600 GiB·小时" in client.get(report).content.decode()
    assert total_of(client.get(f"{report}xlsx/")) == [14338.8, 9285.6]
    price = ComparisonReport.objects.get().content["table"]["scores"]
    assert [one["points"]["price"] for one in price] == ["0.0", "100.0"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("usage-vcpu_hours=-1", "用量不能为负数"),
        ("usage-vcpu_hours=many", "请填写数字"),
        ("usage-vcpu_hours=1.1234567", "位小数"),
        ("usage-gpu_hours=5", "这些资源都不按 gpu_hours 计量"),
    ],
)
def test_a_use_that_cannot_be_reckoned_with_gets_a_sentence(client: Client, query: str, words: str) -> None:
    hosts = [factories.offering(factories.data_centre(factories.hongshan())) for _ in range(2)]
    response = client.get(f"/compare/?offering={hosts[0].pk}&offering={hosts[1].pk}&{query}")
    assert response.status_code == 200
    assert words in response.content.decode()


def test_a_report_is_not_made_of_a_use_that_was_not_understood(client: Client) -> None:
    hosts = [factories.offering(factories.data_centre(factories.hongshan())) for _ in range(2)]
    client.force_login(factories.member(factories.foods(), "buyer"))
    client.post(f"/reports/new/?offering={hosts[0].pk}&offering={hosts[1].pk}&usage-vcpu_hours=-1")
    assert not ComparisonReport.objects.exists()
