"""Service level credits of all providers: disputes to decide, and the standard table."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.contracts import credit_tables, sla
from billing.rules import periods
from billing.rules.availability import Step
from frontend.pages import credited
from marketplace import clock
from marketplace.organisations import errors, gate


class DecisionForm(forms.Form):
    """Whether a credit is granted, and why."""

    is_granted = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[("yes", gettext_lazy("The credit is due")), ("no", gettext_lazy("No credit is due"))],
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=errors.LONGEST_REASON)


class TableForm(forms.Form):
    """Three steps: below the promise, and below two lower bounds."""

    effective_date = forms.DateField(
        label=gettext_lazy("In force from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    percent_promise = forms.DecimalField(
        label=gettext_lazy("Credit below the promise, %"), max_digits=6, decimal_places=3
    )
    below_first = forms.DecimalField(label=gettext_lazy("First bound, %"), max_digits=6, decimal_places=3)
    percent_first = forms.DecimalField(label=gettext_lazy("Credit below it, %"), max_digits=6, decimal_places=3)
    below_second = forms.DecimalField(label=gettext_lazy("Second bound, %"), max_digits=6, decimal_places=3)
    percent_second = forms.DecimalField(label=gettext_lazy("Credit below that, %"), max_digits=6, decimal_places=3)
    source = forms.CharField(
        label=gettext_lazy("Where it stands"),
        max_length=200,
        help_text=gettext_lazy("The terms or the announcement, so that buyers can read it."),
    )

    is_floor = forms.BooleanField(
        label=gettext_lazy("Listings grant at least this"),
        required=False,
        help_text=gettext_lazy("Then a listing's own table counts only where it gives more."),
    )

    def steps(self) -> list[Step]:
        """The steps as the rules want them."""
        values: dict[str, Decimal] = self.cleaned_data
        return [
            Step(None, values["percent_promise"]),
            Step(values["below_first"], values["percent_first"]),
            Step(values["below_second"], values["percent_second"]),
        ]


@gate.page(permission="sla.decide", side="platform", methods=("GET", "POST"))
def show_credits(request: HttpRequest) -> HttpResponse:
    """All credits by state, the table in force, and the form for the next one."""
    form = TableForm(request.POST) if request.method == "POST" else TableForm()
    if request.method == "POST":
        if not form.is_valid():
            return _render(request, form=form, status=422)
        try:
            credit_tables.enter_table(
                effective_date=form.cleaned_data["effective_date"],
                steps=form.steps(),
                source=form.cleaned_data["source"],
                is_floor=form.cleaned_data["is_floor"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            return _render(request, form=form, status=422)
        messages.success(request, _("The table is announced."))
        return redirect("operator:credits")
    return _render(request, form=form)


@gate.page(permission="sla.decide", side="platform", methods=("POST",))
def decide(request: HttpRequest, number: str, month: str) -> HttpResponse:
    """Decide a dispute."""
    decision = DecisionForm(request.POST)
    if not decision.is_valid():
        return _render(request, form=TableForm(), decision=decision, failed=(number, month), status=422)
    try:
        sla.decide(
            number=number,
            month=credited.month_in_address(month),
            is_granted=decision.cleaned_data["is_granted"] == "yes",
            reason=decision.cleaned_data["reason"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The dispute is decided."))
    return redirect("operator:credits")


def _render(
    request: HttpRequest,
    *,
    form: TableForm,
    decision: DecisionForm | None = None,
    failed: tuple[str, str] = ("", ""),
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = credited.describe_list(
        request, url_name="operator:credits", provider_organisation_id=None
    )
    for place, row in enumerate(context["rows"]):
        is_failed = (row["credit"].contract.number, row["month"]) == failed
        row["form"] = decision if decision and is_failed else DecisionForm(auto_id=f"decide{place}_%s")
    table = credit_tables.table_in_force(on=periods.civil_date(clock.now()))
    context |= {"form": form, "table": table, "steps": credited.steps_in_words(table)}
    return render(request, "operator/credits.html", context, status=status)
