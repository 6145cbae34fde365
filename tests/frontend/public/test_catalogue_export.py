"""The catalogue as a file: as many rows as the page counts, with the prices that it shows, and no formula."""

import csv
import io
from decimal import Decimal

import openpyxl
import pytest
from django.urls import reverse

from listings.search import operations as search
from tests import factories
from tests.frontend.public.test_catalogue import sell_many

NET, GROSS = "不含税价（元）", "含税价（元）"


@pytest.fixture
def product():
    centre = factories.data_centre(factories.hongshan())
    return factories.offering(centre, title='=HYPERLINK("x")', code="0012345678901234567")


def read_csv(answer):
    text = b"".join(answer.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def read_xlsx(answer):
    rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.iter_rows())
    return [dict(zip([cell.value for cell in rows[0]], [cell.value for cell in row], strict=True)) for row in rows[1:]]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["", "?q=主机", "?sla=99.9-99.95&service=iaas", "?price_max=50", "?service=saas"])
def test_a_file_has_as_many_rows_as_the_page_counts(client, product, now, address):
    sell_many(product, 60)
    search.refresh_pending(now=now, limit=500)
    total = client.get(reverse("catalogue") + address).context["found"].total
    rows = read_csv(client.get(reverse("catalogue_csv") + address))
    assert len(rows) == total
    assert len(read_xlsx(client.get(reverse("catalogue_xlsx") + address))) == total
    assert len({row["代码"] for row in rows}) == total


@pytest.mark.django_db
def test_a_row_states_both_prices_and_is_no_formula(client, product):
    (row,) = read_csv(client.get(reverse("catalogue_csv")))
    assert row["代码"] == "'0012345678901234567"
    assert row["标题"] == '\'=HYPERLINK("x")'
    assert (Decimal(row[NET]), Decimal(row[GROSS])) == (Decimal("212.70"), Decimal("225.46"))
    (row,) = read_xlsx(client.get(reverse("catalogue_xlsx")))
    assert row["标题"] == '\'=HYPERLINK("x")'
    assert (row[NET], row[GROSS]) == (212.70, 225.46)


@pytest.mark.django_db
def test_a_file_is_in_the_reader_s_language(client, product):
    client.cookies["django_language"] = "en"
    (row,) = read_csv(client.get(reverse("catalogue_csv")))
    assert row["Price without tax, CNY"] == "212.70"
