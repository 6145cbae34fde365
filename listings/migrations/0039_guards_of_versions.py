from django.db import migrations

from marketplace.organisations import append_only

# A book leaves draft once. An announced one comes into force or is called off; neither comes back.
ONE_WAY = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION refuse_price_book_return() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.status, NEW.status) NOT IN (
            ('announced', 'announced'), ('announced', 'published'), ('announced', 'retired'),
            ('published', 'published'), ('published', 'retired'), ('retired', 'retired')
        ) THEN
            RAISE EXCEPTION 'a price book goes from draft over announced to published to retired, not from % to %',
                            OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
        END IF;
        IF OLD.published_at IS NOT NULL AND NEW.published_at IS DISTINCT FROM OLD.published_at THEN
            RAISE EXCEPTION 'the day a price book came into force stays' USING
                ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
        END IF;
        RETURN NEW;
    END $$;
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0038_taxonomy_versions_and_price_models")]

    operations = [
        migrations.RunSQL(
            "DROP TRIGGER frozen ON catalogue_pricebook; DROP TRIGGER no_delete ON catalogue_pricebook;"
            "DROP TRIGGER no_truncate ON catalogue_pricebook;",
            migrations.RunSQL.noop,
        ),
        append_only.frozen_except("catalogue_pricebook", ["status", "published_at"], when="OLD.status <> 'draft'"),
        ONE_WAY,
        append_only.frozen_except(
            "catalogue_offeringversion", ["state", "findings", "published_at"], when="OLD.state <> 'draft'"
        ),
        append_only.append_only("catalogue_offeringstep"),
    ]
