from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("metering", "0001_initial"), ("organisations", "0002_append_only")]

    operations = [
        append_only.seal("metering_usageevent"),
        append_only.append_only("metering_usageevent"),
        # The roll-up reads in this order.
        migrations.RunSQL(
            "CREATE INDEX usage_event_written_in ON metering_usageevent (written_in);",
            "DROP INDEX usage_event_written_in;",
        ),
        migrations.RunSQL(
            """
            ALTER TABLE metering_rollup ADD COLUMN read_before xid8 NOT NULL DEFAULT '0';
            INSERT INTO metering_rollup (batch) VALUES (0);
            """,
            "ALTER TABLE metering_rollup DROP COLUMN read_before;",
        ),
    ]
