"""What a price table shows of a plan: every price net and with tax, tiers and limits as rows of their own."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from billing.rules import aggregation, decimals, tax
from billing.rules import components as rules
from listings import wording
from listings.prices import drafts, pricing, words
from listings.prices.drafts import ComponentDraft

if TYPE_CHECKING:
    from listings.models import Plan, PriceComponent


@dataclass(frozen=True, slots=True)
class Row:
    """One price; `label` says which part of the component it is, "" for a plain one. `share`: a percentage."""

    label: str
    unit: str
    net: Decimal
    gross: Decimal
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One component: its rows, and notes that are no price: how the model counts, what is included."""

    name: str
    kind: str
    vat_rate: Decimal
    meter: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def describe_plan(*, plan: "Plan") -> list[Part]:
    """The components of a plan in their order."""
    return [describe_component(row=row) for row in plan.components.all()]


def describe_draft(*, one: ComponentDraft) -> Part | None:
    """A component that is not kept yet, as it would stand in the table; None while it cannot be computed."""
    try:
        return describe_component(row=drafts.to_row(one=one))
    except (rules.InvalidComponent, TypeError, ValueError):
        return None


def describe_component(*, row: "PriceComponent") -> Part:
    """One component in the reader's language."""
    component = pricing.to_component(row=row)
    unit = wording.write_unit(row.unit)
    notes = []
    if component.model != rules.PER_UNIT:
        notes.append(str(words.MODELS[component.model]))
    if component.aggregation != aggregation.SUM:
        notes.append(str(words.AGGREGATIONS[component.aggregation]))
    if component.included_quantity:
        figure = decimals.format_plain(component.included_quantity)
        notes.append(_("the first %(quantity)s %(unit)s are included") % {"quantity": figure, "unit": unit})
    return Part(
        name=wording.choose(row.name, row.name_en),
        kind=row.get_kind_display(),
        vat_rate=row.vat_rate,
        meter=row.meter,
        rows=(*_prices(component, unit), *_limits(component)),
        notes=tuple(notes),
    )


def _prices(component: rules.Component, unit: str) -> list[Row]:
    if not component.tiers:
        shown = words.name_package(size=component.package_size, unit=unit) if component.package_size else unit
        return [_row(component, "", component.unit_price, shown)]
    rows, above = [], Decimal(0)
    for place, tier in enumerate(component.tiers, 1):
        span = words.name_span(above=above, up_to=tier.up_to, unit=unit)
        label = _("Tier %(tier)s (%(span)s)") % {"tier": place, "span": span}
        rows.append(_row(component, label, tier.unit_price, unit))
        if tier.flat:
            label = _("Tier %(tier)s (%(span)s), flat") % {"tier": place, "span": span}
            rows.append(_row(component, label, tier.flat, ""))
        above = tier.up_to or above
    return rows


def _limits(component: rules.Component) -> list[Row]:
    once = component.kind == rules.ONE_TIME
    rows = []
    if component.minimum_amount is not None:
        label = _("At least, per order") if once else _("At least, per month")
        rows.append(_row(component, label, component.minimum_amount, "", is_amount=True))
    if component.maximum_amount is not None:
        label = _("At most, per order") if once else _("At most, per month")
        rows.append(_row(component, label, component.maximum_amount, "", is_amount=True))
    return rows


def _row(component: rules.Component, label: str, net: Decimal, unit: str, *, is_amount: bool = False) -> Row:
    is_share = component.model == rules.PERCENTAGE and not is_amount and bool(unit)
    return Row(label, unit, net, tax.gross_from_net(net, component.vat_rate), is_share)
