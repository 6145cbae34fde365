"""Price rows of a file as the drafts that `listings.prices` checks and writes, and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from listings.exchange import cells
from listings.exchange.columns import Layout
from listings.exchange.entries import Prices
from listings.exchange.problems import Problem
from listings.prices.drafts import ComponentDraft, PlanDraft

# Column of the file → field of a component.
_OF_COMPONENT: Final = {
    "component": "code",
    "component_name": "name",
    "component_name_en": "name_en",
    **{
        name: name
        for name in (
            "kind",
            "model",
            "unit",
            "meter",
            "unit_price",
            "vat_rate",
            "tiers",
            "package_size",
            "included_quantity",
            "minimum_amount",
            "maximum_amount",
            "aggregation",
        )
    },
}
_OF_PLAN: Final = {"plan_name": "name", "plan_name_en": "name_en", "terms": "terms"}
_BLANK: Final[dict[str, Any]] = {
    "name_en": "",
    "meter": "",
    "model": "per_unit",
    "aggregation": "sum",
    "tiers": (),
    "included_quantity": Decimal(0),
    "terms": {},
}

Component = tuple[Any, ...]
Canonical = tuple[tuple[Any, ...], ...]


def read_plans(
    *, prices: Sequence[Prices], layout: Layout, before: Sequence[PlanDraft], code: str
) -> tuple[list[PlanDraft], dict[tuple[str, str], int], list[Problem]]:
    """The plans that price rows tell of, the row of each (plan, component), and what does not agree.

    A column that the file leaves out keeps what `before` says of the same plan and component.
    """
    known = {plan.code: plan for plan in before}
    plans: dict[str, dict[str, Any]] = {}
    rows: dict[tuple[str, str], int] = {}
    problems: list[Problem] = []
    for row, values in prices:
        plan_code, component_code = values["plan"], values["component"]
        if plan_code is None or component_code is None:
            continue  # said already
        is_first = plan_code not in plans
        own = plans.setdefault(plan_code, {"code": plan_code, "components": []})
        rows.setdefault((plan_code, ""), row)
        for column, name in _OF_PLAN.items():
            value = values.get(column)
            if is_first:
                kept = getattr(known.get(plan_code), name, None)
                own[name] = (_BLANK.get(name, "") if value is None else value) if column in values else kept
            elif value is not None and value != own[name]:
                message = _("This differs from row %(row)s of the same plan. Leave it blank here.")
                message %= {"row": rows[plan_code, ""]}
                problems.append(layout.problem(row=row, field=column, message=message, value=value, code=code))
        if (plan_code, component_code) in rows:
            message = _("The price %(price)s of this plan stands in row %(row)s already.")
            message %= {"price": component_code, "row": rows[plan_code, component_code]}
            problems.append(
                layout.problem(row=row, field="component", message=message, value=component_code, code=code)
            )
            continue
        rows[plan_code, component_code] = row
        own["components"].append(_read_component(values, before=known.get(plan_code)))
    return [_as_plan(own) for own in plans.values()], rows, problems


def _read_component(values: Mapping[str, Any], *, before: PlanDraft | None) -> ComponentDraft:
    kept = None
    if before is not None:
        kept = next((one for one in before.components if one.code == values["component"]), None)
    found: dict[str, Any] = {}
    for column, name in _OF_COMPONENT.items():
        if column in values:
            value = values[column]
            found[name] = _BLANK.get(name) if value is None else value
        elif kept is not None:
            found[name] = getattr(kept, name)
    found["name"] = found.get("name") or values["component"]
    return ComponentDraft(**found)


def _as_plan(own: Mapping[str, Any]) -> PlanDraft:
    return PlanDraft(
        code=own["code"],
        name=own["name"] or own["code"],
        name_en=own["name_en"] or "",
        terms=own["terms"] or {},
        components=own["components"],
    )


def write_rows(*, plans: Iterable[PlanDraft]) -> Iterator[dict[str, Any]]:
    """One row per price, the plan's own columns in its first."""
    for plan in plans:
        for place, one in enumerate(plan.components):
            row: dict[str, Any] = {"plan": plan.code}
            if not place:
                row |= {"plan_name": plan.name, "plan_name_en": plan.name_en, "terms": plan.terms}
            for column, name in _OF_COMPONENT.items():
                row[column] = getattr(one, name)
            row["tiers"] = cells.write_tiers(one.tiers)
            row["included_quantity"] = one.included_quantity or None
            row["aggregation"] = one.aggregation if one.meter else None
            yield row


def canonical(plans: Iterable[PlanDraft]) -> Canonical:
    """Equal for plans that say the same, however their numbers are written."""
    return tuple(
        (
            plan.code,
            plan.name or plan.code,
            plan.name_en,
            tuple(sorted(plan.terms.items())),
            tuple(_canonical_component(one) for one in plan.components),
        )
        for plan in plans
    )


def _canonical_component(one: ComponentDraft) -> Component:
    own = (getattr(one, each.name) for each in fields(one) if each.name not in ("tiers", "name"))
    return (tuple(one.tiers), one.name or one.code, *own)
