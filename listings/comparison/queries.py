"""Reads: offerings side by side, at one quantity and over one term. 8 queries, whatever their number."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from listings.comparison import facts, offers, scoring, table
from listings.models import Plan, PriceComponent, Product
from listings.prices import pricing
from listings.prices import queries as prices
from listings.taxonomy import queries as taxonomy
from listings.taxonomy.specs import Spec
from marketplace.organisations import errors
from providers import queries as providers

MOST: Final = 4
USUAL_TERM: Final = 12
MOST_QUANTITY: Final = pricing.MAX_QUANTITY


class TooMany(errors.Refused):
    """More offerings than can stand beside each other."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be compared: the offerings (in the order shown), the plans asked for, quantity, months, weights.

    `usage`: the expected use a month of the whole quantity, by meter; a meter that a plan lacks does not touch it.
    """

    offering_ids: tuple[int, ...]
    plan_ids: frozenset[int]
    quantity: int
    term_months: int
    weights: scoring.Weights
    usage: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Offerings side by side. `missing`: ids asked for that are not listed, or not any more; `terms`: to choose from.

    `term_is_offered` is False where no plan is offered for the months asked for; `meters`: what any plan measures.
    """

    table: table.Table
    offers: tuple[offers.Offer, ...]
    missing: tuple[int, ...]
    terms: tuple[int, ...]
    term_is_offered: bool
    meters: tuple[PriceComponent, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An offering in the tray."""

    pk: int
    title: str
    by: str


def compare_offerings(*, chosen: Chosen, organisation_id: int | None, on: date) -> Comparison:
    """Compare at the prices that the organisation sees (None: the list prices), with evidence in force on `on`.

    What is not listed is left out and named in `missing`. Raises TooMany, pricing.InvalidQuantity (`quantity`) and
    pricing.InvalidUsage (`usage.<meter>`).
    """
    if len(set(chosen.offering_ids)) > MOST:
        raise TooMany(
            _("At most %(most)s offerings can be compared at once; %(count)s were asked for. Remove some.")
            % {"most": MOST, "count": len(set(chosen.offering_ids))},
            field="offering",
        )
    if not 1 <= chosen.quantity <= MOST_QUANTITY:
        raise pricing.InvalidQuantity(
            _("Give a whole quantity from 1 to %(most)s.") % {"most": MOST_QUANTITY}, field="quantity"
        )
    products = _read_products(chosen.offering_ids)
    plans = prices.plans_for(products=products, organisation_id=organisation_id)
    found = tuple(
        offers.choose(
            product=product,
            plans=plans[product.pk],
            chosen=chosen.plan_ids,
            quantity=chosen.quantity,
            term_months=chosen.term_months,
            usage=chosen.usage,
        )
        for product in products
    )
    offered = [plan for product in products for plan in plans[product.pk]]
    terms, meters = tuple(offers.list_terms(plans=offered)), tuple(offers.list_meters(plans=offered))
    built = facts.build_table(
        found=found,
        schema=_read_schema(products),
        weights=chosen.weights,
        quantity=chosen.quantity,
        term_months=chosen.term_months,
        usage=[(row, chosen.usage[row.meter]) for row in meters if row.meter in chosen.usage],
        evidence=providers.evidence_in_force(data_centre_ids={product.data_centre_id for product in products}, on=on),
    )
    return Comparison(
        table=built,
        offers=found,
        missing=tuple(
            pk for pk in dict.fromkeys(chosen.offering_ids) if pk not in {product.pk for product in products}
        ),
        terms=terms,
        term_is_offered=chosen.term_months in terms,
        meters=meters,
    )


def plans_of(
    *, offering_ids: Collection[int], organisation_id: int | None
) -> dict[int, tuple[Product, tuple[Plan, ...]]]:
    """The listed offerings among `offering_ids` with the plans that the organisation sees; 4 queries."""
    products = list(_listed(offering_ids).select_related("partner", "main_category", "data_centre__county__prefecture"))
    plans = prices.plans_for(products=products, organisation_id=organisation_id)
    return {product.pk: (product, tuple(plans[product.pk])) for product in products}


def read_entries(*, offering_ids: Sequence[int]) -> list[Entry]:
    """The listed offerings among `offering_ids`, in that order; one query."""
    rows = {product.pk: product for product in _listed(offering_ids).select_related("partner")}
    return [
        Entry(pk=pk, title=facts.title_of(rows[pk]), by=str(rows[pk].partner.name)) for pk in offering_ids if pk in rows
    ]


def _listed(offering_ids: Collection[int]) -> Any:
    return Product.objects.filter(pk__in=offering_ids, state=Product.State.PUBLISHED).order_by()


def _read_products(offering_ids: Sequence[int]) -> list[Product]:
    """The listed offerings in the order asked for."""
    rows = {
        product.pk: product
        for product in _listed(offering_ids)
        .select_related("partner", "main_category", "data_centre__county__prefecture")
        .prefetch_related("data_centre__pools")
    }
    return [rows[pk] for pk in dict.fromkeys(offering_ids) if pk in rows]


def _read_schema(products: Sequence[Product]) -> list[Spec]:
    """The compared specifications of the offerings' categories, in each schema's order."""
    categories = sorted({product.main_category_id for product in products if product.main_category_id})
    schemas = taxonomy.schema_of(category_ids=categories, falls_back=False)
    return [spec for pk in categories for spec in schemas[pk] if spec.is_compared]
