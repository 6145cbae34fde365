"""What one invoice is: whose, which charges, how rounded, and when."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceBalance, InvoiceLine, InvoiceTax, NumberSeries
from billing.ledger import queries as ledger
from billing.ledger.models import Entry
from billing.rating.models import Charge
from billing.rules.money import Money
from billing.rules.periods import Month
from marketplace.organisations.models import AuditEntry
from tests import charges, factories

pytestmark = pytest.mark.django_db

NOVEMBER = Month(2026, 11)
DECEMBER_2 = datetime(2026, 12, 2, 4, 0, tzinfo=UTC)

# docs/rounding.md: one invoice, October 2026. charge, VAT rate → net, tax, gross in fen
WORKED = [
    ("199.99", "0.06", 199_99, 12_00, 211_99),
    ("1480.645161290322580645", "0.13", 1480_65, 192_48, 1673_13),
    ("158.76", "0.06", 158_76, 9_52, 168_28),
    ("217.7777759724", "0.06", 217_78, 13_07, 230_85),
    ("1266.799176165500250250", "0.06", 1266_80, 76_01, 1342_81),
]


@pytest.fixture(autouse=True)
def platform():
    return factories.platform()


def worked_contract(**fields):
    """A contract whose October comes to the table in docs/rounding.md."""
    prices = [
        factories.Price("one_time", "199.99", name="开通费", unit="次"),
        factories.Price("recurring", "3000", "0.13", name="机柜", unit="柜·月"),
        factories.Price("recurring", "58.8", name="云盘", unit="块·月"),
        factories.Price("metered", "0.1764", meter="vcpu_hours", name="vCPU", unit="vCPU·小时"),
        factories.Price("metered", "0.02210005", meter="egress_gib", name="出流量", unit="GiB"),
    ]
    centre = factories.data_centre(factories.hongshan())
    product = factories.offering(centre, title="托管机柜", plans={"rack": prices})
    contract = factories.contract(factories.foods(), product, plan_code="rack", start=date(2026, 10, 15), **fields)
    for place, (amount, *_rest) in enumerate(WORKED):
        charges.charge(contract, amount, code=f"c{place}")
    charges.rated(contract)
    return contract


def test_the_invoice_of_the_rounding_page(now, platform):
    contract = worked_contract()
    assert invoicing.issue_due(now=now, limit=10) == 1
    invoice = Invoice.objects.get()
    assert invoice.number == "FP-2026-000001"
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (3323_98, 303_08, 3627_06)
    lines = invoice.lines.values_list("position", "net_minor", "tax_minor")
    assert list(lines) == [(place, net, tax) for place, (_a, _r, net, tax, _g) in enumerate(WORKED, start=1)]
    assert [line.gross_minor for line in invoice.lines.all()] == [gross for *_rest, gross in WORKED]
    assert list(invoice.taxes.values_list("vat_rate", "net_minor", "tax_minor")) == [
        (Decimal("0.0600"), 1843_33, 110_60),
        (Decimal("0.1300"), 1480_65, 192_48),
    ]
    assert (invoice.issuer, invoice.issuer_name, invoice.issuer_uscc) == (platform, platform.name, platform.uscc)
    assert (invoice.buyer_name, invoice.buyer_uscc) == (contract.buyer.name, contract.buyer.uscc)
    assert (invoice.period_start_date, invoice.issued_at, invoice.due_date) == (
        date(2026, 10, 1),
        now,
        date(2026, 12, 2),
    )
    assert (invoice.balance.total_minor, invoice.balance.paid_minor, invoice.balance.status) == (3627_06, 0, "issued")
    assert invoice.prepaid_minor == 0


def test_a_line_says_what_it_is_for(now):
    contract = worked_contract()
    invoicing.issue_due(now=now, limit=10)
    line = Invoice.objects.get().lines.get(position=2)
    assert line.description == "托管机柜 · rack · 机柜 · 2026-10"
    assert (line.unit, line.quantity, line.unit_price, line.vat_rate) == ("柜·月", 1, 3000, Decimal("0.13"))
    assert (line.contract, line.charge) == (contract, Charge.objects.get(component__code="c1"))


def test_the_invoice_is_posted_and_audited(now, platform):
    contract = worked_contract()
    invoicing.issue_due(now=now, limit=10)
    assert Entry.objects.get().business_key == "invoice:FP-2026-000001"
    total = Money(3627_06, "CNY")
    assert ledger.balance(kind="receivable", organisation_id=contract.buyer_id) == total
    assert ledger.balance(kind="provider_clearing", organisation_id=contract.provider.organisation_id) == -total
    audit = AuditEntry.objects.get(action="invoices.issued")
    assert audit.object_id == f"{platform.public_id}/2026"
    assert audit.details == {"from": "FP-2026-000001", "to": "FP-2026-000001", "month": "2026-10"}


def test_issuing_again_changes_nothing(now):
    worked_contract()
    invoicing.issue_due(now=now, limit=10)
    before = [list(model.objects.values()) for model in (Invoice, InvoiceLine, InvoiceTax, InvoiceBalance, Entry)]
    assert invoicing.issue_due(now=now, limit=10) == 0
    assert invoicing.issue_due(now=now.replace(day=25), limit=10) == 0
    after = [list(model.objects.values()) for model in (Invoice, InvoiceLine, InvoiceTax, InvoiceBalance, Entry)]
    assert after == before
    assert NumberSeries.objects.get().last == 1


@pytest.mark.parametrize(
    ("moment", "issued"),
    [
        # October ends at 16:00 UTC on the 31st; usage is awaited for 24 hours more
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), 0),
        (datetime(2026, 11, 1, 15, 59, 59, tzinfo=UTC), 0),
        (datetime(2026, 11, 1, 16, 0, tzinfo=UTC), 1),
    ],
)
def test_a_month_is_invoiced_once_it_is_closed(moment, issued):
    charges.rated_contract()
    assert invoicing.issue_due(now=moment, limit=10) == issued


@pytest.mark.parametrize(
    ("moment", "number", "due"),
    [
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "FP-2026-000001", date(2027, 1, 30)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "FP-2027-000001", date(2027, 1, 31)),
    ],
)
def test_the_year_of_a_number_is_the_year_in_shanghai(moment, number, due):
    charges.rated_contract(month=NOVEMBER)
    invoicing.issue_due(now=moment, limit=10)
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.due_date) == (number, due)


def test_all_contracts_of_a_buyer_with_a_provider_share_an_invoice(now):
    buyer, centre = factories.foods(), factories.data_centre(factories.hongshan())
    first = charges.rated_contract("100.005", buyer=buyer, product=factories.offering(centre))
    second = charges.rated_contract("0.005", buyer=buyer, product=factories.offering(centre))
    assert invoicing.issue_due(now=now, limit=10) == 1
    lines = list(Invoice.objects.get().lines.values_list("contract", "net_minor"))
    assert lines == [(first.pk, 100_01), (second.pk, 1)]  # each rounded half up by itself


def test_another_buyer_or_provider_is_another_invoice(now):
    hongshan, songmo = factories.hongshan(), factories.songmo()
    foods, bureau = factories.foods(), factories.bureau()
    products = [factories.offering(factories.data_centre(partner)) for partner in (hongshan, songmo)]
    for buyer in (foods, bureau):
        for product in products:
            charges.rated_contract(buyer=buyer, product=product)
    assert invoicing.issue_due(now=now, limit=10) == 4
    found = set(Invoice.objects.values_list("buyer", "provider"))
    assert found == {(buyer.pk, partner.pk) for buyer in (foods, bureau) for partner in (hongshan, songmo)}
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [f"FP-2026-00000{n}" for n in (1, 2, 3, 4)]


def test_a_group_waits_until_all_its_contracts_are_rated(now):
    buyer, centre = factories.foods(), factories.data_centre(factories.hongshan())
    product = factories.offering(centre)
    charges.rated_contract(buyer=buyer, product=product)
    late = factories.contract(buyer, product)
    # neither of these has a day in October
    factories.contract(buyer, product, start=date(2026, 11, 1))
    factories.contract(buyer, product, start=None)
    other = charges.rated_contract(buyer=factories.bureau(), product=product)
    assert invoicing.issue_due(now=now, limit=10) == 1
    assert Invoice.objects.get().buyer == other.buyer
    charges.charge(late, "87.30")
    charges.rated(late)
    assert invoicing.issue_due(now=now, limit=10) == 1
    assert Invoice.objects.get(buyer=buyer).net_minor == 212_70 + 87_30


@pytest.mark.parametrize("amounts", [("0",), ("-5",), ("0.004",), ("100", "-100"), ("100", "-100.01")])
def test_a_group_that_is_not_above_zero_waits_for_the_next_month(now, amounts):
    contract = charges.rated_contract(amounts[0])
    for revision, amount in enumerate(amounts[1:], start=1):
        charges.charge(contract, amount, revision=revision)
    assert invoicing.issue_due(now=now, limit=10) == 0
    assert (Invoice.objects.count(), Entry.objects.count()) == (0, 0)
    charges.charge(contract, "212.70", month=NOVEMBER)
    charges.rated(contract, month=NOVEMBER)
    assert invoicing.issue_due(now=DECEMBER_2, limit=10) == 1
    invoice = Invoice.objects.get()
    assert (invoice.period_start_date, invoice.lines.count()) == (date(2026, 11, 1), len(amounts) + 1)
    assert invoice.net_minor == sum(round(Decimal(amount) * 100) for amount in amounts) + 212_70


def test_a_waiting_group_does_not_hold_up_the_others(now):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    for _ in range(3):
        charges.rated_contract("0", product=product)
    charges.rated_contract(product=product)
    assert [invoicing.issue_due(now=now, limit=1) for _ in range(2)] == [1, 0]


def test_a_late_correction_lands_on_the_next_invoice(now):
    contract = charges.rated_contract("100")
    invoicing.issue_due(now=now, limit=10)
    charges.charge(contract, "-3.335", revision=1)
    assert invoicing.issue_due(now=now, limit=10) == 0  # October has its invoice
    charges.charge(contract, "100", month=NOVEMBER)
    charges.rated(contract, month=NOVEMBER)
    assert invoicing.issue_due(now=DECEMBER_2, limit=10) == 1
    lines = Invoice.objects.get(period_start_date="2026-11-01").lines.values_list(
        "description", "net_minor", "tax_minor"
    )
    assert list(lines) == [
        ("通用型云主机 2核4G · monthly · 云主机 2核4G · 2026-10 R1", -3_34, -20),
        ("通用型云主机 2核4G · monthly · 云主机 2核4G · 2026-11", 100_00, 6_00),
    ]


def test_prepaid_is_what_contracts_on_the_balance_contribute(now):
    buyer, product = factories.foods(), factories.offering(factories.data_centre(factories.hongshan()))
    charges.rated_contract("100", buyer=buyer, product=product)
    charges.rated_contract("50", buyer=buyer, product=product, payment_method="prepaid_balance")
    invoicing.issue_due(now=now, limit=10)
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.prepaid_minor) == (159_00, 53_00)


@pytest.mark.parametrize(("bank", "prepaid", "expected"), [("100", "-50", 0), ("-50", "100", 53_00)])
def test_prepaid_stays_between_nothing_and_the_total(now, bank, prepaid, expected):
    buyer, product = factories.foods(), factories.offering(factories.data_centre(factories.hongshan()))
    charges.rated_contract(bank, buyer=buyer, product=product)
    charges.rated_contract(prepaid, buyer=buyer, product=product, payment_method="prepaid_balance")
    invoicing.issue_due(now=now, limit=10)
    assert (Invoice.objects.get().total_minor, Invoice.objects.get().prepaid_minor) == (53_00, expected)


def test_a_long_title_still_leaves_room_for_the_rest(now):
    product = factories.offering(factories.data_centre(factories.hongshan()), title="云" * 255)
    product.price_books.get().plans.get(code="monthly")
    charges.rated_contract(product=product, offering_title="云" * 255)
    invoicing.issue_due(now=now, limit=10)
    assert Invoice.objects.get().lines.get().description.endswith("云 · monthly · 云主机 2核4G · 2026-10")


def test_the_limit_is_kept(now):
    product = factories.offering(factories.data_centre(factories.hongshan()))
    for _ in range(5):
        charges.rated_contract(product=product)
    assert [invoicing.issue_due(now=now, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_queries_do_not_grow_with_the_invoices(now):
    product = factories.offering(factories.data_centre(factories.hongshan()))

    def issue(count: int) -> int:
        for _ in range(count):
            charges.rated_contract(product=product)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert invoicing.issue_due(now=now, limit=100) == count
        return len(captured)

    issue(1)  # opens the series and the first accounts
    assert issue(20) == issue(2)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoicing_invoice SET total_minor = total_minor + 1, net_minor = net_minor + 1",
        "UPDATE invoicing_invoiceline SET description = 'x'",
        "UPDATE invoicing_invoicetax SET tax_minor = 0",
        "UPDATE invoicing_invoicebalance SET total_minor = 1",
        "DELETE FROM invoicing_invoiceline",
        "DELETE FROM invoicing_invoice",
        "TRUNCATE invoicing_invoicetax",
    ],
)
def test_an_issued_invoice_is_refused_every_change(now, statement):
    charges.rated_contract()
    invoicing.issue_due(now=now, limit=10)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match=r"append-only|frozen"), transaction.atomic():
            cursor.execute(statement)
        # control: the triggers refuse, not the values
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
