import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("metering", "0004_months_of_events"),
        ("partner", "0008_partner_organisation_datacentre_agreement_and_more"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsageBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255, verbose_name="key")),
                ("body_hash", models.BinaryField(max_length=32)),
                ("answer", models.JSONField(default=dict, verbose_name="answer")),
                ("created_at", models.DateTimeField(db_index=True, verbose_name="created")),
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
                "verbose_name": "usage batch",
                "verbose_name_plural": "usage batches",
                "constraints": [models.UniqueConstraint(fields=("provider", "key"), name="usage_batch_once")],
            },
        ),
    ]
