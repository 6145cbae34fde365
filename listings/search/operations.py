"""Writes: the words that an offering is found by."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from listings.models import Product
from listings.search import store, words
from listings.search.schema import Schema

WRITE = """
    UPDATE catalogue_product p
       SET search_text = given.text, search_vector = array_to_tsvector(string_to_array(given.tokens, ' ')),
           words_pending = false
      FROM unnest(%(pks)s::bigint[], %(texts)s::text[], %(tokens)s::text[]) AS given (id, text, tokens)
     WHERE p.id = given.id
"""


@transaction.atomic
def refresh(*, product_ids: Collection[int]) -> int:
    """Write the words of these offerings anew; returns how many there are. Call it when what they say has changed."""
    products = list(
        Product.objects.filter(pk__in=product_ids)
        .select_for_update(of=("self",))
        .select_related("partner", "data_centre__county__prefecture", "main_category")
        .order_by("pk")
    )
    return _write(products)


@transaction.atomic
def refresh_pending(*, now: datetime, limit: int) -> int:
    """A stage of the pipeline: write the words of what was changed, or what carries a name that was changed.

    Triggers set `words_pending`; a row that someone is writing right now is left for the next minute.
    """
    products = list(
        Product.objects.extra(where=["catalogue_product.words_pending"])
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("partner", "data_centre__county__prefecture", "main_category")
        .order_by("pk")[:limit]
    )
    return _write(products)


def _write(products: Iterable[Any]) -> int:
    schema = store.read_schema()
    texts = {product.pk: describe(product=product, schema=schema) for product in products}
    if not texts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "pks": list(texts),
                "texts": list(texts.values()),
                "tokens": [" ".join(words.tokenise(text)) for text in texts.values()],
            },
        )
    return len(texts)


def describe(*, product: Any, schema: Schema) -> str:
    """The text an offering is found by, in four sections: code and titles; category; provider and place; the rest.

    Titles stand on lines of their own, so that a search can tell a title that begins with it.
    """
    category, centre = product.main_category, product.data_centre
    head = [product.code or "", product.title, product.title_en, product.title_mn]
    kind = [category.name, category.name_en] if category else []
    place = [product.partner.name if product.partner else ""]
    if centre:
        prefecture = centre.county.prefecture
        place += [centre.name, centre.county.name, prefecture.name if prefecture else ""]
    rest = [product.summary, product.summary_en, product.summary_mn, *_specs(product, schema)]
    sections = [head, kind, place, rest]
    lines = [[words.normalise(one) for one in section if one] for section in sections]
    return words.SECTION.join(
        words.LINE + words.LINE.join(line for line in section if line) + words.LINE for section in lines
    )


def _specs(product: Any, schema: Schema) -> Iterable[str]:
    """Each specification as a reader would type it: "vCPU 4核", "内存 16 GiB"."""
    for spec in schema.specs_of_service.get(product.service_model, ()):
        value = product.specs.get(spec.code)
        if value is None or value is False:
            continue
        if value is True:
            yield f"{spec.name} {spec.name_en}"
        else:
            name, name_en = spec.options.get(str(value), (str(value), ""))
            yield " ".join(filter(None, [spec.name, f"{name} {spec.unit}", f"{name}{spec.unit}", name_en]))
