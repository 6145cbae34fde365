"""Lists and details: whose invoices, which state, and sums that agree with the rows."""

from datetime import UTC, date, datetime

import pytest

from billing.invoicing import operations as invoicing
from billing.invoicing import queries
from billing.invoicing.models import Invoice, InvoiceBalance
from billing.rules.periods import Month
from tests import charges, factories

pytestmark = pytest.mark.django_db

TODAY = date(2026, 12, 3)  # the invoices of October were due on 2 December


@pytest.fixture
def world():
    """Three invoices: foods for October (part paid) and November (open), the bureau for October (paid)."""
    factories.platform()
    foods, bureau = factories.foods(), factories.bureau()
    product = factories.offering(factories.data_centre(factories.hongshan()))
    contract = charges.rated_contract("100", buyer=foods, product=product)
    charges.rated_contract("200", buyer=bureau, product=product)
    invoicing.issue_due(now=datetime(2026, 11, 2, 4, tzinfo=UTC), limit=10)
    charges.charge(contract, "50", month=Month(2026, 11))
    for one in (contract, bureau.contracts.get()):
        charges.rated(one, month=Month(2026, 11))
    invoicing.issue_due(now=datetime(2026, 12, 2, 4, tzinfo=UTC), limit=10)
    InvoiceBalance.objects.filter(invoice__buyer=bureau).update(paid_minor=212_00, status="paid")
    october = Invoice.objects.get(buyer=foods, period_start_date="2026-10-01")
    InvoiceBalance.objects.filter(invoice=october).update(paid_minor=6_00, status="partly_paid")
    return foods, bureau


def find(**conditions) -> list[tuple[str, str]]:
    listed = queries.list_invoices(today=TODAY, **conditions)
    return [(row.buyer_name[:5], str(Month.of_date(row.period_start_date))) for row in listed.page]


FOODS_OCTOBER, FOODS_NOVEMBER, BUREAU = ("赤峰草原食", "2026-10"), ("赤峰草原食", "2026-11"), ("赤峰市某局", "2026-10")


def test_the_platform_sees_all_a_buyer_its_own(world):
    foods, bureau = world
    assert find() == [FOODS_NOVEMBER, BUREAU, FOODS_OCTOBER]
    assert find(buyer_id=foods.pk) == [FOODS_NOVEMBER, FOODS_OCTOBER]
    assert find(buyer_id=bureau.pk) == [BUREAU]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("issued", [FOODS_NOVEMBER]),
        ("partly_paid", [FOODS_OCTOBER]),
        ("paid", [BUREAU]),
        ("open", [FOODS_NOVEMBER, FOODS_OCTOBER]),
        ("overdue", [FOODS_OCTOBER]),
    ],
)
def test_by_status(world, status, expected):
    assert find(status=status) == expected
    assert queries.count_by_status(today=TODAY)[status] == len(expected)


def test_by_month(world):
    assert find(period=Month(2026, 11)) == [FOODS_NOVEMBER]
    assert find(period=Month(2026, 9)) == []
    assert queries.list_months() == [Month(2026, 11), Month(2026, 10)]
    assert queries.list_months(buyer_id=world[1].pk) == [Month(2026, 10)]
    assert queries.count_by_status(period=Month(2026, 10), today=TODAY) == {
        "": 2,
        "issued": 0,
        "partly_paid": 1,
        "paid": 1,
        "written_off": 0,
        "open": 1,
        "overdue": 1,
    }


def test_sums_are_those_of_all_rows_not_of_the_page(world):
    listed = queries.list_invoices(page_size=1)
    assert len(listed.page) == 1
    assert listed.totals == queries.Totals(3, 350_00, 21_00, 371_00, 218_00, 153_00)
    assert listed.totals.open_minor == 153_00
    assert queries.list_invoices(currency="USD").totals.count == 0


def test_a_status_that_does_not_exist_is_refused(world):
    with pytest.raises(ValueError, match="lost"):
        queries.list_invoices(status="lost")


def test_a_list_takes_two_queries(world, django_assert_num_queries):
    with django_assert_num_queries(2):
        for row in queries.list_invoices().page:
            _ = (row.balance.status, row.provider.name, row.buyer.name)


def test_an_invoice_is_seen_by_its_buyer_and_the_platform_alone(world, django_assert_num_queries):
    foods, bureau = world
    number = Invoice.objects.get(buyer=bureau).number
    provider = Invoice.objects.first().provider.organisation
    with django_assert_num_queries(3):
        detail = queries.get_invoice(number=number, organisation_id=bureau.pk, side="buyer")
        assert (detail.lines[0].charge.component.name, detail.lines[0].contract.buyer_id) == ("云主机 2核4G", bureau.pk)
    assert (detail.invoice.total_minor, detail.open_minor) == (212_00, 0)
    assert queries.get_invoice(number=number, organisation_id=factories.platform().pk, side="platform").lines
    for organisation, side in [(foods, "buyer"), (provider, "provider"), (bureau, "provider"), (bureau, "public")]:
        with pytest.raises(queries.NoSuchInvoice):
            queries.get_invoice(number=number, organisation_id=organisation.pk, side=side)
    with pytest.raises(queries.NoSuchInvoice):
        queries.get_invoice(number="FP-2026-999999", organisation_id=bureau.pk, side="buyer")
