"""CSV files of usage over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.metering import imports, operations
from billing.metering.models import UsageEvent, UsageImport
from tests.marketplace.api.client import NOW, Api, api

pytestmark = pytest.mark.django_db

PATH = "/api/v1/usage/imports"
HEADER = "id,source,contract,time,meter,quantity"


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    yield


def upload(caller: Api, content: str, *, name: str = "用量.csv") -> Any:
    return caller.call("post", PATH, data={"file": SimpleUploadedFile(name, content.encode())})


def rows(contract: Any) -> str:
    good = f"a,csv,{contract.number},2026-10-10T12:00:00+08:00,vcpu_hours,2.5"
    return f"{HEADER}\n{good}\n{good.replace('a,csv', 'b,csv').replace('2.5', 'x')}\n"


def test_a_file_is_queued_and_its_progress_shown(hongshan: Api, contract: Any) -> None:
    response = upload(hongshan, rows(contract))
    assert response.status_code == 202
    number = response.json()["number"]
    assert response["Location"] == f"{PATH}/{number}"
    queued = {
        "number": number,
        "file_name": "用量.csv",
        "status": "queued",
        "rows_read": 0,
        "rows_accepted": 0,
        "rows_duplicate": 0,
        "rows_rejected": 0,
        "created_at": "2026-11-02T12:00:00+08:00",
        "finished_at": None,
    }
    assert response.json() == queued
    assert operations.run_imports(now=NOW, limit=5) == 1
    done = hongshan.get(response["Location"], headers={"Accept-Language": "en"}).json()
    assert done.pop("errors") == [
        {
            "row": 3,
            "column": "quantity",
            "code": "not_a_quantity",
            "reason": "Write the quantity as a decimal number, such as 12.5.",
        }
    ]
    assert done == queued | {
        "status": "done",
        "rows_read": 2,
        "rows_accepted": 1,
        "rows_rejected": 1,
        "finished_at": "2026-11-02T12:00:00+08:00",
    }
    assert UsageEvent.objects.count() == 1


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "PK\x03\x04"])
def test_a_file_of_another_kind_is_answered_422(hongshan: Api, content: str) -> None:
    response = upload(hongshan, content)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "file")
    assert not UsageImport.objects.exists()


def test_a_form_without_a_file_is_answered_422(hongshan: Api) -> None:
    response = hongshan.call("post", PATH, data={"more": "text"})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "file")


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n"])
def test_a_broken_form_is_refused(hongshan: Api, body: bytes) -> None:
    response = hongshan.post(PATH, body, content_type="multipart/form-data; boundary=x")
    assert response.status_code in (400, 422)


def test_a_form_without_a_boundary_is_answered_400(hongshan: Api) -> None:
    assert hongshan.post(PATH, b"x", content_type="multipart/form-data").status_code == 400


@pytest.mark.parametrize("content_type", ["text/csv", "application/json", "application/x-www-form-urlencoded"])
def test_another_content_type_is_answered_415(hongshan: Api, contract: Any, content_type: str) -> None:
    assert hongshan.post(PATH, rows(contract), content_type=content_type).status_code == 415


def test_a_file_over_100_mb_is_answered_413(hongshan: Api, contract: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from marketplace.api.usage import Imports

    monkeypatch.setattr(Imports, "largest_body_bytes", 100)
    assert upload(hongshan, rows(contract) * 20).status_code == 413
    assert imports.LARGEST_FILE_BYTES == 100 * 1024 * 1024
    assert not UsageImport.objects.exists()


def test_files_are_listed_in_pages_with_constant_queries(hongshan: Api, contract: Any) -> None:
    def read(page: int) -> tuple[dict[str, Any], int]:
        with CaptureQueriesContext(connection) as captured:
            body = hongshan.get(f"{PATH}?page={page}").json()
        return body, len(captured.captured_queries)

    empty, without = read(1)
    assert empty == {"count": 0, "page": 1, "pages": 1, "results": []}
    for n in range(51):
        UsageImport.objects.create(
            number=f"YL-{n:03d}", provider=contract.provider, file_name=f"{n}.csv", created_at=NOW
        )
    first, queries = read(1)
    assert (first["count"], first["pages"], len(first["results"])) == (51, 2, 50)
    assert queries <= without + 1 == 4
    assert [result["number"] for result in read(2)[0]["results"]] == ["YL-000"]
    assert hongshan.get(f"{PATH}?page=3").status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "", "９", "99999999999"])
def test_a_page_is_a_number_from_1(hongshan: Api, page: str) -> None:
    response = hongshan.get(f"{PATH}?page={page}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "page")


def test_others_files_are_not_there(hongshan: Api, contract: Any, other: Any) -> None:
    theirs = UsageImport.objects.create(number="YL-THEIRS", provider=other.provider, file_name="x.csv", created_at=NOW)
    assert hongshan.get(f"{PATH}/{theirs.number}").status_code == 404
    assert hongshan.get(f"{PATH}/YL-NOBODYS").status_code == 404
    assert hongshan.get(PATH).json()["count"] == 0
    assert api(other.provider.organisation, "usage.report").get(f"{PATH}/{theirs.number}").status_code == 200


def test_the_scope_is_needed(contract: Any) -> None:
    caller = api(contract.provider.organisation, "contracts.view")
    assert caller.get(PATH).status_code == 403
    assert upload(caller, rows(contract)).status_code == 403
    assert not UsageImport.objects.exists()
