"""A data centre's page, open to everyone: its facts, what is proven until when, what is only claimed, maintenance."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.rules import periods
from frontend.pages import proof
from marketplace import clock
from marketplace.organisations import gate
from providers.capacity import queries as capacity
from providers.evidence import queries


@gate.page(permission=None)
def show_data_centre(request: HttpRequest, code: str) -> HttpResponse:
    """One data centre, with the documents behind it: their numbers and days, never the files."""
    now = clock.now()
    today = periods.civil_date(now)
    centre = queries.get_data_centre(code=code)
    rows = [row for row in queries.list_evidence(data_centre_ids=[centre.pk]) if row.status != "claimed"]
    context = {
        "centre": centre,
        "evidence": proof.facts_in_force(centre, now=now),
        "documents": proof.describe_evidence(rows, on=today),
        "systems": proof.describe_systems(queries.list_systems(data_centre_id=centre.pk)),
        "windows": capacity.maintenance_of(data_centre_ids=[centre.pk], since=now),
        "lapse": queries.lapsed_mlps(on=today).get(centre.pk),
        "offerings_url": f"{reverse('catalogue')}?region={centre.county.code}",
        "crumbs": [(_("Catalogue"), reverse("catalogue")), (centre.name, None)],
    }
    return render(request, "public/data_centre_page.html", context)
