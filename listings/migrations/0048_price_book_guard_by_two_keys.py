from django.db import migrations

# Two look-ups by primary key leave nothing to choose. A join did: planned while the tables were empty, it read a whole
# index for every row written later in the session.
FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_unless_price_book_is_draft() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    touched jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
    book_id bigint;
    book_status text;
BEGIN
    IF TG_TABLE_NAME = 'catalogue_plan' THEN
        book_id := (touched->>'price_book_id')::bigint;
    ELSE
        SELECT price_book_id INTO book_id FROM catalogue_plan WHERE id = (touched->>'plan_id')::bigint;
    END IF;
    SELECT status INTO book_status FROM catalogue_pricebook WHERE id = book_id;
    IF book_status <> 'draft' THEN
        RAISE EXCEPTION 'this price book is published: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0047_cards_follow_prices")]

    operations = [migrations.RunSQL(FUNCTION, migrations.RunSQL.noop)]
