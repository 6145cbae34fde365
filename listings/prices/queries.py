"""Reads: which prices an organisation sees, and the books of an offering."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from listings.models import OfferingVersion, Plan, PriceBook, Product


@dataclass(frozen=True, slots=True)
class Prices:
    """What an organisation sees of an offering: the plans in force, and those of the book announced to it."""

    plans: tuple[Plan, ...]
    announced: tuple[Plan, ...]

    @property
    def announced_book(self) -> PriceBook | None:
        """The announced book; None if no prices are announced."""
        return self.announced[0].price_book if self.announced else None


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


def plans_of(*, price_book_id: int) -> list[Plan]:
    """The plans of one book, with components and terms; 3 queries."""
    rows = Plan.objects.filter(price_book=price_book_id).select_related("price_book")
    return list(rows.prefetch_related("components", "terms").order_by("position", "id"))


def plans_to_revise(*, product_id: int) -> list[Plan]:
    """What the next list prices start from: the newest draft of them, else those in force; empty if there are none."""
    books = PriceBook.objects.filter(product=product_id, organisation=None).order_by("-version")
    for status in (PriceBook.Status.DRAFT, PriceBook.Status.PUBLISHED):
        newest = books.filter(status=status).values_list("pk", flat=True).first()
        if newest is not None:
            return plans_of(price_book_id=newest)
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


def read_prices(*, product_id: int, organisation_id: int | None = None) -> Prices:
    """The prices of one offering that an organisation sees, now and announced; 3 queries."""
    plans = _with_prices(Q(price_book__product=product_id) & _seen_by(organisation_id))
    found = list(plans.filter(price_book__status__in=[PriceBook.Status.PUBLISHED, PriceBook.Status.ANNOUNCED]))
    waiting = [plan for plan in found if plan.price_book.status == PriceBook.Status.ANNOUNCED]
    # Its own next prices matter to an organisation more than the list's.
    own = [plan for plan in waiting if plan.price_book.organisation_id is not None]
    return Prices(
        plans=tuple(plan for plan in found if plan.price_book.status == PriceBook.Status.PUBLISHED),
        announced=tuple(own or waiting),
    )


def list_agreed(*, product_ids: Collection[int], organisation_id: int) -> set[int]:
    """Those offerings whose prices are agreed with the organisation; one query."""
    return set(_own_in_force(organisation_id).filter(product__in=product_ids).values_list("product_id", flat=True))


def _visible(organisation_id: int | None) -> QuerySet[Plan, Any]:
    return _with_prices(Q(price_book__status=PriceBook.Status.PUBLISHED) & _seen_by(organisation_id))


def _with_prices(condition: Q) -> QuerySet[Plan, Any]:
    return Plan.objects.filter(condition).select_related("price_book").prefetch_related("components", "terms")


def _seen_by(organisation_id: int | None) -> Q:
    """Plans of books that an organisation is told of: its own, and the list where it has no own book in force."""
    of_list = Q(price_book__organisation=None)
    if organisation_id is None:
        return of_list
    own = _own_in_force(organisation_id).filter(product=OuterRef("price_book__product"))
    return Q(price_book__organisation=organisation_id) | (of_list & Q(~Exists(own)))


def _own_in_force(organisation_id: int) -> QuerySet[PriceBook, Any]:
    return PriceBook.objects.filter(organisation=organisation_id, status=PriceBook.Status.PUBLISHED)
