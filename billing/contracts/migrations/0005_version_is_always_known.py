import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0046_versions_of_listed_offerings"),
        ("contracts", "0004_version_that_was_bought"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contract",
            name="offering_version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalogue.offeringversion",
                verbose_name="version that was bought",
            ),
        ),
    ]
