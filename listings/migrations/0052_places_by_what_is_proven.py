from django.db import migrations

# The catalogue filters by what is proven of a data centre; cards also show what it states.
OF_OLD = "status, county_id, mlps_level, measured_pue, green_power_percent, mlps_filing_number"
OF_NEW = f"{OF_OLD}, proven_mlps_level, proven_pue, proven_green_percent"
PLACES = """
    DROP TRIGGER search_mark ON partner_datacentre;
    CREATE TRIGGER search_mark AFTER INSERT OR DELETE OR UPDATE OF {columns} ON partner_datacentre
        FOR EACH STATEMENT EXECUTE FUNCTION mark_search('places');
"""


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0051_aggregation_of_metered_prices"), ("partner", "0016_what_is_proven")]

    operations = [migrations.RunSQL(PLACES.format(columns=OF_NEW), PLACES.format(columns=OF_OLD))]
