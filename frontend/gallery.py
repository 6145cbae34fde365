"""Every component with invented content: a sample for people who write pages, and for the tests.

The site has no address for it; `tests/browser/urls.py` gives it one.
"""

import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _


def day(number: int) -> datetime.date:
    return datetime.date(2026, 11, number)


ROWS = [
    # number, provider, kind, gross, net, state, tone, due
    ("JS-202610-0001", "青城云数据中心", "IaaS", 23346483, 22879553, _("To confirm"), "warn", day(30)),
    ("JS-202610-0002", "草原云谷", "IaaS", 33744376, 33069488, _("Confirmed"), "info", day(27)),
    ("JS-202610-0003", "河套智算", "PaaS", 80822175, 79205732, _("Invoiced"), "info", day(22)),
    ("JS-202610-0004", "鄂尔多斯绿能算力", "IaaS", 53754523, 52679433, _("Paid"), "good", day(20)),
    ("JS-202610-0005", "红山云港", "PaaS", 14792270, 14496425, _("Different"), "bad", day(23)),
]
MONTHS = ["26/05", "26/06", "26/07", "26/08", "26/09", "26/10"]


class SampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(label=_("Title"), help_text=_("As it stands on the contract."))
    term = forms.ChoiceField(label=_("Term"), choices=[("1", _("1 month")), ("12", _("12 months"))])
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1)
    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea(attrs={"rows": 2}))
    method = forms.ChoiceField(
        label=_("Payment method"),
        choices=[("bank", _("Bank transfer")), ("balance", _("Prepaid balance"))],
        widget=forms.RadioSelect,
    )
    accepted = forms.BooleanField(label=_("I accept the terms"))


def show_gallery(request: HttpRequest) -> HttpResponse:
    """The page. Its form is bound and wrong on purpose, so that the errors show."""
    form = SampleForm({"title": "g7.xlarge", "term": "12", "quantity": "0", "method": "bank"})
    form.add_error(None, _("The capacity left is 6 units. Order fewer, or choose another provider."))
    return render(request, "gallery.html", {"form": form, **sample_lists(), **sample_figures()})


def sample_lists() -> dict[str, Any]:
    keys = ("number", "provider", "kind", "gross_minor", "net_minor", "state", "tone", "due_date")
    rows = [dict(zip(keys, row, strict=True)) for row in ROWS]
    return {
        "rows": rows,
        "page": Paginator(range(240), 10).page(3),
        "crumbs": [(_("Catalogue"), "/catalogue/"), (_("Components"), None)],
        "periods": [("2026-10", "2026-10"), ("2026-09", "2026-09")],
        "tabs": [
            {"label": _("All"), "url": "?", "count": 10, "active": True},
            {"label": _("To confirm"), "url": "?state=draft", "count": 2, "active": False},
            {"label": _("Different"), "url": "?state=different", "count": 2, "active": False},
            {"label": _("Paid"), "url": "?state=paid", "count": 3, "active": False},
        ],
        "facet": [
            {"value": "IaaS", "label": "IaaS", "count": 12, "checked": True},
            {"value": "PaaS", "label": "PaaS", "count": 4, "checked": False},
            {"value": "SaaS", "label": "SaaS", "count": 0, "checked": False},
        ],
        "cities": [
            {"value": "150100", "label": "呼和浩特", "count": 2, "checked": False},
            {"value": "150900", "label": "乌兰察布", "count": 1, "checked": False},
            {"value": "150500", "label": "通辽", "count": 0, "checked": False},
        ],
    }


def sample_figures() -> dict[str, Any]:
    return {
        "trend": [9, 8.6, 8.6, 8.1, 8.1, 7.4, 6.8, 6.8, 6, 5.2],
        "chart": {
            "kind": "stacked",
            "unit": _("10,000 CNY"),
            "categories": MONTHS,
            "series": [
                {"name": "IaaS", "values": [236, 244, 252, 262, 281, 340]},
                {"name": "PaaS", "values": [110, 118, 122, 130, 140, 150]},
                {"name": "SaaS", "values": [16, 18, 18, 22, 24, 11]},
            ],
        },
        "steps": [
            {"title": _("Issued"), "state": "done", "at": datetime.datetime(2026, 11, 2, 1, tzinfo=datetime.UTC)},
            {"title": _("Checked by the provider"), "state": "done", "text": "7 / 7"},
            {"title": _("Differences"), "state": "current", "text": "2"},
            {"title": _("Invoicing"), "state": "", "text": "2026-11-26"},
            {"title": _("Payment"), "state": "", "text": "2026-11-30"},
        ],
        "step_names": [_("Organisation"), _("Payment"), _("Confirmation")],
        "definitions": [("vCPU", "4"), (_("Memory"), "16 GiB"), (_("Usage"), f"{Decimal('1234.5')} h")],
        "specs": [("vCPU", "4"), (_("Memory"), "16 GiB"), (_("System disk"), "200 GiB SSD")],
    }
