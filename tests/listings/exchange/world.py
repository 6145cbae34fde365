"""A provider with a data centre, a category with specifications, and ways to send a file through the import."""

from datetime import UTC, datetime
from typing import Any

from django.core.files.base import ContentFile

from listings.exchange import operations, queries
from listings.exchange.models import ListingImport
from listings.models import Product, ProductAttribute, ProductClass
from tests import factories
from tests.listings.exchange import sheets

NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
OWN = {
    "code": "NEW-1",
    "title": "云主机 4核8G",
    "title_en": "Host, 4 cores",
    "category": "cloud-hosts",
    "deployment_models": "public; private",
    "sla_percent": "99.95",
    "support": "7x24",
    "lead_time_days": "1",
    "exit_notice_days": "30",
    "exit_export_days": "30",
    "exit_export_formats": "qcow2",
    "exit_fee": "0",
    "spec:vcpu": "4",
    "spec:ram_gib": "8",
    "draw:vcpu": "4",
}
PRICE = {
    "plan": "monthly",
    "plan_name": "包月",
    "terms": "1; 12:0.1",
    "component": "host",
    "component_name": "云主机",
    "kind": "recurring",
    "unit": "台·月",
    "unit_price": "212.7",
    "vat_rate": "0.06",
}


class World:
    """红山云 and its seller."""

    def __init__(self) -> None:
        self.partner = factories.hongshan()
        self.centre = factories.data_centre(self.partner, code="SS-1")
        factories.cloud_hosts()
        self.product_class = ProductClass.objects.create(
            slug="iaas", name="IaaS", requires_shipping=False, track_stock=False
        )
        for code, kind in (("vcpu", "integer"), ("ram_gib", "integer"), ("gpu", "text"), ("ha", "boolean")):
            ProductAttribute.objects.create(product_class=self.product_class, code=code, name=code, type=kind)
        self.seller = factories.actor(self.partner.organisation, "sales")

    def row(self, **changes: Any) -> dict[str, Any]:
        """A whole offering with one price in one row; None takes a column's value away."""
        return {**OWN, "data_centre": self.centre.code, **PRICE, **changes}

    def queue(
        self, data: bytes, *, name: str = "挂牌.csv", try_it: bool = False, submit: bool = False
    ) -> ListingImport:
        return operations.queue_import(
            partner_id=self.partner.pk,
            file=ContentFile(data),
            file_name=name,
            is_dry_run=try_it,
            is_submitted=submit,
            actor=self.seller,
            now=NOW,
        )

    def send(self, data: bytes, **how: Any) -> ListingImport:
        """Queue the file and let the pipeline read it."""
        upload = self.queue(data, **how)
        assert operations.run_imports(now=NOW, limit=10) == 1
        upload.refresh_from_db()
        return upload

    def send_rows(self, *rows: dict[str, Any], **how: Any) -> ListingImport:
        return self.send(to_csv(*rows), **how)

    def export(self) -> bytes:
        return b"".join(queries.export_csv(partner_id=self.partner.pk))

    def product(self, code: str = "NEW-1") -> Product:
        return Product.objects.get(code=code)


def to_table(*rows: dict[str, Any]) -> list[list[Any]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [names, *([row.get(name) for name in names] for row in rows)]


def to_csv(*rows: dict[str, Any]) -> bytes:
    return sheets.make_csv(to_table(*rows))


def to_xlsx(*rows: dict[str, Any]) -> bytes:
    return sheets.make_xlsx(to_table(*rows))


def counts(upload: ListingImport) -> tuple[int, int, int, int]:
    """Created, changed, unchanged, failed."""
    return upload.created_count, upload.updated_count, upload.unchanged_count, upload.failed_count


def faults(upload: ListingImport) -> list[tuple[str, str]]:
    return [(one["cell"], one["field"]) for one in upload.problems]
