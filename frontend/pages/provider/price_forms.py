"""A price book as forms without a script: plans, their components, and for whom. The rules are those of the drafts."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import decimals
from listings.prices import drafts, words
from listings.prices.drafts import ComponentDraft, PlanDraft, Tier

BLANK_PLANS: Final = 1
BLANK_COMPONENTS: Final = 2
KINDS: Final = [
    ("recurring", gettext_lazy("Per month")),
    ("one_time", gettext_lazy("One-time")),
    ("metered", gettext_lazy("Metered")),
]
NO_END: Final = "*"


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

    plan = forms.SlugField(label=gettext_lazy("Of plan"), max_length=30)
    code = forms.SlugField(label=gettext_lazy("Code"), max_length=30)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=60, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=KINDS)
    model = forms.ChoiceField(label=gettext_lazy("Price model"), choices=list(words.MODELS.items()))
    unit = forms.CharField(label=gettext_lazy("Unit"), max_length=30)
    meter = forms.SlugField(label=gettext_lazy("Meter"), max_length=40, required=False)
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
            meter=given["meter"],
            model=given["model"],
            unit_price=given["unit_price"] if given["unit_price"] is not None else Decimal(0),
            vat_rate=None if vat is None else vat.scaleb(-2),
            tiers=given["tiers"],
            package_size=given["package_size"],
            included_quantity=given["included_quantity"] or Decimal(0),
            minimum_amount=given["minimum_amount"],
            maximum_amount=given["maximum_amount"],
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


PlanForms = forms.formset_factory(PlanForm, extra=BLANK_PLANS, max_num=drafts.MOST_PLANS, absolute_max=40)
ComponentForms = forms.formset_factory(ComponentForm, extra=BLANK_COMPONENTS, max_num=60, absolute_max=80)


class BookForms:
    """The two sets of forms of a price book; blank ones are left out."""

    def __init__(self, data: Mapping[str, Any] | None, *, plans: Sequence[PlanDraft]) -> None:
        initial = [] if data else [_plan_initial(plan) for plan in plans]
        parts = [] if data else [_component_initial(plan.code, one) for plan in plans for one in plan.components]
        self.plans = PlanForms(data, prefix="plans", initial=initial)
        self.components = ComponentForms(data, prefix="components", initial=parts)

    def is_valid(self) -> bool:
        """Whether every form that is not blank can be read, and every component names a plan."""
        are_valid = [self.plans.is_valid(), self.components.is_valid()]
        if not all(are_valid):
            return False
        codes = {form.cleaned_data["code"] for form in self._filled(self.plans)}
        for form in self._filled(self.components):
            if form.cleaned_data["plan"] not in codes:
                form.add_error("plan", _("There is no such plan above. Write one of their codes."))
        return not any(form.errors for form in self.components)

    def to_drafts(self) -> list[PlanDraft]:
        """The plans, once the forms are valid."""
        parts: dict[str, list[ComponentDraft]] = {}
        for form in self._filled(self.components):
            parts.setdefault(form.cleaned_data["plan"], []).append(form.to_draft())
        return [
            PlanDraft(
                code=form.cleaned_data["code"],
                name=form.cleaned_data["name"],
                name_en=form.cleaned_data["name_en"],
                terms=form.cleaned_data["terms"],
                components=parts.get(form.cleaned_data["code"], []),
            )
            for form in self._filled(self.plans)
        ]

    @staticmethod
    def _filled(formset: Any) -> list[Any]:
        return [form for form in formset if form.has_changed() or form.initial]


def _plan_initial(plan: PlanDraft) -> dict[str, Any]:
    lengths = [
        f"{months}:{decimals.format_plain(discount * 100)}" if discount else str(months)
        for months, discount in sorted(plan.terms.items())
    ]
    return {"code": plan.code, "name": plan.name, "name_en": plan.name_en, "terms": ", ".join(lengths)}


def _component_initial(plan_code: str, one: ComponentDraft) -> dict[str, Any]:
    lines = []
    for tier in one.tiers:
        end = NO_END if tier.up_to is None else decimals.format_plain(tier.up_to)
        flat = f" {decimals.format_plain(tier.flat)}" if tier.flat else ""
        lines.append(f"{end} {decimals.format_plain(tier.unit_price)}{flat}")
    names = ("code", "name", "name_en", "kind", "model", "unit", "meter")
    figures = ("unit_price", "package_size", "included_quantity", "minimum_amount", "maximum_amount")
    return {
        "plan": plan_code,
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
