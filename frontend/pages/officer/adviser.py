"""The rules of the deployment adviser: every version, and the next one, announced at least 7 days ahead."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend.pages.public import adviser as public
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.procurement import adviser

CELLS = [(information, business) for information in adviser.INFORMATION for business in adviser.BUSINESS]


class RulesForm(forms.Form):
    """A table of cells, each with the models that fit and the rule in words; what does not fit; source and day."""

    mode = forms.ChoiceField(
        label=gettext_lazy("What does not fit"), choices=adviser.AdviserRules.Mode.choices, widget=forms.RadioSelect
    )
    source = forms.CharField(label=gettext_lazy("Source"), max_length=adviser.LONGEST_SOURCE)
    effective_date = forms.DateField(
        label=gettext_lazy("In force from"),
        help_text=gettext_lazy("At least 7 days after today."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for information, business in CELLS:
            name = f"{information}_{business}"
            self.fields[name] = forms.MultipleChoiceField(
                label=f"{adviser.INFORMATION[information]} · {adviser.BUSINESS[business]}",
                choices=list(wording.DEPLOYMENT_MODELS.items()),
                widget=forms.CheckboxSelectMultiple,
            )
            self.fields[f"{name}_advice"] = forms.CharField(
                label=gettext_lazy("Rule in Chinese"), max_length=adviser.LONGEST_ADVICE
            )
            self.fields[f"{name}_advice_en"] = forms.CharField(
                label=gettext_lazy("Rule in English"), max_length=adviser.LONGEST_ADVICE, required=False
            )

    def cells(self) -> list[list[forms.BoundField]]:
        """The fields of each cell, for the template."""
        names = [f"{information}_{business}" for information, business in CELLS]
        return [[self[name], self[f"{name}_advice"], self[f"{name}_advice_en"]] for name in names]

    def table(self) -> dict[str, dict[str, dict[str, Any]]]:
        """What `adviser.announce_rules` takes."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for information, business in CELLS:
            name = f"{information}_{business}"
            found.setdefault(information, {})[business] = {
                "models": self.cleaned_data[name],
                "advice": self.cleaned_data[f"{name}_advice"],
                "advice_en": self.cleaned_data[f"{name}_advice_en"],
            }
        return found


@gate.page(permission="adviser.edit", methods=("GET", "POST"))
def edit_rules(request: HttpRequest) -> HttpResponse:
    """The versions, and a form that starts from the latest one; a POST announces the next."""
    versions = adviser.list_rules()
    if request.method != "POST":
        return _render(request, versions, form=RulesForm(initial=_initial(versions[0]) if versions else None))
    form = RulesForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            rules = adviser.announce_rules(
                table=form.table(),
                mode=form.cleaned_data["mode"],
                source=form.cleaned_data["source"],
                effective_date=form.cleaned_data["effective_date"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = 409 if error.is_conflict else 422
        else:
            messages.success(request, _("Version %(version)s is announced.") % {"version": rules.version})
            return redirect("adviser_rules")
    return _render(request, versions, form=form, status=status)


def _render(
    request: HttpRequest, versions: list[adviser.AdviserRules], *, form: RulesForm, status: int = 200
) -> HttpResponse:
    in_force = adviser.rules_in_force(on=periods.civil_date(clock.now()))
    context = {
        "form": form,
        "business": list(adviser.BUSINESS.items()),
        "versions": [
            {"rules": one, "rows": public.table_of(one), "is_in_force": in_force is not None and one.pk == in_force.pk}
            for one in versions
        ],
    }
    return render(request, "officer/adviser.html", context, status=status)


def _initial(rules: adviser.AdviserRules) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mode": rules.mode,
        "source": rules.source,
        "effective_date": periods.civil_date(clock.now()) + adviser.NOTICE,
    }
    for information, business in CELLS:
        cell, name = rules.table[information][business], f"{information}_{business}"
        found |= {
            name: cell["models"],
            f"{name}_advice": cell["advice"],
            f"{name}_advice_en": cell.get("advice_en", ""),
        }
    return found
