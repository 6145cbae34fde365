from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("organisations", "0002_append_only")]

    operations = [
        append_only.append_only("payments_payment"),
        append_only.append_only("payments_paymentallocation"),
        append_only.append_only("payments_linecollection"),
    ]
