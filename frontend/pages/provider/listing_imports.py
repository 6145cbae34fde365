"""Offerings by spreadsheet: template, upload, dry run, progress, problems; one's own offerings as a file."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from listings.exchange import operations, queries
from marketplace import clock
from marketplace.organisations import actors, errors, gate
from providers import queries as providers

STOP_POLLING = 286
PROBLEMS_A_PAGE = 50
TONES = {"queued": "neutral", "running": "info", "done": "good", "failed": "bad"}
OUTCOME_TONES = {"created": "good", "updated": "info", "unchanged": "neutral", "failed": "bad"}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class UploadForm(forms.Form):
    """A file of offerings, and what is to be done with it."""

    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy("At most 20 MB and 50,000 rows, with the headings of the template."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[
            ("try", gettext_lazy("Only try: report what would happen, change nothing")),
            ("import", gettext_lazy("Import: new offerings and changes become drafts")),
        ],
        initial="try",
        widget=forms.RadioSelect,
    )
    submit = forms.BooleanField(
        label=gettext_lazy("Submit for review after the import"),
        help_text=gettext_lazy("Drafts in which the automatic checks find no error are submitted at once."),
        required=False,
    )


@gate.page(permission="listings.view", side="provider", methods=("GET", "POST"))
def show_imports(request: HttpRequest) -> HttpResponse:
    """The form, the templates, the files; POST queues a file."""
    actor: actors.Actor = gate.actor_of(request)
    form = UploadForm()
    if request.method == "POST":
        actor.require("listings.edit")
        form = UploadForm(request.POST, request.FILES)
        answer = _upload(request, form)
        if answer is not None:
            return answer
    partner_id = _partner_of(request)
    files = queries.list_imports(partner_id=partner_id, page=request.GET.get("page", 1))
    context = {
        "form": form,
        "may_edit": actor.can("listings.edit"),
        "files": files,
        "rows": [{"file": file, "tone": TONES[file.status]} for file in files],
        "categories": [("", _("All categories")), *queries.list_categories()],
        "crumbs": _crumbs((_("Import offerings"), None)),
    }
    return render(request, "provider/listing_imports.html", context, status=422 if form.is_bound else 200)


@gate.page(permission="listings.view", side="provider", methods=("GET", "POST"))
def show_import(request: HttpRequest, number: str) -> HttpResponse:
    """How far a file is and what became of it; with `?part` only what moves. POST imports what was only tried."""
    actor: actors.Actor = gate.actor_of(request)
    upload = queries.get_import(partner_id=_partner_of(request), number=number)
    if request.method == "POST":
        actor.require("listings.edit")
        return _repeat(request, upload)
    is_moving = upload.finished_at is None
    context: dict[str, Any] = {
        "file": upload,
        "tone": TONES[upload.status],
        "is_moving": is_moving,
        "percent": queries.count_percent(upload=upload),
        "may_edit": actor.can("listings.edit"),
    }
    if "part" in request.GET:
        status = 200 if is_moving else STOP_POLLING
        return render(request, "provider/listing_import_progress.html", context, status=status)
    outcome = request.GET.get("outcome", "")
    context |= {
        "problems": Paginator(upload.problems, PROBLEMS_A_PAGE).get_page(request.GET.get("problems")),
        "most_problems": operations.MOST_PROBLEMS,
        "tabs": _tabs(request.path, upload, outcome),
        "lines": queries.list_lines(upload=upload, outcome=outcome, page=request.GET.get("page")),
        "tones": OUTCOME_TONES,
        "crumbs": _crumbs((_("Import offerings"), reverse("provider:listing_imports")), (number, None)),
    }
    context["rows"] = [{"line": line, "tone": OUTCOME_TONES[line.outcome]} for line in context["lines"]]
    return render(request, "provider/listing_import.html", context)


@gate.page(permission="listings.view", side="provider")  # type: ignore[arg-type]  # a stream is no HttpResponse
def download_problems(request: HttpRequest, number: str) -> HttpResponseBase:
    """The problems of a file as CSV."""
    upload = queries.get_import(partner_id=_partner_of(request), number=number)
    return _stream(queries.list_problems_csv(upload=upload), name=f"{number}-problems.csv")


@gate.page(permission="listings.view", side="provider")  # type: ignore[arg-type]  # a stream is no HttpResponse
def download_template(request: HttpRequest, format: str) -> HttpResponseBase:
    """The file to fill in, for `?category=` or for all."""
    partner_id, category = _partner_of(request), request.GET.get("category", "")
    name = f"offerings-{category or 'template'}.{format}"
    if format == "csv":
        return _stream(queries.template_csv(partner_id=partner_id, category=category), name=name)
    return _write(lambda path: queries.template_xlsx(partner_id=partner_id, category=category, path=path), name=name)


@gate.page(permission="listings.view", side="provider")  # type: ignore[arg-type]  # a stream is no HttpResponse
def download_export(request: HttpRequest, format: str) -> HttpResponseBase:
    """One's own offerings in the format of the import."""
    partner_id = _partner_of(request)
    name = f"offerings-{clock.now():%Y%m%d}.{format}"
    if format == "csv":
        return _stream(queries.export_csv(partner_id=partner_id), name=name)
    return _write(lambda path: queries.export_xlsx(partner_id=partner_id, path=path), name=name)


def _stream(parts: Iterator[bytes], *, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type=TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _write(write: Callable[[Path], None], *, name: str) -> FileResponse:
    """A workbook can only be sent when it is whole: it is written to a file that vanishes when it is closed."""
    file = tempfile.NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115  (the response closes it)
    write(Path(file.name))
    return FileResponse(file, as_attachment=True, filename=name, content_type=TYPES["xlsx"])


def _upload(request: HttpRequest, form: UploadForm) -> HttpResponse | None:
    """Queue the file and go to its page; None if the form says what is wrong."""
    if not form.is_valid():
        return None
    wanted = form.cleaned_data
    try:
        upload = operations.queue_import(
            partner_id=_partner_of(request),
            file=wanted["file"],
            file_name=wanted["file"].name,
            is_dry_run=wanted["mode"] == "try",
            is_submitted=wanted["submit"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        form.add_error("file", error.message)
        return None
    messages.success(request, _("The file is being read. You may leave this page."))
    return redirect("provider:listing_import", upload.number)


def _repeat(request: HttpRequest, upload: Any) -> HttpResponse:
    if not upload.is_dry_run or upload.status != "done":
        raise Http404
    real = operations.repeat_import(
        upload=upload, is_submitted=upload.is_submitted, actor=gate.actor_of(request), now=clock.now()
    )
    messages.success(request, _("The file is being read. You may leave this page."))
    return redirect("provider:listing_import", real.number)


def _tabs(path: str, upload: Any, outcome: str) -> list[dict[str, Any]]:
    counts = {
        "": upload.created_count + upload.updated_count + upload.unchanged_count + upload.failed_count,
        "created": upload.created_count,
        "updated": upload.updated_count,
        "unchanged": upload.unchanged_count,
        "failed": upload.failed_count,
    }
    labels = {
        "": _("All"),
        "created": _("New"),
        "updated": _("Changed"),
        "unchanged": _("Unchanged"),
        "failed": _("Failed"),
    }
    return [
        {
            "label": labels[key],
            "url": f"{path}?outcome={key}#offerings" if key else f"{path}#offerings",
            "count": count,
            "active": key == outcome,
        }
        for key, count in counts.items()
        if count or not key
    ]


def _crumbs(*own: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return list(own)


def _partner_of(request: HttpRequest) -> int:
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise errors.NotFound
    return partner.pk
