"""Writes: the purchase list becomes an order, its contracts and the capacity they hold: all, or nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from billing.contracts.models import Contract
from billing.payments import queries as payments
from billing.rules import periods
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries
from marketplace.organisations.models import Organisation
from marketplace.procurement import adviser
from marketplace.procurement import operations as procurement
from marketplace.shop.basket import operations as baskets
from marketplace.shop.basket import queries as purchase_lists
from marketplace.shop.basket.models import Basket
from marketplace.shop.checkout import terms
from marketplace.shop.order.creator import OrderCreator, Placement

Order: Any = get_model("order", "Order")

LONGEST_NAME: Final = 60
LONGEST_PHONE: Final = 30


class NoSuchBasket(errors.NotFound):
    """The person has no such purchase list."""


class NothingToOrder(errors.Refused):
    """The purchase list is empty."""


class ListChanged(errors.Conflict):
    """Not what the person saw when they pressed the button."""


class NotOrderable(errors.Conflict):
    """A line cannot be ordered any more."""


class TermsNotAccepted(errors.Refused):
    """The present version of the terms was not accepted."""


class BalanceTooLow(errors.Conflict):
    """The prepaid balance does not cover the first month."""


class InvalidContact(errors.Refused):
    """The contact is missing or too long; `field` says which part."""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order's number; `is_new` is False when the same list had been ordered already."""

    number: str
    is_new: bool


@transaction.atomic
def place_order(
    *,
    basket_id: int,
    seen_gross_minor: int,
    contact_name: str,
    contact_phone: str,
    payment_method: str,
    accepted_terms: str,
    statement: adviser.Statement | None = None,
    actor: actors.Actor,
    now: datetime,
) -> PlacedOrder:
    """Order a person's purchase list for their organisation.

    `seen_gross_minor` is the total with tax that the person saw; `accepted_terms` the version of the terms they
    accepted; `statement` what an agency says the purchase is for. Sending the same list again returns the first order.
    Raises Refused (`field` names the input), LineOutOfCapacity; then nothing is written at all. Locks: person →
    contracts → pools.
    """
    if actor.user_id is None or actor.organisation_id is None:
        raise ValueError("A person of an organisation places orders.")
    baskets.lock_person(user_id=actor.user_id)
    basket = Basket.objects.filter(pk=basket_id, owner_id=actor.user_id).first()
    if basket is None:
        raise NoSuchBasket(basket_id)
    if basket.status == Basket.SUBMITTED:
        return PlacedOrder(number=Order.objects.get(basket=basket).number, is_new=False)
    basket.organisation_id = actor.organisation_id
    wanted = _check_list(basket=basket, seen_gross_minor=seen_gross_minor)
    _check_answers(contact_name=contact_name, contact_phone=contact_phone, accepted_terms=accepted_terms)
    if payment_method == Contract.PaymentMethod.PREPAID_BALANCE:
        _check_balance(organisation_id=actor.organisation_id, first_month=wanted.total.first_month_gross)
    elif payment_method != Contract.PaymentMethod.BANK_TRANSFER:
        raise errors.Refused(_("Choose how the invoices are paid."), field="payment_method")

    organisation = organisation_queries.get_organisation(organisation_id=actor.organisation_id)
    advice = _take_advice(organisation=organisation, wanted=wanted, statement=statement, now=now)
    placement = Placement(
        buyer_id=actor.organisation_id,
        payment_method=payment_method,
        contact_name=contact_name.strip(),
        contact_phone=contact_phone.strip(),
        hold=purchase_lists.hold_reference(basket_id=basket.pk) if wanted.held_until else "",
        actor=actor,
        now=now,
    )
    creator = OrderCreator(placement)
    order = creator.place(basket=basket, user=basket.owner)
    _finish(order=order, wanted=wanted, organisation=organisation, advice=advice, actor=actor, now=now)
    creator.open_contracts()  # last: from here to the commit the pools are locked
    return PlacedOrder(number=order.number, is_new=True)


def _finish(
    *,
    order: Any,
    wanted: purchase_lists.PurchaseList,
    organisation: Organisation,
    advice: adviser.Advice | None,
    actor: actors.Actor,
    now: datetime,
) -> None:
    """The advice, the approval, the audit row, and the basket closed: all of the order but its contracts."""
    gross = wanted.total.term.gross
    if gross.to_decimal() != order.total_incl_tax:
        raise AssertionError(f"The order's total {order.total_incl_tax} is not the {gross} that was shown.")
    has_misfit = False
    if advice is not None:
        kept = adviser.record_advice(
            order_number=order.number, advice=advice, choices=_list_choices(wanted), actor=actor, now=now
        )
        has_misfit = kept.outcome == kept.Outcome.WARNED
    if organisation.needs_approval or has_misfit:
        procurement.request_approval(
            organisation_id=organisation.pk,
            order_number=order.number,
            amount_minor=gross.amount_minor,
            currency=gross.currency,
            actor=actor,
            now=now,
        )
    organisations.record(
        actor=actor,
        action="order.placed",
        object_type="order",
        object_id=order.number,
        now=now,
        details={"gross_minor": gross.amount_minor, "currency": gross.currency, "terms": terms.VERSION},
    )
    Basket.objects.filter(pk=wanted.basket.pk).update(status=Basket.SUBMITTED, date_submitted=now)


def _list_choices(wanted: purchase_lists.PurchaseList) -> list[adviser.Choice]:
    """What is on a list, as the deployment adviser judges it: each offering once."""
    products = {one.line.product.pk: one.line.product for one in wanted.lines}
    return [adviser.Choice(one.code, one.title, tuple(one.deployment_models)) for one in products.values()]


def _take_advice(
    *,
    organisation: Organisation,
    wanted: purchase_lists.PurchaseList,
    statement: adviser.Statement | None,
    now: datetime,
) -> adviser.Advice | None:
    """The adviser's answer to an agency's purchase; None for those who need not say. Raises what `judge` raises."""
    if not adviser.must_state(organisation):
        return None
    return adviser.judge(statement=statement, choices=_list_choices(wanted), on=periods.civil_date(now))


def _check_list(*, basket: Basket, seen_gross_minor: int) -> purchase_lists.PurchaseList:
    """The list as it is now, if it can be ordered and is what the person saw."""
    wanted = purchase_lists.describe(basket=basket)
    if basket.status != Basket.OPEN or not wanted.lines:
        raise NothingToOrder(_("The purchase list is empty. Choose an offering first."))
    if wanted.problems:
        title = next(one.line.product.title for one in wanted.lines if one.problem)
        raise NotOrderable(_("“%(title)s”: %(problem)s") % {"title": title, "problem": wanted.problems[0]})
    gross = wanted.total.term.gross
    if gross > Money.from_decimal(baskets.MOST_PER_ORDER, gross.currency):
        raise NotOrderable(_("This is more than one order can hold. Order some lines by themselves."))
    if gross.amount_minor != seen_gross_minor:
        raise ListChanged(_("The purchase list has changed since you opened this page. Check it and order again."))
    return wanted


def _check_answers(*, contact_name: str, contact_phone: str, accepted_terms: str) -> None:
    if not 1 <= len(contact_name.strip()) <= LONGEST_NAME:
        raise InvalidContact(
            _("Give the contact's name, at most %(most)s characters.") % {"most": LONGEST_NAME}, field="contact_name"
        )
    if not 1 <= len(contact_phone.strip()) <= LONGEST_PHONE:
        raise InvalidContact(
            _("Give the contact's telephone number, at most %(most)s characters.") % {"most": LONGEST_PHONE},
            field="contact_phone",
        )
    if accepted_terms != terms.VERSION:
        raise TermsNotAccepted(_("Read and accept the contract terms to order."), field="accepted_terms")


def _check_balance(*, organisation_id: int, first_month: Money) -> None:
    balance = payments.wallet_balance(organisation_id=organisation_id, currency=first_month.currency)
    if balance < first_month:
        raise BalanceTooLow(
            _("The balance is %(balance)s and the first month costs %(wanted)s. Top it up, or pay by bank transfer.")
            % {"balance": balance, "wanted": first_month},
            field="payment_method",
        )
