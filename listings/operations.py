"""Writes: offerings, their price books, and the taxonomy they are sorted into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from billing.rules import decimals, tax
from billing.rules import pricing as rules
from listings import pricing, specs
from listings.models import (  # type: ignore[attr-defined]  # ProductClass is Oscar's, by the star at the end
    Category,
    Plan,
    PlanTerm,
    PriceBook,
    PriceComponent,
    Product,
    ProductAttribute,
    ProductClass,
)
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from providers.models import DataCentre, Partner, StockRecord  # type: ignore[attr-defined]  # so is StockRecord


class OfferingCodeTaken(errors.Conflict):
    """Another offering has this code."""


class UnknownCategory(errors.Refused):
    """No category has this slug; the taxonomy is loaded first."""


class ForeignDataCentre(errors.Refused):
    """An offering was placed in another provider's data centre."""


class InvalidPriceBook(errors.Refused):
    """A price book cannot be computed; the message names plan, component and remedy."""


class PriceBookNotDraft(errors.Conflict):
    """The version was published before; a new price is a new version."""


class NoPublishedPrices(errors.Conflict):
    """An offering without a published price book cannot be published: there is no price on application here."""


@dataclass(frozen=True, slots=True)
class ComponentDraft:
    """One price: `unit_price` net in major units, at most 8 decimals; `vat_rate` as a fraction."""

    code: str
    name: str
    kind: str
    unit: str
    unit_price: Decimal
    vat_rate: Decimal
    meter: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """One way to buy: its prices, and the lengths it is offered for (months → discount as a fraction)."""

    code: str
    name: str
    components: Sequence[ComponentDraft]
    terms: Mapping[int, Decimal]
    name_en: str = ""


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
        specs=specs.check(values=offering_specs, schema=product_class.attributes.all()),
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


@transaction.atomic
def draft_price_book(
    *, product: Product, plans: Sequence[PlanDraft], actor: actors.Actor, now: datetime, currency: str = "CNY"
) -> PriceBook:
    """Write the next version of an offering's prices as a draft. Raises InvalidPriceBook."""
    if not plans:
        raise InvalidPriceBook(_("Give at least one plan: an offering without a price is not listed."), field="plans")
    for plan in plans:
        _check_plan(plan)
    Product.objects.select_for_update().get(pk=product.pk)  # one version number at a time
    last = PriceBook.objects.filter(product=product).aggregate(last=Max("version"))["last"] or 0
    book = PriceBook.objects.create(product=product, version=last + 1, currency=currency)
    for position, draft in enumerate(plans):
        row = Plan.objects.create(
            price_book=book, code=draft.code, name=draft.name, name_en=draft.name_en, position=position
        )
        PlanTerm.objects.bulk_create(
            PlanTerm(plan=row, months=months, discount=discount) for months, discount in sorted(draft.terms.items())
        )
        PriceComponent.objects.bulk_create(
            PriceComponent(
                plan=row,
                code=one.code,
                name=one.name,
                name_en=one.name_en,
                kind=one.kind,
                unit=one.unit,
                meter=one.meter,
                unit_price=one.unit_price,
                vat_rate=one.vat_rate,
                position=place,
            )
            for place, one in enumerate(draft.components)
        )
    organisations.record(
        actor=actor,
        action="price_book.drafted",
        object_type="offering",
        object_id=product.code,
        now=now,
        details={"version": book.version},
    )
    return book


@transaction.atomic
def publish_price_book(*, price_book: PriceBook, actor: actors.Actor, now: datetime) -> PriceBook:
    """Put a draft in force: the version before it retires, and its contracts keep it.

    Raises PriceBookNotDraft, or InvalidPriceBook if a component cannot be computed.
    """
    product = Product.objects.select_for_update().get(pk=price_book.product_id)
    book = PriceBook.objects.select_for_update().get(pk=price_book.pk)
    if book.status != PriceBook.Status.DRAFT:
        raise PriceBookNotDraft(
            _("Version %(version)s was published before. Draft a new version to change a price.")
            % {"version": book.version}
        )
    rows = list(book.plans.prefetch_related("components", "terms"))
    if not rows:
        raise InvalidPriceBook(_("Give at least one plan: an offering without a price is not listed."), field="plans")
    for row in rows:
        _check_plan(_as_draft(row))
    PriceBook.objects.filter(product=product, status=PriceBook.Status.PUBLISHED).update(status=PriceBook.Status.RETIRED)
    book.status, book.published_at = PriceBook.Status.PUBLISHED, now
    book.save(update_fields=["status", "published_at"])
    first = pricing.list_price(plan=rows[0], currency=book.currency)
    product.from_price, product.from_price_unit = first.gross, first.unit
    product.save(update_fields=["from_price", "from_price_unit"])
    organisations.record(
        actor=actor,
        action="price_book.published",
        object_type="offering",
        object_id=product.code,
        now=now,
        details={"version": book.version},
    )
    return book


def publish_offering(*, product: Product, actor: actors.Actor, now: datetime) -> Product:
    """Show an offering in the catalogue. Raises NoPublishedPrices. Publishing twice changes nothing."""
    return _change_state(product=product, state=Product.State.PUBLISHED, actor=actor, now=now)


def withdraw_offering(*, product: Product, actor: actors.Actor, now: datetime) -> Product:
    """Take an offering out of the catalogue; running contracts go on. Withdrawing twice changes nothing."""
    return _change_state(product=product, state=Product.State.WITHDRAWN, actor=actor, now=now)


@transaction.atomic
def load_taxonomy(*, service_types: Sequence[Mapping[str, Any]], actor: actors.Actor, now: datetime) -> int:
    """Bring product classes, categories and spec schemas to what `service_types` says; returns the rows changed.

    Each: slug, name, name_en, categories [{slug, name, name_en}], specs [{code, name, name_en, type, unit}].
    What is not named is left alone: offerings may stand on it. Loading the same again changes nothing.
    """
    changed = 0
    for entry in service_types:
        product_class, is_new = ProductClass.objects.update_or_create(
            slug=entry["slug"],
            defaults={"name": entry["name"]},
            create_defaults={"name": entry["name"], "requires_shipping": False, "track_stock": False},
        )
        changed += is_new
        changed += _load_categories(entry)
        for position, spec in enumerate(entry["specs"]):
            changed += _load_spec(product_class=product_class, spec=spec, position=position)
    if changed:
        organisations.record(
            actor=actor,
            action="taxonomy.loaded",
            object_type="taxonomy",
            object_id="service-types",
            now=now,
            details={"changed": changed},
        )
    return changed


def _load_categories(entry: Mapping[str, Any]) -> int:
    changed = 0
    root = Category.objects.filter(slug=entry["slug"], depth=1).first()
    if root is None:
        root = Category.objects.add_root(
            create_kwargs={"slug": entry["slug"], "name": entry["name"], "name_en": entry["name_en"]}
        )
        changed += 1
    for one in entry["categories"]:
        names = {"name": one["name"], "name_en": one["name_en"]}
        category = Category.objects.get_children(root).filter(slug=one["slug"]).first()
        if category is None:
            root.refresh_from_db()  # treebeard counts children in the parent's row
            Category.objects.add_child(root, create_kwargs={"slug": one["slug"], **names})
            changed += 1
        elif (category.name, category.name_en) != (one["name"], one["name_en"]):
            changed += Category.objects.filter(pk=category.pk).update(**names)
    return changed


def _load_spec(*, product_class: ProductClass, spec: Mapping[str, Any], position: int) -> int:
    fields = {
        "name": spec["name"],
        "name_en": spec["name_en"],
        "type": spec["type"],
        "unit": spec.get("unit", ""),
        "position": position,
        "required": False,
    }
    row, is_new = ProductAttribute.objects.get_or_create(
        product_class=product_class, code=spec["code"], defaults=fields
    )
    if is_new:
        return 1
    if all(getattr(row, name) == value for name, value in fields.items()):
        return 0
    return ProductAttribute.objects.filter(pk=row.pk).update(**fields)


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


def _check_plan(plan: PlanDraft) -> None:
    """Refuse a plan that cannot be computed, naming the plan and the component."""
    if not plan.components:
        raise InvalidPriceBook(
            _("Plan %(plan)s has no price. Add a component.") % {"plan": plan.name}, field="components"
        )
    if not plan.terms:
        raise InvalidPriceBook(_("Plan %(plan)s has no term. Add at least one.") % {"plan": plan.name}, field="terms")
    for months, discount in plan.terms.items():
        if not 1 <= months <= 60 or not 0 <= discount < 1 or decimals.count_places(discount) > 4:
            raise InvalidPriceBook(
                _("Plan %(plan)s: a term has 1 to 60 months and a discount from 0 to below 1.") % {"plan": plan.name},
                field="terms",
            )
    for one in plan.components:
        _check_component(plan=plan, one=one)


def _check_component(*, plan: PlanDraft, one: ComponentDraft) -> None:
    try:
        rules.Component(
            code=one.code,
            kind=one.kind,
            unit_price=one.unit_price,
            vat_rate=one.vat_rate,
            unit=one.unit,
            meter=one.meter or None,
        )
    except (rules.InvalidComponent, tax.InvalidRate, TypeError, ValueError) as error:
        raise InvalidPriceBook(
            _("Plan %(plan)s, component %(component)s: %(reason)s")
            % {"plan": plan.name, "component": one.code, "reason": error},
            field="components",
        ) from error
    if not one.unit:
        raise InvalidPriceBook(
            _("Plan %(plan)s, component %(component)s: name the unit of the price.")
            % {"plan": plan.name, "component": one.code},
            field="components",
        )


def _as_draft(plan: Plan) -> PlanDraft:
    return PlanDraft(
        code=plan.code,
        name=plan.name,
        terms={term.months: term.discount for term in plan.terms.all()},
        components=[
            ComponentDraft(
                code=row.code,
                name=row.name,
                kind=row.kind,
                unit=row.unit,
                unit_price=row.unit_price,
                vat_rate=row.vat_rate,
                meter=row.meter,
            )
            for row in plan.components.all()
        ],
    )


def _class_slug(category: Category) -> str:
    """The service type a category hangs below."""
    return Category.objects.get_root(category).slug
