from django.db import migrations, models

# Prices could change while their book was a draft. Once a version has been submitted with them they may not: the
# reviewer must decide about what was checked. The book itself says so, so that the guard still needs two keys only.
GUARD = """
CREATE OR REPLACE FUNCTION refuse_unless_price_book_is_draft() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    touched jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
    book_id bigint;
    book_status text;
    {declare}
BEGIN
    IF TG_TABLE_NAME = 'catalogue_plan' THEN
        book_id := (touched->>'price_book_id')::bigint;
    ELSE
        SELECT price_book_id INTO book_id FROM catalogue_plan WHERE id = (touched->>'plan_id')::bigint;
    END IF;
    SELECT status{column} INTO book_status{variable} FROM catalogue_pricebook WHERE id = book_id;
    IF book_status <> 'draft' THEN
        RAISE EXCEPTION 'this price book is published: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
    END IF;
    {check}
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
CHECK = """
    IF was_submitted IS NOT NULL THEN
        RAISE EXCEPTION 'this price book is submitted for review: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_submitted';
    END IF;
"""


def guard(**parts: str) -> str:
    written = GUARD
    for name in ("declare", "column", "variable", "check"):
        written = written.replace(f"{{{name}}}", parts.get(name, ""))
    return written


# Whoever submits a version seals its draft prices; those in force are frozen already.
SEAL = """
CREATE FUNCTION seal_price_book() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    UPDATE catalogue_pricebook SET submitted_at = COALESCE(NEW.submitted_at, NEW.created_at)
        WHERE id = NEW.price_book_id AND status = 'draft' AND submitted_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER seals_prices AFTER INSERT OR UPDATE OF state, price_book_id ON catalogue_offeringversion
    FOR EACH ROW WHEN (NEW.state <> 'draft' AND NEW.price_book_id IS NOT NULL) EXECUTE FUNCTION seal_price_book();
CREATE TRIGGER submitted BEFORE UPDATE ON catalogue_pricebook
    FOR EACH ROW WHEN (OLD.status = 'draft' AND OLD.submitted_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change_except('status', 'published_at', 'announced_at', 'effective_date');
CREATE TRIGGER no_delete_submitted BEFORE DELETE ON catalogue_pricebook
    FOR EACH ROW WHEN (OLD.submitted_at IS NOT NULL) EXECUTE FUNCTION refuse_change();
"""
UNSEAL = """
DROP TRIGGER no_delete_submitted ON catalogue_pricebook;
DROP TRIGGER submitted ON catalogue_pricebook;
DROP TRIGGER seals_prices ON catalogue_offeringversion;
DROP FUNCTION seal_price_book();
"""
# Prices that wait for a decision, or waited for one, when this release is installed.
PAST = """
UPDATE catalogue_pricebook AS book SET submitted_at = (
    SELECT MIN(COALESCE(submitted_at, created_at)) FROM catalogue_offeringversion
        WHERE price_book_id = book.id AND state <> 'draft'
) WHERE status = 'draft';
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0048_price_book_guard_by_two_keys")]

    operations = [
        migrations.AddField(
            "pricebook",
            "submitted_at",
            models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Written by the database with the version that is submitted with it; from then on it is frozen.",
                null=True,
                verbose_name="submitted",
            ),
        ),
        migrations.RunSQL(PAST, migrations.RunSQL.noop),
        migrations.RunSQL(
            guard(
                declare="was_submitted timestamptz;", column=", submitted_at", variable=", was_submitted", check=CHECK
            ),
            guard(),
        ),
        migrations.RunSQL(SEAL, UNSEAL),
    ]
