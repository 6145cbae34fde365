"""Writes: lines of the purchase list."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from billing.rules.money import Money
from listings import queries as listings
from listings.models import Plan
from listings.prices import pricing
from marketplace.organisations import actors, errors
from marketplace.organisations.models import User
from marketplace.shop.basket.models import Basket, Line
from providers import strategy

Option: Any = get_model("catalogue", "Option")
LineAttribute: Any = get_model("basket", "LineAttribute")

MOST_LINES: Final = 50
# What Oscar's columns hold: 12 digits, two of them decimals.
MOST_PER_ORDER: Final = Decimal("9999999999.99")
OPTION_NAMES: Final = {strategy.PLAN_OPTION: "Plan", strategy.TERM_OPTION: "Term in months"}


class ListFull(errors.Refused):
    """More lines than one order may have."""


class MixedCurrencies(errors.Conflict):
    """One order has one currency."""


class AmountTooLarge(errors.Refused):
    """More money than an order can hold."""


class NotAvailable(errors.Conflict):
    """Not for sale now, or not in this quantity."""


class NoSuchLine(errors.NotFound):
    """The person's open purchase list has no such line."""


@transaction.atomic
def add_offering(*, plan_id: int, quantity: int, term_months: int, actor: actors.Actor, now: datetime) -> Line:
    """Put a plan on the person's purchase list; the same plan and term again adds to the quantity.

    Raises listings.NoSuchPlan, and Refused naming `quantity` or `term_months`.
    """
    plan = listings.find_plan(plan_id=plan_id, organisation_id=actor.organisation_id)
    product = plan.price_book.product
    basket = lock_open_basket(user_id=_person(actor))
    lines = {line.line_reference: line for line in basket.lines.all()}
    stockrecord = product.stockrecords.order_by("pk").first()
    if stockrecord is None:
        raise NotAvailable(_("This offering cannot be ordered yet. Ask its provider to complete it."))
    reference = f"{product.pk}-{plan.pk}-{term_months}"
    line = lines.get(reference)
    if line is None and len(lines) >= MOST_LINES:
        raise ListFull(_("The purchase list is full: %(most)s lines. Order these first.") % {"most": MOST_LINES})
    currencies = {other.price_currency for other in lines.values()}
    if currencies - {plan.price_book.currency}:
        raise MixedCurrencies(_("The purchase list has prices in another currency. Order these first."))
    total = quantity + (line.quantity if line is not None else 0)
    _check(plan=plan, quantity=total, term_months=term_months, others=_others(lines.values(), line, product.pk))
    if line is not None:
        return _set_quantity(line=line, quantity=total)
    line = Line.objects.create(
        basket=basket,
        line_reference=reference,
        product=product,
        stockrecord=stockrecord,
        quantity=quantity,
        price_currency=plan.price_book.currency,
    )
    options = find_options()
    LineAttribute.objects.bulk_create(
        LineAttribute(line=line, option=options[code], value=value)
        for code, value in ((strategy.PLAN_OPTION, plan.pk), (strategy.TERM_OPTION, term_months))
    )
    return line


@transaction.atomic
def change_quantity(*, line_id: int, quantity: int, actor: actors.Actor, now: datetime) -> Line:
    """Set a line's quantity. Raises NoSuchLine, and Refused naming `quantity`."""
    line, others = _lock_line(line_id=line_id, actor=actor)
    plan = listings.find_plan(plan_id=line.plan_id, organisation_id=actor.organisation_id)
    _check(plan=plan, quantity=quantity, term_months=line.term_months, others=_others(others, line, line.product_id))
    return _set_quantity(line=line, quantity=quantity)


@transaction.atomic
def remove_line(*, line_id: int, actor: actors.Actor, now: datetime) -> None:
    """Take a line off the purchase list. Raises NoSuchLine."""
    line, _others = _lock_line(line_id=line_id, actor=actor)
    line.delete()


def lock_open_basket(*, user_id: int) -> Basket:
    """The person's one open basket, made if missing; the person's row is the lock for all their lists.

    Nothing in Oscar's tables keeps a second open basket away, so two first clicks at once must wait for each other.
    """
    lock_person(user_id=user_id)
    basket = Basket.open.filter(owner_id=user_id).order_by("-pk").first()
    return basket or Basket.objects.create(owner_id=user_id, status=Basket.OPEN)


def lock_person(*, user_id: int) -> None:
    """The first lock of all that the shop does: one person's changes and orders happen one after the other."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)


def find_options() -> dict[str, Any]:
    """Oscar's options that hold a line's plan and term, by code; made when missing."""
    found = {option.code: option for option in Option.objects.filter(code__in=OPTION_NAMES)}
    for code in OPTION_NAMES.keys() - found.keys():
        found[code], _is_new = Option.objects.get_or_create(
            code=code, defaults={"name": OPTION_NAMES[code], "type": Option.INTEGER, "required": True}
        )
    return found


def _lock_line(*, line_id: int, actor: actors.Actor) -> tuple[Line, list[Line]]:
    basket = lock_open_basket(user_id=_person(actor))
    lines = list(basket.lines.prefetch_related("attributes__option"))
    line = next((one for one in lines if one.pk == line_id), None)
    if line is None:
        raise NoSuchLine(line_id)
    return line, lines


def _set_quantity(*, line: Line, quantity: int) -> Line:
    line.quantity = quantity
    line.save(update_fields=["quantity", "date_updated"])
    return line


def _check(*, plan: Plan, quantity: int, term_months: int, others: int) -> None:
    """Whether the line can be had; `others` is how much of the same offering stands on other lines."""
    quote = pricing.quote(plan=plan, quantity=quantity, term_months=term_months)
    if quote.term.gross > Money.from_decimal(MOST_PER_ORDER, quote.currency):
        raise AmountTooLarge(_("This is more than one order can hold. Choose a smaller quantity."), field="quantity")
    availability = strategy.find_availability(plan.price_book.product)
    is_permitted, reason = availability.is_purchase_permitted(quantity + others)
    if not is_permitted:
        raise NotAvailable(reason, field="quantity")


def _others(lines: Iterable[Line], line: Line | None, product_id: int) -> int:
    return sum(one.quantity for one in lines if one.product_id == product_id and (line is None or one.pk != line.pk))


def _person(actor: actors.Actor) -> int:
    if actor.user_id is None:
        raise ValueError("A purchase list belongs to a person.")
    return actor.user_id
