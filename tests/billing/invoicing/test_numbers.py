"""Numbers without gaps: two issuers at once, and one that is killed half way."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, transaction

from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice, InvoiceLine, NumberSeries
from billing.ledger import queries as ledger
from billing.ledger.models import Entry
from tests import charges, factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def due():
    """Makes that many groups that are due, each of another buyer."""
    factories.platform()
    product = factories.offering(factories.data_centre(factories.hongshan()))

    def make(count: int) -> None:
        for _ in range(count):
            charges.rated_contract(product=product)

    return make


def in_thread(work) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def numbers() -> list[str]:
    return list(Invoice.objects.order_by("number").values_list("number", flat=True))


def test_two_issuers_at_once_leave_no_gap_and_bill_nothing_twice(due):
    due(30)
    barrier, issued = threading.Barrier(2), []

    def work() -> None:
        barrier.wait()
        while count := invoicing.issue_due(now=NOW, limit=3):
            issued.append(count)

    threads = [in_thread(work) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert sum(issued) == 30
    assert numbers() == [f"FP-2026-{number:06d}" for number in range(1, 31)]
    assert (InvoiceLine.objects.count(), Entry.objects.count()) == (30, 30)
    assert ledger.verify() == []


def wait_until_blocked() -> int:
    """The process id of the session that waits for a lock of ours."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'ledger_entry'::regclass")
            if row := cursor.fetchone():
                return int(row[0])
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_an_issuer_killed_half_way_leaves_no_gap(due):
    due(5)
    invoicing.issue_due(now=NOW, limit=2)
    failures = []

    def work() -> None:
        try:
            invoicing.issue_due(now=NOW, limit=10)
        except OperationalError as error:
            failures.append(error)

    with transaction.atomic(), connection.cursor() as cursor:
        # The issuer has taken its numbers and written its invoices when it comes to the ledger and waits.
        cursor.execute("LOCK TABLE ledger_entry IN SHARE MODE")
        thread = in_thread(work)
        cursor.execute("SELECT pg_terminate_backend(%s)", [wait_until_blocked()])
        thread.join()
    assert len(failures) == 1
    assert numbers() == ["FP-2026-000001", "FP-2026-000002"]
    assert NumberSeries.objects.get().last == 2
    assert invoicing.issue_due(now=NOW, limit=10) == 3
    assert numbers() == [f"FP-2026-{number:06d}" for number in range(1, 6)]


def test_control_a_sequence_would_leave_a_gap(due):
    """What the locked row is for: a number drawn from a sequence is lost with its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY SEQUENCE invoice_number")
        cursor.execute("SELECT nextval('invoice_number')")
        with transaction.atomic():
            cursor.execute("SELECT nextval('invoice_number')")
            transaction.set_rollback(True)
        cursor.execute("SELECT nextval('invoice_number')")
        assert cursor.fetchone() == (3,)
