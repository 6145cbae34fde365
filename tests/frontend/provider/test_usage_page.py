"""The provider's usage pages: upload, progress, row errors, usage of a month."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.metering import operations
from billing.metering.models import UsageDay, UsageEvent, UsageImport
from tests import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
PATH = "/provider/usage/"
HEADER = "id,source,contract,time,meter,quantity"


@pytest.fixture(autouse=True)
def _november(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def contract() -> Any:
    offering = factories.offering(factories.data_centre(factories.hongshan()))
    return factories.contract(factories.foods(), offering, plan_code="metered")


@pytest.fixture
def client(contract: Any) -> Client:
    return log_in(contract, "operations")


def log_in(contract: Any, role: str) -> Client:
    browser = Client()
    browser.force_login(factories.member(contract.provider.organisation, role))
    return browser


def upload(client: Client, content: str) -> Any:
    return client.post(PATH, {"file": SimpleUploadedFile("十月.csv", content.encode())})


def test_a_file_is_uploaded_read_and_its_bad_rows_shown(client: Client, contract: Any) -> None:
    good = f"a,csv,{contract.number},2026-10-10T12:00:00+08:00,vcpu_hours,2.5"
    response = upload(client, f"{HEADER}\n{good}\n{good.replace('2.5', '-1').replace('a,csv', 'b,csv')}\n")
    stored = UsageImport.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"{PATH}imports/{stored.number}/")
    waiting = client.get(response["Location"])
    assert f'hx-get="{PATH}imports/{stored.number}/?part"' in waiting.content.decode()
    assert client.get(f"{response['Location']}?part").status_code == 200
    operations.run_imports(now=NOW, limit=5)
    done = client.get(response["Location"])
    text = done.content.decode()
    assert "hx-get" not in text
    assert "数量不能为负。" in text
    assert done.context["page"].object_list[0].row == 3
    assert client.get(f"{response['Location']}?part").status_code == 286  # htmx stops asking
    assert UsageEvent.objects.get().event_id == "a"
    listed = client.get(PATH)
    assert stored.number in listed.content.decode()
    assert [row["tone"] for row in listed.context["rows"]] == ["good"]


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_a_wrong_file_is_refused_beside_its_field(client: Client, content: str) -> None:
    response = upload(client, content)
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    assert not UsageImport.objects.exists()


def test_the_template_is_read_as_it_is(client: Client) -> None:
    response = client.get(f"{PATH}template.csv")
    assert response["Content-Disposition"] == 'attachment; filename="usage.csv"'
    assert response.content.startswith(b"\xef\xbb\xbfid,source,contract,time,meter,quantity\r\n")
    assert upload(client, response.content.decode()).status_code == 302
    operations.run_imports(now=NOW, limit=5)
    assert UsageImport.objects.get().errors == [{"row": 2, "column": "contract", "code": "no_such_contract"}]


def test_the_usage_of_a_month_is_added_up_by_contract_and_meter(client: Client, contract: Any) -> None:
    for day, quantity in ((date(2026, 10, 1), "1.5"), (date(2026, 10, 31), "2"), (date(2026, 9, 30), "99")):
        UsageDay.objects.create(
            contract=contract, meter="vcpu_hours", day=day, quantity=quantity, event_count=2, batch=1
        )
    response = client.get(PATH)
    (row,) = response.context["usage"]
    assert str(response.context["month"]) == "2026-10"
    assert (row.number, row.use.meter) == (contract.number, "vcpu_hours")
    assert (row.use.quantity, row.use.event_count, row.use.last_day) == (3.5, 4, date(2026, 10, 31))
    (shown,) = response.context["usage_rows"]
    assert (shown["column"].unit, shown["column"].counted) == ("vCPU·小时", "")
    assert client.get(f"{PATH}?month=2026-08").context["usage"].paginator.count == 0
    assert client.get(f"{PATH}?month=nonsense").status_code == 200


def test_the_lists_take_constant_queries(client: Client, contract: Any) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PATH).status_code == 200
        return len(captured.captured_queries)

    UsageDay.objects.create(
        contract=contract, meter="vcpu_hours", day=date(2026, 10, 1), quantity=1, event_count=1, batch=1
    )
    UsageImport.objects.create(number="YL-A", provider=contract.provider, file_name="a.csv", created_at=NOW)
    client.get(PATH)
    before = count()
    for n in range(20):
        UsageImport.objects.create(number=f"YL-{n}", provider=contract.provider, file_name="a.csv", created_at=NOW)
        UsageDay.objects.create(
            contract=contract, meter="gib_hours", day=date(2026, 10, n + 1), quantity=1, event_count=1, batch=1
        )
    assert count() == before <= 14


def test_another_providers_files_and_usage_are_not_there(client: Client, contract: Any) -> None:
    songmo = factories.contract(
        factories.bureau(), factories.offering(factories.data_centre(factories.songmo())), plan_code="metered"
    )
    UsageImport.objects.create(number="YL-THEIRS", provider=songmo.provider, file_name="theirs.csv", created_at=NOW)
    UsageDay.objects.create(
        contract=songmo, meter="vcpu_hours", day=date(2026, 10, 1), quantity=1, event_count=1, batch=1
    )
    assert client.get(f"{PATH}imports/YL-THEIRS/").status_code == 404
    text = client.get(f"{PATH}?month=2026-10").content.decode()
    assert "YL-THEIRS" not in text and songmo.number not in text


def test_who_may_not_report_is_refused(contract: Any) -> None:
    for role in ("sales", "finance"):
        browser = log_in(contract, role)
        assert browser.get(PATH).status_code == 403
        assert upload(browser, f"{HEADER}\n").status_code == 403
    assert Client().get(PATH).status_code == 302
    assert not UsageImport.objects.exists()
