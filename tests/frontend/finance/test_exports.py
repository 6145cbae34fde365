"""Export centre: ask, follow, download; nobody else's files."""

import re

import pytest
import time_machine

from billing.exports import operations
from billing.exports.models import ExportRun
from tests import factories
from tests.frontend import settled

pytestmark = pytest.mark.django_db
SUMMARY = {"kind": "settlement_summary", "month": "2026-10", "format": "csv", "settlement": "", "back": ""}


@pytest.fixture(autouse=True)
def _second_of_november(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(settled.NOW, tick=False):
        yield


@pytest.fixture
def world():
    return settled.make_world()


@pytest.fixture
def finance(client, world):
    client.force_login(world.finance)
    return client


def written(client, **fields):
    """Ask through the page, let the pipeline write, and give the run."""
    assert client.post("/finance/exports/", {**SUMMARY, **fields}).status_code == 302
    operations.write_due(now=settled.NOW, limit=10)
    return ExportRun.objects.get()


def test_ask_follow_download(finance):
    response = finance.post("/finance/exports/", {**SUMMARY, "back": "month"})
    assert response.headers["Location"] == "/finance/settlements/?month=2026-10#export"
    run = ExportRun.objects.get()
    progress, month = f"/finance/exports/{run.number}/", "/finance/settlements/?month=2026-10"
    assert f'hx-get="{progress}" hx-trigger="every 2s"' in finance.get(month).content.decode()

    response = finance.get(progress, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "<html" not in response.content.decode()
    assert finance.get(f"{progress}download/").status_code == 404
    assert finance.get(progress).headers["Location"] == "/finance/exports/"

    operations.write_due(now=settled.NOW, limit=1)
    response = finance.get(progress, headers={"HX-Request": "true"})
    assert response.status_code == 286  # htmx stops asking
    assert f"{progress}download/" in response.content.decode()
    html = finance.get(month).content.decode()
    assert "every 2s" not in html
    assert f"{progress}download/" in html

    response = finance.get(f"{progress}download/")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    body = b"".join(response.streaming_content)
    assert body.startswith(b"\xef\xbb\xbf")
    assert settled.FIRST.encode() in body


def test_the_headings_are_in_the_readers_language(finance):
    finance.cookies["django_language"] = "en"
    assert written(finance).language == "en"


def test_lines_of_one_settlement(finance):
    run = written(finance, kind="settlement_detail", settlement=settled.FIRST, format="xlsx", back="settlement")
    assert (run.settlement_number, run.rows_done, run.status) == (settled.FIRST, 2, "done")
    assert (
        f"/finance/exports/{run.number}/download/"
        in finance.get(f"/finance/settlements/{settled.FIRST}/").content.decode()
    )


def test_a_failed_run_says_what_to_do_and_hides_the_cause(finance):
    finance.post("/finance/exports/", SUMMARY)
    ExportRun.objects.update(status="failed", attempts=3, error="OSError: /secret/path", finished_at=settled.NOW)
    run = ExportRun.objects.get()
    html = finance.get("/finance/exports/").content.decode()
    assert f"请将编号 {run.number} 告知平台" in html
    assert "/secret/path" not in html
    assert finance.get(f"/finance/exports/{run.number}/", headers={"HX-Request": "true"}).status_code == 286


@pytest.mark.parametrize(
    "fields", [{"kind": "nonsense"}, {"format": "pdf"}, {"month": "1999-01"}, {"month": ""}, {"back": "//evil.test"}]
)
def test_wrong_input_is_shown_beside_the_field(finance, fields):
    response = finance.post("/finance/exports/", {**SUMMARY, **fields})
    assert response.status_code == 422
    assert not ExportRun.objects.exists()


def test_the_list_shows_the_organisations_own(finance, world):
    run = written(finance)
    html = finance.get("/finance/exports/").content.decode()
    assert run.number in html
    assert run.sha256 in html
    assert re.search(r"1 个文件", html)


def test_nobody_elses_files(client, world):
    client.force_login(factories.member(world.hongshan.organisation, "finance"))
    assert client.post("/provider/exports/", SUMMARY).status_code == 302
    operations.write_due(now=settled.NOW, limit=1)
    run = ExportRun.objects.get()
    assert client.get(f"/provider/exports/{run.number}/download/").status_code == 200

    client.force_login(factories.member(world.songmo.organisation, "owner"))
    assert client.get(f"/provider/exports/{run.number}/download/").status_code == 404
    assert client.get(f"/provider/exports/{run.number}/", headers={"HX-Request": "true"}).status_code == 404
    assert run.number not in client.get("/provider/exports/").content.decode()
    asked = {**SUMMARY, "kind": "settlement_detail", "settlement": settled.FIRST}
    assert client.post("/provider/exports/", asked).status_code == 404
    client.force_login(world.finance)
    assert client.get(f"/finance/exports/{run.number}/download/").status_code == 404
    client.force_login(factories.member(world.hongshan.organisation, "sales"))
    assert client.get(f"/provider/exports/{run.number}/download/").status_code == 403
    client.logout()
    assert client.get(f"/provider/exports/{run.number}/download/").status_code == 302
    assert ExportRun.objects.count() == 1
