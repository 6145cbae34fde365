"""Rows that the database itself refuses to change: triggers, as migration operations.

Money and audit rows are corrected by adding. A rule that only Python keeps is one shell away from
being broken, so these triggers keep it for every client, and the web's role may not drop them.
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL

REFUSED = "restrict_violation"  # SQLSTATE 23001, an IntegrityError in Django

INSTALL = RunSQL(
    f"""
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = '{REFUSED}', CONSTRAINT = TG_TABLE_NAME || '_append_only';
    END $$;

    -- Arguments: the columns that may change.
    CREATE FUNCTION refuse_change_except() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (to_jsonb(NEW) - TG_ARGV) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV) THEN
            RAISE EXCEPTION '% is frozen: only % may change', TG_TABLE_NAME, TG_ARGV
                USING ERRCODE = '{REFUSED}', CONSTRAINT = TG_TABLE_NAME || '_frozen';
        END IF;
        RETURN NEW;
    END $$;

    -- Arguments: parent table, foreign key column. The parent carries the transaction that wrote it.
    CREATE FUNCTION refuse_late_child() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE sealed boolean;
    BEGIN
        EXECUTE format('SELECT written_in <> pg_current_xact_id() FROM %I WHERE id = ($1->>%L)::bigint',
                       TG_ARGV[0], TG_ARGV[1]) INTO sealed USING to_jsonb(NEW);
        IF sealed THEN
            RAISE EXCEPTION '% is sealed: nothing can be added to it', TG_ARGV[0]
                USING ERRCODE = '{REFUSED}', CONSTRAINT = TG_ARGV[0] || '_sealed';
        END IF;
        RETURN NEW;
    END $$;
    """,
    """
    DROP FUNCTION refuse_late_child();
    DROP FUNCTION refuse_change_except();
    DROP FUNCTION refuse_change();
    """,
)


def append_only(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE of `table`."""
    return RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"DROP TRIGGER append_only ON {table}; DROP TRIGGER no_truncate ON {table};",
    )


def frozen_except(table: str, columns: Sequence[str], *, when: str = "true") -> RunSQL:
    """Refuse DELETE and TRUNCATE of `table`, and UPDATE of all but `columns`.

    `when` limits both to rows for which it holds (SQL over OLD), e.g. ``OLD.status <> 'draft'``.
    """
    arguments = ", ".join(f"'{column}'" for column in columns)
    return RunSQL(
        f"""
        CREATE TRIGGER frozen BEFORE UPDATE ON {table}
            FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_change_except({arguments});
        CREATE TRIGGER no_delete BEFORE DELETE ON {table}
            FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_change();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """,
        f"DROP TRIGGER frozen ON {table}; DROP TRIGGER no_delete ON {table}; DROP TRIGGER no_truncate ON {table};",
    )


def sealed_children(table: str, *, parent: str, column: str) -> RunSQL:
    """Refuse a new row in `table` once the transaction that wrote its parent row has ended.

    The parent needs the column of `seal(parent)`; `xmin` would break inside savepoints.
    """
    return RunSQL(
        f"""
        CREATE TRIGGER sealed BEFORE INSERT ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_late_child('{parent}', '{column}');
        """,
        f"DROP TRIGGER sealed ON {table};",
    )


def seal(table: str) -> RunSQL:
    """Remember in `table` which transaction wrote each row."""
    return RunSQL(
        f"ALTER TABLE {table} ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id();",
        f"ALTER TABLE {table} DROP COLUMN written_in;",
    )
