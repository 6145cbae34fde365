"""A price book as forms without a script: plans, their components, and for whom. The rules are those of the drafts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import decimals
from frontend.pages.provider.price_fields import FIGURES, KINDS, LIMITS, NO_END, PARTS, PRICES, SAVE
from listings.prices import drafts, table, words
from listings.prices.drafts import ComponentDraft, PlanDraft, Tier


class PlanForm(forms.Form):
    """One way to buy. `terms` reads "1, 3:2, 12:10": months, with the discount in per cent after a colon."""

    code = forms.SlugField(label=gettext_lazy("Plan code"), max_length=30)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=60, required=False)
    terms = forms.CharField(
        label=gettext_lazy("Terms"),
        max_length=200,
        help_text=gettext_lazy("Months, with the discount in % after a colon: 1, 3:2, 12:10"),
    )

    def clean_terms(self) -> dict[int, Decimal]:
        """Months → discount as a fraction."""
        found: dict[int, Decimal] = {}
        for one in self.cleaned_data["terms"].replace("，", ",").replace("：", ":").split(","):
            months, _colon, percent = one.strip().partition(":")
            if not (months.isascii() and months.isdecimal() and len(months) < 4) or int(months) in found:
                raise forms.ValidationError(_("Write each length once, as whole months: 1, 3:2, 12:10"))
            found[int(months)] = _percent(percent or "0")
        return found


class ComponentForm(forms.Form):
    """One price of a plan, without tax."""

    plan = forms.IntegerField(min_value=0, widget=forms.HiddenInput)  # the place of its plan on the page
    code = forms.SlugField(label=gettext_lazy("Code"), max_length=30)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=60, required=False)
    # A browser sends the first choice of a blank form too: with it as the initial one, the form still counts as blank.
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS, initial=KINDS[0][0])
    model = forms.ChoiceField(
        label=gettext_lazy("Price model"), choices=list(words.MODELS.items()), initial=next(iter(words.MODELS))
    )
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=30)
    meter = forms.SlugField(label=gettext_lazy("Meter"), max_length=40, required=False)
    aggregation = forms.ChoiceField(
        label=gettext_lazy("What is counted"),
        choices=list(words.AGGREGATIONS.items()),
        initial=next(iter(words.AGGREGATIONS)),
        required=False,
    )
    unit_price = forms.DecimalField(label=gettext_lazy("Price without tax"), required=False)
    tiers = forms.CharField(
        label=gettext_lazy("Tiers"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One a line: up to, price of a unit, flat part. * for no upper bound: 100 0.5 / * 0.4 10"
        ),
    )
    package_size = forms.DecimalField(label=gettext_lazy("Units per package"), required=False)
    included_quantity = forms.DecimalField(label=gettext_lazy("Included quantity"), required=False)
    minimum_amount = forms.DecimalField(label=gettext_lazy("At least, per month"), required=False)
    maximum_amount = forms.DecimalField(label=gettext_lazy("At most, per month"), required=False)
    vat_percent = forms.DecimalField(label=gettext_lazy("VAT rate, %"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shape()

    def shape(self) -> None:
        """Leave the fields that the chosen kind and price model read; a limit on a flat price only if one was set."""
        model = self["model"].value() or "per_unit"
        kept = FIGURES.get(model, ())
        limits = [name for name in LIMITS if model != "flat" or self[name].value() not in (None, "", "0")]
        for name in ("unit_price", "tiers", "package_size", *LIMITS):
            if name not in kept and name not in limits:
                del self.fields[name]
        if self["kind"].value() != "metered":
            del self.fields["meter"], self.fields["aggregation"]
        for name in ("meter", "vat_percent", *(kept if model != "percentage" else ())):
            if name in self.fields:
                self.fields[name].required = True
        if "unit_price" in self.fields:
            self.fields["unit_price"].label = PRICES[model]
        if self["kind"].value() == "one_time":
            for name, label in (
                ("minimum_amount", _("At least, per order")),
                ("maximum_amount", _("At most, per order")),
            ):
                if name in self.fields:
                    self.fields[name].label = label

    @property
    def main_fields(self) -> list[Any]:
        """What it is and what it costs."""
        return [self[name] for name in self.fields if name not in (*LIMITS, "kind", "model", "plan", "DELETE")]

    @property
    def limit_fields(self) -> list[Any]:
        return [self[name] for name in LIMITS if name in self.fields]

    @property
    def has_limits(self) -> bool:
        """Whether one is set, or refused."""
        return any(field.errors or field.value() not in (None, "", "0") for field in self.limit_fields)

    def clean_tiers(self) -> tuple[Tier, ...]:
        """Tiers as the rules read them."""
        found = []
        for number, line in enumerate(self.cleaned_data["tiers"].splitlines(), 1):
            figures = line.split()
            if not figures:
                continue
            if len(figures) not in (2, 3):
                raise forms.ValidationError(
                    _("Line %(line)s: write the upper bound, the price of a unit and, if any, the flat part.")
                    % {"line": number}
                )
            try:
                up_to = None if figures[0] == NO_END else Decimal(figures[0])
                found.append(Tier(up_to, Decimal(figures[1]), Decimal(figures[2] if len(figures) == 3 else 0)))
            except InvalidOperation:
                raise forms.ValidationError(_("Line %(line)s: this is not a number.") % {"line": number}) from None
        return tuple(found)

    def to_draft(self) -> ComponentDraft:
        """The component, once the form is valid."""
        given = self.cleaned_data
        vat = given["vat_percent"]
        return ComponentDraft(
            code=given["code"],
            name=given["name"],
            name_en=given["name_en"],
            kind=given["kind"],
            unit=given["unit"],
            meter=given.get("meter", ""),
            aggregation=given.get("aggregation") or "sum",
            model=given["model"],
            unit_price=given.get("unit_price") or Decimal(0),
            vat_rate=None if vat is None else vat.scaleb(-2),
            tiers=given.get("tiers", ()),
            package_size=given.get("package_size"),
            included_quantity=given.get("included_quantity") or Decimal(0),
            minimum_amount=given.get("minimum_amount"),
            maximum_amount=given.get("maximum_amount"),
        )


class AgreementForm(forms.Form):
    """For whom prices are agreed, on what basis, and for how long."""

    buyer = forms.CharField(
        label=gettext_lazy("Unified social credit code of the buyer"),
        max_length=18,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("Basis"),
        choices=[("negotiated", gettext_lazy("Negotiated")), ("framework", gettext_lazy("Framework agreement"))],
    )
    effective_date = forms.DateField(
        label=gettext_lazy("In force from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until, included"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class DateForm(forms.Form):
    """From when announced prices are in force."""

    effective_date = forms.DateField(
        label=gettext_lazy("In force from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class Parts(forms.BaseFormSet):
    """Forms that all count: whoever wants one away ticks “Leave out”."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {"empty_permitted": False}

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Leave out")

    @property
    def kept(self) -> dict[int, Any]:
        """Place on the page → form, without those that are left out."""
        return {place: form for place, form in enumerate(self.forms) if not (self.is_bound and form["DELETE"].value())}


_MOST: Final[dict[str, Any]] = {"can_delete": True, "extra": 0, "formset": Parts}
PlanForms: Any = forms.formset_factory(PlanForm, max_num=drafts.MOST_PLANS, absolute_max=40, **_MOST)
ComponentForms: Any = forms.formset_factory(
    ComponentForm, max_num=100, absolute_max=drafts.MOST_PLANS * drafts.MOST_COMPONENTS, **_MOST
)


class BookForms:
    """A price book as one page: each plan with its prices, each of which folds.

    Every step sends the whole page. `save` keeps it; `shape-3` shows the fields of the model chosen for price 3;
    `price-0` adds a price to plan 0 and `plan` a plan: these only draw the page again, so it needs no script.
    """

    def __init__(self, data: Mapping[str, Any] | None, *, plans: Sequence[PlanDraft]) -> None:
        self.step = SAVE if data is None else data.get("step", SAVE)
        self.opened: int | None = None
        if data is None:
            rows = [_plan_initial(plan) for plan in plans]
            parts = [_component_initial(place, one) for place, plan in enumerate(plans) for one in plan.components]
            self._start(rows or [{}], parts if rows else [_blank_component(0)])
            return
        self.plans, self.components = PlanForms(data, prefix="plans"), ComponentForms(data, prefix="components")
        if self.step != SAVE and self.plans.management_form.is_valid() and self.components.management_form.is_valid():
            self._draw_again()

    @property
    def is_to_save(self) -> bool:
        return bool(self.step == SAVE)

    def _start(self, rows: list[dict[str, Any]], parts: list[dict[str, Any]]) -> None:
        self.plans = PlanForms(prefix="plans", initial=rows)
        self.components = ComponentForms(prefix="components", initial=parts)

    def _draw_again(self) -> None:
        """The page as it was sent, changed by one step, and not judged yet."""
        step, _dash, number = str(self.step).partition("-")
        plans = self.plans.kept
        places = {place: at for at, place in enumerate(plans)}
        parts: list[dict[str, Any]] = []
        opened = None
        for place, form in self.components.kept.items():
            at = places.get(_place(form["plan"].value()))
            if at is None:
                continue
            if step == "shape" and number == str(place):
                opened = len(parts)
            parts.append({**_sent(form), "plan": at})
        rows = [_sent(form) for form in plans.values()]
        if step == "plan" and len(rows) < drafts.MOST_PLANS:
            rows.append({})
            parts.append(_blank_component(len(rows) - 1))
            opened = len(parts) - 1
        elif step == "price" and _place(number) in places:
            parts.append(_blank_component(places[_place(number)]))
            opened = len(parts) - 1
        self._start(rows, parts)
        self.opened = opened

    def is_valid(self) -> bool:
        """Whether every form that is kept can be read."""
        return all([self.plans.is_valid(), self.components.is_valid()])

    @property
    def problems(self) -> list[str]:
        """What is wrong with the page as a whole."""
        return [*self.plans.non_form_errors(), *self.components.non_form_errors()] if self.plans.is_bound else []

    def to_drafts(self) -> list[PlanDraft]:
        """The plans, once the forms are valid."""
        return [
            PlanDraft(
                code=form.cleaned_data["code"],
                name=form.cleaned_data["name"],
                name_en=form.cleaned_data["name_en"],
                terms=form.cleaned_data["terms"],
                components=[part.to_draft() for _at, part in self._parts_of(place)],
            )
            for place, form in self.plans.kept.items()
        ]

    def refuse(self, refusal: drafts.InvalidPriceBook) -> bool:
        """Put a refusal beside the field it names; False if it names none of this page's."""
        for place, form in self.plans.kept.items():
            if form.cleaned_data["code"] != refusal.plan:
                continue
            for _at, part in self._parts_of(place):
                if refusal.component and part.cleaned_data["code"] == refusal.component:
                    name = refusal.part.partition("[")[0]
                    name = PARTS.get(name, name)
                    part.add_error(name if name in part.fields else None, refusal.message)
                    return True
            name = refusal.part or refusal.field
            form.add_error(name if name in form.fields else None, refusal.message)
            return True
        return False

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The plans as the page shows them: form, place, parts (form, place, figures, is_open)."""
        return [
            {
                "form": form,
                "place": place,
                "parts": [self._describe(at, part) for at, part in self._parts_of(place)],
                "is_open": bool(form.errors) or not form["code"].value(),
            }
            for place, form in enumerate(self.plans.forms)
        ]

    def _describe(self, place: int, form: ComponentForm) -> dict[str, Any]:
        """A price: what it is, and, as far as it can be computed, what it comes to with tax."""
        model = form["model"].value()
        probe = form
        if not form.is_bound:
            data = {form.add_prefix(name): form[name].value() for name in form.fields}
            probe = ComponentForm(data, prefix=form.prefix)
        return {
            "form": form,
            "place": place,
            "is_open": bool(form.errors) or place == self.opened or not form["code"].value(),
            "kind": dict(KINDS).get(form["kind"].value(), ""),
            "model": drafts.MODELS.get(model, ""),
            "figures": table.describe_draft(one=probe.to_draft()) if probe.is_valid() else None,
        }

    def _parts_of(self, place: int) -> list[tuple[int, Any]]:
        """The prices of the plan at a place of the page; those that are left out too, once the page is refused."""
        return [(at, form) for at, form in self.components.kept.items() if _place(form["plan"].value()) == place]


def _place(value: Any) -> int:
    """A place on the page as it was sent; -1 for what is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else -1


def _sent(form: forms.Form) -> dict[str, Any]:
    keys = {name: form.add_prefix(name) for name in form.base_fields}
    return {name: form.data[key] for name, key in keys.items() if key in form.data}


def _blank_component(place: int) -> dict[str, Any]:
    return {"plan": place, "kind": "recurring", "model": "per_unit", "vat_percent": "6"}


def _plan_initial(plan: PlanDraft) -> dict[str, Any]:
    lengths = [
        f"{months}:{decimals.format_plain(discount * 100)}" if discount else str(months)
        for months, discount in sorted(plan.terms.items())
    ]
    return {"code": plan.code, "name": plan.name, "name_en": plan.name_en, "terms": ", ".join(lengths)}


def _component_initial(place: int, one: ComponentDraft) -> dict[str, Any]:
    lines = []
    for tier in one.tiers:
        end = NO_END if tier.up_to is None else decimals.format_plain(tier.up_to)
        flat = f" {decimals.format_plain(tier.flat)}" if tier.flat else ""
        lines.append(f"{end} {decimals.format_plain(tier.unit_price)}{flat}")
    names = ("code", "name", "name_en", "kind", "model", "unit", "meter", "aggregation")
    figures = ("unit_price", "package_size", "included_quantity", "minimum_amount", "maximum_amount")
    return {
        "plan": place,
        **{name: getattr(one, name) for name in names},
        **{name: _shown(getattr(one, name)) for name in figures},
        "tiers": "\n".join(lines),
        "vat_percent": _shown(None if one.vat_rate is None else one.vat_rate * 100),
    }


def _shown(value: Decimal | None) -> str:
    return "" if value is None else decimals.format_plain(value)


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text.strip().removesuffix("%")).scaleb(-2)
    except InvalidOperation:
        raise forms.ValidationError(_("%(text)s is not a discount in per cent.") % {"text": text[:20]}) from None
