from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("rating", "0001_initial"), ("organisations", "0002_append_only")]

    operations = [append_only.append_only("rating_charge")]
