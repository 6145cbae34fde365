"""Reads: which prices an organisation sees, and the books of an offering."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from listings.models import OfferingVersion, Plan, PriceBook, Product


def plans_for(*, products: Iterable[Product | int], organisation_id: int | None = None) -> dict[int, list[Plan]]:
    """Offering (its id) → the plans that an organisation sees there: its own book in force, else the list book.

    Without an organisation: the list book. 3 queries, whatever their number; every offering asked for is a key.
    """
    ids = [one if isinstance(one, int) else one.pk for one in products]
    found: dict[int, list[Plan]] = {pk: [] for pk in ids}
    for plan in _visible(organisation_id).filter(price_book__product__in=ids):
        found[plan.price_book.product_id].append(plan)
    return found


def find_plans(*, plan_ids: Collection[int], organisation_id: int | None = None) -> dict[int, Plan]:
    """The plans among `plan_ids` that are for sale to an organisation, by id; 3 queries.

    A plan of another organisation's book is not among them, nor is a list plan where its own book is in force.
    """
    plans = (
        _visible(organisation_id)
        .filter(pk__in=plan_ids, price_book__product__state=Product.State.PUBLISHED)
        .select_related("price_book__product__partner__organisation", "price_book__product__data_centre")
    )
    return {plan.pk: plan for plan in plans}


def list_books(*, product_id: int) -> list[PriceBook]:
    """Every book of an offering, the newest first, with plans, components and terms: for its provider."""
    return list(
        PriceBook.objects.filter(product=product_id)
        .select_related("organisation")
        .prefetch_related("plans__components", "plans__terms")
        .order_by("-version")
    )


def plans_to_revise(*, product_id: int) -> list[Plan]:
    """What the next list prices start from: the newest draft of them, else those in force; empty if there are none."""
    rows = Plan.objects.filter(price_book__product=product_id, price_book__organisation=None)
    for status in (PriceBook.Status.DRAFT, PriceBook.Status.PUBLISHED):
        newest = rows.filter(price_book__status=status).select_related("price_book")
        found = list(newest.prefetch_related("components", "terms").order_by("-price_book__version", "position", "id"))
        if found:
            return [plan for plan in found if plan.price_book_id == found[0].price_book_id]
    return []


def waiting_version(*, product_id: int) -> OfferingVersion | None:
    """The version of an offering that waits for review with draft prices, which stay as they are until then."""
    return (
        OfferingVersion.objects.filter(
            product=product_id,
            state__in=[OfferingVersion.State.SUBMITTED, OfferingVersion.State.IN_REVIEW],
            price_book__status=PriceBook.Status.DRAFT,
        )
        .select_related("price_book")
        .first()
    )


def announced_book(*, product_id: int, organisation_id: int | None = None) -> PriceBook | None:
    """The next price that an organisation is told of: its own announced book, else the announced list book."""
    seen = Q(organisation=None)
    if organisation_id is not None:
        # An organisation with its own book in force is not touched by what happens to the list.
        own = _own_in_force(organisation_id).filter(product=product_id)
        seen = Q(seen & ~Exists(own)) | Q(organisation=organisation_id)
    books = PriceBook.objects.filter(seen, product=product_id, status=PriceBook.Status.ANNOUNCED)
    found = books.prefetch_related("plans__components", "plans__terms", "plans__price_book")
    return max(found, key=lambda book: book.organisation_id is not None, default=None)


def list_agreed(*, product_ids: Collection[int], organisation_id: int) -> set[int]:
    """Those offerings whose prices are agreed with the organisation; one query."""
    return set(_own_in_force(organisation_id).filter(product__in=product_ids).values_list("product_id", flat=True))


def _visible(organisation_id: int | None) -> QuerySet[Plan, Any]:
    plans = (
        Plan.objects.filter(price_book__status=PriceBook.Status.PUBLISHED)
        .select_related("price_book")
        .prefetch_related("components", "terms")
    )
    if organisation_id is None:
        return plans.filter(price_book__organisation=None)
    own = _own_in_force(organisation_id).filter(product=OuterRef("price_book__product"))
    return plans.filter(Q(price_book__organisation=organisation_id) | (Q(price_book__organisation=None) & ~Exists(own)))


def _own_in_force(organisation_id: int) -> QuerySet[PriceBook, Any]:
    return PriceBook.objects.filter(organisation=organisation_id, status=PriceBook.Status.PUBLISHED)
