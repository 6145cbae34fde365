"""Reporting usage: files and their progress, and what was used of each contract in a month."""

import csv
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.metering import imports, operations, queries
from billing.rules import periods
from frontend.pages import agreed, months
from marketplace import clock
from marketplace.organisations import actors, errors, gate
from providers import queries as providers

STOP_POLLING = 286
TONES = {"queued": "neutral", "running": "info", "done": "good", "failed": "bad"}
ERRORS_A_PAGE = 50


class UploadForm(forms.Form):
    """A CSV file of usage events."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "UTF-8, at most 100 MB. The columns are id, source, contract, time, meter and quantity."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )


@gate.page(permission="usage.report", side="provider", methods=("GET", "POST"))
def show_usage(request: HttpRequest) -> HttpResponse:
    """The form, the files and the month's usage; POST queues a file."""
    form = UploadForm()
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES)
        answer = _upload(request, form)
        if answer is not None:
            return answer
    provider_id = _provider_of(request)
    found = queries.months_of_provider(provider_id=provider_id)
    month = _chosen_month(request, found)
    used = queries.usage_of_provider(provider_id=provider_id, month=month, page=_number(request, "page"))
    files = queries.list_imports(provider_id=provider_id, page=_number(request, "files"))
    context = {
        "form": form,
        "files": files,
        "rows": [{"file": file, "tone": TONES[file.status]} for file in files],
        "month": month,
        "months": months.month_options({*found, month}),
        "usage": used,
        "usage_rows": [{"one": one, "column": one.price and agreed.column_of(price=one.price)} for one in used],
    }
    return render(request, "provider/usage.html", context, status=422 if form.is_bound else 200)


@gate.page(permission="usage.report", side="provider")
def show_import(request: HttpRequest, number: str) -> HttpResponse:
    """How far a file is read, and the rows that were not stored. With `?part` only what moves, for htmx."""
    upload = queries.get_import(provider_id=_provider_of(request), number=number)
    is_moving = upload.finished_at is None
    context = {
        "file": upload,
        "tone": TONES[upload.status],
        "is_moving": is_moving,
        "page": Paginator(queries.list_errors(upload=upload), ERRORS_A_PAGE).get_page(request.GET.get("page")),
        "most_errors": imports.MOST_ERRORS,
        "crumbs": [(_("Usage reports"), reverse("provider:usage")), (number, None)],
    }
    if "part" not in request.GET:
        return render(request, "provider/usage_import.html", context)
    return render(request, "provider/usage_progress.html", context, status=200 if is_moving else STOP_POLLING)


@gate.page(permission="usage.report", side="provider")
def download_template(request: HttpRequest) -> HttpResponse:
    """A CSV file with the header and a row that shows the form of each column."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="usage.csv"'
    response.write("\ufeff")  # spreadsheets take the file for UTF-8 only with it
    writer = csv.writer(response)
    writer.writerow(imports.COLUMNS)
    writer.writerow(["2026-10-31T23-host-1", "dc01", "HT-XXXXXXXXXX", "2026-10-31T23:00:00+08:00", "vcpu_hours", "2.5"])
    return response


def _upload(request: HttpRequest, form: UploadForm) -> HttpResponse | None:
    """Queue the file and go to its page; None if the form says what is wrong."""
    if not form.is_valid():
        return None
    file = form.cleaned_data["file"]
    try:
        upload = operations.queue_import(
            provider_id=_provider_of(request),
            file=file,
            file_name=file.name,
            actor=_actor(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        form.add_error("file", error.message)
        return None
    messages.success(request, _("The file is being read. You may leave this page."))
    return redirect("provider:usage_import", upload.number)


def _actor(request: HttpRequest) -> actors.Actor:
    actor: actors.Actor = gate.actor_of(request)
    return actor


def _provider_of(request: HttpRequest) -> int:
    partner = providers.find_partner(organisation_id=_actor(request).organisation_id)
    if partner is None:
        raise errors.NotFound
    return partner.pk


def _chosen_month(request: HttpRequest, found: list[periods.Month]) -> periods.Month:
    """The month of the address, else the latest one with usage, else the present one."""
    try:
        return periods.Month.parse(request.GET.get("month", ""))
    except periods.InvalidMonth:
        return found[0] if found else periods.Month.of(clock.now())


def _number(request: HttpRequest, name: str) -> Any:
    return request.GET.get(name, 1)
