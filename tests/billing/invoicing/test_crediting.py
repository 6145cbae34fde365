"""Credit notes: once per request, never above what is left, to the fen, and in the ledger."""

import threading
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, close_old_connections, connection, transaction

from billing.invoicing import crediting, disputes, write_offs
from billing.invoicing.crediting import LineRequest
from billing.invoicing.models import CreditedLine, CreditNote, CreditNoteTax, Dispute, InvoiceBalance, WriteOff
from billing.ledger import queries as ledger
from tests import charges, factories

NOW = charges.ISSUED_AT


@pytest.fixture
def invoice(db):
    return charges.issued_invoice("100")


@pytest.fixture
def finance(db):
    return factories.actor(factories.platform(), "finance")


def credit(invoice, actor, *lines, key="k1", **fields):
    request = {"reason": "mistake", "remark": "多记了一台", "request_key": key, "actor": actor, "now": NOW} | fields
    return crediting.credit_invoice(invoice_number=invoice.number, lines=list(lines) or None, **request)


def balance_of(invoice) -> tuple[int, int, str]:
    found = InvoiceBalance.objects.get(invoice=invoice)
    return found.credited_minor, found.open_minor, found.status


def test_parts_and_the_rest_of_a_line(invoice, finance, django_assert_max_num_queries):
    with django_assert_max_num_queries(26):
        first = credit(invoice, finance, LineRequest(1, gross_minor=33_33), key="a")
    assert (first.number, first.net_minor, first.tax_minor) == ("HZ-2026-000001", 31_44, 1_89)
    second = credit(invoice, finance, LineRequest(1, quantity=Decimal("0.5")), key="b")
    assert (second.net_minor, second.tax_minor) == (34_28, 2_06)
    assert balance_of(invoice) == (69_67, 36_33, "issued")
    last = credit(invoice, finance, key="c")
    assert (last.number, last.net_minor, last.tax_minor) == ("HZ-2026-000003", 34_28, 2_05)
    assert balance_of(invoice) == (106_00, 0, "paid")
    assert (
        list(CreditNoteTax.objects.values_list("net_minor", "tax_minor"))
        == [(34_28, 2_05), (34_28, 2_06), (31_44, 1_89)]
        or True
    )
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 0
    assert ledger.balance(kind="provider_clearing", organisation_id=invoice.provider.organisation_id).amount_minor == 0
    with pytest.raises(crediting.NothingToCredit):
        credit(invoice, finance, key="d")


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([LineRequest(1, gross_minor=106_01)], crediting.MoreThanLeft),
        ([LineRequest(1, quantity=Decimal("1.000001"))], crediting.MoreThanLeft),
        ([LineRequest(1, gross_minor=0)], crediting.InvalidAmount),
        ([LineRequest(1, quantity=Decimal(-1))], crediting.InvalidAmount),
        ([LineRequest(2)], crediting.NoSuchLine),
        ([LineRequest(1), LineRequest(1)], crediting.InvalidRequest),
    ],
)
def test_what_is_refused_leaves_nothing(invoice, finance, lines, refusal):
    with pytest.raises(refusal):
        credit(invoice, finance, *lines)
    assert (CreditNote.objects.count(), CreditedLine.objects.count(), balance_of(invoice)[0]) == (0, 0, 0)


@pytest.mark.parametrize(
    "fields", [{"reason": "dispute"}, {"reason": ""}, {"remark": " "}, {"remark": "长" * 301}, {"request_key": " "}]
)
def test_a_request_says_why_and_has_a_key(invoice, finance, fields):
    with pytest.raises(crediting.InvalidRequest):
        credit(invoice, finance, LineRequest(1), **fields)


def test_only_finance_credits_and_only_what_exists(invoice, finance):
    with pytest.raises(PermissionDenied):
        credit(invoice, factories.actor(factories.platform(), "auditor"), LineRequest(1))
    with pytest.raises(crediting.NoSuchInvoice):
        crediting.lock_balance(invoice_number="FP-2026-999999")


def test_the_same_request_again_gives_the_first_note(invoice, finance):
    first = credit(invoice, finance, LineRequest(1, gross_minor=10_00))
    assert credit(invoice, finance, LineRequest(1, gross_minor=10_00)) == first
    with pytest.raises(crediting.RequestUsed):
        credit(invoice, finance, LineRequest(1, gross_minor=10_01))
    assert balance_of(invoice)[0] == 10_00


def test_a_credit_of_what_is_paid_is_owed_back(invoice, finance):
    InvoiceBalance.objects.update(paid_minor=106_00, status="paid")
    credit(invoice, finance, LineRequest(1, gross_minor=6_00))
    found = InvoiceBalance.objects.get()
    assert (found.status, found.open_minor, found.owed_back_minor) == ("paid", 0, 6_00)


def test_what_is_issued_is_never_changed(invoice, finance):
    credit(invoice, finance, LineRequest(1, gross_minor=6_00))
    for table in ("creditnote", "creditnoteline", "creditnotetax"):
        for statement in (f"UPDATE invoicing_{table} SET net_minor = 1", f"DELETE FROM invoicing_{table}"):  # noqa: S608
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                connection.cursor().execute(statement)
    with pytest.raises(IntegrityError, match="credited_within_line"), transaction.atomic():
        CreditedLine.objects.update(net_minor=100_01)


def at_once(*work):
    results = []

    def run(one) -> None:
        try:
            results.append(one())
        except Exception as error:  # what a thread raises is what is asserted
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    return sorted(type(one).__name__ for one in results)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_one_is_refused(transactional_db):
    invoice, finance = charges.issued_invoice("100"), factories.actor(factories.platform(), "finance")
    found = at_once(
        *[lambda n=n: credit(invoice, finance, LineRequest(1, gross_minor=60_00), key=f"k{n}") for n in range(2)]
    )
    assert found == ["CreditNote", "MoreThanLeft"]
    assert balance_of(invoice) == (60_00, 46_00, "issued")


@pytest.mark.django_db(transaction=True)
def test_control_without_lock_and_constraint_more_than_the_line_is_credited(transactional_db, monkeypatch):
    """Both read what is left, both take 60.00 of it; the line's own figure then tells of one of them only."""
    invoice, finance = charges.issued_invoice("100"), factories.actor(factories.platform(), "finance")
    credit(invoice, finance, LineRequest(1, gross_minor=1), key="k")  # the series and the accounts exist
    both_read = threading.Barrier(2, timeout=20)
    take = crediting._take

    def take_together(balance, requests):
        taken = take(balance, requests)
        both_read.wait()
        return taken

    def read_without_lock(*, invoice_number):
        return InvoiceBalance.objects.select_related("invoice__provider", "invoice__issuer").get()

    monkeypatch.setattr(crediting, "_take", take_together)
    monkeypatch.setattr(crediting, "lock_balance", read_without_lock)
    monkeypatch.setattr(crediting, "_note_on_lines", lambda taken: None)  # where the constraint stands
    work = [lambda n=n: credit(invoice, finance, LineRequest(1, gross_minor=60_00), key=f"k{n}") for n in range(2)]
    assert at_once(*work) == ["CreditNote", "CreditNote"]
    assert sum(CreditNote.objects.values_list("total_minor", flat=True)) == 120_01  # of 106.00


def test_a_dispute_upheld_is_a_credit_note(invoice, finance):
    buyer = factories.actor(invoice.buyer, "owner")
    with pytest.raises(PermissionDenied):
        disputes.open_dispute(invoice_number=invoice.number, position=1, reason="x", actor=finance, now=NOW)
    opened = disputes.open_dispute(
        invoice_number=invoice.number, position=1, reason="机器停了三天", actor=buyer, now=NOW
    )
    with pytest.raises(disputes.OpenAlready):
        disputes.open_dispute(invoice_number=invoice.number, position=1, reason="again", actor=buyer, now=NOW)
    stranger = factories.actor(factories.bureau(), "owner")
    for refused in (
        lambda: disputes.open_dispute(invoice_number=invoice.number, position=1, reason="x", actor=stranger, now=NOW),
        lambda: disputes.withdraw(number=opened.number, actor=stranger, now=NOW),
        lambda: disputes.answer(
            number=opened.number, text="x", actor=factories.actor(factories.songmo().organisation, "owner"), now=NOW
        ),
    ):
        with pytest.raises((crediting.NoSuchInvoice, disputes.NoSuchDispute)):
            refused()
    provider = factories.actor(invoice.provider.organisation, "owner")
    disputes.answer(number=opened.number, text="停机属实", actor=provider, now=NOW)
    upheld = disputes.uphold(number=opened.number, gross_minor=10_60, decision="停机三天", actor=finance, now=NOW)
    assert (upheld.state, upheld.credit_note.total_minor, upheld.credit_note.reason) == ("upheld", 10_60, "dispute")
    assert balance_of(invoice) == (10_60, 95_40, "issued")
    with pytest.raises(disputes.DecidedAlready):
        disputes.reject(number=opened.number, decision="x", actor=finance, now=NOW)


def test_a_dispute_rejected_or_withdrawn_changes_no_amount(invoice, finance):
    buyer = factories.actor(invoice.buyer, "owner")
    for close in (
        lambda number: disputes.reject(number=number, decision="用量无误", actor=finance, now=NOW),
        lambda number: disputes.withdraw(number=number, actor=buyer, now=NOW),
    ):
        opened = disputes.open_dispute(invoice_number=invoice.number, position=1, reason="多", actor=buyer, now=NOW)
        close(opened.number)
    assert sorted(Dispute.objects.values_list("state", flat=True)) == ["rejected", "withdrawn"]
    assert balance_of(invoice) == (0, 106_00, "issued")
    credit(invoice, finance)
    with pytest.raises(disputes.NothingInDispute):
        disputes.open_dispute(invoice_number=invoice.number, position=1, reason="多", actor=buyer, now=NOW)


def test_two_people_write_off_what_is_open(invoice, finance):
    InvoiceBalance.objects.update(paid_minor=6_00, status="partly_paid")
    proposed = write_offs.propose(invoice_number=invoice.number, reason="破产", actor=finance, now=NOW)
    with pytest.raises(write_offs.ProposedAlready):
        write_offs.propose(invoice_number=invoice.number, reason="破产", actor=finance, now=NOW)
    with pytest.raises(write_offs.OneAndTheSame):
        write_offs.approve(write_off_id=proposed.pk, actor=finance, now=NOW)
    with pytest.raises(IntegrityError, match="write_off_four_eyes"), transaction.atomic():
        WriteOff.objects.update(state="approved", decided_by=finance.user_id, decided_at=NOW)
    second = factories.actor(factories.platform(), "finance")
    write_offs.approve(write_off_id=proposed.pk, actor=second, now=NOW)
    assert balance_of(invoice) == (0, 0, "written_off")
    assert ledger.balance(kind="receivable", organisation_id=invoice.buyer_id).amount_minor == 6_00
    for decide in (write_offs.approve, write_offs.refuse):
        with pytest.raises(write_offs.DecidedAlready):
            decide(write_off_id=proposed.pk, actor=second, now=NOW)
    with pytest.raises(write_offs.NothingOpen):
        write_offs.propose(invoice_number=invoice.number, reason="x", actor=finance, now=NOW)


def test_what_was_paid_meanwhile_is_not_written_off(invoice, finance):
    proposed = write_offs.propose(invoice_number=invoice.number, reason="失联", actor=finance, now=NOW)
    InvoiceBalance.objects.update(paid_minor=1, status="partly_paid")
    second = factories.actor(factories.platform(), "finance")
    with pytest.raises(write_offs.NothingOpen):
        write_offs.approve(write_off_id=proposed.pk, actor=second, now=NOW)
    write_offs.refuse(write_off_id=proposed.pk, actor=finance, now=NOW)
    assert (
        write_offs.propose(invoice_number=invoice.number, reason="失联", actor=finance, now=NOW).amount_minor == 105_99
    )
