"""Writes: the taxonomy, brought to what the data files say; what an operator has edited is kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction

from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    Category,
    CategoryAttribute,
    ProductAttribute,
    ProductClass,
    SolutionDomain,
    StandardRow,
    SynonymGroup,
)
from marketplace.organisations import actors
from marketplace.organisations import operations as organisations

HERE: Final = Path(__file__).parent
ONE_LOAD_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('listings.taxonomy'))"
ATTRIBUTE_FIELDS: Final = ("name", "name_en", "type", "unit", "minimum", "maximum", "options", "better", "position")
ATTRIBUTE_DEFAULTS: Final[dict[str, Any]] = {"unit": "", "minimum": None, "maximum": None, "options": [], "better": ""}
CATEGORY_FIELDS: Final = ("name", "name_en", "normal_unit", "normal_spec", "price_bands")
FLAGS: Final = {"required": "is_required", "facet": "is_facet", "compared": "is_compared"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: rows written, and the keys of rows that differ because an operator edited or removed them."""

    changed: int
    kept: tuple[str, ...]


def read_standard() -> dict[str, Any]:
    """What this marketplace starts from, as `load_taxonomy` takes it: service types, domains, synonyms."""
    names = {"service_types": "taxonomy.json", "domains": "domains.json", "synonyms": "synonyms.json"}
    return {key: json.loads((HERE / name).read_text(encoding="utf-8")) for key, name in names.items()}


@transaction.atomic
def load_taxonomy(
    *,
    service_types: Sequence[Mapping[str, Any]],
    domains: Sequence[Mapping[str, Any]] = (),
    synonyms: Sequence[Sequence[str]] = (),
    actor: actors.Actor,
    now: datetime,
) -> Loaded:
    """Bring the taxonomy to what is given, except where an operator has changed it since the last load.

    Service types: slug, name, name_en, specs [{code, name, name_en, type, unit, minimum, maximum, options, better}],
    categories [{slug, name, name_en, normal_unit, normal_spec, price_bands, schema {code: "required facet compared"}}].
    What is not named is left alone: offerings may stand on it. Loading the same again changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONE_LOAD_AT_A_TIME)
    merge = _Merge(known=dict(StandardRow.objects.values_list("key", "content")))
    for entry in service_types:
        _load_service_type(merge, entry)
    _load_domains(merge, domains)
    _load_synonyms(merge, synonyms)
    StandardRow.objects.bulk_create(
        [StandardRow(key=key, content=content, loaded_at=now) for key, content in merge.learned.items()],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["content", "loaded_at"],
    )
    if merge.changed:
        organisations.record(
            actor=actor,
            action="taxonomy.loaded",
            object_type="taxonomy",
            object_id="standard",
            now=now,
            details={"changed": merge.changed, "kept": merge.kept},
        )
    return Loaded(changed=merge.changed, kept=tuple(merge.kept))


@dataclass(slots=True)
class _Merge:
    """Three texts of each row: what the files said last (`known`), what they say, and what stands in the database."""

    known: Mapping[str, Any]
    changed: int = 0
    kept: list[str] = field(default_factory=list)
    learned: dict[str, Any] = field(default_factory=dict)

    def should_write(self, key: str, *, wanted: Any, present: Any) -> bool:
        """Whether the row is to be written as wanted; None stands for a row that is not there."""
        before = self.known.get(key)
        if present in (wanted, before):
            if before != wanted:
                self.learned[key] = wanted
            if present == wanted:
                return False
            self.changed += 1
            return True
        self.kept.append(key)
        return False


def _load_service_type(merge: _Merge, entry: Mapping[str, Any]) -> None:
    slug = entry["slug"]
    product_class = ProductClass.objects.filter(slug=slug).first()
    present = None if product_class is None else {"name": product_class.name}
    if merge.should_write(f"type:{slug}", wanted={"name": entry["name"]}, present=present):
        product_class, _is_new = ProductClass.objects.update_or_create(
            slug=slug,
            defaults={"name": entry["name"]},
            create_defaults={"name": entry["name"], "requires_shipping": False, "track_stock": False},
        )
    if product_class is None:  # the operator took the whole type away
        return
    attributes = _load_attributes(merge, entry, product_class=product_class)
    root = Category.objects.filter(slug=slug, depth=1).first()
    names = {"name": entry["name"], "name_en": entry["name_en"]}
    present = None if root is None else {name: getattr(root, name) for name in names}
    if merge.should_write(f"category:{slug}", wanted=names, present=present):
        if root is None:
            root = Category.objects.add_root(create_kwargs={"slug": slug, **names})
        else:
            Category.objects.filter(pk=root.pk).update(**names)
    if root is not None:
        _load_categories(merge, entry, root=root, attributes=attributes)


def _load_attributes(
    merge: _Merge, entry: Mapping[str, Any], *, product_class: ProductClass
) -> dict[str, ProductAttribute]:
    rows = {row.code: row for row in ProductAttribute.objects.filter(product_class=product_class)}
    for position, spec in enumerate(entry["specs"]):
        given = {**ATTRIBUTE_DEFAULTS, "position": position, **spec}
        wanted = {name: _plain(given[name]) for name in ATTRIBUTE_FIELDS}
        row = rows.get(spec["code"])
        present = None if row is None else {name: _plain(getattr(row, name)) for name in ATTRIBUTE_FIELDS}
        if merge.should_write(f"spec:{entry['slug']}/{spec['code']}", wanted=wanted, present=present):
            rows[spec["code"]], _is_new = ProductAttribute.objects.update_or_create(
                product_class=product_class, code=spec["code"], defaults={**wanted, "required": False}
            )
    return rows


def _load_categories(
    merge: _Merge, entry: Mapping[str, Any], *, root: Category, attributes: Mapping[str, ProductAttribute]
) -> None:
    rows = {row.slug: row for row in Category.objects.get_children(root)}
    schemas: dict[int, dict[str, CategoryAttribute]] = {}
    for use in CategoryAttribute.objects.filter(category__in=rows.values()).select_related("attribute"):
        schemas.setdefault(use.category_id, {})[use.attribute.code] = use
    for one in entry["categories"]:
        given = {"normal_unit": "", "normal_spec": "", "price_bands": [], **one}
        wanted = {name: _plain(given[name]) for name in CATEGORY_FIELDS}
        row = rows.get(one["slug"])
        present = None if row is None else {name: _plain(getattr(row, name)) for name in CATEGORY_FIELDS}
        if merge.should_write(f"category:{entry['slug']}/{one['slug']}", wanted=wanted, present=present):
            if row is None:
                root.refresh_from_db()  # treebeard counts children in the parent's row
                row = Category.objects.add_child(root, create_kwargs={"slug": one["slug"], **wanted})
            else:
                Category.objects.filter(pk=row.pk).update(**wanted)
        if row is not None:
            _load_schema(
                merge,
                one.get("schema", {}),
                key=f"schema:{entry['slug']}/{one['slug']}",
                category=row,
                attributes=attributes,
                rows=schemas.get(row.pk, {}),
            )


def _load_schema(
    merge: _Merge,
    schema: Mapping[str, str],
    *,
    key: str,
    category: Category,
    attributes: Mapping[str, ProductAttribute],
    rows: Mapping[str, CategoryAttribute],
) -> None:
    for position, (code, words) in enumerate(schema.items()):
        wanted: dict[str, Any] = {column: flag in words.split() for flag, column in FLAGS.items()}
        wanted["position"] = position
        row = rows.get(code)
        present = None if row is None else {name: getattr(row, name) for name in wanted}
        if code in attributes and merge.should_write(f"{key}/{code}", wanted=wanted, present=present):
            CategoryAttribute.objects.update_or_create(category=category, attribute=attributes[code], defaults=wanted)


def _load_domains(merge: _Merge, domains: Sequence[Mapping[str, Any]]) -> None:
    rows = {row.code: row for row in SolutionDomain.objects.all()}
    for position, one in enumerate(domains):
        wanted = {"name": one["name"], "name_en": one["name_en"], "position": position}
        row = rows.get(one["code"])
        present = None if row is None else {name: getattr(row, name) for name in wanted}
        if merge.should_write(f"domain:{one['code']}", wanted=wanted, present=present):
            SolutionDomain.objects.update_or_create(code=one["code"], defaults=wanted)


def _load_synonyms(merge: _Merge, synonyms: Sequence[Sequence[str]]) -> None:
    """A group has no code: it is known by its first word."""
    rows = list(SynonymGroup.objects.all())
    for words in synonyms:
        key, wanted = f"synonyms:{words[0]}", list(words)
        row = next((row for row in rows if row.words in (wanted, merge.known.get(key))), None)
        row = row or next((row for row in rows if words[0] in row.words), None)
        if merge.should_write(key, wanted=wanted, present=None if row is None else row.words):
            if row is None:
                SynonymGroup.objects.create(words=wanted)
            else:
                SynonymGroup.objects.filter(pk=row.pk).update(words=wanted)


def _plain(value: Any) -> Any:
    """A value as JSON keeps it, so that what a file says and what a row says can be compared."""
    if isinstance(value, list) and value and not isinstance(value[0], dict):
        return [_plain(Decimal(one)) for one in value]
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        exact = Decimal(str(value))
        return f"{exact.normalize():f}"
    return value
