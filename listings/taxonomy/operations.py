"""Writes: the taxonomy, brought to what the data file says."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    Category,
    ProductAttribute,
    ProductClass,
)
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations

STANDARD: Final = Path(__file__).with_name("taxonomy.json")


def read_standard() -> list[dict[str, Any]]:
    """The service types with their categories and specifications that this marketplace starts from."""
    found: list[dict[str, Any]] = json.loads(STANDARD.read_text(encoding="utf-8"))
    return found


@transaction.atomic
def load_taxonomy(*, service_types: Sequence[Mapping[str, Any]], actor: actors.Actor, now: datetime) -> int:
    """Bring product classes, categories and spec schemas to what `service_types` says; returns the rows changed.

    Each: slug, name, name_en, categories [{slug, name, name_en}], specs [{code, name, name_en, type, unit}].
    What is not named is left alone: offerings may stand on it. Loading the same again changes nothing.
    """
    changed = 0
    for entry in service_types:
        product_class, is_new = ProductClass.objects.update_or_create(
            slug=entry["slug"],
            defaults={"name": entry["name"]},
            create_defaults={"name": entry["name"], "requires_shipping": False, "track_stock": False},
        )
        changed += is_new
        changed += _load_categories(entry)
        for position, spec in enumerate(entry["specs"]):
            changed += _load_spec(product_class=product_class, spec=spec, position=position)
    if changed:
        organisations.record(
            actor=actor,
            action="taxonomy.loaded",
            object_type="taxonomy",
            object_id="service-types",
            now=now,
            details={"changed": changed},
        )
    return changed


def _load_categories(entry: Mapping[str, Any]) -> int:
    changed = 0
    root = Category.objects.filter(slug=entry["slug"], depth=1).first()
    if root is None:
        root = Category.objects.add_root(
            create_kwargs={"slug": entry["slug"], "name": entry["name"], "name_en": entry["name_en"]}
        )
        changed += 1
    for one in entry["categories"]:
        names = {"name": one["name"], "name_en": one["name_en"]}
        category = Category.objects.get_children(root).filter(slug=one["slug"]).first()
        if category is None:
            root.refresh_from_db()  # treebeard counts children in the parent's row
            Category.objects.add_child(root, create_kwargs={"slug": one["slug"], **names})
            changed += 1
        elif (category.name, category.name_en) != (one["name"], one["name_en"]):
            changed += Category.objects.filter(pk=category.pk).update(**names)
    return changed


def _load_spec(*, product_class: ProductClass, spec: Mapping[str, Any], position: int) -> int:
    fields = {
        "name": spec["name"],
        "name_en": spec["name_en"],
        "type": spec["type"],
        "unit": spec.get("unit", ""),
        "position": position,
        "required": False,
    }
    row, is_new = ProductAttribute.objects.get_or_create(
        product_class=product_class, code=spec["code"], defaults=fields
    )
    if is_new:
        return 1
    if all(getattr(row, name) == value for name, value in fields.items()):
        return 0
    return ProductAttribute.objects.filter(pk=row.pk).update(**fields)
