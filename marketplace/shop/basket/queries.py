"""Reads: the purchase list with its prices, and how many lines it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from billing.rules.money import Money
from listings.prices import pricing
from marketplace.shop.basket.models import Basket, Line
from providers.capacity import queries as capacity


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over lines, to the fen: what is paid once, each month, in the first month, and over the terms.

    `least_usage` is what metered components cost in a month without any use: due on top, never part of the others.
    """

    one_time: pricing.Amount
    monthly: pricing.Amount
    term: pricing.Amount
    least_usage: pricing.Amount

    @property
    def first_month_gross(self) -> Money:
        return self.one_time.gross + self.monthly.gross


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A line as the page shows it; `problem` says why it cannot be ordered, if so."""

    line: Line
    problem: str

    @property
    def quote(self) -> pricing.Quote | None:
        return self.line.quote


@dataclass(frozen=True, slots=True)
class ProviderGroup:
    """The lines of one provider."""

    provider: Any
    lines: tuple[PurchaseLine, ...]
    total: Total


@dataclass(frozen=True, slots=True)
class PurchaseList:
    """A person's purchase list, by provider. Its total is the sum of its lines, and will be the order's."""

    basket: Basket
    currency: str
    held_until: datetime | None
    groups: tuple[ProviderGroup, ...]
    total: Total

    @property
    def lines(self) -> list[PurchaseLine]:
        return [line for group in self.groups for line in group.lines]

    @property
    def problems(self) -> list[str]:
        return [line.problem for line in self.lines if line.problem]

    @property
    def is_orderable(self) -> bool:
        return bool(self.lines) and not self.problems


def hold_reference(*, basket_id: int) -> str:
    """The name under which capacity is kept for a list."""
    return f"basket:{basket_id}"


def count_lines(*, user_id: int) -> int:
    """How many lines the person's open list has; one query."""
    return Line.objects.filter(basket__owner_id=user_id, basket__status=Basket.OPEN).count()


def read_purchase_list(*, user_id: int, organisation_id: int | None = None) -> PurchaseList | None:
    """The person's open list at the prices of the organisation they buy for; None if there is none.

    At most 9 queries, whatever its length.
    """
    basket = Basket.open.filter(owner_id=user_id).order_by("-pk").first()
    if basket is None:
        return None
    basket.organisation_id = organisation_id
    return describe(basket=basket)


def describe(*, basket: Basket) -> PurchaseList:
    """A basket as a purchase list: lines with their problems, grouped by provider, with totals."""
    held_until = _count_own_holds(basket)
    lines = [PurchaseLine(line=line, problem=_problem(line, basket.all_lines())) for line in basket.all_lines()]
    currency = lines[0].line.price_currency if lines else "CNY"
    providers = {one.line.product.partner_id: one.line.product.partner for one in lines}
    groups = []
    for partner_id, partner in providers.items():
        own = tuple(one for one in lines if one.line.product.partner_id == partner_id)
        groups.append(ProviderGroup(provider=partner, lines=own, total=_add_up(own, currency=currency)))
    return PurchaseList(
        basket=basket,
        currency=currency,
        held_until=held_until,
        groups=tuple(groups),
        total=_add_up(lines, currency=currency),
    )


def _count_own_holds(basket: Basket) -> datetime | None:
    """What is kept for this list is free for it: told to the pools as they are read here. Returns until when."""
    holds = capacity.find_holds(reference=hold_reference(basket_id=basket.pk)) if basket.pk else []
    own = {hold.pool_id: hold.quantity for hold in holds}
    centres = [line.product.data_centre for line in basket.all_lines()] if own else []
    # Lines of one data centre may share the pools that were read for it: each is told once.
    for pool in {id(pool): pool for centre in centres if centre for pool in centre.pools.all()}.values():
        pool.held -= own.get(pool.pk, 0)
    return min((hold.expires_at for hold in holds), default=None)


def _problem(line: Line, lines: Sequence[Line]) -> str:
    """Why a line cannot be ordered as it stands, with the remedy; "" if it can."""
    if line.quote is None:
        return _("This price is no longer offered. Remove the line and choose the offering again.")
    if line.quote.currency != lines[0].price_currency:
        return _("This price is in another currency. Remove the line and order it by itself.")
    wanted = sum(other.quantity for other in lines if other.product_id == line.product_id)
    is_permitted, reason = line.purchase_info.availability.is_purchase_permitted(wanted)
    return "" if is_permitted else str(reason)


def _add_up(lines: Sequence[PurchaseLine], *, currency: str) -> Total:
    """Lines without a price, or in another currency, cannot be ordered and count nothing."""
    quotes = [one.quote for one in lines if one.quote is not None and one.quote.currency == currency]
    return Total(
        one_time=_sum([quote.one_time for quote in quotes], currency=currency),
        monthly=_sum([quote.monthly for quote in quotes], currency=currency),
        term=_sum([quote.term for quote in quotes], currency=currency),
        least_usage=_sum([quote.least_monthly for quote in quotes], currency=currency),
    )


def _sum(amounts: Sequence[pricing.Amount], *, currency: str) -> pricing.Amount:
    zero = Money.zero(currency)
    return pricing.Amount(
        net=sum((amount.net for amount in amounts), zero), tax=sum((amount.tax for amount in amounts), zero)
    )
