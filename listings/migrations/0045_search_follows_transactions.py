from django.db import migrations, models

# What an offering's words are made of; a change of one of these asks for its words again (search.operations).
DESCRIBING = (
    "code, title, title_en, title_mn, summary, summary_en, summary_mn, specs, main_category_id, partner_id,"
    " data_centre_id, product_class_id"
)
OF_OLD, OF_NEW = (", ".join(f"{row}.{name.strip()}" for name in DESCRIBING.split(",")) for row in ("OLD", "NEW"))

COLUMNS = migrations.RunSQL(
    """
    ALTER TABLE catalogue_product ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
                                  ADD COLUMN words_pending boolean NOT NULL DEFAULT true;
    CREATE INDEX product_written_in ON catalogue_product (written_in);
    CREATE INDEX product_words_pending ON catalogue_product (id) WHERE words_pending;
    ALTER TABLE catalogue_searchmark ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id();
    """,
    """
    ALTER TABLE catalogue_searchmark DROP COLUMN written_in;
    ALTER TABLE catalogue_product DROP COLUMN written_in, DROP COLUMN words_pending;
    """,
)
TRIGGERS = migrations.RunSQL(
    f"""
    CREATE FUNCTION note_product_written() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.written_in := pg_current_xact_id();
        IF ({OF_NEW}) IS DISTINCT FROM ({OF_OLD}) THEN
            NEW.words_pending := true;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER written_in BEFORE UPDATE ON catalogue_product
        FOR EACH ROW EXECUTE FUNCTION note_product_written();

    -- Argument: the subject.
    CREATE FUNCTION mark_search() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO catalogue_searchmark (subject, written_in) VALUES (TG_ARGV[0], pg_current_xact_id())
            ON CONFLICT (subject) DO UPDATE SET written_in = EXCLUDED.written_in;
        RETURN NULL;
    END $$;
    CREATE TRIGGER search_mark AFTER DELETE ON catalogue_product
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('deletions');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE OF
            name, name_en, slug, path, normal_unit, price_bands ON catalogue_category
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('taxonomy');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE ON catalogue_productattribute
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('taxonomy');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE ON catalogue_categoryattribute
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('taxonomy');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE ON catalogue_solutiondomain
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('taxonomy');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE ON catalogue_synonymgroup
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('taxonomy');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE OF
            status, county_id, mlps_level, measured_pue, green_power_percent ON partner_datacentre
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('places');
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE ON organisations_division
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('places');

    -- Arguments: the column of the offering that names the row.
    CREATE FUNCTION ask_for_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('UPDATE catalogue_product SET words_pending = true WHERE %I = $1', TG_ARGV[0]) USING NEW.id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER words AFTER UPDATE ON catalogue_category FOR EACH ROW
        WHEN ((OLD.name, OLD.name_en) IS DISTINCT FROM (NEW.name, NEW.name_en))
        EXECUTE FUNCTION ask_for_words('main_category_id');
    CREATE TRIGGER words AFTER UPDATE ON partner_partner FOR EACH ROW
        WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION ask_for_words('partner_id');
    CREATE TRIGGER words AFTER UPDATE ON partner_datacentre FOR EACH ROW
        WHEN ((OLD.name, OLD.county_id) IS DISTINCT FROM (NEW.name, NEW.county_id))
        EXECUTE FUNCTION ask_for_words('data_centre_id');
    CREATE FUNCTION ask_for_words_of_division() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalogue_product SET words_pending = true WHERE data_centre_id IN (
            SELECT d.id FROM partner_datacentre d JOIN organisations_division c ON c.code = d.county_id
             WHERE NEW.code IN (c.code, c.prefecture_id));
        RETURN NULL;
    END $$;
    CREATE TRIGGER words AFTER UPDATE ON organisations_division FOR EACH ROW
        WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION ask_for_words_of_division();
    CREATE FUNCTION ask_for_words_of_class() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalogue_product SET words_pending = true WHERE product_class_id = NEW.product_class_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER words AFTER UPDATE ON catalogue_productattribute FOR EACH ROW
        WHEN ((OLD.name, OLD.name_en, OLD.unit, OLD.options) IS DISTINCT FROM
              (NEW.name, NEW.name_en, NEW.unit, NEW.options))
        EXECUTE FUNCTION ask_for_words_of_class();
    """,
    """
    DROP FUNCTION ask_for_words_of_class() CASCADE;
    DROP FUNCTION ask_for_words_of_division() CASCADE;
    DROP FUNCTION ask_for_words() CASCADE;
    DROP FUNCTION mark_search() CASCADE;
    DROP FUNCTION note_product_written() CASCADE;
    """,
)


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0044_imports_of_offerings"),
        ("organisations", "0002_append_only"),
        ("partner", "0009_evidence"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=20, unique=True)),
            ],
            options={"verbose_name": "search mark", "verbose_name_plural": "search marks"},
        ),
        COLUMNS,
        TRIGGERS,
    ]
