"""One version of an offering as it was bought: its content and its prices, for good."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from frontend.pages import listed_prices
from frontend.pages.public.offering import LARGEST_PK
from listings import life, wording
from listings.content import Content
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
        "prices": listed_prices.describe_plans(listed_prices.plans_of(version)),
        "is_current": version.state == "published" and is_listed,
        "is_listed": is_listed,
        "crumbs": [
            (_("Catalogue"), reverse("catalogue")),
            (wording.choose(product.title, product.title_en), product.get_absolute_url() if is_listed else None),
            (_("Version %(number)s") % {"number": version.number}, None),
        ],
    }
    return render(request, "public/version.html", context)
