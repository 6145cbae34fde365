"""What the export pages of finance and of providers share: asking for a file, its progress, its download."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.exports import operations, queries
from billing.rules import periods
from billing.settlement import queries as settlements
from frontend.pages import months as month_words
from marketplace import clock
from marketplace.organisations import actors, errors, gate

SHOWN_AFTER = timedelta(hours=1)  # how long a finished file stays on the page that asked for it
STOP_POLLING = 286
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportForm(forms.Form):
    """What to export. The buttons on the settlement pages send the same fields, hidden."""

    kind = forms.ChoiceField(label=gettext_lazy("Content"), choices=queries.KINDS)
    month = forms.ChoiceField(label=gettext_lazy("Month"))
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=queries.FORMATS)
    settlement = forms.CharField(max_length=30, required=False, widget=forms.HiddenInput)
    back = forms.ChoiceField(
        choices=[("", ""), ("month", ""), ("settlement", "")], required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, months: set[periods.Month], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = month_words.month_options(months)
        self.fields["month"].choices = options  # type: ignore[attr-defined]
        self.initial.setdefault("month", options[0][0])


def show_exports(request: HttpRequest, *, console: str) -> HttpResponse:
    """The list of the organisation's files, and the form that asks for one."""
    actor: actors.Actor = gate.actor_of(request)
    if request.method == "POST":
        form = _bind(request)
        answer = _ask(request, form, console=console)
        if answer is not None:
            return answer
    else:
        form = _bind(request, bound=False)
    page = queries.list_exports(organisation_id=actor.organisation_id, page=request.GET.get("page", 1))
    context = {
        "console": console,
        "form": form,
        "page": page,
        "runs": [describe(run) for run in page],
        "may_export": actor.can("exports.request"),
    }
    return render(request, "exports/list.html", context, status=422 if form.is_bound else 200)


def _bind(request: HttpRequest, *, bound: bool = True) -> ExportForm:
    actor: actors.Actor = gate.actor_of(request)
    owner = None if actor.side == actors.PLATFORM else actor.organisation_id
    months = set(settlements.list_months(provider_organisation_id=owner))
    months.add(periods.Month.of(clock.now()).previous())
    return ExportForm(request.POST if bound else None, months=months)


def _ask(request: HttpRequest, form: ExportForm, *, console: str) -> HttpResponse | None:
    """Ask for the file and go back to where it was asked for; None if the form says what is wrong."""
    actor: actors.Actor = gate.actor_of(request)
    actor.require("exports.request")
    if not form.is_valid():
        return None
    wanted = form.cleaned_data
    try:
        run = operations.request_export(
            kind=wanted["kind"],
            format=wanted["format"],
            month=periods.Month.parse(wanted["month"]),
            settlement_number=wanted["settlement"],
            organisation_id=actor.organisation_id or 0,
            actor=actor,
            now=clock.now(),
            language=get_language() or "zh-hans",
        )
    except errors.Refused as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return None
    if not wanted["back"]:
        messages.success(request, _("The file is being written. You may leave this page."))
    return redirect(_way_back(wanted, month=periods.Month.of_date(run.period_start_date), console=console))


def _way_back(wanted: dict[str, str], *, month: periods.Month, console: str) -> str:
    if wanted["back"] == "month":
        return f"{reverse(f'{console}:settlements')}?month={month}#export"
    if wanted["back"] == "settlement" and wanted["settlement"]:
        return reverse(f"{console}:settlement", args=[wanted["settlement"]]) + "#export"
    return reverse(f"{console}:exports")


def show_progress(request: HttpRequest, *, number: str, console: str) -> HttpResponse:
    """How far one file is: the part of a page that htmx asks for every two seconds, until the file is finished."""
    actor: actors.Actor = gate.actor_of(request)
    run = queries.get_export(number=number, organisation_id=actor.organisation_id)
    if not request.headers.get("HX-Request"):
        return redirect(f"{console}:exports")
    status = 200 if run.status in ("queued", "running") else STOP_POLLING
    context = {"run": describe(run), "console": console, "in_table": "table" in request.GET}
    return render(request, "exports/progress.html", context, status=status)


def download(request: HttpRequest, *, number: str) -> FileResponse:
    """The bytes of a finished file of the reader's organisation."""
    actor: actors.Actor = gate.actor_of(request)
    found = queries.open_export(number=number, organisation_id=actor.organisation_id)
    return FileResponse(found.file, as_attachment=True, filename=found.name, content_type=TYPES[found.run.format])


def fresh_runs(runs: Iterable[Any], *, now: datetime) -> list[Any]:
    """Those that are being written, and those that were finished a moment ago."""
    return [describe(run) for run in runs if run.finished_at is None or now - run.finished_at < SHOWN_AFTER]


def describe(run: Any) -> Any:
    """The run with the name its file will have."""
    run.file_name = queries.file_name(run=run)
    return run
