import django.db.models.deletion
from django.db import migrations, models

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organisations", "0003_notices"),
        ("partner", "0011_guards_of_evidence"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True, verbose_name="contract")),
                (
                    "runs_for",
                    models.CharField(
                        help_text="Another than the number once a changed contract has followed.",
                        max_length=20,
                        unique=True,
                        verbose_name="runs for the contract",
                    ),
                ),
                ("offering_code", models.CharField(max_length=40, verbose_name="offering's code")),
                ("offering_title", models.CharField(max_length=255, verbose_name="offering")),
                ("plan_code", models.CharField(max_length=40, verbose_name="plan")),
                ("specs", models.JSONField(default=dict, verbose_name="specifications")),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                ("delivered_quantity", models.PositiveIntegerField(default=0, verbose_name="delivered")),
                ("resource_id", models.CharField(blank=True, max_length=100, verbose_name="provider's resource id")),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("manual", "By hand"),
                            ("webhook", "By the provider's system"),
                            ("cloud", "By a cloud connection"),
                        ],
                        default="manual",
                        max_length=10,
                        verbose_name="method",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Waiting for the buyer's approval"),
                            ("waiting", "To be accepted"),
                            ("accepted", "Order accepted"),
                            ("provisioning", "Being set up"),
                            ("delivered", "Being checked by the buyer"),
                            ("completed", "Accepted by the buyer"),
                            ("declined", "Declined"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                ("lead_time_days", models.PositiveSmallIntegerField(default=1, verbose_name="lead time, weekdays")),
                (
                    "export_days",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="data can be exported for, days after the end"
                    ),
                ),
                ("opened_at", models.DateTimeField(verbose_name="ordered")),
                ("accept_due_at", models.DateTimeField(null=True, verbose_name="to be accepted by")),
                ("deliver_due_at", models.DateTimeField(null=True, verbose_name="to be delivered by")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="handed over")),
                ("inspect_due_at", models.DateTimeField(null=True, verbose_name="to be checked by")),
                ("completed_at", models.DateTimeField(null=True, verbose_name="accepted by the buyer")),
                (
                    "remove_at",
                    models.DateTimeField(
                        help_text="Set when nothing is owed any more.", null=True, verbose_name="may be removed from"
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=300, verbose_name="why the last try failed")),
                ("overdue_told", models.CharField(blank=True, max_length=8, verbose_name="deadline told of as missed")),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.organisation",
                        verbose_name="buyer",
                    ),
                ),
                (
                    "data_centre",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partner.datacentre",
                        verbose_name="data centre",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="partner.partner",
                        verbose_name="provider",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-opened_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="DeliveryStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12, verbose_name="step")),
                ("from_status", models.CharField(blank=True, max_length=12)),
                ("to_status", models.CharField(max_length=12)),
                ("happened_at", models.DateTimeField(verbose_name="when")),
                ("by_name", models.CharField(blank=True, max_length=120, verbose_name="by")),
                ("quantity", models.PositiveIntegerField(null=True, verbose_name="quantity")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="fulfilment.delivery",
                        verbose_name="delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["partner", "status"], name="delivery_partner_status"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "delivered")), fields=["inspect_due_at"], name="delivery_to_inspect"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 1)), name="delivery_quantity_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivered_quantity__lte", models.F("quantity"))),
                name="delivery_not_more_than_ordered",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["delivered", "completed"]), _negated=True),
                    models.Q(("delivered_quantity__gte", 1), models.Q(("resource_id", ""), _negated=True)),
                    _connector="OR",
                ),
                name="delivery_handed_over",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "delivered"), _negated=True), ("inspect_due_at__isnull", False), _connector="OR"
                ),
                name="delivery_has_inspection",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["held", "declined", "cancelled"]),
                    models.Q(("accept_due_at__isnull", False), ("deliver_due_at__isnull", False)),
                    _connector="OR",
                ),
                name="delivery_has_deadlines",
            ),
        ),
        append_only.append_only("fulfilment_deliverystep"),
    ]
