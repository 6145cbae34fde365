from datetime import timedelta
from typing import Any

from django.db import migrations


def open_deliveries(apps: Any, schema_editor: Any) -> None:
    """Contracts that wait for delivery from before there were deliveries get theirs, with deadlines from now on."""
    from django.utils import timezone

    now = timezone.now()
    delivery, step = apps.get_model("fulfilment", "Delivery"), apps.get_model("fulfilment", "DeliveryStep")
    undecided = set(
        apps.get_model("procurement", "Approval")
        .objects.exclude(status="approved")
        .values_list("order_number", flat=True)
    )
    waiting = apps.get_model("contracts", "Contract").objects.filter(status="pending")
    for contract in waiting.select_related("offering", "offering_version", "plan"):
        is_held = contract.order_number in undecided
        content = contract.offering_version.content
        lead_days = content.get("lead_time_days") or 1
        running = (
            {}
            if is_held
            else {
                "accept_due_at": now + timedelta(days=1),
                "deliver_due_at": now + timedelta(days=lead_days),
            }
        )
        opened = delivery.objects.create(
            number=contract.number,
            runs_for=contract.number,
            partner_id=contract.provider_id,
            buyer_id=contract.buyer_id,
            data_centre_id=contract.offering.data_centre_id,
            offering_code=contract.offering.code,
            offering_title=contract.offering_title,
            plan_code=contract.plan.code,
            specs=content.get("specs") or {},
            quantity=contract.quantity,
            lead_time_days=lead_days,
            export_days=content.get("exit_export_days") or 0,
            status="held" if is_held else "waiting",
            opened_at=contract.placed_at,
            **running,
        )
        step.objects.create(delivery=opened, kind="open", to_status=opened.status, happened_at=contract.placed_at)


class Migration(migrations.Migration):
    dependencies = [
        ("contracts", "0005_version_is_always_known"),
        ("fulfilment", "0001_deliveries"),
        ("procurement", "0001_initial"),
    ]

    operations = [migrations.RunPython(open_deliveries, migrations.RunPython.noop)]
