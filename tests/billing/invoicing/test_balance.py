"""What became of an invoice's total: the states that its amounts and the clock ask for, kept by the database."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from billing.invoicing import overdue
from billing.invoicing.models import InvoiceBalance, rest_minor
from billing.rules import periods
from tests import charges

pytestmark = pytest.mark.django_db

MOVES = ("paid_minor", "refunded_minor", "credited_minor", "written_off_minor")

# of 106.00: paid, refunded, credited, written off → the status, what is open, what is owed back
STATES = [
    ((0, 0, 0, 0), "issued", 106_00, 0),
    ((0, 0, 6_00, 0), "issued", 100_00, 0),
    ((6_00, 6_00, 0, 0), "issued", 106_00, 0),
    ((1, 0, 0, 0), "partly_paid", 105_99, 0),
    ((60_00, 10_00, 20_00, 0), "partly_paid", 36_00, 0),
    ((106_00, 0, 0, 0), "paid", 0, 0),
    ((0, 0, 106_00, 0), "paid", 0, 0),
    ((106_00, 0, 6_00, 0), "paid", 0, 6_00),
    ((106_00, 6_00, 6_00, 0), "paid", 0, 0),
    ((106_00, 106_00, 106_00, 0), "paid", 0, 0),
    ((6_00, 0, 0, 100_00), "written_off", 0, 0),
    ((6_00, 0, 50_00, 50_00), "written_off", 0, 0),
    ((6_00, 6_00, 0, 100_00), "issued", 6_00, 0),
]


@pytest.fixture
def balance():
    return charges.issued_invoice("100").balance


@pytest.mark.parametrize(("moves", "status", "open_minor", "owed_back_minor"), STATES)
def test_the_amounts_tell_the_status_and_the_database_agrees(balance, moves, status, open_minor, owed_back_minor):
    for name, amount in zip(MOVES, moves, strict=True):
        setattr(balance, name, amount)
    balance.tell_status()
    balance.save()
    assert (balance.status, balance.open_minor, balance.owed_back_minor) == (status, open_minor, owed_back_minor)
    in_sql = InvoiceBalance.objects.annotate(rest=rest_minor()).get()
    assert in_sql.rest == open_minor - owed_back_minor
    for other in set(InvoiceBalance.Status.values) - {status}:
        if other == "overdue" and open_minor:
            continue
        with pytest.raises(IntegrityError, match="invoice_balance_status"), transaction.atomic():
            InvoiceBalance.objects.update(status=other)


@pytest.mark.parametrize(
    "moves",
    [
        (106_01, 0, 0, 0),
        (-1, 0, 0, 0),
        (1, 2, 0, 0),
        (0, -1, 0, 0),
        (0, 0, -1, 0),
        (0, 0, 106_01, 0),
        (0, 0, 0, -1),
        (0, 0, 50_00, 56_01),
    ],
)
def test_what_no_status_allows(balance, moves):
    for status in InvoiceBalance.Status.values:
        with pytest.raises(IntegrityError, match="invoice_"), transaction.atomic():
            InvoiceBalance.objects.update(**dict(zip(MOVES, moves, strict=True)), status=status)


def test_the_clock_tells_what_is_overdue(balance):
    over = periods.end_of_day(balance.invoice.due_date)
    assert overdue.mark_due(now=over - timedelta(seconds=1), limit=10) == 0
    assert overdue.mark_due(now=over, limit=10) == 1
    assert overdue.mark_due(now=over, limit=10) == 0
    balance.refresh_from_db()
    balance.paid_minor = 1
    balance.tell_status()
    assert balance.status == "overdue"  # a part does not make it less late
    balance.paid_minor = 106_00
    balance.tell_status()
    balance.save()
    assert balance.status == "paid"
    assert overdue.mark_due(now=over, limit=10) == 0


def test_nothing_else_of_it_can_move(balance):
    for statement in ("SET total_minor = 1", "SET invoice_id = invoice_id + 1"):
        with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
            connection.cursor().execute(f"UPDATE invoicing_invoicebalance {statement}")
