"""An estimate: plans with a quantity, a term and the use one expects, and what they would cost.

Its state is an address: `offering-0=12&plan-0=monthly&quantity-0=10&term-0=12&usage-0-vcpu_hours=7300`, from 0 up.
A line names its offering and the plan's code, so that whoever opens the address sees the prices that are theirs:
those agreed with their organisation, else the list prices.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from billing.rules import pricing as rules
from billing.rules.money import Money
from listings.comparison import queries as listings
from listings.models import Plan, PriceComponent, Product
from listings.prices import pricing
from marketplace.organisations import errors

MOST_LINES: Final = 20
LARGEST_USAGE: Final = pricing.MOST_USAGE
USAGE_PLACES: Final = pricing.USAGE_PLACES
LONGEST_TEXT: Final = 40
METER: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
NUMBER: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?")


class InvalidUsage(errors.Refused):
    """A quantity of use that cannot be reckoned with."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was written; every field is text, so that what is wrong can be shown as it was given."""

    offering: str
    plan: str
    quantity: str
    term: str
    usage: Mapping[str, str] = field(default_factory=dict)

    @property
    def offering_id(self) -> int:
        """The offering's id; 0 if it is none."""
        text = self.offering
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@dataclass(frozen=True, slots=True)
class Meter:
    """Something that is measured: what was written of it, and what one unit costs with tax."""

    component: PriceComponent
    text: str
    error: str


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with its cost, or with a sentence for each field that is wrong. `plan` None: not for sale."""

    line: Line
    product: Product | None
    plans: tuple[Plan, ...]
    plan: Plan | None
    meters: tuple[Meter, ...]
    quote: pricing.Quote | None
    errors: Mapping[str, str]

    @property
    def is_own_price(self) -> bool:
        return self.plan is not None and self.plan.price_book.organisation_id is not None


@dataclass(frozen=True, slots=True)
class Total:
    """What the lines that can be priced cost together, in one currency."""

    currency: str
    one_time: pricing.Amount
    monthly: pricing.Amount
    usage_monthly: pricing.Amount
    term: pricing.Amount


@dataclass(frozen=True, slots=True)
class Priced:
    """An estimate at someone's prices."""

    lines: tuple[PricedLine, ...]
    totals: tuple[Total, ...]

    @property
    def has_own_prices(self) -> bool:
        return any(line.is_own_price for line in self.lines)

    @property
    def is_complete(self) -> bool:
        """Whether every line has a price."""
        return bool(self.lines) and all(line.quote is not None for line in self.lines)


def read_lines(*, params: Mapping[str, str]) -> tuple[Line, ...]:
    """The lines of an address or a form, at most MOST_LINES; what is no line is left out."""
    found = []
    for place in range(MOST_LINES):
        offering = params.get(f"offering-{place}", "")
        if not offering:
            continue
        start = f"usage-{place}-"
        found.append(
            Line(
                offering=offering[:LONGEST_TEXT],
                plan=params.get(f"plan-{place}", "")[:LONGEST_TEXT],
                quantity=params.get(f"quantity-{place}", "1")[:LONGEST_TEXT],
                term=params.get(f"term-{place}", "")[:LONGEST_TEXT],
                usage={
                    name.removeprefix(start): value.strip()[:60]
                    for name, value in sorted(params.items())
                    if name.startswith(start) and METER.fullmatch(name.removeprefix(start)) and value.strip()
                },
            )
        )
    return tuple(found)


def write_query(lines: Sequence[Line]) -> str:
    """The lines as the query of an address; `read_lines` reads it back."""
    pairs: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        pairs += [
            (f"offering-{place}", line.offering),
            (f"plan-{place}", line.plan),
            (f"quantity-{place}", line.quantity),
            (f"term-{place}", line.term),
            *((f"usage-{place}-{meter}", text) for meter, text in sorted(line.usage.items())),
        ]
    return urlencode(pairs)


def to_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as they are kept."""
    return [
        {
            "offering": line.offering,
            "plan": line.plan,
            "quantity": line.quantity,
            "term": line.term,
            "usage": dict(line.usage),
        }
        for line in lines
    ]


def from_json(content: Sequence[Mapping[str, Any]]) -> tuple[Line, ...]:
    """The lines that `to_json` wrote."""
    return tuple(Line(**entry) for entry in content)


def price_lines(*, lines: Sequence[Line], organisation_id: int | None) -> Priced:
    """The lines at the prices that the organisation sees (None: list prices); 5 queries, whatever their number."""
    ids = [line.offering_id for line in lines]
    offered = listings.plans_of(offering_ids=ids, organisation_id=organisation_id)
    priced = tuple(_price(line, *offered.get(line.offering_id, (None, ()))) for line in lines)
    currencies = dict.fromkeys(line.quote.currency for line in priced if line.quote is not None)
    return Priced(lines=priced, totals=tuple(_add_up(priced, currency=currency) for currency in currencies))


def start_line(*, offering: str, plan: str, quantity: str, term: str, organisation_id: int | None) -> Line | None:
    """A line for an offering; what is left out is its first plan and that plan's 12 months, else its first term.

    None if the offering is not listed or has no plan.
    """
    asked = Line(
        offering=offering[:LONGEST_TEXT], plan=plan[:LONGEST_TEXT], quantity=quantity[:LONGEST_TEXT], term=term
    )
    found = listings.plans_of(offering_ids=[asked.offering_id], organisation_id=organisation_id)
    _product, plans = found.get(asked.offering_id, (None, ()))
    chosen = next((one for one in plans if one.code == plan), next(iter(plans), None))
    if chosen is None:
        return None
    months = [one.months for one in chosen.terms.all()]
    usual = listings.USUAL_TERM if listings.USUAL_TERM in months else next(iter(months), 0)
    return Line(
        offering=str(asked.offering_id),
        plan=chosen.code,
        quantity=asked.quantity,
        term=term if term in {str(one) for one in months} else str(usual),
    )


def read_usage(text: str) -> Decimal:
    """A quantity of use a month. Raises InvalidUsage."""
    try:
        amount = Decimal(text.replace(",", "")) if NUMBER.fullmatch(text.replace(",", "")) else None
    except InvalidOperation:
        amount = None
    if amount is None:
        raise InvalidUsage(_("Give a number, for example 730 or 12.5."))
    if amount < 0:
        raise InvalidUsage(_("Use cannot be negative. Give 0 or more."))
    if amount > LARGEST_USAGE:
        raise InvalidUsage(
            _("That is more than can be estimated. Give at most %(most)s.") % {"most": f"{LARGEST_USAGE:,f}"}
        )
    places = amount.normalize().as_tuple().exponent
    if isinstance(places, int) and -places > USAGE_PLACES:
        raise InvalidUsage(_("Give at most %(places)s decimals.") % {"places": USAGE_PLACES})
    return amount


def _price(line: Line, product: Product | None, plans: Sequence[Plan]) -> PricedLine:
    plan = next((one for one in plans if one.code == line.plan), None)
    if product is None or plan is None:
        sentence = (
            _("This offering is not listed any more. Remove the line.")
            if product is None
            else _("This plan is not offered any more. Choose another one.")
        )
        return PricedLine(
            line=line, product=product, plans=tuple(plans), plan=None, meters=(), quote=None, errors={"plan": sentence}
        )
    wrong: dict[str, str] = {}
    usage: dict[str, Decimal] = {}
    meters = []
    for row, component in pricing.components_of(plan=plan):
        if component.kind != rules.METERED:
            continue
        text, error = line.usage.get(row.meter, ""), ""
        try:
            usage[row.meter] = read_usage(text) if text else Decimal(0)
        except InvalidUsage as refusal:
            error = wrong[f"usage-{row.meter}"] = refusal.message
        meters.append(Meter(component=row, text=text, error=error))
    unknown = [meter for meter in line.usage if meter not in {one.component.meter for one in meters}]
    if unknown:
        wrong["usage"] = _("This plan does not measure %(meters)s. Remove it.") % {"meters": "、".join(unknown)}
    quote = None
    try:
        quote = pricing.quote(plan=plan, quantity=_whole(line.quantity), term_months=_whole(line.term), usage=usage)
    except pricing.UnknownTerm as refusal:
        wrong["term"] = refusal.message
    except errors.Refused as refusal:
        wrong[refusal.field if refusal.field == "quantity" else "usage"] = refusal.message
    return PricedLine(
        line=line,
        product=product,
        plans=tuple(plans),
        plan=plan,
        meters=tuple(meters),
        quote=None if wrong else quote,
        errors=wrong,
    )


def _whole(text: str) -> int:
    """A whole number as text; 0, which nothing accepts, if it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _add_up(lines: Sequence[PricedLine], *, currency: str) -> Total:
    quotes = [line.quote for line in lines if line.quote is not None and line.quote.currency == currency]
    return Total(
        currency=currency,
        one_time=_sum([quote.one_time for quote in quotes], currency=currency),
        monthly=_sum([quote.monthly for quote in quotes], currency=currency),
        usage_monthly=_sum([quote.usage_monthly for quote in quotes], currency=currency),
        term=_sum([quote.term_total for quote in quotes], currency=currency),
    )


def _sum(amounts: Sequence[pricing.Amount], *, currency: str) -> pricing.Amount:
    zero = Money.zero(currency)
    return pricing.Amount(
        net=sum((amount.net for amount in amounts), zero), tax=sum((amount.tax for amount in amounts), zero)
    )
