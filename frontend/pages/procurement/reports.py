"""比选报告: comparisons on file, of one's own organisation. They are shown as they were frozen."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from frontend import comparison_sheet
from frontend.pages.public import compare
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.procurement import operations, queries
from marketplace.procurement import reports as frozen


def compare_url(request: HttpRequest) -> str:
    """The comparison that a report was to be made of."""
    return f"{reverse('compare')}?{request.GET.urlencode()}"


@gate.page(permission="comparisons.report")
def list_reports(request: HttpRequest) -> HttpResponse:
    """The organisation's reports, the newest first."""
    page = queries.list_reports(organisation_id=gate.organisation_of(request), page=request.GET.get("page", "1")[:9])
    rows = [{"report": report, "columns": report.content["table"]["columns"]} for report in page]
    return render(request, "reports/list.html", {"page": page, "rows": rows, "count": page.paginator.count})


@gate.page(permission="comparisons.report", methods=("POST",), come_back=compare_url)
def make_report(request: HttpRequest) -> HttpResponse:
    """Put the comparison of the address on file."""
    asked = compare.read_address(request.GET)
    if asked.errors:
        messages.error(request, next(iter(asked.errors.values())))
        return redirect(compare_url(request))
    try:
        report = operations.make_report(chosen=asked.chosen, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(compare_url(request))
    messages.success(request, _("Report %(number)s is on file.") % {"number": report.number})
    return redirect("report", number=report.number)


@gate.page(permission="comparisons.report")
def show_report(request: HttpRequest, number: str) -> HttpResponse:
    """One report with its hash, and whether the content still has it."""
    report = queries.find_report(number=number, organisation_id=gate.organisation_of(request))
    table = frozen.read_table(report.content)
    context: dict[str, Any] = {
        "report": report,
        "content": report.content,
        "table": table,
        "groups": table.groups,
        "formula": compare.formula_rows(table),
        "is_intact": queries.is_intact(report=report),
        "crumbs": [(_("Comparison reports"), reverse("reports")), (report.number, None)],
    }
    return render(request, "reports/detail.html", context)


@gate.page(permission="comparisons.report")
def download_report(request: HttpRequest, number: str) -> HttpResponse:
    """The frozen report as a spreadsheet."""
    report = queries.find_report(number=number, organisation_id=gate.organisation_of(request))
    made_at = localtime(datetime.fromisoformat(report.content["made_at"]))
    return comparison_sheet.respond(
        frozen.read_table(report.content),
        file_name=report.number,
        heading=_("Comparison report"),
        facts=[
            (_("Number"), report.number),
            (_("Organisation"), report.content["organisation"]),
            (_("Made by"), report.content["made_by"]),
            (_("Made"), date_format(made_at, "DATETIME_FORMAT")),
            ("SHA-256", report.sha256),
        ],
    )
