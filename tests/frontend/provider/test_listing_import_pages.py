"""The provider's import pages: templates, upload, dry run, progress, problems, results, export."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from listings.exchange import operations
from listings.exchange.models import ListingImport
from listings.models import Product
from tests import factories
from tests.listings.exchange.world import NOW, World, counts, to_csv

pytestmark = pytest.mark.django_db

PATH = "/provider/offerings/import/"


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> Iterator[World]:
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(NOW, tick=False):
        yield World()


def log_in(world: World, role: str = "sales") -> Client:
    browser = Client()
    browser.force_login(factories.member(world.partner.organisation, role))
    return browser


def upload(client: Client, data: bytes, *, name: str = "挂牌.csv", mode: str = "import", **more: str) -> Any:
    return client.post(PATH, {"file": SimpleUploadedFile(name, data), "mode": mode, **more})


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_dry_run_is_looked_at_and_then_imported(world: World) -> None:
    client = log_in(world)
    response = upload(client, to_csv(world.row(), world.row(code="BAD", unit_price="-1")), mode="try")
    tried = ListingImport.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"{PATH}{tried.number}/")
    waiting = client.get(response["Location"]).content.decode()
    assert f'hx-get="{PATH}{tried.number}/?part"' in waiting
    assert client.get(f"{response['Location']}?part").status_code == 200
    operations.run_imports(now=NOW, limit=5)
    assert client.get(f"{response['Location']}?part").status_code == 286  # htmx stops asking
    done = client.get(response["Location"])
    text = done.content.decode()
    assert "hx-get" not in text
    (problem,) = done.context["problems"]
    assert problem["cell"] and problem["cell"] in text and problem["message"] in text
    assert not Product.objects.exists()
    real = client.post(response["Location"])
    second = ListingImport.objects.get(is_dry_run=False)
    assert real["Location"] == f"{PATH}{second.number}/"
    operations.run_imports(now=NOW, limit=5)
    second.refresh_from_db()
    assert (counts(second), Product.objects.count()) == ((1, 0, 0, 1), 1)
    assert client.post(real["Location"]).status_code == 404  # only a dry run can be imported again
    listed = client.get(PATH).content.decode()
    assert tried.number in listed and second.number in listed


def test_results_are_shown_by_outcome_and_problems_downloaded(world: World) -> None:
    client = log_in(world)
    upload(client, to_csv(world.row(), world.row(code="BAD", title="")))
    operations.run_imports(now=NOW, limit=5)
    path = f"{PATH}{ListingImport.objects.get().number}/"
    assert [line.code for line in client.get(path).context["lines"]] == ["NEW-1", "BAD"]
    failed = client.get(f"{path}?outcome=failed")
    assert [line.code for line in failed.context["lines"]] == ["BAD"]
    assert [tab["active"] for tab in failed.context["tabs"]].count(True) == 1
    assert client.get(f"{path}?outcome=nonsense&page=x&problems=x").status_code == 200
    rows = list(csv.reader(io.StringIO(body(client.get(f"{path}problems.csv")).decode("utf-8-sig"))))
    assert rows[1][1:4] == ["B3", "BAD", "title"]


@pytest.mark.parametrize("data", [b"", b"code,titel\nA,B\n", b"%PDF-1.7", b"PK\x03\x04"])
def test_a_wrong_file_is_refused_beside_its_field(world: World, data: bytes) -> None:
    response = upload(log_in(world), data)
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    assert not ListingImport.objects.exists()


def test_templates_and_exports_can_be_loaded(world: World) -> None:
    client = log_in(world, "finance")
    for query in ("", "?category=cloud-hosts"):
        for format in ("xlsx", "csv"):
            response = client.get(f"/provider/offerings/template.{format}{query}")
            assert response.status_code == 200
            assert body(response)[:2] in (b"PK", b"\xef\xbb")
    assert client.get("/provider/offerings/template.xlsx?category=none").status_code == 404
    assert client.get("/provider/offerings/export.pdf", follow=True).status_code == 404
    factories.offering(world.centre, code="MINE-1", upc="MINE-1")
    assert b"MINE-1" in body(client.get("/provider/offerings/export.csv"))
    assert body(client.get("/provider/offerings/export.xlsx")).startswith(b"PK")


def test_another_providers_files_are_not_there(world: World) -> None:
    theirs = factories.songmo()
    made = ListingImport.objects.create(number="DR-THEIRS", provider=theirs, file_name="theirs.csv", created_at=NOW)
    factories.offering(factories.data_centre(theirs), code="THEIRS", upc="THEIRS")
    client = log_in(world)
    for path in (f"{PATH}{made.number}/", f"{PATH}{made.number}/?part", f"{PATH}{made.number}/problems.csv"):
        assert client.get(path).status_code == 404
    assert client.post(f"{PATH}{made.number}/").status_code == 404
    assert "DR-THEIRS" not in client.get(PATH).content.decode()
    assert b"THEIRS" not in body(client.get("/provider/offerings/export.csv"))


def test_who_may_not_edit_sees_and_does_not_upload(world: World) -> None:
    for role in ("operations", "finance"):
        client = log_in(world, role)
        page = client.get(PATH)
        assert page.status_code == 200 and 'type="file"' not in page.content.decode()
        assert upload(client, to_csv(world.row())).status_code == 403
    assert Client().get(PATH).status_code == 302
    assert not ListingImport.objects.exists()


def test_the_lists_take_constant_queries(world: World) -> None:
    client = log_in(world)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(path).status_code == 200
        return len(captured.captured_queries)

    upload(client, to_csv(world.row()))
    operations.run_imports(now=NOW, limit=5)
    one = f"{PATH}{ListingImport.objects.get().number}/"
    before = count(PATH), count(one)
    upload(client, to_csv(*(world.row(code=f"N{n}", sla_percent="200" if n % 2 else "99") for n in range(30))))
    operations.run_imports(now=NOW, limit=5)
    many = f"{PATH}{ListingImport.objects.latest('pk').number}/"
    assert (count(PATH), count(many)) == before
    assert max(before) <= 14
