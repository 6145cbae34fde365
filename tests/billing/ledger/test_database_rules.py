"""What the database itself refuses, whoever asks. Each rule has a control: the same statement with the guard off."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from marketplace import embedded
from tests import factories

POSTED = "2026-11-02 04:00+00"


@pytest.fixture
def accounts(db: None) -> tuple[int, int, int]:
    """Two accounts in CNY and one in USD."""
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_account (kind, organisation_id, currency) VALUES"
            " ('receivable', %s, 'CNY'), ('provider_clearing', %s, 'CNY'), ('receivable', %s, 'USD') RETURNING id",
            [buyer, provider, buyer],
        )
        return tuple(pk for (pk,) in cursor.fetchall())


def run(statement: str, *arguments: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments or None)


def add_entry(key: str = "invoice:1") -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (business_key, posted_at, description) VALUES (%s, %s, '') RETURNING id",
            [key, POSTED],
        )
        return int(cursor.fetchone()[0])


def add_posting(entry: int, account: int, amount_minor: int, currency: str = "CNY") -> None:
    run(
        "INSERT INTO ledger_posting (entry_id, account_id, amount_minor, currency) VALUES (%s, %s, %s, %s)",
        entry,
        account,
        amount_minor,
        currency,
    )


def commit() -> None:
    """Check what is checked when a transaction commits."""
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("SET CONSTRAINTS ALL DEFERRED")


def triggers_off() -> None:
    """Only the owner can, and only its own transaction sees it."""
    run("SET LOCAL session_replication_role = replica")


def constraint_of(error: pytest.ExceptionInfo[IntegrityError]) -> str:
    return str(error.value.__cause__.diag.constraint_name)


# --- an entry sums to zero when it is committed -----------------------------------------------------------


def unbalanced(accounts: tuple[int, int, int]) -> None:
    entry = add_entry()
    add_posting(entry, accounts[0], 100)
    add_posting(entry, accounts[1], -99)


def single(accounts: tuple[int, int, int]) -> None:
    add_posting(add_entry(), accounts[0], 100)


def empty(accounts: tuple[int, int, int]) -> None:
    add_entry()


def two_currencies(accounts: tuple[int, int, int]) -> None:
    entry = add_entry()
    add_posting(entry, accounts[0], 100)
    add_posting(entry, accounts[2], -100, "USD")


BROKEN = [
    (unbalanced, "ledger_entry_balanced"),
    (single, "ledger_entry_two_postings"),
    (empty, "ledger_entry_two_postings"),
    (two_currencies, "ledger_entry_balanced"),
]


@pytest.mark.parametrize(("write", "rule"), BROKEN)
def test_a_broken_entry_is_refused_at_commit(accounts, write, rule):
    with transaction.atomic():
        write(accounts)  # no statement alone is refused: the entry may still be completed
        with pytest.raises(IntegrityError) as error:
            commit()
        transaction.set_rollback(True)
    assert constraint_of(error) == rule


@pytest.mark.parametrize(("write", "rule"), BROKEN)
def test_control_without_triggers_a_broken_entry_is_kept(accounts, write, rule):
    triggers_off()
    write(accounts)
    commit()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry")
        assert cursor.fetchone() == (1,)


def test_a_balanced_entry_is_kept(accounts):
    entry = add_entry()
    add_posting(entry, accounts[0], 100)
    add_posting(entry, accounts[1], -100)
    commit()


@pytest.mark.parametrize(
    ("account", "amount_minor", "currency", "rule"),
    [(0, 100, "USD", "ledger_posting_currency"), (0, 0, "CNY", "posting_not_zero")],
)
def test_a_wrong_posting_is_refused_at_once(accounts, account, amount_minor, currency, rule):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        add_posting(add_entry(), accounts[account], amount_minor, currency)
    assert constraint_of(error) == rule


def test_control_without_triggers_another_currency_is_kept(accounts):
    triggers_off()
    add_posting(add_entry(), accounts[0], 100, "USD")


# --- what is posted stays ---------------------------------------------------------------------------------


@pytest.fixture
def entry(accounts: tuple[int, int, int]) -> int:
    entry = add_entry()
    add_posting(entry, accounts[0], 100)
    add_posting(entry, accounts[1], -100)
    commit()
    return entry


CHANGES = [
    "UPDATE ledger_posting SET amount_minor = amount_minor * 2",
    "UPDATE ledger_posting SET account_id = account_id",
    "UPDATE ledger_entry SET description = 'other'",
    "UPDATE ledger_entry SET written_in = pg_current_xact_id()",
    "UPDATE ledger_account SET kind = 'vat_payable' WHERE kind = 'provider_clearing'",
    "DELETE FROM ledger_posting",
    "DELETE FROM ledger_entry",
    "DELETE FROM ledger_account",
    "TRUNCATE ledger_posting",
    "TRUNCATE ledger_entry, ledger_posting",
    "TRUNCATE ledger_account, ledger_posting",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_a_change_is_refused(entry, statement):
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        run(statement)
    assert constraint_of(error).endswith("_append_only")


def where_rows_stand() -> list[tuple[object, ...]]:
    """Each row's place and version: an update moves a row even when it writes the same value again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ctid, 'posting' FROM ledger_posting UNION ALL SELECT ctid, 'entry' FROM ledger_entry"
            " UNION ALL SELECT ctid, 'account' FROM ledger_account"
        )
        return sorted(cursor.fetchall())


@pytest.mark.parametrize("statement", CHANGES)
def test_control_without_triggers_a_change_happens(entry, statement):
    before = where_rows_stand()
    triggers_off()
    run(statement)
    assert where_rows_stand() != before


# --- an entry is sealed when its transaction ends -----------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_is_added_to_an_entry_once_committed():
    buyer, provider, other = factories.foods().pk, factories.hongshan().organisation.pk, factories.bureau().pk
    run(
        "INSERT INTO ledger_account (kind, organisation_id, currency) VALUES ('receivable', %s, 'CNY'),"
        " ('provider_clearing', %s, 'CNY'), ('receivable', %s, 'CNY'), ('buyer_balance', %s, 'CNY')",
        buyer,
        provider,
        other,
        other,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM ledger_account ORDER BY id")
        first, second, third, fourth = (pk for (pk,) in cursor.fetchall())
    with transaction.atomic():
        entry = add_entry()
        add_posting(entry, first, 100)
        with transaction.atomic():  # a savepoint is the same transaction: xmin would differ here
            add_posting(entry, second, -100)
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        add_posting(entry, third, 50)
        add_posting(entry, fourth, -50)
    assert constraint_of(error) == "ledger_entry_sealed"
    with transaction.atomic():  # control: balanced additions pass every other rule
        triggers_off()
        add_posting(entry, third, 50)
        add_posting(entry, fourth, -50)
        run("SET LOCAL session_replication_role = origin")
        commit()
        transaction.set_rollback(True)


# --- the application's role cannot get round it -----------------------------------------------------------


@pytest.fixture
def app(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A connection as the role of web and workers to the database of this test."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        services = embedded.find(os.environ["MARKETPLACE_SERVICES"])
        assert services is not None
        url = services.database_url
    with psycopg.connect(url, dbname=connection.settings_dict["NAME"], autocommit=True) as app_connection:
        yield app_connection


EVASIONS = [
    "ALTER TABLE ledger_posting DISABLE TRIGGER append_only",
    "ALTER TABLE ledger_posting DISABLE TRIGGER USER",
    "ALTER TABLE ledger_entry DISABLE TRIGGER balanced",
    "DROP TRIGGER append_only ON ledger_posting",
    "DROP TRIGGER balanced ON ledger_entry",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "ALTER TABLE ledger_posting DROP CONSTRAINT posting_not_zero",
    "TRUNCATE ledger_posting",
    "SET ROLE marketplace_owner",
]


@pytest.mark.parametrize("statement", EVASIONS)
def test_the_application_cannot_switch_a_guard_off(app, statement):
    buyer, provider = factories.foods().pk, factories.hongshan().organisation.pk
    with app.transaction():
        accounts = [
            app.execute(
                "INSERT INTO ledger_account (kind, organisation_id, currency) VALUES (%s, %s, 'CNY') RETURNING id",
                [kind, owner],
            ).fetchone()[0]
            for kind, owner in (("receivable", buyer), ("provider_clearing", provider))
        ]
        entry = app.execute(
            "INSERT INTO ledger_entry (business_key, posted_at, description) VALUES ('a', %s, '') RETURNING id",
            [POSTED],
        ).fetchone()[0]
        for account, amount_minor in zip(accounts, (100, -100), strict=True):
            app.execute(
                "INSERT INTO ledger_posting (entry_id, account_id, amount_minor, currency) VALUES (%s, %s, %s, 'CNY')",
                [entry, account, amount_minor],
            )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)
    with pytest.raises(psycopg.errors.RestrictViolation):
        app.execute("UPDATE ledger_posting SET amount_minor = amount_minor * 2")
    with pytest.raises(psycopg.errors.RestrictViolation):
        app.execute("DELETE FROM ledger_entry")
    assert app.execute("SELECT array_agg(amount_minor ORDER BY id) FROM ledger_posting").fetchone() == ([100, -100],)


@pytest.mark.parametrize("statement", [one for one in EVASIONS if not one.startswith(("SET ROLE", "TRUNCATE"))])
def test_control_the_owner_could_switch_them_off(db, statement):
    """The refusals above come from the role, not from the server. (TRUNCATE has its control further up.)"""
    run(statement.replace("SET session", "SET LOCAL session"))
