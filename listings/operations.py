"""Writes: offerings and the steps of their life."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    Category,
    PriceBook,
    Product,
    ProductClass,
)
from listings.taxonomy import queries as taxonomy
from listings.taxonomy import specs
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.models import DataCentre, Partner, StockRecord  # type: ignore[attr-defined]  # so is StockRecord


class OfferingCodeTaken(errors.Conflict):
    """Another offering has this code."""


class UnknownCategory(errors.Refused):
    """No category has this slug; the taxonomy is loaded first."""


class ForeignDataCentre(errors.Refused):
    """An offering was placed in another provider's data centre."""


class NoPublishedPrices(errors.Conflict):
    """An offering without a published price book cannot be published: there is no price on application here."""


@transaction.atomic
def create_offering(
    *,
    code: str,
    title: str,
    partner: Partner,
    data_centre: DataCentre,
    category_slug: str,
    offering_specs: Mapping[str, Any],
    draws: Mapping[str, int],
    actor: actors.Actor,
    now: datetime,
    **facts: Any,
) -> Product:
    """Write a draft offering with its stock record. `facts` are fields of Product: title_en, sla_percent …

    Raises OfferingCodeTaken, UnknownCategory, ForeignDataCentre, or specs.InvalidSpecs naming the spec.
    """
    if Product.objects.filter(code=code).exists():
        raise OfferingCodeTaken(_("An offering with the code %(code)s exists already.") % {"code": code}, field="code")
    if data_centre.partner_id != partner.pk:
        raise ForeignDataCentre(_("Choose one of the provider's own data centres."), field="data_centre")
    category = Category.objects.filter(slug=category_slug, depth__gt=1).first()
    if category is None:
        raise UnknownCategory(
            _("No category is called %(slug)s. Choose one of the taxonomy.") % {"slug": category_slug}, field="category"
        )
    product_class = ProductClass.objects.get(slug=_class_slug(category))
    product = Product.objects.create(
        code=code,
        upc=code,
        title=title,
        slug=(slugify(facts.get("title_en", "")) or slugify(title, allow_unicode=True) or code.lower())[:255],
        product_class=product_class,
        partner=partner,
        data_centre=data_centre,
        main_category=category,
        service_model=product_class.slug,
        specs=specs.check(values=offering_specs, schema=taxonomy.schema_of(category_ids=[category.pk])[category.pk]),
        draws=dict(draws),
        date_created=now,
        **facts,
    )
    product.categories.add(category)
    StockRecord.objects.create(
        product=product, partner=partner, partner_sku=code, price_currency="CNY", price=Decimal(0)
    )
    organisations.record(actor=actor, action="offering.created", object_type="offering", object_id=code, now=now)
    return product


def publish_offering(*, product: Product, actor: actors.Actor, now: datetime) -> Product:
    """Show an offering in the catalogue. Raises NoPublishedPrices. Publishing twice changes nothing."""
    return _change_state(product=product, state=Product.State.PUBLISHED, actor=actor, now=now)


def withdraw_offering(*, product: Product, actor: actors.Actor, now: datetime) -> Product:
    """Take an offering out of the catalogue; running contracts go on. Withdrawing twice changes nothing."""
    return _change_state(product=product, state=Product.State.WITHDRAWN, actor=actor, now=now)


@transaction.atomic
def _change_state(*, product: Product, state: str, actor: actors.Actor, now: datetime) -> Product:
    locked = Product.objects.select_for_update().get(pk=product.pk)
    if locked.state == state:
        return locked
    if state == Product.State.PUBLISHED and not locked.price_books.filter(status=PriceBook.Status.PUBLISHED).exists():
        raise NoPublishedPrices(_("Publish a price book first: an offering without a price is not listed."))
    before, locked.state = locked.state, state
    locked.save(update_fields=["state", "is_public"])
    organisations.record(
        actor=actor,
        action=f"offering.{state}",
        object_type="offering",
        object_id=locked.code,
        now=now,
        details={"before": before},
    )
    return locked


def _class_slug(category: Category) -> str:
    """The service type a category hangs below."""
    return Category.objects.get_root(category).slug
