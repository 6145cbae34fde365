"""Reads of an offering's life: what drafts are checked against, versions, steps, and the lists of the two desks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.formats import number_format

from listings import standing, wording
from listings.content import LABELS, CategoryRules, Content, Schema
from listings.models import Category, Freeze, OfferingStep, OfferingVersion, Product
from listings.taxonomy import queries as taxonomy
from marketplace.organisations import errors
from providers.models import DataCentre

PAGE_SIZE: Final = 50
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
ONCE_PUBLISHED: Final = (OfferingVersion.State.PUBLISHED, OfferingVersion.State.SUPERSEDED)
# What the tabs of the provider's desk show. `latest` is the state of an offering's newest version.
VIEWS: Final[dict[str, Q]] = {
    "draft": Q(latest="draft"),
    "review": Q(latest__in=["submitted", "in_review"]),
    "returned": Q(latest="returned"),
    "published": Q(state="published"),
    "frozen": Q(state="frozen"),
    "withdrawn": Q(state="withdrawn"),
}


class NoSuchListing(errors.NotFound):
    """No offering with this code, or another provider's."""


class NoSuchVersion(errors.NotFound):
    """The offering never had this version in force."""


def read_schema(*, partner_id: int) -> Schema:
    """What a provider's offerings are checked against; 5 queries for any number of offerings."""
    categories = taxonomy.list_categories()
    schemas = taxonomy.schema_of(category_ids=[one.pk for one in categories])
    return Schema(
        categories={
            one.slug: CategoryRules(id=one.pk, service_model=one.service_model, attributes=schemas[one.pk])
            for one in categories
        },
        domains=tuple(one.code for one in taxonomy.list_domains()),
        data_centres=dict(DataCentre.objects.filter(partner_id=partner_id).values_list("code", "pk")),
    )


def published_versions(*, product_ids: Collection[int]) -> dict[int, OfferingVersion]:
    """The versions in force, which an order pins, by offering; one query. Raises NoSuchVersion if one has none."""
    rows = OfferingVersion.objects.filter(product_id__in=product_ids, state=OfferingVersion.State.PUBLISHED)
    found = {row.product_id: row for row in rows}
    for product_id in product_ids:
        if product_id not in found:
            raise NoSuchVersion(product_id)
    return found


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a content in the reader's words; blank `text` is what is not stated."""

    field: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that differs between two contents."""

    label: str
    before: str
    after: str


def describe(*, content: Content) -> list[Fact]:
    """Every field of a content, each specification by itself, in the reader's language; about 5 queries."""
    category = Category.objects.filter(slug=content.category).first()
    schema = taxonomy.schema_of(category_ids=[category.pk])[category.pk] if category else ()
    centre = DataCentre.objects.filter(code=content.data_centre).first()
    domains = {one.code: one.label for one in taxonomy.list_domains()}
    words = {
        "category": wording.choose(category.name, category.name_en) if category else content.category,
        "data_centre": centre.name if centre else content.data_centre,
        "deployment_models": "、".join(str(wording.DEPLOYMENT_MODELS[one]) for one in content.deployment_models),
        "solution_domains": "、".join(domains.get(one, one) for one in content.solution_domains),
        "draws": "、".join(
            f"{wording.RESOURCES.get(code, code)}: {each.normalize():f}" for code, each in content.draws_of.items()
        ),
        "support": str(wording.SUPPORT.get(content.support, "")),
    }
    facts = []
    for name, label in LABELS.items():
        if name == "specs":
            known = {spec.code: spec for spec in schema}
            for code, value in content.specs_of.items():
                spec = known.get(code)
                facts.append(Fact("specs", spec.label if spec else code, spec.write(value) if spec else str(value)))
            continue
        facts.append(Fact(name, str(label), words.get(name, _write(getattr(content, name)))))
    return facts


def changes(*, before: Content, after: Content) -> list[Change]:
    """What differs, field by field; empty if nothing does."""
    old = {(one.field, one.label): one.text for one in describe(content=before)}
    new = {(one.field, one.label): one.text for one in describe(content=after)}
    return [
        Change(label=key[1], before=old.get(key, ""), after=new.get(key, ""))
        for key in dict.fromkeys([*old, *new])
        if old.get(key, "") != new.get(key, "")
    ]


def _write(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else number_format(value, use_l10n=True)


def list_own(*, partner_id: int, view: str = "", words: str = "", page: int | str = 1) -> Page:
    """A provider's offerings with the state and findings of their newest version, 50 a page, in 2 queries.

    On the rows: `latest`, `latest_number`, `latest_findings`, `changed_at` (the last step).
    """
    newest = OfferingVersion.objects.filter(product=OuterRef("pk")).order_by("-number")
    last_step = OfferingStep.objects.filter(product=OuterRef("pk")).order_by("-pk")
    rows = (
        _with_latest(Product.objects.filter(partner_id=partner_id))
        .select_related("data_centre", "main_category")
        .annotate(
            latest_findings=Subquery(newest.values("findings")[:1]),
            changed_at=Subquery(last_step.values("happened_at")[:1]),
        )
    )
    if view in VIEWS:
        rows = rows.filter(VIEWS[view])
    if words:
        rows = rows.filter(Q(title__icontains=words) | Q(code__icontains=words) | Q(title_en__icontains=words))
    return Paginator(rows.order_by("code"), PAGE_SIZE).get_page(page)


def count_own(*, partner_id: int) -> dict[str, int]:
    """How many of a provider's offerings each view shows, and `all`; one query."""
    rows = _with_latest(Product.objects.filter(partner_id=partner_id).order_by())
    return rows.aggregate(all=Count("pk"), **{name: Count("pk", filter=view) for name, view in VIEWS.items()})


def get_listing(*, code: str, partner_id: int | None = None) -> Product:
    """An offering in any state; of one provider if named. Raises NoSuchListing."""
    rows = Product.objects.filter(code=code, partner__isnull=False)
    if partner_id is not None:
        rows = rows.filter(partner_id=partner_id)
    found = rows.select_related("partner__organisation", "data_centre", "main_category").first()
    if found is None:
        raise NoSuchListing(code)
    return found


def list_versions(*, product_id: int) -> list[OfferingVersion]:
    """Every version of an offering, the newest first."""
    return list(OfferingVersion.objects.filter(product_id=product_id).select_related("price_book").order_by("-number"))


def list_steps(*, product_id: int) -> list[OfferingStep]:
    """What happened to an offering, the newest first: the last hundred steps."""
    rows = OfferingStep.objects.filter(product_id=product_id).select_related("user", "organisation", "product__partner")
    return list(rows.order_by("-pk")[:100])


def get_public_version(*, product_id: int, number: int) -> OfferingVersion:
    """A version that was in force once, whatever became of the offering. Raises NoSuchVersion."""
    version = (
        OfferingVersion.objects.filter(product_id=product_id, number=number, state__in=ONCE_PUBLISHED)
        .select_related("product__partner", "price_book")
        .first()
    )
    if version is None:
        raise NoSuchVersion(number)
    return version


def list_queue(*, states: Sequence[str]) -> list[OfferingVersion]:
    """Versions that wait for the operator, the oldest first, each with `reviewer_id` and `reviewer_name`."""
    steps = OfferingStep.objects.filter(
        product=OuterRef("product"), version_number=OuterRef("number"), to_state=OfferingVersion.State.IN_REVIEW
    ).order_by("-pk")
    return list(
        OfferingVersion.objects.filter(state__in=states)
        .select_related("product__partner", "product__data_centre")
        .annotate(
            reviewer_id=Subquery(steps.values("user_id")[:1]),
            reviewer_name=Subquery(steps.values("user__full_name")[:1]),
        )
        .order_by("submitted_at", "pk")
    )


def list_frozen() -> list[tuple[Product, list[Freeze]]]:
    """Offerings that are hidden, each with its open reasons; the longest hidden first."""
    products = list(Product.objects.filter(state=Product.State.FROZEN).select_related("partner", "data_centre"))
    reasons = standing.open_freezes(product_ids=[one.pk for one in products])
    found = [(one, reasons[one.pk]) for one in products]
    return sorted(found, key=lambda pair: (min((one.frozen_at for one in pair[1]), default=LONG_AGO), pair[0].pk))


def _with_latest(products: QuerySet[Product]) -> QuerySet[Product]:
    newest = OfferingVersion.objects.filter(product=OuterRef("pk")).order_by("-number")
    return products.annotate(
        latest=Subquery(newest.values("state")[:1]), latest_number=Subquery(newest.values("number")[:1])
    )
