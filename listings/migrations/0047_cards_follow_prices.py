from django.db import migrations

# A card of the catalogue is kept until its offering was written: new prices in the list write it too.
PRICES = migrations.RunSQL(
    """
    CREATE FUNCTION touch_product_of_prices() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalogue_product SET words_pending = words_pending WHERE id = NEW.product_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER touch_product AFTER UPDATE ON catalogue_pricebook FOR EACH ROW
        WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.organisation_id IS NULL)
        EXECUTE FUNCTION touch_product_of_prices();
    """,
    "DROP FUNCTION touch_product_of_prices() CASCADE;",
)
COLUMNS = "status, county_id, mlps_level, measured_pue, green_power_percent"
PLACES = """
    DROP TRIGGER search_mark ON partner_datacentre;
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE OF {columns} ON partner_datacentre
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('places');
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0046_versions_of_listed_offerings")]

    operations = [
        PRICES,
        migrations.RunSQL(
            PLACES.format(columns=f"{COLUMNS}, mlps_filing_number"), PLACES.format(columns=COLUMNS)
        ),
    ]
