from django.db import migrations

from marketplace.organisations import append_only

# What was published is read for ever: an entry of it can only leave, once; a signature can only be voided, once.
EDITIONS = migrations.RunSQL(
    """
    CREATE FUNCTION refuse_edition_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR (OLD.state, NEW.state) NOT IN (
            ('draft', 'draft'), ('draft', 'signing'), ('signing', 'signing'), ('signing', 'draft'),
            ('signing', 'published'), ('published', 'published'), ('published', 'superseded'),
            ('superseded', 'superseded')
        ) OR (OLD.state IN ('published', 'superseded') AND
              (to_jsonb(NEW) - '{state,superseded_at}'::text[])
              IS DISTINCT FROM (to_jsonb(OLD) - '{state,superseded_at}'::text[])) THEN
            RAISE EXCEPTION 'an edition is frozen once it is published'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'edition_frozen';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON catalogue_edition
        FOR EACH ROW EXECUTE FUNCTION refuse_edition_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON catalogue_edition
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    CREATE FUNCTION refuse_entry_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE edition_state text;
    BEGIN
        SELECT state INTO edition_state FROM catalogue_edition
            WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.edition_id ELSE NEW.edition_id END;
        IF TG_OP = 'UPDATE' AND NEW.edition_id <> OLD.edition_id THEN
            edition_state := 'published';
        END IF;
        IF edition_state IN ('published', 'superseded') AND (
            TG_OP <> 'UPDATE' OR OLD.left_date IS NOT NULL
            OR (to_jsonb(NEW) - '{left_date,left_reason}'::text[])
               IS DISTINCT FROM (to_jsonb(OLD) - '{left_date,left_reason}'::text[])
        ) THEN
            RAISE EXCEPTION 'an entry of a published edition can only leave it'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'edition_entry_frozen';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    ALTER FUNCTION refuse_entry_change() SET enable_seqscan = off;
    CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON catalogue_editionentry
        FOR EACH ROW EXECUTE FUNCTION refuse_entry_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON catalogue_editionentry
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    """,
    """
    DROP TRIGGER frozen ON catalogue_editionentry; DROP TRIGGER no_truncate ON catalogue_editionentry;
    DROP TRIGGER frozen ON catalogue_edition; DROP TRIGGER no_truncate ON catalogue_edition;
    DROP FUNCTION refuse_entry_change(); DROP FUNCTION refuse_edition_change();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0042_recommended_catalogue"), ("organisations", "0002_append_only")]

    operations = [
        append_only.append_only("catalogue_criteriaset"),
        migrations.RunSQL(
            "ALTER TABLE catalogue_criteriaset ADD CONSTRAINT criteria_day_of_announcement "
            "CHECK (announced_date = (announced_at AT TIME ZONE 'Asia/Shanghai')::date);",
            "ALTER TABLE catalogue_criteriaset DROP CONSTRAINT criteria_day_of_announcement;",
        ),
        EDITIONS,
        append_only.frozen_except("catalogue_signature", ["voided_at"]),
    ]
