from django.db import migrations

from marketplace.organisations import append_only


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial"), ("organisations", "0002_append_only")]

    operations = [
        append_only.seal("settlement_settlement"),
        append_only.frozen_except("settlement_settlement", ["status", "approved_at", "approved_by_id", "paid_at"]),
        append_only.append_only("settlement_settlementline"),
        append_only.sealed_children(
            "settlement_settlementline", parent="settlement_settlement", column="settlement_id"
        ),
        append_only.append_only("settlement_payout"),
    ]
