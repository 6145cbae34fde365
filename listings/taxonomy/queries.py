"""Reads: the categories, what each must say of itself, solution domains, synonyms."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from listings import wording
from listings.models import Category, CategoryAttribute, ProductAttribute, SolutionDomain, SynonymGroup
from listings.taxonomy.specs import Option, Spec

STEP: Final = Category.steplen


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """A category as menus, templates of a spreadsheet and the facet index need it."""

    pk: int
    slug: str
    name: str
    name_en: str
    service_model: str
    path: str
    normal_unit: str
    normal_spec: str
    price_bands: tuple[Decimal, ...]

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return wording.choose(self.name, self.name_en)


@dataclass(frozen=True, slots=True)
class Domain:
    """A solution domain; offerings keep its code."""

    code: str
    name: str
    name_en: str

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return wording.choose(self.name, self.name_en)


def list_categories() -> list[CategoryEntry]:
    """The categories below the service types, in their order; one query."""
    rows = Category.objects.order_by("path").only(
        "path", "depth", "slug", "name", "name_en", "normal_unit", "normal_spec", "price_bands"
    )
    service_models: dict[str, str] = {}
    found = []
    for row in rows:
        if row.depth == 1:
            service_models[row.path] = row.slug
            continue
        found.append(
            CategoryEntry(
                pk=row.pk,
                slug=row.slug,
                name=row.name,
                name_en=row.name_en,
                service_model=service_models.get(row.path[:STEP], ""),
                path=row.path,
                normal_unit=row.normal_unit,
                normal_spec=row.normal_spec,
                price_bands=tuple(row.price_bands),
            )
        )
    return found


def schema_of(*, category_ids: Collection[int], falls_back: bool = True) -> dict[int, tuple[Spec, ...]]:
    """The spec schema of each category, in order; one query.

    A category without a schema of its own takes every specification of its service type, none required, in further
    queries; none at all unless it `falls_back`. Every id that is asked for is in the answer.
    """
    wanted = dict.fromkeys(category_ids)
    found: dict[int, list[Spec]] = {pk: [] for pk in wanted}
    uses = CategoryAttribute.objects.filter(category_id__in=list(wanted)).select_related("attribute")
    for use in uses.order_by("category_id", "position", "pk"):
        flags = {"is_required": use.is_required, "is_facet": use.is_facet, "is_compared": use.is_compared}
        found[use.category_id].append(_as_spec(use.attribute, **flags))
    bare = [pk for pk, schema in found.items() if not schema and falls_back]
    if bare:
        for pk, schema in _schema_of_types(bare).items():
            found[pk] = schema
    return {pk: tuple(schema) for pk, schema in found.items()}


def list_domains() -> list[Domain]:
    """The solution domains in their order; one query."""
    return [Domain(code=row.code, name=row.name, name_en=row.name_en) for row in SolutionDomain.objects.all()]


def list_synonyms() -> list[tuple[str, ...]]:
    """Groups of words that mean the same; one query."""
    return [tuple(words) for words in SynonymGroup.objects.values_list("words", flat=True)]


def _schema_of_types(category_ids: Collection[int]) -> dict[int, list[Spec]]:
    """All specifications of the service type that each category hangs below; 2 queries for any number of them."""
    paths = dict(Category.objects.filter(pk__in=category_ids).values_list("pk", "path"))
    roots = dict(Category.objects.filter(path__in={path[:STEP] for path in paths.values()}).values_list("path", "slug"))
    specs: dict[str, list[Spec]] = {}
    attributes = ProductAttribute.objects.filter(product_class__slug__in=set(roots.values()))
    for row in attributes.select_related("product_class").order_by("position", "pk"):
        specs.setdefault(row.product_class.slug, []).append(_as_spec(row))
    return {pk: specs.get(roots.get(path[:STEP], ""), []) for pk, path in paths.items()}


def _as_spec(row: ProductAttribute, **flags: bool) -> Spec:
    options: list[dict[str, Any]] = row.options if isinstance(row.options, list) else []
    return Spec(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        kind=row.type,
        unit=row.unit,
        minimum=row.minimum,
        maximum=row.maximum,
        options=tuple(
            Option(value=str(one["value"]), name=one.get("name", ""), name_en=one.get("name_en", "")) for one in options
        ),
        better=row.better,
        **flags,
    )
