"""What is overdue, the letters that were sent, and how we remind: steps and the calendar."""

from datetime import date

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.payments import queries as payments
from billing.payments.dunning import operations, queries
from billing.rules import periods
from marketplace import clock
from marketplace.organisations import errors, gate


class HolidayForm(forms.Form):
    """A day that is not what its weekday says."""

    day = forms.DateField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    name = forms.CharField(label=gettext_lazy("Holiday"), max_length=40)
    is_workday = forms.BooleanField(label=gettext_lazy("Worked to make up for a holiday"), required=False)


@gate.page(permission="payments.view", side="platform")
def list_overdue(request: HttpRequest) -> HttpResponse:
    """Overdue invoices, the longest first, with their letters and what comes next."""
    today = periods.civil_date(clock.now())
    page, rows = queries.list_overdue(today=today, page=request.GET.get("page", 1))
    context = {"page": page, "rows": rows, "overview": payments.receivable_overview(today=today)}
    return render(request, "dunning/overdue.html", context)


@gate.page(permission="payments.view", side="platform", methods=("GET", "POST"))
def show_steps(request: HttpRequest) -> HttpResponse:
    """The steps of companies and agencies, and the calendar of a year. POST saves one of the forms."""
    faults: list[str] = []
    form = HolidayForm(request.POST if request.POST.get("what") == "holiday" else None)
    if request.method == "POST":
        gate.actor_of(request).require("payments.record")
        try:
            if _save(request, form):
                messages.success(request, _("Saved."))
                return redirect(request.get_full_path())
        except errors.Refused as error:
            faults.append(error.message)
        if not faults and not form.errors:
            faults.append(_("Enter whole numbers of days, and a day of the calendar."))
    year = _year(request)
    steps = queries.list_steps()
    context = {
        "faults": faults,
        "form": form,
        "groups": [
            {
                "audience": audience,
                "label": label,
                "steps": [
                    {"action": action, "label": words, "days": request.POST.get(f"{audience}-{action}", days)}
                    for action, words in queries.ACTIONS
                    if (days := steps[audience].get(action)) is not None
                ],
            }
            for audience, label in queries.AUDIENCES
        ],
        "year": str(year),
        "holidays": queries.list_holidays(year=year),
        "may_record": gate.actor_of(request).can("payments.record"),
        "crumbs": [(_("Overdue"), reverse("finance:overdue")), (_("Steps and calendar"), None)],
    }
    return render(request, "dunning/steps.html", context, status=422 if faults or form.errors else 200)


def _year(request: HttpRequest) -> int:
    text = request.GET.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else periods.civil_date(clock.now()).year
    return min(max(year, 2000), 9000)


def _save(request: HttpRequest, form: HolidayForm) -> bool:
    """Do what the form asks for; False if its fields cannot be read."""
    what, actor, now = request.POST.get("what"), gate.actor_of(request), clock.now()
    if what == "holiday":
        if form.is_valid():
            operations.save_holiday(**form.cleaned_data, actor=actor, now=now)
            return True
    elif what == "remove":
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            return False
        operations.remove_holiday(day=day, actor=actor, now=now)
        return True
    elif what in dict(queries.AUDIENCES):
        texts = {action: request.POST.get(f"{what}-{action}", "") for action, _words in queries.ACTIONS}
        if all(text.isdecimal() and len(text) <= 4 for text in texts.values()):
            days = {action: int(text) for action, text in texts.items()}
            operations.save_steps(audience=str(what), days_by_action=days, actor=actor, now=now)
            return True
    return False
