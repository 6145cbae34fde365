"""Prices agreed between a provider and one buyer, for tests of who sees them."""

from decimal import Decimal

from listings.models import Plan, PlanTerm, PriceBook, Product
from marketplace.organisations.models import Organisation
from tests import factories


def agree(product: Product, buyer: Organisation, *, unit_price: str) -> PriceBook:
    """Prices agreed with a buyer: the list's plans and terms, every component at `unit_price` net."""
    book = PriceBook.objects.create(
        product=product, version=product.price_books.count() + 1, organisation=buyer, basis="negotiated"
    )
    for listed in Plan.objects.filter(price_book__product=product, price_book__status="published"):
        agreed = Plan.objects.create(price_book=book, code=listed.code, name=listed.name, position=listed.position)
        for term in listed.terms.all():
            PlanTerm.objects.create(plan=agreed, months=term.months, discount=term.discount)
        for component in listed.components.all():
            component.pk, component.plan, component.unit_price = None, agreed, Decimal(unit_price)
            component.save()
    book.status, book.published_at = PriceBook.Status.PUBLISHED, factories.PLACED_AT
    book.save()
    return book
