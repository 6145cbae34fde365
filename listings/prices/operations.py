"""Writes: price books, from draft to in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from billing.rules import decimals, tax
from billing.rules import pricing as rules
from listings.models import Plan, PlanTerm, PriceBook, PriceComponent, Product
from listings.prices import pricing
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations


class InvalidPriceBook(errors.Refused):
    """A price book cannot be computed; the message names plan, component and remedy."""


class PriceBookNotDraft(errors.Conflict):
    """The version was published before; a new price is a new version."""


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
