from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery


def pin_versions(apps: Any, schema_editor: Any) -> None:
    """Contracts from before there were versions point at the first one that was published of their offering."""
    versions = apps.get_model("catalogue", "OfferingVersion").objects.filter(
        product=OuterRef("offering"), state__in=["published", "superseded"]
    )
    contracts = apps.get_model("contracts", "Contract").objects.filter(offering_version=None)
    contracts.update(offering_version=Subquery(versions.order_by("number").values("pk")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("catalogue", "0046_versions_of_listed_offerings"),
        ("contracts", "0003_offering_version"),
    ]

    operations = [migrations.RunPython(pin_versions, migrations.RunPython.noop)]
