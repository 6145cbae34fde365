from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]

    operations = [append_only.INSTALL, append_only.append_only("organisations_auditentry")]
