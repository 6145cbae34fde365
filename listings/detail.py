"""Reads: one offering as its page shows it: texts in the reader's language, Mongolian, neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, Subquery, Value, When
from django.db.models.functions import JSONObject

from listings import queries, wording
from listings.models import OfferingVersion, Plan, Product, SolutionDomain
from listings.taxonomy import queries as taxonomy
from listings.taxonomy import specs
from listings.wording import Text

MOST_OTHERS: Final = 5
# What is written alike in all languages; Mongolian columns show these and leave the rest to the other languages.
ABBREVIATIONS: Final[Mapping[str, tuple[str, str]]] = {
    "gpu_count": ("GPU", ""),
    "gpu_memory_gib": ("VRAM", "GiB"),
    "vcpu": ("vCPU", ""),
    "ram_gib": ("RAM", "GiB"),
    "tb": ("TB", "TB"),
    "rpo_min": ("RPO", "min"),
    "rto_min": ("RTO", "min"),
}
# The periods that prices are per: 月, 年, 小时, 天.
PERIODS_IN_MONGOLIAN: Final = {"月": "ᠰᠠᠷ᠎ᠠ", "年": "ᠵᠢᠯ", "小时": "ᠴᠠᠭ", "人天": "ᠡᠳᠦᠷ"}


@dataclass(frozen=True, slots=True)
class Other:
    """Another offering of the same provider."""

    product: Product
    title: Text
    category: str
    unit: str


@dataclass(frozen=True, slots=True)
class Mongolian:
    """What the Mongolian panel shows; `facts` are label and value, written alike in all languages."""

    title: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    period: str


@dataclass(frozen=True, slots=True)
class Detail:
    """An offering with everything its page shows beside prices."""

    row: queries.OfferingRow
    title: Text
    summary: Text
    domains: tuple[taxonomy.Domain, ...]
    mongolian: Mongolian | None
    published_at: datetime | None
    others: tuple[Other, ...]
    announced: tuple[Plan, ...]


def read_detail(*, pk: int, organisation_id: int | None = None) -> Detail:
    """A listed offering with what belongs on its page, at the prices that an organisation sees.

    Raises NoSuchOffering. 1 query beyond `get_offering`.
    """
    row, seen = queries.get_offering_and_prices(pk=pk, organisation_id=organisation_id)
    product = row.product
    own, others = _read_neighbours(product)
    return Detail(
        row=row,
        title=wording.choose_text(product.title, product.title_en),
        summary=wording.choose_text(product.summary, product.summary_en),
        domains=tuple(taxonomy.Domain(**one) for one in own.domains or ()),
        mongolian=_read_mongolian(row),
        published_at=own.since,
        others=tuple(_as_other(one) for one in others),
        announced=seen.announced,
    )


def _read_mongolian(row: queries.OfferingRow) -> Mongolian | None:
    product = row.product
    if not product.title_mn:
        return None
    facts = [
        (label, specs.write_value(product.specs[code], unit=unit))
        for code, (label, unit) in ABBREVIATIONS.items()
        if code in product.specs
    ]
    if product.sla_percent is not None:
        facts.append(("SLA", specs.write_value(product.sla_percent, unit="") + "%"))
    unit = row.list_price.unit.rpartition("·")[2] if row.list_price else ""
    return Mongolian(
        title=product.title_mn,
        summary=product.summary_mn,
        facts=tuple(facts),
        period=PERIODS_IN_MONGOLIAN.get(unit, ""),
    )


def _read_neighbours(product: Product) -> tuple[Any, list[Any]]:
    """The offering's own row and those of the provider's others, in one query.

    On the rows: `since` (its version's day), `domains` (of the offering's codes, or None).
    """
    words = SolutionDomain.objects.filter(code__in=product.solution_domains).order_by("position", "code")
    version = OfferingVersion.objects.filter(product=OuterRef("pk"), state=OfferingVersion.State.PUBLISHED)
    own_first = Case(When(pk=product.pk, then=Value(0)), default=Value(1))
    rows = (
        Product.objects.filter(partner_id=product.partner_id, state=Product.State.PUBLISHED)
        .annotate(
            since=Subquery(version.values("published_at")[:1]),
            domains=ArraySubquery(words.values(one=JSONObject(code="code", name="name", name_en="name_en"))),
        )
        .select_related("main_category")
        .order_by(own_first, "-is_recommended", "service_model", "main_category__path", "from_price", "pk")
    )
    own, *others = rows[: MOST_OTHERS + 1]
    return own, others


def _as_other(product: Product) -> Other:
    category = product.main_category
    return Other(
        product=product,
        title=wording.choose_text(product.title, product.title_en),
        category=wording.choose(category.name, category.name_en) if category else "",
        unit=wording.write_unit(product.from_price_unit),
    )
