"""One version of an offering as it was bought: its content and its prices, for good."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages.public.offering import LARGEST_PK
from listings import life, wording
from listings.content import Content
from listings.prices import pricing
from listings.prices import queries as price_books
from marketplace.organisations import gate


@gate.page(permission=None)
def show_version(request: HttpRequest, pk: int, slug: str, number: int) -> HttpResponse:
    """A version that is or was in force. Drafts and what never was published are not found."""
    if max(pk, number) > LARGEST_PK // 2**32:
        raise Http404
    version = life.get_public_version(product_id=pk, number=number)
    product = version.product
    content = Content.from_json(version.content)
    is_listed = product.state == "published"
    context = {
        "version": version,
        "product": product,
        "title": wording.choose(content.title, content.title_en),
        "facts": [one for one in life.describe(content=content) if one.text],
        "prices": describe_prices(version.price_book),
        "is_current": version.state == "published" and is_listed,
        "is_listed": is_listed,
        "crumbs": [
            (_("Catalogue"), reverse("catalogue")),
            (wording.choose(product.title, product.title_en), product.get_absolute_url() if is_listed else None),
            (_("Version %(number)s") % {"number": version.number}, None),
        ],
    }
    return render(request, "public/version.html", context)


def describe_prices(book: Any) -> list[dict[str, Any]]:
    """The plans of a price book with their components, net and gross, as a table shows them."""
    if book is None:
        return []
    plans = next((one for one in price_books.list_books(product_id=book.product_id) if one.pk == book.pk), book).plans
    return [
        {
            "name": wording.choose(plan.name, plan.name_en),
            "terms": [term.months for term in plan.terms.all()],
            "rows": [
                {
                    "name": wording.choose(row.name, row.name_en),
                    "kind": row.get_kind_display(),
                    "model": row.get_model_display(),
                    "unit": wording.write_unit(row.unit),
                    "net": row.unit_price,
                    "gross": pricing.unit_gross(row=row),
                    "vat_rate": row.vat_rate,
                    "is_tiered": bool(row.tiers),
                }
                for row in plan.components.all()
            ],
        }
        for plan in plans.all()
    ]
