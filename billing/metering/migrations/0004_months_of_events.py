"""Events move into partitions by month; their keys and their corrections get tables of their own."""

import django.db.models.deletion
from django.db import migrations, models

from marketplace.organisations import append_only

MONTHS_AHEAD = 3

# The old table steps aside: names of constraints and indexes are unique in a schema.
STEP_ASIDE = """
    ALTER TABLE metering_usageevent RENAME TO metering_usageevent_before;
    ALTER TABLE metering_usageevent_before DROP CONSTRAINT usage_event_unique;
    ALTER TABLE metering_usageevent_before DROP CONSTRAINT usage_event_not_negative;
    ALTER TABLE metering_usageevent_before DROP CONSTRAINT metering_usageevent_pkey;
    DROP INDEX usage_event_written_in;
"""

TABLES = """
    CREATE TABLE metering_eventkey (
        provider_id bigint NOT NULL,
        source varchar(200) NOT NULL,
        event_id varchar(200) NOT NULL,
        body_hash bytea NOT NULL,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT usage_event_unique PRIMARY KEY (provider_id, source, event_id)
    );
    CREATE TABLE metering_usageevent (
        provider_id bigint NOT NULL,
        source varchar(200) NOT NULL,
        event_id varchar(200) NOT NULL,
        contract_id bigint NOT NULL,
        meter varchar(40) NOT NULL,
        quantity numeric(24, 6),
        value varchar(200) NOT NULL DEFAULT '',
        occurred_at timestamptz NOT NULL,
        ended_at timestamptz,
        received_at timestamptz NOT NULL,
        written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT usage_event_not_negative CHECK (quantity >= 0),
        CONSTRAINT usage_event_ends_after_start CHECK (ended_at IS NULL OR ended_at > occurred_at)
    ) PARTITION BY RANGE (occurred_at);
    CREATE INDEX usage_event_written_in ON metering_usageevent (written_in);
    CREATE INDEX usage_event_scan ON metering_usageevent (contract_id, meter, occurred_at);
    -- An accepted event always has a home. What lies here is moved when its month is made.
    CREATE TABLE metering_usageevent_default PARTITION OF metering_usageevent DEFAULT;
    CREATE TABLE metering_supersession (
        provider_id bigint NOT NULL REFERENCES partner_partner DEFERRABLE INITIALLY DEFERRED,
        source varchar(200) NOT NULL,
        event_id varchar(200) NOT NULL,
        by_source varchar(200) NOT NULL,
        by_event_id varchar(200) NOT NULL,
        reason varchar(200) NOT NULL,
        contract_id bigint NOT NULL REFERENCES contracts_contract DEFERRABLE INITIALLY DEFERRED,
        meter varchar(40) NOT NULL,
        occurred_at timestamptz NOT NULL,
        quantity numeric(24, 6),
        written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT usage_event_superseded_once PRIMARY KEY (provider_id, source, event_id)
    );
    CREATE INDEX usage_supersession_written_in ON metering_supersession (written_in);
    CREATE INDEX usage_supersession_contract ON metering_supersession (contract_id);
"""

# The application's role owns nothing, and the stage that makes months runs as it. The owner lends it this one act.
MAKE_MONTH = """
    CREATE FUNCTION metering_make_month(first date) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        name text := format('metering_usageevent_%s', to_char(first, 'YYYY_MM'));
        lower timestamptz := first::timestamp AT TIME ZONE 'Asia/Shanghai';
        upper timestamptz := (first + interval '1 month')::timestamp AT TIME ZONE 'Asia/Shanghai';
    BEGIN
        IF extract(day FROM first) <> 1 OR first < '2000-01-01' OR first >= '2100-01-01' THEN
            RAISE EXCEPTION '% is not the first day of a month from 2000 to 2099', first;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('metering_make_month', 0));
        IF to_regclass(name) IS NOT NULL THEN
            RETURN false;
        END IF;
        EXECUTE format('CREATE TABLE %I (LIKE metering_usageevent INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
        -- Nothing may come in between looking for events of this month and giving it a place.
        LOCK TABLE metering_usageevent_default IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('INSERT INTO %I SELECT * FROM metering_usageevent_default
                         WHERE occurred_at >= %L AND occurred_at < %L', name, lower, upper);
        IF FOUND THEN
            ALTER TABLE metering_usageevent_default DISABLE TRIGGER append_only;
            DELETE FROM metering_usageevent_default WHERE occurred_at >= lower AND occurred_at < upper;
            ALTER TABLE metering_usageevent_default ENABLE TRIGGER append_only;
        END IF;
        EXECUTE format('ALTER TABLE metering_usageevent ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       name, lower, upper);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I
                            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
        RETURN true;
    END $$;
"""

# In the order of their transactions, which stay what they were: the watermark goes on as if nothing had happened.
CARRY_OVER = """
    SELECT metering_make_month(month::date)
      FROM generate_series(date_trunc('month', timezone('Asia/Shanghai', now())),
                           date_trunc('month', timezone('Asia/Shanghai', now())) + %s * interval '1 month',
                           interval '1 month') AS month;
    SELECT metering_make_month(month)
      FROM (SELECT DISTINCT date_trunc('month', timezone('Asia/Shanghai', occurred_at))::date AS month
              FROM metering_usageevent_before) known
     WHERE month >= '2000-01-01' AND month < '2100-01-01';
    INSERT INTO metering_eventkey (provider_id, source, event_id, body_hash, occurred_at)
    SELECT provider_id, source, event_id, body_hash, occurred_at FROM metering_usageevent_before;
    INSERT INTO metering_usageevent
           (provider_id, source, event_id, contract_id, meter, quantity, occurred_at, received_at, written_in)
    SELECT provider_id, source, event_id, contract_id, meter, quantity, occurred_at, received_at, written_in
      FROM metering_usageevent_before ORDER BY written_in;
    DROP TABLE metering_usageevent_before;
"""


def carry_over(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(CARRY_OVER, [MONTHS_AHEAD])


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0008_service_level_credits"),
        ("metering", "0003_fewer_indexes"),
        ("organisations", "0002_append_only"),
        ("partner", "0008_partner_organisation_datacentre_agreement_and_more"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(STEP_ASIDE),
                migrations.RunSQL(TABLES),
                append_only.append_only("metering_eventkey"),
                append_only.append_only("metering_usageevent"),
                append_only.append_only("metering_supersession"),
                migrations.RunSQL(MAKE_MONTH),
                migrations.RunPython(carry_over),
            ],
            state_operations=[
                migrations.DeleteModel(name="UsageEvent"),
                migrations.CreateModel(
                    name="EventKey",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "provider_id",
                                "source",
                                "event_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("source", models.CharField(max_length=200, verbose_name="source")),
                        ("event_id", models.CharField(max_length=200, verbose_name="event id")),
                        ("body_hash", models.BinaryField(max_length=32)),
                        ("occurred_at", models.DateTimeField(verbose_name="occurred")),
                        (
                            "provider",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partner.partner",
                                verbose_name="provider",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "usage event's key",
                        "verbose_name_plural": "usage events' keys",
                    },
                ),
                migrations.CreateModel(
                    name="Supersession",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "provider_id",
                                "source",
                                "event_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("source", models.CharField(max_length=200, verbose_name="source")),
                        ("event_id", models.CharField(max_length=200, verbose_name="event id")),
                        ("by_source", models.CharField(max_length=200, verbose_name="source of the correction")),
                        ("by_event_id", models.CharField(max_length=200, verbose_name="event id of the correction")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("meter", models.CharField(max_length=40, verbose_name="meter")),
                        ("occurred_at", models.DateTimeField(verbose_name="occurred")),
                        (
                            "quantity",
                            models.DecimalField(decimal_places=6, max_digits=24, null=True, verbose_name="quantity"),
                        ),
                        (
                            "contract",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contracts.contract",
                                verbose_name="contract",
                            ),
                        ),
                        (
                            "provider",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partner.partner",
                                verbose_name="provider",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "superseded usage event",
                        "verbose_name_plural": "superseded usage events",
                    },
                ),
                migrations.CreateModel(
                    name="UsageEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "provider_id",
                                "source",
                                "event_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("source", models.CharField(max_length=200, verbose_name="source")),
                        ("event_id", models.CharField(max_length=200, verbose_name="event id")),
                        ("meter", models.CharField(max_length=40, verbose_name="meter")),
                        (
                            "quantity",
                            models.DecimalField(decimal_places=6, max_digits=24, null=True, verbose_name="quantity"),
                        ),
                        (
                            "value",
                            models.CharField(
                                blank=True, help_text="What is counted once.", max_length=200, verbose_name="value"
                            ),
                        ),
                        ("occurred_at", models.DateTimeField(verbose_name="occurred")),
                        ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                        ("received_at", models.DateTimeField(verbose_name="received")),
                        (
                            "contract",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contracts.contract",
                                verbose_name="contract",
                            ),
                        ),
                        (
                            "provider",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="partner.partner",
                                verbose_name="provider",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "usage event",
                        "verbose_name_plural": "usage events",
                        "indexes": [models.Index(fields=["contract", "meter", "occurred_at"], name="usage_event_scan")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("quantity__gte", 0)), name="usage_event_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("ended_at", None), ("ended_at__gt", models.F("occurred_at")), _connector="OR"
                                ),
                                name="usage_event_ends_after_start",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
