"""The form that announces the next version of the criteria."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from listings import wording as words
from listings.recommended import operations, queries, wording
from marketplace import clock
from marketplace.organisations import errors, gate

NOT_ASKED: Final = ("", gettext_lazy("not asked for"))
LEVELS: Final = [NOT_ASKED, *((str(level), str(level)) for level in (2, 3, 4))]
SUPPORT: Final = [NOT_ASKED, *words.SUPPORT.items()]
# The field of the form at fault, by criterion and parameter.
FIELDS: Final = {
    "level": "mlps_level",
    "limit": "pue_limit",
    "percent": "sla_percent",
    "kind": None,
}


class CriteriaForm(forms.Form):
    """What an offering must fulfil; what is left empty is not asked for."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=120, required=False)
    source = forms.CharField(
        label=gettext_lazy("Source"),
        max_length=500,
        help_text=gettext_lazy("The regulation or decision the criteria rest on; everyone can read it."),
    )
    effective_date = forms.DateField(
        label=gettext_lazy("In force from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    data_centre_operating = forms.BooleanField(
        label=gettext_lazy("The data centre is in operation"), required=False, initial=True
    )
    prices_complete = forms.BooleanField(
        label=gettext_lazy("Every plan has complete prices with tax stated"), required=False, initial=True
    )
    exit_terms_present = forms.BooleanField(
        label=gettext_lazy("Exit terms are stated: notice, export of the data, fee"), required=False
    )
    provider_recognised = forms.BooleanField(
        label=gettext_lazy("The provider is recognised as a cloud enterprise"), required=False
    )
    mlps_level = forms.ChoiceField(label=gettext_lazy("MLPS level, at least"), choices=LEVELS, required=False)
    pue_limit = forms.DecimalField(label=gettext_lazy("Measured PUE, below"), required=False)
    pue_months = forms.IntegerField(
        label=gettext_lazy("measured within so many months"), min_value=1, max_value=60, required=False
    )
    assessment_months = forms.IntegerField(
        label=gettext_lazy("Third-party assessment, not older than so many months"),
        min_value=1,
        max_value=60,
        required=False,
    )
    sla_percent = forms.DecimalField(label=gettext_lazy("Availability promised, at least, %"), required=False)
    support_level = forms.ChoiceField(
        label=gettext_lazy("Technical support, at least"), choices=SUPPORT, required=False
    )

    def clean(self) -> dict[str, Any]:
        """A PUE is only worth something with its age."""
        cleaned = super().clean() or {}
        if cleaned.get("pue_limit") is not None and cleaned.get("pue_months") is None:
            self.add_error("pue_months", _("Say how many months old the measurement may be."))
        return cleaned

    def rules(self) -> list[dict[str, Any]]:
        """The criteria that were chosen, in the order in which pages show them."""
        asked = self.cleaned_data
        rules: list[dict[str, Any]] = []
        if asked["data_centre_operating"]:
            rules.append({"kind": "data_centre_operating"})
        if asked["mlps_level"]:
            rules.append({"kind": "mlps_at_least", "level": asked["mlps_level"]})
        if asked["pue_limit"] is not None:
            rules.append({"kind": "measured_pue_below", "limit": asked["pue_limit"], "months": asked["pue_months"]})
        if asked["assessment_months"] is not None:
            rules.append({"kind": "assessment_not_older_than", "months": asked["assessment_months"]})
        if asked["provider_recognised"]:
            rules.append({"kind": "provider_recognised"})
        if asked["sla_percent"] is not None:
            rules.append({"kind": "sla_at_least", "percent": asked["sla_percent"]})
        if asked["support_level"]:
            rules.append({"kind": "support_at_least", "level": asked["support_level"]})
        rules += [{"kind": kind} for kind in ("prices_complete", "exit_terms_present") if asked[kind]]
        return rules


@gate.page(permission="recommended.edit", methods=("GET", "POST"))
def announce_criteria(request: HttpRequest) -> HttpResponse:
    """All versions with their text, and the form for the next one."""
    now = clock.now()
    earliest = periods.civil_date(now) + timedelta(days=operations.DAYS_OF_NOTICE)
    form = CriteriaForm(request.POST or None, initial={"effective_date": earliest})
    if request.method == "POST" and form.is_valid():
        answer = _announce(request, form)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "earliest": earliest,
        "sets": [(one, [wording.write_rule(rule) for rule in one.criteria]) for one in queries.list_criteria_sets()],
        "in_force": queries.criteria_in_force(on=periods.civil_date(now)),
        "crumbs": [(_("Recommended catalogue"), reverse("officer:catalogue")), (_("Criteria"), None)],
    }
    return render(request, "officer/criteria.html", context, status=422 if request.method == "POST" else 200)


def _announce(request: HttpRequest, form: CriteriaForm) -> HttpResponse | None:
    """Announce, or put the refusal beside the field it names."""
    asked = form.cleaned_data
    try:
        announced = operations.announce_criteria(
            title=asked["title"],
            title_en=asked["title_en"],
            source=asked["source"],
            rules=form.rules(),
            effective_date=asked["effective_date"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        field = FIELDS.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.message)
        return None
    messages.success(
        request,
        _("Version %(version)s of the criteria is announced and takes effect on %(day)s.")
        % {"version": announced.version, "day": date_format(announced.effective_date, "SHORT_DATE_FORMAT")},
    )
    return redirect("officer:criteria")
