"""Reads: the catalogue, an offering, plans that are for sale. What is sold where, and how much of it is left."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import DecimalField, F, Min, Sum
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from listings import wording
from listings.models import Plan, PriceBook, PriceComponent, Product
from listings.prices import normalised, pricing
from listings.prices import queries as prices
from listings.search import facets, results, store
from listings.search import queries as search_queries
from listings.search import schema as schemas
from listings.search.facets import Facet, Relaxation
from listings.search.filters import CatalogueFilters
from listings.search.schema import Schema
from listings.search.store import Shelf
from listings.search.words import Search
from listings.taxonomy import specs
from marketplace.organisations import errors
from providers import queries as providers
from providers.models import CapacityPool, DataCentre

PAGE_SIZE: Final = 20
EXPORTED_AT_ONCE: Final = 500
RATES: Final = ("vcpu_hours", "gpu_hours")


class NoSuchPlan(errors.NotFound):
    """The plan does not exist or is not for sale."""


class NoSuchOffering(errors.NotFound):
    """The offering does not exist or is not listed."""


@dataclass(frozen=True, slots=True)
class OfferingRow:
    """An offering as a card or a page shows it. `remaining`: units left, None without a limit."""

    product: Product
    data_centre: DataCentre
    title: str
    category: str
    category_slug: str
    plans: tuple[Plan, ...]
    specs: tuple[tuple[str, str], ...]
    remaining: int | None
    list_price: pricing.ListPrice | None
    yearly: pricing.Quote | None
    reason: str = ""  # why a search by words found it

    @property
    def is_operating(self) -> bool:
        """Whether its data centre runs; before that it is shown but cannot be ordered."""
        return self.data_centre.status == DataCentre.Status.OPERATING

    @property
    def is_orderable(self) -> bool:
        return self.is_operating and self.remaining != 0 and self.list_price is not None

    @property
    def is_agreed(self) -> bool:
        """Whether the plans are those agreed with the reader's organisation, so that `list_price` is its own."""
        return bool(self.plans) and self.plans[0].price_book.organisation_id is not None

    @property
    def list_unit(self) -> str:
        """The unit of the listed price in the reader's words."""
        return wording.write_unit(self.list_price.unit) if self.list_price else ""

    @property
    def normal_price(self) -> str:
        """The lowest price per normalised unit, tax included, for comparing: "¥28.19 per vCPU·month"."""
        unit = normalised.NORMAL_UNITS.get(self.product.normal_unit)
        if unit is None or self.product.normal_price is None:
            return ""
        price = self.product.normal_price.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        return _("¥%(price)s per %(unit)s") % {"price": f"{price:,}", "unit": unit.label}

    @property
    def is_metered(self) -> bool:
        return any(row.kind == PriceComponent.Kind.METERED for plan in self.plans for row in plan.components.all())


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition in force, for its chip."""

    kind: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on a page. What was made of the offering is good as long as `stamp` stays (in any process)."""

    pk: int
    stamp: tuple[str, str]


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of results with everything beside them. `total` is the sum over all pages."""

    filters: CatalogueFilters
    marks: tuple[Mark, ...]
    rows: tuple[OfferingRow, ...]
    total: int
    provider_count: int
    recommended_count: int
    number: int
    facets: tuple[Facet, ...]
    conditions: tuple[Condition, ...]
    unknown: tuple[str, ...]
    relaxations: tuple[Relaxation, ...]
    shelf: Shelf  # what all of it was taken from
    search: Search | None


@dataclass(frozen=True, slots=True)
class MarketFigures:
    """Figures over all that is listed. Prices: the lowest per hour in CNY with tax, of what can be ordered now."""

    vcpu_hour: Decimal | None
    gpu_hour: Decimal | None
    vcpu_left: int
    offerings: int
    providers: int
    data_centres: int


def find_plan(*, plan_id: int, organisation_id: int | None = None) -> Plan:
    """A plan that is for sale, with its offering, data centre, price book, components and terms. Raises NoSuchPlan.

    `organisation_id` is the buyer's: it has its own prices where they are agreed, and never another's.
    """
    plan = find_plans(plan_ids=[plan_id], organisation_id=organisation_id).get(plan_id)
    if plan is None:
        raise NoSuchPlan
    return plan


def find_plans(*, plan_ids: Collection[int], organisation_id: int | None = None) -> dict[int, Plan]:
    """The plans among `plan_ids` that are for sale to an organisation, by id, as `find_plan` reads them; 3 queries."""
    return prices.find_plans(plan_ids=plan_ids, organisation_id=organisation_id)


def find_offering(*, code: str) -> Product | None:
    """An offering in any state by its code."""
    return Product.objects.filter(code=code).select_related("partner", "data_centre").first()


def offerings_in(*, data_centre_ids: Collection[int]) -> list[Product]:
    """Offerings of data centres that were published once, by title: what an incident can be about."""
    rows = Product.objects.filter(data_centre_id__in=data_centre_ids, version_number__gt=0)
    return list(rows.only("code", "title", "data_centre_id").order_by("title", "code"))


def get_offering(*, pk: int, organisation_id: int | None = None) -> OfferingRow:
    """A listed offering with the plans an organisation sees, specs and what is left. Raises NoSuchOffering."""
    return get_offering_and_prices(pk=pk, organisation_id=organisation_id)[0]


def get_offering_and_prices(*, pk: int, organisation_id: int | None = None) -> tuple[OfferingRow, prices.Prices]:
    """`get_offering`, and all the prices that an organisation is told of; no query more."""
    product = _with_places(Product.objects.filter(pk=pk, state=Product.State.PUBLISHED)).first()
    if product is None:
        raise NoSuchOffering
    schema = store.current().schema
    seen = prices.read_prices(product_id=pk, organisation_id=organisation_id)
    return _build_row(product, plans=list(seen.plans), schema=schema, search=None), seen


def search_offerings(
    *, filters: CatalogueFilters, page: int = 1, unknown: Collection[str] = (), organisation_id: int | None = None
) -> CataloguePage:
    """`find_page` with its rows. `organisation_id`: who sees its own prices; it finds the same as everyone.

    At most 8 queries, whatever the number of offerings.
    """
    found = find_page(filters=filters, page=page, unknown=unknown)
    rows = read_rows(page=found, pks=[mark.pk for mark in found.marks], organisation_id=organisation_id)
    return replace(found, rows=tuple(rows))


def find_page(*, filters: CatalogueFilters, page: int = 1, unknown: Collection[str] = ()) -> CataloguePage:
    """One page of the offerings that fulfil `filters`, without its rows. A page beyond the last one is the last one.

    Values that do not exist are left out of the search and named in `unknown`. One query, two with new words.
    """
    found = results.search(filters=filters, unknown=unknown)
    last = max(1, -(-found.total // PAGE_SIZE))
    number = min(max(1, page), last)
    pks = found.list_pks(start=(number - 1) * PAGE_SIZE, count=PAGE_SIZE)
    return CataloguePage(
        filters=found.filters,
        marks=tuple(Mark(pk, found.stamp_of(pk)) for pk in pks),
        rows=(),
        total=found.total,
        provider_count=found.provider_count,
        recommended_count=found.recommended_count,
        number=number,
        facets=found.list_facets(),
        conditions=tuple(_list_conditions(found.filters, schema=found.shelf.schema)),
        unknown=found.unknown,
        relaxations=tuple(found.list_relaxations()),
        shelf=found.shelf,
        search=found.search,
    )


def read_rows(*, page: CataloguePage, pks: Collection[int], organisation_id: int | None = None) -> list[OfferingRow]:
    """The rows of some offerings of a page, in the order of `pks`; no query for none, else 5."""
    if not pks:
        return []
    products = {product.pk: product for product in _with_places(Product.objects.filter(pk__in=pks))}
    return _build_rows(
        [products[pk] for pk in pks if pk in products],
        schema=page.shelf.schema,
        search=page.search,
        organisation_id=organisation_id,
    )


def explain(*, page: CataloguePage, text: str) -> str:
    """Why an offering with these indexed words was found; "" without a search."""
    return _explain(text, page.search)


def list_offerings(*, filters: CatalogueFilters, organisation_id: int | None = None) -> Iterator[OfferingRow]:
    """Every offering that fulfils `filters`, in the order of the pages, read 500 at a time: for an export."""
    found = results.search(filters=filters)
    pks = found.list_pks()
    for start in range(0, len(pks), EXPORTED_AT_ONCE):
        part = pks[start : start + EXPORTED_AT_ONCE]
        products = {product.pk: product for product in _with_places(Product.objects.filter(pk__in=part))}
        yield from _build_rows(
            [products[pk] for pk in part if pk in products],
            schema=found.shelf.schema,
            organisation_id=organisation_id,
        )


def market_figures(*, page: CataloguePage | None = None) -> MarketFigures:
    """The catalogue's figures, from published prices and from pools in operation; one query beside those of `page`.

    The lowest rates are looked for once per snapshot: a new price, or a data centre that opens, makes a new one.
    """
    snapshot = page.shelf.snapshot if page else store.current().snapshot
    parts = [_capacity_left()]
    rates = snapshot.remembered.get("rates")
    if rates is None:
        parts.append(_lowest_rates())
    found = dict(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    if rates is None:
        rates = {meter: found.get(meter) for meter in RATES}
        if not connection.in_atomic_block:
            snapshot.remember("rates", rates)
    return MarketFigures(
        vcpu_hour=_shorten(rates["vcpu_hours"]),
        gpu_hour=_shorten(rates["gpu_hours"]),
        vcpu_left=int(found.get("vcpu") or 0),
        offerings=len(snapshot),
        providers=len(snapshot.partners),
        data_centres=len(snapshot.data_centres),
    )


def _capacity_left() -> Any:
    """("vcpu", what is left in all pools of operating data centres)."""
    pools = CapacityPool.objects.filter(resource="vcpu", data_centre__status=DataCentre.Status.OPERATING)
    left = Cast(Sum(F("total") - F("allocated")), DecimalField(max_digits=30, decimal_places=12))
    return pools.order_by().values("resource").annotate(figure=left).values_list("resource", "figure")


def _lowest_rates() -> Any:
    """(meter, the lowest listed price per unit, tax included) of what can be ordered now."""
    gross = Cast(F("unit_price") * (1 + F("vat_rate")), DecimalField(max_digits=30, decimal_places=12))
    rates = PriceComponent.objects.filter(
        plan__price_book__status=PriceBook.Status.PUBLISHED,
        plan__price_book__organisation=None,
        model=PriceComponent.Model.PER_UNIT,
        plan__price_book__product__state=Product.State.PUBLISHED,
        plan__price_book__product__data_centre__status=DataCentre.Status.OPERATING,
        meter__in=RATES,
    )
    return rates.order_by().values("meter").annotate(figure=Min(gross)).values_list("meter", "figure")


def _shorten(price: Decimal | None) -> Decimal | None:
    """A headline price to a hundredth of a fen, half up; the exact one stands on the offering's page."""
    return None if price is None else price.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP).normalize()


def _with_places(products: Any) -> Any:
    return products.select_related("partner", "main_category", "data_centre__county__prefecture").prefetch_related(
        "data_centre__pools"
    )


def _build_rows(
    products: Iterable[Product],
    *,
    schema: Schema,
    search: Search | None = None,
    organisation_id: int | None = None,
) -> list[OfferingRow]:
    products = list(products)
    plans = prices.plans_for(products=products, organisation_id=organisation_id) if products else {}
    return [_build_row(product, plans=plans[product.pk], schema=schema, search=search) for product in products]


def _build_row(product: Product, *, plans: list[Plan], schema: Schema, search: Search | None) -> OfferingRow:
    category, centre = product.main_category, product.data_centre
    if category is None or centre is None:  # the database refuses to publish such a one
        raise NoSuchOffering
    return OfferingRow(
        product=product,
        data_centre=centre,
        title=wording.choose(product.title, product.title_en),
        category=wording.choose(category.name, category.name_en),
        category_slug=category.slug,
        plans=tuple(plans),
        specs=tuple(_write_specs(product, schema=schema)),
        remaining=providers.count_remaining(pools=centre.pools.all(), draws=product.draws),
        list_price=pricing.list_price(plan=plans[0], currency=plans[0].price_book.currency) if plans else None,
        yearly=_quote_year(plans[0]) if plans else None,
        reason=_explain(product.search_text, search),
    )


def _write_specs(product: Product, *, schema: Schema) -> Iterable[tuple[str, str]]:
    """(name, value) of what the offering states, in the order of its category's schema."""
    for spec in schema.list_specs(category=product.main_category_id or 0, service=product.service_model):
        value = product.specs.get(spec.code)
        if value is not None:
            shown = schemas.write_option(spec, value) if isinstance(value, str) else value
            yield (
                wording.choose(spec.name, spec.name_en),
                specs.write_value(shown, unit=wording.write_unit(spec.unit)),
            )


def _explain(text: str, search: Search | None) -> str:
    if search is None:
        return ""
    tier, words = search_queries.explain(text=text, search=search)
    return str(search_queries.REASONS[tier]) % {"words": words}


def _quote_year(plan: Plan) -> pricing.Quote | None:
    """Twelve months of one unit, where a plan by the month gives a discount for it."""
    terms = {term.months: term.discount for term in plan.terms.all()}
    if not terms.get(12) or 1 not in terms:
        return None
    return pricing.quote(plan=plan, quantity=1, term_months=12)


def _list_conditions(filters: CatalogueFilters, *, schema: Schema) -> Iterable[Condition]:
    for kind, values in (*filters.chosen, ("price", filters.values("price"))):
        for value in values:
            label = facets.label_of(kind, value, schema=schema)
            yield Condition(
                kind=kind,
                value=value,
                label=_("%(kind)s: %(value)s") % {"kind": facets.label_of_kind(kind, schema=schema), "value": label},
            )
