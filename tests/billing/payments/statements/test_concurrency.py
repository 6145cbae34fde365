"""Two people match one line at once, and a statement comes while its transfer is entered by hand; with controls."""

import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from billing.ledger import queries as ledger
from billing.payments import operations as payments
from billing.payments.models import Payment
from billing.payments.statements import desk, operations, storing, writing
from billing.payments.statements.models import StatementLine
from tests import factories
from tests.billing.payments.conftest import NOW
from tests.billing.payments.statements.conftest import Bank, csv
from tests.billing.payments.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
CHECK = "statement_line_matched_within_amount"


@pytest.fixture
def bank(transactional_db: None, settings: Any, tmp_path: Path) -> Bank:
    settings.MEDIA_ROOT = tmp_path
    return Bank()


def rush(bank: Bank, line: StatementLine) -> list[Any]:
    """Four people put the whole line on four buyers' balances at the same moment."""
    buyers = [factories.foods() for _ in range(4)]
    return at_once(
        *[
            lambda buyer=buyer: desk.match_line(
                line_id=line.pk, invoices={}, top_up_of=buyer.pk, top_up_minor=100_00, actor=bank.actor, now=NOW
            )
            for buyer in buyers
        ]
    )


def without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """All have read the line before the first of them writes."""
    together = threading.Barrier(4, timeout=20)

    def read(*, line_id: int) -> StatementLine:
        line = StatementLine.objects.get(pk=line_id)
        together.wait()
        return line

    monkeypatch.setattr(desk, "lock_line", read)
    write = writing._write_payments
    counter = iter(range(100, 1000))

    def numbered(matches: Any, *rest: Any) -> None:
        for match in matches:  # so that the payments' own references do not decide
            match.line.matches_count = next(counter)
        write(matches, *rest)

    monkeypatch.setattr(writing, "_write_payments", numbered)


def spent(bank: Bank) -> int:
    assert ledger.verify() == []
    return sum(Payment.objects.values_list("amount_minor", flat=True))


def test_one_of_four_matches_a_line(bank: Bank) -> None:
    results = rush(bank, bank.receive("100.00"))
    assert sorted(type(one).__name__ for one in results) == ["OverLine"] * 3 + ["list"]
    assert spent(bank) == 100_00


def test_without_the_lock_the_constraint_decides(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    line = bank.receive("100.00")
    without_lock(monkeypatch)
    assert sorted(type(one).__name__ for one in rush(bank, line)) == ["OverLine"] * 3 + ["list"]
    assert spent(bank) == 100_00


def test_control_without_lock_and_constraint_the_line_is_spent_four_times(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = bank.receive("100.00")
    without_lock(monkeypatch)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [CHECK])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE statements_statementline DROP CONSTRAINT {CHECK}")
    try:
        assert [type(one).__name__ for one in rush(bank, line)] == ["list"] * 4
        assert spent(bank) == 400_00
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("DELETE FROM statements_linematch; DELETE FROM statements_statementline")
            cursor.execute("SET session_replication_role = origin")
            cursor.execute(f"ALTER TABLE statements_statementline ADD CONSTRAINT {CHECK} {definition}")


def by_hand_and_by_statement(bank: Bank) -> list[Any]:
    """Finance enters R1 by hand at the moment when the statement that has it is read."""
    buyer = factories.foods()
    bank.top_up(buyer, 1, "first")  # opens the accounts
    operations.queue_statement(
        account_code="ICBC",
        file=_file(csv([("R1", "50.00", "", "", "x", "", "")])),
        file_name="s.csv",
        is_dry_run=False,
        actor=bank.actor,
        now=NOW,
    )
    return at_once(
        lambda: bank.top_up(buyer, 50_00, "R1"),
        lambda: operations.import_due(now=NOW, limit=1),
    )


def _file(text: str) -> Any:
    return ContentFile(text.encode())


def test_money_comes_in_once_by_hand_or_by_statement(bank: Bank) -> None:
    by_hand_and_by_statement(bank)
    total = ledger.balance(kind="bank_client_money", organisation_id=bank.platform.pk).amount_minor
    assert total == 50_01
    line = StatementLine.objects.get()
    assert (line.status == "by_hand") == Payment.objects.filter(reference="R1").exists()


def test_control_without_the_reference_it_comes_in_twice(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "_claim_reference", lambda reference: None)
    monkeypatch.setattr(storing, "_claim_references", lambda account, fresh: {})
    by_hand_and_by_statement(bank)
    assert ledger.balance(kind="bank_client_money", organisation_id=bank.platform.pk).amount_minor == 100_01
