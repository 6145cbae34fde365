"""Whether a price book is dearer than the one before it, so that the change needs longer notice."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from billing.rules import decimals, pricing
from billing.rules.pricing import Component
from listings.prices import pricing as prices

if TYPE_CHECKING:
    from listings.models import Plan

_NOTHING: Final = Decimal(0)
# Prices are lines between their tiers, so they are compared where the lines bend, just above, and far out.
_PROBES: Final = (Decimal(0), Decimal(1), Decimal(10), Decimal(1000), Decimal(10) ** 6, Decimal(10) ** 9)
_STEP: Final = Decimal("0.000001")


def is_dearer(*, before: "Iterable[Plan]", after: "Iterable[Plan]") -> bool:
    """Whether any plan that stays would cost more, with tax, for some quantity or term.

    A plan that is added or dropped is no increase; a component that is added to a plan is one unless it is free.
    """
    old_plans = {plan.code: plan for plan in before}
    return any(_is_plan_dearer(old_plans[plan.code], plan) for plan in after if plan.code in old_plans)


def _is_plan_dearer(before: "Plan", after: "Plan") -> bool:
    old_terms = {term.months: term.discount for term in before.terms.all()}
    new_terms = {term.months: term.discount for term in after.terms.all()}
    kept = old_terms.keys() & new_terms.keys()
    old = {component.code: component for _row, component in prices.components_of(plan=before)}
    for _row, component in prices.components_of(plan=after):
        was = old.get(component.code)
        if was is None or _counts(was) != _counts(component):
            if any(_cost(component, quantity, _NOTHING) for quantity in _probes(component)):
                return True
            continue
        discounts = [(old_terms[months], new_terms[months]) for months in kept] or [(_NOTHING, _NOTHING)]
        for quantity in _probes(was, component):
            for old_discount, new_discount in discounts:
                if _cost(component, quantity, new_discount) > _cost(was, quantity, old_discount):
                    return True
    return False


def _counts(one: Component) -> tuple[object, ...]:
    """What a quantity of this component is a quantity of; of different things prices can not be compared."""
    return one.kind, one.meter, one.aggregation


def _probes(*components: Component) -> set[Decimal]:
    found = set(_PROBES)
    for one in components:
        bends = [_NOTHING, *(tier.up_to for tier in one.tiers if tier.up_to is not None)]
        if one.package_size is not None:
            bends.append(one.package_size)
        for bend in bends:
            edge = decimals.add(bend, one.included_quantity)
            found |= {edge, decimals.add(edge, _STEP)}
    return found


def _cost(component: Component, quantity: Decimal, discount: Decimal) -> Decimal:
    """A whole charge with tax, unrounded."""
    if component.kind == pricing.METERED:
        net = pricing.metered_charge(component, quantity=quantity)
    elif component.kind == pricing.ONE_TIME:
        net = pricing.one_time_charge(component, quantity=quantity)
    else:
        net = pricing.monthly_charge(component, quantity=quantity, term_discount=discount)
    return decimals.multiply(net, decimals.add(Decimal(1), component.vat_rate))
