"""Reads: plans and offerings. The catalogue's search has a module of its own."""

from collections.abc import Collection

from listings.models import Plan, PriceBook, Product
from marketplace.organisations import errors


class NoSuchPlan(errors.NotFound):
    """The plan does not exist or is not for sale."""


class NoSuchOffering(errors.NotFound):
    """The offering does not exist or is not listed."""


def find_plan(*, plan_id: int) -> Plan:
    """A plan that is for sale, with its offering, data centre, price book, components and terms. Raises NoSuchPlan."""
    plan = find_plans(plan_ids=[plan_id]).get(plan_id)
    if plan is None:
        raise NoSuchPlan
    return plan


def find_plans(*, plan_ids: Collection[int]) -> dict[int, Plan]:
    """The plans among `plan_ids` that are for sale, by id, as `find_plan` reads them; 3 queries."""
    plans = (
        Plan.objects.filter(
            pk__in=plan_ids,
            price_book__status=PriceBook.Status.PUBLISHED,
            price_book__product__state=Product.State.PUBLISHED,
        )
        .select_related("price_book__product__partner__organisation", "price_book__product__data_centre")
        .prefetch_related("components", "terms")
    )
    return {plan.pk: plan for plan in plans}


def find_offering(*, code: str) -> Product | None:
    """An offering in any state by its code."""
    return Product.objects.filter(code=code).select_related("partner", "data_centre").first()
