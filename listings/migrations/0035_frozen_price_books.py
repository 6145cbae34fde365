from django.db import migrations

from marketplace.organisations import append_only

# A plan, term or component may be written or changed only while its price book is a draft.
DRAFT_ONLY = migrations.RunSQL(
    """
    CREATE FUNCTION refuse_unless_price_book_is_draft() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        touched jsonb := to_jsonb(CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END);
        book_status text;
    BEGIN
        IF TG_TABLE_NAME = 'catalogue_plan' THEN
            SELECT status INTO book_status FROM catalogue_pricebook WHERE id = (touched->>'price_book_id')::bigint;
        ELSE
            SELECT book.status INTO book_status
            FROM catalogue_pricebook AS book JOIN catalogue_plan AS plan ON plan.price_book_id = book.id
            WHERE plan.id = (touched->>'plan_id')::bigint;
        END IF;
        IF book_status <> 'draft' THEN
            RAISE EXCEPTION 'this price book is published: % of % is refused', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;

    CREATE TRIGGER draft_only BEFORE INSERT OR UPDATE OR DELETE ON catalogue_plan
        FOR EACH ROW EXECUTE FUNCTION refuse_unless_price_book_is_draft();
    CREATE TRIGGER draft_only BEFORE INSERT OR UPDATE OR DELETE ON catalogue_planterm
        FOR EACH ROW EXECUTE FUNCTION refuse_unless_price_book_is_draft();
    CREATE TRIGGER draft_only BEFORE INSERT OR UPDATE OR DELETE ON catalogue_pricecomponent
        FOR EACH ROW EXECUTE FUNCTION refuse_unless_price_book_is_draft();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON catalogue_plan
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON catalogue_planterm
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON catalogue_pricecomponent
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    -- A version leaves draft once and never comes back.
    CREATE FUNCTION refuse_price_book_return() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.status, NEW.status) NOT IN (('published', 'retired'), ('published', 'published'), ('retired', 'retired')) THEN
            RAISE EXCEPTION 'a price book goes from draft to published to retired, not from % to %', OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_book_frozen';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER one_way BEFORE UPDATE ON catalogue_pricebook
        FOR EACH ROW WHEN (OLD.status <> 'draft') EXECUTE FUNCTION refuse_price_book_return();
    """,
    """
    DROP TRIGGER one_way ON catalogue_pricebook;
    DROP FUNCTION refuse_price_book_return();
    DROP TRIGGER no_truncate ON catalogue_plan;
    DROP TRIGGER no_truncate ON catalogue_planterm;
    DROP TRIGGER no_truncate ON catalogue_pricecomponent;
    DROP TRIGGER draft_only ON catalogue_plan;
    DROP TRIGGER draft_only ON catalogue_planterm;
    DROP TRIGGER draft_only ON catalogue_pricecomponent;
    DROP FUNCTION refuse_unless_price_book_is_draft();
    """,
)


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0034_product_data_centre_product_deployment_models_and_more"),
        ("organisations", "0002_append_only"),
    ]

    operations = [
        append_only.frozen_except("catalogue_pricebook", ["status"], when="OLD.status <> 'draft'"),
        DRAFT_ONLY,
    ]
