"""Two spreadsheets of a provider: one imported, with cells at fault to look at, and one only tried."""

import csv
import io
from datetime import datetime
from typing import Any, Final

from django.core.files.base import ContentFile

from listings.exchange import operations
from marketplace.demo import people
from marketplace.demo.world import World

COLUMNS: Final = (
    "code", "title", "title_en", "category", "data_centre", "deployment_models", "sla_percent", "support",
    "lead_time_days", "plan", "plan_name", "terms", "component", "component_name", "kind", "unit", "unit_price",
    "vat_rate",
)  # fmt: skip
HOST: Final = {
    "category": "cloud-hosts", "data_centre": "DC01", "deployment_models": "public", "sla_percent": "99.95",
    "support": "7x24", "lead_time_days": "1", "plan": "monthly", "plan_name": "包月", "terms": "1; 12:0.1",
    "component": "host", "component_name": "云主机", "kind": "recurring", "unit": "台·月", "vat_rate": "0.06",
}  # fmt: skip
ROWS: Final[tuple[dict[str, str], ...]] = (
    {"code": "HS-C2", "title": "计算型云主机 2核4G", "title_en": "Compute host, 2 cores", "unit_price": "118"},
    {"code": "HS-C4", "title": "计算型云主机 4核8G", "title_en": "Compute host, 4 cores", "unit_price": "226"},
    {"code": "HS-C8", "title": "计算型云主机 8核16G", "title_en": "Compute host, 8 cores", "unit_price": "438"},
    {"code": "HS-M4", "title": "内存型云主机 4核32G", "sla_percent": "101", "unit_price": "396"},
    {"code": "HS-M8", "title": "内存型云主机 8核64G", "unit_price": "-772"},
    {"code": "HS-M16", "title": "内存型云主机 16核128G", "unit_price": "1520", "vat_rate": "6"},
)


def load(*, world: World, now: datetime) -> None:
    """Import the first file; only try a second one with other prices."""
    dearer = [{**row, "unit_price": str(int(row["unit_price"]) + 6)} for row in ROWS[:3]]
    for name, rows, is_dry_run in (("云主机挂牌.csv", ROWS, False), ("云主机调价.csv", dearer, True)):
        operations.queue_import(
            partner_id=world.partners["P01"].pk,
            file=ContentFile(_write([{**HOST, **row} for row in rows])),
            file_name=name,
            is_dry_run=is_dry_run,
            is_submitted=False,
            actor=people.actor_of(email="provider@demo.example"),
            now=now,
        )
        operations.run_imports(now=now, limit=1)


def _write(rows: list[dict[str, Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8-sig")
