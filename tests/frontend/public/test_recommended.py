"""The recommended catalogue over HTTP: pages, their cost, files that equal the page, and what stays for ever."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import openpyxl
import pypdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.exports.writers import pdf
from listings.models import Product
from listings.recommended import queries
from marketplace import pipeline
from tests import editions, factories
from tests.frontend.public.test_catalogue import sell_many

pytestmark = pytest.mark.django_db
LATER = editions.PUBLISHED_AT + timedelta(days=30)


@pytest.fixture
def market():
    """Two offerings, of two providers, in an edition; a third that fails."""
    first = factories.offering(editions.proven_centre(), title="通用型云主机", title_en="General host")
    second = factories.offering(editions.proven_centre(factories.songmo()), title="松漠云主机")
    factories.offering(factories.data_centre(factories.provider(name="未证明公司")), title="未证明云主机")
    return first, second, editions.publish()


def text(client, address, status=200):
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


def test_the_edition_in_force_with_its_criteria_and_evidence(client, market):
    first, _second, edition = market
    body = text(client, "/recommended/")
    for expected in (
        edition.number,
        "通用型云主机",
        "松漠云主机",
        f"DOC-mlps-{first.data_centre.code}",
        "示例办法第三条",
    ):
        assert expected in body
    assert "未证明云主机" not in body
    assert "/catalogue/?recommended=1" in body


def test_before_the_first_edition_there_is_a_page_too(client, db):
    assert "<h1>" in text(client, "/recommended/")
    assert "<h1>" in text(client, "/recommended/editions/")


@pytest.mark.parametrize("number", ["TJ-2026-99", "x", "TJ-2026-01"])
def test_what_is_not_published_is_not_found(client, number):
    for address in ("", "compare/"):
        text(client, f"/recommended/editions/{number}/{address}", 404)
    text(client, f"/recommended/editions/{number}.csv", 404)


def test_another_format_is_not_found(client, market):
    text(client, f"/recommended/editions/{market[2].number}.docx", 404)


def test_an_old_edition_stays_as_it_was(client, market):
    first, second, edition = market
    rules = edition.criteria_set
    Product.objects.filter(pk=second.pk).update(state="withdrawn", title="另一个名字")
    editions.publish(rules, opened=LATER, now=LATER)
    old = text(client, f"/recommended/editions/{edition.number}/")
    assert "松漠云主机" in old
    assert "另一个名字" not in old
    assert "TJ-2026-02" in old
    compared = text(client, "/recommended/editions/TJ-2026-02/compare/")
    assert "松漠云主机" in compared
    assert "撤" in compared or "供应方" in compared
    assert "松漠云主机" not in text(client, "/recommended/")
    assert first.title in text(client, "/recommended/")


def page_rows(edition):
    return [(row.code, row.title, row.provider) for row in queries.all_entries(edition=edition)]


def test_files_have_the_rows_of_the_page(client, market):
    edition = market[2]
    expected = page_rows(edition)
    assert len(expected) == 2
    address = f"/recommended/editions/{edition.number}."
    table = list(csv.reader(io.StringIO(client.get(address + "csv").content.decode("utf-8-sig"))))
    assert [(row[0], row[1], row[4]) for row in table[1:]] == expected
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(address + "xlsx").content)).active
    assert [(row[0], row[1], row[4]) for row in sheet.iter_rows(min_row=2, values_only=True)] == expected
    assert list(table[0]) == [cell.value for cell in sheet[1]]
    document = json.loads(client.get(address + "json").content)
    assert [(row["code"], row["title"], row["provider"]) for row in document["entries"]] == expected
    assert document["criteria"]["rules"][0]["level"] == 3
    assert document["entries"][0]["criteria"][0]["evidence"]["number"].startswith("DOC-mlps")


@pytest.mark.pdf
def test_the_pdf_has_the_rows_of_the_page_and_is_tagged(client, market):
    edition = market[2]
    response = client.get(f"/recommended/editions/{edition.number}.pdf")
    assert (response.status_code, response["Content-Type"]) == (200, "application/pdf")
    reader = pypdf.PdfReader(io.BytesIO(response.content))
    words = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    for code, title, provider in page_rows(edition):
        assert code in words
        assert title in words
        assert provider.replace(" ", "") in words.replace(" ", "")
    assert "未证明云主机" not in words
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title
    assert f"共 {len(reader.pages)} 页" in words


def test_without_pango_the_page_says_so_and_the_rest_works(client, market, monkeypatch):
    def missing():
        raise pdf.PdfUnavailable

    monkeypatch.setattr(pdf, "_load", missing)
    number = market[2].number
    assert "libpango-1.0-0" in text(client, f"/recommended/editions/{number}.pdf", 503)
    text(client, f"/recommended/editions/{number}.csv")


def test_the_offering_says_since_when_and_why(client, market):
    first, _second, edition = market
    body = text(client, first.get_absolute_url())
    assert edition.number in body
    assert f"DOC-pue-{first.data_centre.code}" in body


def test_claims_without_evidence_are_said_to_be_claims(client):
    host = factories.offering(factories.data_centre(factories.hongshan()))
    assert "未经核实" in text(client, host.get_absolute_url())


def test_a_past_evidence_date_removes_a_listing_through_pages_and_the_clock(client, market, tmp_path, settings):
    """The journey of the issue: move the clock, and the entry leaves with its reason; the badge and filter follow."""
    first, second, edition = market
    editions.document(
        second.data_centre, "mlps", "3", issued_date=None, valid_from=edition.published_at.date(), valid_until=None
    )
    assert first.title in text(client, "/catalogue/?recommended=1")
    pipeline.advance(now=datetime(2027, 3, 15, 1, 0, tzinfo=UTC))
    body = text(client, "/recommended/")
    left = body[body.index("已退出本期") :]
    assert first.title in left
    assert "2027-03-14" in left
    catalogue = text(client, "/catalogue/?recommended=1")
    assert second.title in catalogue
    assert first.title not in catalogue
    assert edition.number not in text(client, first.get_absolute_url())


@pytest.mark.parametrize("address", ["/recommended/", "/recommended/editions/", "/officer/recommended/"])
def test_pages_cost_the_same_with_many(client, market, address):
    first, _second, edition = market
    client.force_login(factories.member(factories.platform(), "officer"))
    client.get(address)
    with CaptureQueriesContext(connection) as before:
        client.get(address)
    sell_many(first, 150)
    Product.objects.filter(sla_percent=None).update(sla_percent="99.9")
    editions.publish(edition.criteria_set, opened=LATER, now=LATER)
    with CaptureQueriesContext(connection) as after:
        assert client.get(address).status_code == 200
    assert len(after) <= len(before) + 1
    assert len(after) <= 16


def test_candidates_cost_the_same_with_many(client, market):
    first, _second, edition = market
    client.force_login(factories.member(factories.platform(), "officer"))
    sell_many(first, 150)
    draft = editions.open_edition(edition.criteria_set)
    address = f"/officer/recommended/editions/{draft.pk}/?tab=fails"
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    assert len(captured) <= 12
