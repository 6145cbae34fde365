"""What the conditions are made of beside the offerings: categories, places, specifications, domains, synonyms."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from listings import wording
from listings.search import bands


@dataclass(frozen=True, slots=True)
class CategoryOf:
    """A category; `bounds` are those of its price bands, CNY with tax per `normal_unit`."""

    pk: int
    slug: str
    name: str
    name_en: str
    path: str
    depth: int
    normal_unit: str
    bounds: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Centre:
    """What of a data centre is filtered by: of its claims only what is proven (`providers.evidence.proven`)."""

    county: str
    prefecture: str
    proven_mlps_level: int | None
    proven_pue: Decimal | None
    proven_green_percent: int | None


@dataclass(frozen=True, slots=True)
class Spec:
    """A specification of one service type. `options`: value → (name, name in English)."""

    pk: int
    service: str
    code: str
    name: str
    name_en: str
    unit: str
    type: str
    options: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Schema:
    """All of it at one moment."""

    categories: Mapping[int, CategoryOf] = field(default_factory=dict)
    centres: Mapping[int, Centre] = field(default_factory=dict)
    divisions: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)  # code → name, prefecture
    specs: Mapping[int, Spec] = field(default_factory=dict)  # in the order shown
    facets_of: Mapping[int, tuple[int, ...]] = field(default_factory=dict)  # category → specs that filter
    specs_of: Mapping[int, tuple[int, ...]] = field(
        default_factory=dict
    )  # category → the specs of its schema, in order
    domains: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # in the order shown
    synonyms: tuple[tuple[str, ...], ...] = ()
    edition: str = ""  # the same for all processes that read the same: the marks' transactions, and where they count

    @cached_property
    def by_slug(self) -> dict[str, CategoryOf]:
        """Categories below the service types, in the order of the tree."""
        return {one.slug: one for one in sorted(self.categories.values(), key=lambda one: one.path)}

    @cached_property
    def facet_codes(self) -> frozenset[str]:
        """Codes of specifications that filter somewhere."""
        return frozenset(self.specs[pk].code for pks in self.facets_of.values() for pk in pks)

    @cached_property
    def bounds_of_unit(self) -> dict[str, tuple[Decimal, ...]]:
        """Normalised unit → the bounds of its price bands: those of all categories that are compared by it."""
        bounds: dict[str, set[Decimal]] = {}
        for category in self.categories.values():
            if category.normal_unit and category.bounds:
                bounds.setdefault(category.normal_unit, set()).update(category.bounds)
        return {unit: tuple(sorted(found)) for unit, found in sorted(bounds.items())}

    @cached_property
    def price_bands(self) -> list[str]:
        """All price bands, each with its unit before it."""
        return [f"{unit}:{band}" for unit, bounds in self.bounds_of_unit.items() for band in bands.list_bands(bounds)]

    @cached_property
    def specs_of_service(self) -> dict[str, list[Spec]]:
        """Service type → its specifications in the order shown."""
        found: dict[str, list[Spec]] = {}
        for spec in self.specs.values():
            found.setdefault(spec.service, []).append(spec)
        return found

    def list_specs(self, *, category: int, service: str) -> list[Spec]:
        """What an offering states, in the order shown: its category's schema first, then the rest of its type's."""
        own = [self.specs[pk] for pk in self.specs_of.get(category, ())]
        codes = {spec.code for spec in own}
        return [*own, *(spec for spec in self.specs_of_service.get(service, ()) if spec.code not in codes)]

    def list_facets(self, slug: str) -> list[Spec]:
        """The specifications that filter in a category, in the order shown."""
        category = self.by_slug.get(slug)
        return [self.specs[pk] for pk in self.facets_of.get(category.pk, ())] if category else []

    def find_spec(self, code: str) -> Spec | None:
        """Any specification of this code: its name and unit are the same wherever it is used."""
        return next((spec for spec in self.specs.values() if spec.code == code), None)

    def knows(self, kind: str, value: str) -> bool:
        """Whether a value that an address names exists."""
        if kind == "category":
            return value in self.by_slug
        if kind == "region":
            return value in self.divisions
        if kind == "domain":
            return value in self.domains
        if kind == "price_band":
            return value in self.price_bands
        return True


STATEMENT = """
    SELECT 'category', coalesce(jsonb_agg(jsonb_build_array(
               id, slug, name, name_en, path, depth, normal_unit, price_bands::text[])), '[]')
      FROM catalogue_category
    UNION ALL
    SELECT 'centre', coalesce(jsonb_agg(jsonb_build_array(
               d.id, c.code, coalesce(c.prefecture_id, c.code), d.proven_mlps_level,
               d.proven_pue::text, d.proven_green_percent)), '[]')
      FROM partner_datacentre d JOIN organisations_division c ON c.code = d.county_id
    UNION ALL
    SELECT 'division', coalesce(jsonb_agg(jsonb_build_array(code, name, prefecture_id) ORDER BY code), '[]')
      FROM organisations_division
    UNION ALL
    SELECT 'spec', coalesce(jsonb_agg(jsonb_build_array(
               a.id, k.slug, a.code, a.name, a.name_en, a.unit, a.type, a.options) ORDER BY a.position, a.id), '[]')
      FROM catalogue_productattribute a JOIN catalogue_productclass k ON k.id = a.product_class_id
    UNION ALL
    SELECT 'use', coalesce(jsonb_agg(jsonb_build_array(category_id, attribute_id, is_facet)
               ORDER BY position, id), '[]')
      FROM catalogue_categoryattribute
    UNION ALL
    SELECT 'domain', coalesce(jsonb_agg(jsonb_build_array(code, name, name_en) ORDER BY position, code), '[]')
      FROM catalogue_solutiondomain
    UNION ALL
    SELECT 'synonyms', coalesce(jsonb_agg(words ORDER BY id), '[]') FROM catalogue_synonymgroup
    UNION ALL
    SELECT 'edition', jsonb_build_array(
               (SELECT oid::text FROM pg_database WHERE datname = current_database()), pg_postmaster_start_time()::text,
               (SELECT jsonb_agg(jsonb_build_array(subject, written_in::text) ORDER BY subject)
                  FROM catalogue_searchmark))
"""


def from_rows(rows: Mapping[str, Sequence[Any]], *, synonyms: tuple[tuple[str, ...], ...]) -> Schema:
    """The schema of what STATEMENT answers, by subject."""
    uses: dict[int, list[int]] = {}
    facets: dict[int, list[int]] = {}
    for category, spec, is_facet in rows["use"]:
        uses.setdefault(category, []).append(spec)
        if is_facet:
            facets.setdefault(category, []).append(spec)
    return Schema(
        categories={row[0]: CategoryOf(*[*row[:7], tuple(sorted(map(Decimal, row[7])))]) for row in rows["category"]},
        centres={
            row[0]: Centre(row[1], row[2], row[3], None if row[4] is None else Decimal(row[4]), row[5])
            for row in rows["centre"]
        },
        divisions={code: (name, prefecture) for code, name, prefecture in rows["division"]},
        specs={row[0]: Spec(*[*row[:7], _options(row[7])]) for row in rows["spec"]},
        facets_of={category: tuple(pks) for category, pks in facets.items()},
        specs_of={category: tuple(pks) for category, pks in uses.items()},
        domains={code: (name, name_en) for code, name, name_en in rows["domain"]},
        synonyms=synonyms,
        edition=json.dumps(rows["edition"]),
    )


def _options(options: Sequence[Any]) -> dict[str, tuple[str, str]]:
    return {
        str(one["value"]): (one.get("name") or str(one["value"]), one.get("name_en") or "")
        for one in options or ()
        if isinstance(one, dict) and "value" in one
    }


def write_option(spec: Spec, value: str) -> str:
    """An option's name in the reader's language."""
    name, name_en = spec.options.get(value, (value, ""))
    return wording.choose(name, name_en)
