"""What the marketplace holds of a provider's offerings now: the latest text and the list prices that go with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from listings.content import Content
from listings.exchange import cells, columns, plans
from listings.models import OfferingVersion, Plan, PlanTerm, PriceBook, PriceComponent, Product
from listings.prices import pricing
from listings.prices.drafts import ComponentDraft, PlanDraft

CHUNK: Final = 500
_COMPONENT_FIELDS: Final = tuple(ComponentDraft.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Current:
    """One offering. `version_state` is blank if no version was ever written; prices are those of the version."""

    product_id: int
    code: str
    version_id: int | None
    version_number: int
    version_state: str
    content: Content
    currency: str
    plans: list[PlanDraft] = field(default_factory=list)

    def to_rows(self) -> Iterator[dict[str, Any]]:
        """What an export says of it: one row per price, its own columns in the first; column → cell."""
        own = {name: getattr(self.content, name) for name in columns.OWN}
        own |= {columns.SPEC + code: value for code, value in self.content.specs_of.items()}
        own |= {columns.DRAW + code: value for code, value in self.content.draws_of.items()}
        rows = list(plans.write_rows(plans=self.plans)) or [{}]
        rows[0] = {**own, **rows[0]}
        for row in rows:
            written = {name: cells.write_cell(value) for name, value in row.items()}
            yield {columns.CODE: self.code, **written}


def read_current(*, partner_id: int, codes: Collection[str]) -> dict[str, Current]:
    """Code → offering, of those among `codes` that are the provider's own; 7 queries for any number."""
    products = list(
        Product.objects.filter(partner_id=partner_id, code__in=codes)
        .select_related("main_category", "data_centre")
        .order_by("pk")
    )
    versions = {
        version.product_id: version
        for version in OfferingVersion.objects.filter(product__in=products)
        .order_by("product_id", "-number")
        .distinct("product_id")
    }
    books = _list_books(products)
    drafts = read_plans(book_ids=[pk for pk, _currency in books.values()])
    found = {}
    for product in products:
        version = versions.get(product.pk)
        book_id, currency = books.get(product.pk, (0, "CNY"))
        found[product.code] = Current(
            product_id=product.pk,
            code=product.code,
            version_id=version.pk if version else None,
            version_number=version.number if version else 0,
            version_state=version.state if version else "",
            content=Content.from_json(version.content) if version else Content.from_product(product),
            currency=currency,
            plans=drafts.get(book_id, []),
        )
    return found


def _list_books(products: Sequence[Product]) -> dict[int, tuple[int, str]]:
    """Product → its list prices as the desk shows them: the newest draft, else those in force, else announced ones."""
    status = PriceBook.Status
    order: dict[str, int] = {status.DRAFT: 2, status.PUBLISHED: 1, status.ANNOUNCED: 0}
    rows = PriceBook.objects.filter(product__in=products, organisation=None, status__in=list(order))
    found: dict[int, tuple[int, int, int, str]] = {}
    for product_id, state, version, pk, currency in rows.values_list(
        "product_id", "status", "version", "pk", "currency"
    ):
        row = (order[state], version, pk, currency)
        found[product_id] = max(row, found.get(product_id, row))
    return {product_id: (pk, currency) for product_id, (_order, _version, pk, currency) in found.items()}


def read_plans(*, book_ids: Sequence[int]) -> dict[int, list[PlanDraft]]:
    """Price book → its plans, in 3 queries."""
    rows = list(
        Plan.objects.filter(price_book__in=book_ids)
        .order_by("price_book_id", "position", "id")
        .values_list("pk", "price_book_id", "code", "name", "name_en")
    )
    ids = [row[0] for row in rows]
    terms: dict[int, dict[int, Any]] = {}
    for plan_id, months, discount in PlanTerm.objects.filter(plan__in=ids).values_list("plan_id", "months", "discount"):
        terms.setdefault(plan_id, {})[months] = discount
    components: dict[int, list[ComponentDraft]] = {}
    rows_of_prices = PriceComponent.objects.filter(plan__in=ids).order_by("position", "id")
    for own in rows_of_prices.values("plan_id", *_COMPONENT_FIELDS):
        plan_id, tiers = own.pop("plan_id"), pricing.read_tiers(rows=own.pop("tiers"))
        components.setdefault(plan_id, []).append(ComponentDraft(**own, tiers=tiers))
    found: dict[int, list[PlanDraft]] = {}
    for plan_id, book_id, code, name, name_en in rows:
        found.setdefault(book_id, []).append(
            PlanDraft(
                code=code,
                name=name,
                name_en=name_en,
                components=components.get(plan_id, []),
                terms=terms.get(plan_id, {}),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Used:
    """Which categories a provider's offerings stand in and which resources they draw from."""

    categories: list[str]
    resources: set[str]


def read_used(*, partner_id: int) -> Used:
    """What an export needs columns for, drafts included; 2 queries."""
    categories: dict[str, None] = {}
    resources: set[str] = set()
    for version in OfferingVersion.objects.filter(product__partner_id=partner_id).values_list("content", flat=True):
        categories[version.get("category", "")] = None
        resources.update(version.get("draws") or {})
    rows = Product.objects.filter(partner_id=partner_id, main_category__isnull=False)
    for slug, draws in rows.order_by("main_category__path", "pk").values_list("main_category__slug", "draws"):
        categories[slug] = None
        resources.update(draws)
    return Used(categories=list(categories), resources=resources)


def read_all(*, partner_id: int) -> Iterator[Current]:
    """Every offering of a provider, by code."""
    codes = list(
        Product.objects.filter(partner_id=partner_id, code__isnull=False)
        .exclude(code="")
        .order_by("code")
        .values_list("code", flat=True)
    )
    for start in range(0, len(codes), CHUNK):
        some = codes[start : start + CHUNK]
        found = read_current(partner_id=partner_id, codes=some)
        yield from (found[code] for code in some if code in found)
