from typing import Any

from django.db import migrations

TEXTS = ("title", "title_en", "title_mn", "summary", "summary_en", "summary_mn", "support", "exit_export_formats")
AS_THEY_ARE = ("deployment_models", "solution_domains", "specs", "lead_time_days", "exit_notice_days", "exit_export_days")


def content_of(product: Any) -> dict[str, Any]:
    """The columns as `listings.content` stores them, written out here so that this step never changes."""
    content = {name: getattr(product, name) or "" for name in TEXTS}
    content |= {name: getattr(product, name) for name in AS_THEY_ARE}
    for name in ("sla_percent", "exit_fee"):
        value = getattr(product, name)
        content[name] = None if value is None else f"{value.normalize():f}"
    content["draws"] = {code: str(each) for code, each in product.draws.items()}
    content["category"] = product.main_category.slug if product.main_category else ""
    content["data_centre"] = product.data_centre.code if product.data_centre else ""
    return content


def write_versions(apps: Any, schema_editor: Any) -> None:
    """Offerings that were listed before there were versions get their first one from what they show today."""
    version = apps.get_model("catalogue", "OfferingVersion")
    products = apps.get_model("catalogue", "Product").objects.filter(versions=None, partner__isnull=False)
    books = apps.get_model("catalogue", "PriceBook").objects.filter(status="published", organisation=None)
    for product in products.select_related("main_category", "data_centre"):
        is_draft = product.state == "draft"
        version.objects.create(
            product=product,
            number=1,
            state="draft" if is_draft else "published",
            content=content_of(product),
            price_book=books.filter(product=product).first(),
            created_at=product.date_created,
            published_at=None if is_draft else product.date_created,
        )
        if not is_draft:
            product.version_number = 1
            product.save(update_fields=["version_number"])


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0045_search_follows_transactions")]

    operations = [migrations.RunPython(write_versions, migrations.RunPython.noop)]
