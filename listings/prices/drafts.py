"""What a provider writes down as prices, and whether it can be computed: before any row is written."""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import aggregation, decimals, money
from billing.rules import components as rules
from billing.rules.components import Tier
from listings.prices import pricing
from listings.prices.models import PriceComponent
from marketplace.organisations import errors

if TYPE_CHECKING:
    from listings.models import Plan

MOST_PLANS: Final = 20
MOST_COMPONENTS: Final = 30
LENGTHS: Final = {"code": 30, "name": 60, "name_en": 60, "unit": 30, "meter": 40}
VAT_PLACES: Final = 4
CODE: Final = re.compile(r"[A-Za-z0-9_-]+")

# `billing.rules.components.PROBLEMS` in the reader's language.
PROBLEMS: Final[dict[str, str | Promise]] = {
    "empty": gettext_lazy("%(field)s is empty; fill it in."),
    "unknown": gettext_lazy("%(field)s %(value)s is not known; use one of %(allowed)s."),
    "negative": gettext_lazy("%(field)s %(value)s is negative; use 0 or more."),
    "not_positive": gettext_lazy("%(field)s %(value)s must be above 0."),
    "too_long": gettext_lazy("%(field)s %(value)s has more than %(places)s decimals; shorten it."),
    "too_large": gettext_lazy("%(field)s %(value)s is too large; use less than %(most)s."),
    "meter_missing": gettext_lazy("the meter is missing on a metered component; name one."),
    "meter_not_metered": gettext_lazy("a meter is set on a component that is not metered; leave it out."),
    "aggregation_unused": gettext_lazy(
        "what is counted is set to “%(value)s” on a component that is not metered; leave it out."
    ),
    "percentage_metered": gettext_lazy(
        "the price model “percentage” takes a share of a measured amount; use it on metered components only."
    ),
    "percentage_above_one": gettext_lazy("%(field)s %(value)s is above 100 %%; give a fraction, 6 %% is 0.06."),
    "unit_price_unused": gettext_lazy(
        "unit price %(value)s is not read by the price model “%(model)s”, whose prices stand in the tiers; make it 0."
    ),
    "tiers_missing": gettext_lazy("the price model “%(model)s” needs tiers; give at least one."),
    "tiers_unused": gettext_lazy("tiers are not read by the price model “%(model)s”; leave them out."),
    "tiers_too_many": gettext_lazy("tiers: there are more than %(most)s; merge some."),
    "tiers_not_ascending": gettext_lazy(
        "%(field)s %(value)s is not above the tier before; put the tiers in ascending order."
    ),
    "tiers_open_end": gettext_lazy("%(field)s: the last tier has no upper bound, and only the last one."),
    "package_missing": gettext_lazy("the units per package are missing; say how many units a package holds."),
    "package_unused": gettext_lazy("units per package are not read by the price model “%(model)s”; leave them out."),
    "minimum_above_maximum": gettext_lazy(
        "the minimum %(value)s is above the maximum %(most)s; lower it or raise the maximum."
    ),
}

# Fields of a plan, a component and a tier as a person calls them.
NAMES: Final[dict[str, Promise]] = {
    "code": gettext_lazy("code"),
    "name": gettext_lazy("name"),
    "name_en": gettext_lazy("name in English"),
    "kind": gettext_lazy("kind"),
    "model": gettext_lazy("price model"),
    "unit": gettext_lazy("unit"),
    "meter": gettext_lazy("meter"),
    "aggregation": gettext_lazy("what is counted"),
    "unit_price": gettext_lazy("unit price"),
    "vat_rate": gettext_lazy("VAT rate"),
    "tiers": gettext_lazy("tiers"),
    "up_to": gettext_lazy("upper bound"),
    "flat": gettext_lazy("fixed amount"),
    "package_size": gettext_lazy("units per package"),
    "included_quantity": gettext_lazy("included quantity"),
    "minimum_amount": gettext_lazy("minimum per month"),
    "maximum_amount": gettext_lazy("maximum per month"),
}
MODELS: Final[dict[str, Promise]] = {
    rules.PER_UNIT: gettext_lazy("Per unit"),
    rules.FLAT: gettext_lazy("Flat"),
    rules.GRADUATED: gettext_lazy("Graduated"),
    rules.VOLUME: gettext_lazy("Volume"),
    rules.PACKAGE: gettext_lazy("Package"),
    rules.PERCENTAGE: gettext_lazy("Percentage"),
}
_TIER: Final = re.compile(r"tiers\[(\d+)\]\.(\w+)")

Place = Callable[[], str]  # words only where a refusal is written: an import comes here for every price


class InvalidPriceBook(errors.Refused):
    """A price book cannot be computed; the message names plan, component, field and remedy.

    `plan` and `component` are their codes and `part` the field of the component, where there is one.
    """

    def __init__(self, message: str, *, field: str, plan: str = "", component: str = "", part: str = "") -> None:
        super().__init__(message, field=field)
        self.plan, self.component, self.part = plan, component, part


@dataclass(frozen=True, slots=True)
class ComponentDraft:
    """One price: `unit_price` net in major units, at most 8 decimals; `vat_rate` as a fraction.

    `model` and what it reads are those of `billing.rules.components`; a tiered model has `unit_price` 0.
    """

    code: str
    name: str
    kind: str
    unit: str
    unit_price: Decimal
    vat_rate: Decimal | None
    meter: str = ""
    name_en: str = ""
    model: str = rules.PER_UNIT
    tiers: Sequence[Tier] = ()
    package_size: Decimal | None = None
    included_quantity: Decimal = Decimal(0)
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None
    aggregation: str = aggregation.SUM


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """One way to buy: its prices, and the lengths it is offered for (months → discount as a fraction)."""

    code: str
    name: str
    components: Sequence[ComponentDraft]
    terms: Mapping[int, Decimal]
    name_en: str = ""


def check_plans(*, plans: Sequence[PlanDraft], currency: str = "CNY") -> None:
    """Raise InvalidPriceBook for the first thing that cannot be computed or stored."""
    try:
        money.minor_units(currency)
    except money.UnknownCurrency:
        raise InvalidPriceBook(
            _("Currency %(code)s is not known; use a code such as CNY.") % {"code": currency}, field="currency"
        ) from None
    if not plans:
        raise InvalidPriceBook(_("Give at least one plan: an offering without a price is not listed."), field="plans")
    if len(plans) > MOST_PLANS:
        raise InvalidPriceBook(
            _("There are more than %(most)s plans; leave some out.") % {"most": MOST_PLANS}, field="plans"
        )
    _refuse_twice([plan.code for plan in plans], place=lambda: _("Plans"), field="plans")
    for plan in plans:
        _check_plan(plan)


def write_tiers(*, tiers: Iterable[Tier]) -> list[dict[str, str | None]]:
    """Tiers as the column holds them: decimals as text, `up_to` null at the end."""
    return [
        {
            "up_to": None if tier.up_to is None else decimals.format_plain(tier.up_to),
            "unit_price": decimals.format_plain(tier.unit_price),
            "flat": decimals.format_plain(tier.flat),
        }
        for tier in tiers
    ]


def to_row(*, one: ComponentDraft, **where: Any) -> PriceComponent:
    """A component as a row that is not written yet; `where` is its plan and its position there."""
    return PriceComponent(  # type: ignore[misc]  # the checks refuse a draft without a VAT rate
        code=one.code,
        name=one.name,
        name_en=one.name_en,
        kind=one.kind,
        unit=one.unit,
        meter=one.meter,
        unit_price=one.unit_price,
        vat_rate=one.vat_rate,
        model=one.model,
        tiers=write_tiers(tiers=one.tiers),
        package_size=one.package_size,
        included_quantity=one.included_quantity,
        minimum_amount=one.minimum_amount,
        maximum_amount=one.maximum_amount,
        aggregation=one.aggregation,
        **where,
    )


def read_draft(*, plan: "Plan") -> PlanDraft:
    """A stored plan as a draft of the same content."""
    return PlanDraft(
        code=plan.code,
        name=plan.name,
        name_en=plan.name_en,
        terms={term.months: term.discount for term in plan.terms.all()},
        components=[
            ComponentDraft(
                code=row.code,
                name=row.name,
                name_en=row.name_en,
                kind=row.kind,
                unit=row.unit,
                unit_price=row.unit_price,
                vat_rate=row.vat_rate,
                meter=row.meter,
                model=row.model,
                tiers=pricing.read_tiers(rows=row.tiers),
                package_size=row.package_size,
                included_quantity=row.included_quantity,
                minimum_amount=row.minimum_amount,
                maximum_amount=row.maximum_amount,
                aggregation=row.aggregation,
            )
            for row in plan.components.all()
        ],
    )


def name_field(field: str) -> str:
    """A field of `rules.Component` in the reader's language; `tiers[2].unit_price` is “tier 2, unit price”."""
    tier = _TIER.fullmatch(field)
    if tier:
        return _("tier %(place)s, %(field)s") % {"place": tier[1], "field": name_field(tier[2])}
    return str(NAMES.get(field, field))


def _write_problem(problem: str, *, field: str, **values: object) -> str:
    if "model" in values:
        values["model"] = MODELS.get(str(values["model"]), values["model"])
    return str(PROBLEMS[problem]) % {"field": name_field(field), **values}


def _name_plan(plan: PlanDraft) -> str:
    return _("Plan %(plan)s") % {"plan": plan.name or plan.code}


def _name_component(plan: PlanDraft, one: ComponentDraft) -> str:
    return _("Plan %(plan)s, component %(component)s") % {"plan": plan.name, "component": one.code or one.name}


def _check_plan(plan: PlanDraft) -> None:
    place = functools.partial(_name_plan, plan)
    _check_words(plan, ("code", "name", "name_en"), place=place, plan=plan.code)
    if not plan.components:
        raise InvalidPriceBook(
            _("Plan %(plan)s has no price. Add a component.") % {"plan": plan.name}, field="components", plan=plan.code
        )
    if len(plan.components) > MOST_COMPONENTS:
        raise InvalidPriceBook(
            _("%(place)s has more than %(most)s components; leave some out.")
            % {"place": place(), "most": MOST_COMPONENTS},
            field="components",
            plan=plan.code,
        )
    if not plan.terms:
        raise InvalidPriceBook(
            _("Plan %(plan)s has no term. Add at least one.") % {"plan": plan.name}, field="terms", plan=plan.code
        )
    for months, discount in plan.terms.items():
        is_length = isinstance(months, int) and not isinstance(months, bool) and 1 <= months <= 60
        if not is_length or not _is_discount(discount):
            raise InvalidPriceBook(
                _("Plan %(plan)s: a term has 1 to 60 months and a discount from 0 to below 1.") % {"plan": plan.name},
                field="terms",
                plan=plan.code,
            )
    _refuse_twice([one.code for one in plan.components], place=place, field="components", plan=plan.code)
    meters = [one.meter for one in plan.components if one.meter]
    _refuse_twice(meters, place=place, field="components", plan=plan.code)
    for one in plan.components:
        _check_component(plan=plan, one=one)


def _is_discount(discount: Any) -> bool:
    if not isinstance(discount, Decimal) or not discount.is_finite():
        return False
    return 0 <= discount < 1 and decimals.count_places(discount) <= 4


def _check_component(*, plan: PlanDraft, one: ComponentDraft) -> None:
    place = functools.partial(_name_component, plan, one)

    def refuse(part: str, reason: str) -> InvalidPriceBook:
        return InvalidPriceBook(
            _("%(place)s: %(reason)s") % {"place": place(), "reason": reason},
            field="components",
            plan=plan.code,
            component=one.code,
            part=part,
        )

    if one.vat_rate is None:
        raise refuse("vat_rate", _("the VAT rate is missing; state it: 0.06 for six per cent, 0 for exempt."))
    if not isinstance(one.vat_rate, Decimal) or not one.vat_rate.is_finite() or not 0 <= one.vat_rate < 1:
        raise refuse(
            "vat_rate", _("VAT rate %(value)s is not a fraction below 1; 6 %% is 0.06.") % {"value": one.vat_rate}
        )
    if decimals.count_places(one.vat_rate) > VAT_PLACES:
        reason = _write_problem("too_long", field="vat_rate", value=one.vat_rate, places=VAT_PLACES)
        raise refuse("vat_rate", reason)
    try:
        rules.Component(
            code=one.code,
            kind=one.kind,
            unit_price=one.unit_price,
            vat_rate=one.vat_rate,
            unit=one.unit,
            meter=one.meter or None,
            model=one.model,
            tiers=tuple(one.tiers),
            package_size=one.package_size,
            included_quantity=one.included_quantity,
            minimum_amount=one.minimum_amount,
            maximum_amount=one.maximum_amount,
            aggregation=one.aggregation,
        )
    except rules.InvalidComponent as error:
        raise refuse(error.field, _write_problem(error.problem, **error.values)) from error  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:  # not a number at all
        raise refuse("unit_price", _("a price, a rate or a quantity is not a number; write it again.")) from error
    if not one.unit:
        raise refuse("unit", _("name the unit of the price."))
    _check_words(one, tuple(LENGTHS), place=place, plan=plan.code, component=one.code)


def _check_words(
    one: PlanDraft | ComponentDraft, names: Sequence[str], *, place: Place, plan: str, component: str = ""
) -> None:
    """Texts fit their columns and hold no control characters; a code and a name are there."""
    for name in names:
        text = getattr(one, name)
        if name in ("code", "name") and not text.strip():
            reason = _write_problem("empty", field=name)
        elif len(text) > LENGTHS[name]:
            reason = _("%(field)s has more than %(most)s characters; shorten it.") % {
                "field": name_field(name),
                "most": LENGTHS[name],
            }
        elif not text.isprintable() and any(ord(character) < 32 or ord(character) == 127 for character in text):
            reason = _("%(field)s holds a control character; write it again.") % {"field": name_field(name)}
        elif name == "code" and not CODE.fullmatch(text):
            reason = _("code %(value)s: use Latin letters, digits, - and _ only.") % {"value": text}
        else:
            continue
        raise InvalidPriceBook(
            _("%(place)s: %(reason)s") % {"place": place(), "reason": reason},
            field="components" if component else "plans",
            plan=plan,
            component=component,
            part=name,
        )


def _refuse_twice(codes: Sequence[str], *, place: Place, field: str, plan: str = "") -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise InvalidPriceBook(
                _("%(place)s: %(code)s stands there twice; give each its own.") % {"place": place(), "code": code},
                field=field,
                plan=plan,
            )
        seen.add(code)
