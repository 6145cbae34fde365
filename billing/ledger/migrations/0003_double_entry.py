from django.db import migrations

from marketplace.organisations import append_only

# Checked when the transaction commits, because an entry and its postings are separate statements.
BALANCED = migrations.RunSQL(
    """
    CREATE FUNCTION ledger_entry_is_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        checked bigint;
        postings bigint;
        unbalanced text;
    BEGIN
        checked := CASE TG_TABLE_NAME WHEN 'ledger_entry' THEN NEW.id
                                      ELSE (to_jsonb(NEW)->>'entry_id')::bigint END;
        SELECT count(*) INTO postings FROM ledger_posting WHERE entry_id = checked;
        IF postings < 2 THEN
            RAISE EXCEPTION 'entry % has % postings, at least 2 are needed', checked, postings
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_two_postings';
        END IF;
        SELECT string_agg(currency || ' ' || total, ', ') INTO unbalanced FROM (
            SELECT currency, sum(amount_minor) AS total FROM ledger_posting
            WHERE entry_id = checked GROUP BY currency HAVING sum(amount_minor) <> 0) AS sums;
        IF unbalanced IS NOT NULL THEN
            RAISE EXCEPTION 'entry % does not sum to zero: %', checked, unbalanced
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balanced';
        END IF;
        RETURN NULL;
    END $$;

    CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_entry
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_balanced();
    CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_posting
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_is_balanced();

    CREATE FUNCTION ledger_posting_matches_account() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.currency <> (SELECT currency FROM ledger_account WHERE id = NEW.account_id) THEN
            RAISE EXCEPTION 'posting in % on an account of another currency', NEW.currency
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_posting_currency';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER currency BEFORE INSERT ON ledger_posting
        FOR EACH ROW EXECUTE FUNCTION ledger_posting_matches_account();
    """,
    """
    DROP TRIGGER currency ON ledger_posting;
    DROP FUNCTION ledger_posting_matches_account();
    DROP TRIGGER balanced ON ledger_posting;
    DROP TRIGGER balanced ON ledger_entry;
    DROP FUNCTION ledger_entry_is_balanced();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_initial"), ("organisations", "0002_append_only")]

    operations = [
        append_only.seal("ledger_entry"),
        append_only.sealed_children("ledger_posting", parent="ledger_entry", column="entry_id"),
        append_only.append_only("ledger_entry"),
        append_only.append_only("ledger_posting"),
        append_only.append_only("ledger_account"),
        BALANCED,
    ]
