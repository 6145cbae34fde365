"""A provider's probes: which addresses of its services the marketplace asks, how they answered, and the form."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from listings import queries as listings
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.service import probing, queries

INTERVALS: Final = {
    60: gettext_lazy("every minute"),
    300: gettext_lazy("every 5 minutes"),
    900: gettext_lazy("every 15 minutes"),
    3600: gettext_lazy("every hour"),
}


class ProbeForm(forms.Form):
    """What is asked, how often, and after how many failures a report is opened."""

    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    offering = forms.ChoiceField(
        label=gettext_lazy("Offering"),
        required=False,
        help_text=gettext_lazy("Only if the address tells of a single offering; otherwise of all of the data centre."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("A public https address that answers with 200 to 399 while the service runs."),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    interval_s = forms.TypedChoiceField(label=gettext_lazy("Asked"), choices=list(INTERVALS.items()), coerce=int)
    failures_to_open = forms.IntegerField(
        label=gettext_lazy("Failures in a row that open a report"), min_value=2, max_value=10, initial=3
    )


@gate.page(permission="incidents.report", side="provider", methods=("GET", "POST"))
def list_probes(request: HttpRequest) -> HttpResponse:
    """The provider's probes; POST registers one more."""
    partner = _partner(request)
    centres = providers.list_data_centres(partner_id=partner.pk)
    offerings = listings.offerings_in(data_centre_ids=[one.pk for one in centres])
    form, status = _form(centres, offerings, request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = dict(form.cleaned_data)
            place, code = values.pop("data_centre"), values.pop("offering")
            centre = next(one for one in centres if one.code == place)
            chosen = next((one for one in offerings if one.code == code and one.data_centre_id == centre.pk), None)
            if code and chosen is None:
                form.add_error("offering", _("This offering stands in another data centre. Choose that one."))
            else:
                try:
                    probing.register(
                        data_centre=centre,
                        offering_code=code,
                        offering_title=chosen.title if chosen else "",
                        actor=gate.actor_of(request),
                        now=clock.now(),
                        **values,
                    )
                except errors.Refused as error:
                    form.add_error(error.field if error.field in form.fields else "url", error.message)
                    status = 409 if error.is_conflict else 422
                else:
                    messages.success(request, _("The address is asked from now on."))
                    return redirect("provider:probes")
    rows = [_describe(one) for one in queries.list_probes(partner_id=partner.pk)]
    return render(request, "provider/probes.html", {"form": form, "rows": rows}, status=status)


@gate.page(permission="incidents.report", side="provider", methods=("POST",))
def remove_probe(request: HttpRequest, number: str) -> HttpResponse:
    """Ask an address no longer."""
    probing.remove(number=number, actor=gate.actor_of(request), now=clock.now())
    messages.success(request, _("The address is asked no longer."))
    return redirect("provider:probes")


def _describe(row: queries.ProbeRow) -> dict[str, Any]:
    last = row.last
    if last is None:
        words, tone = _("not asked yet"), "neutral"
    elif last.is_up:
        words, tone = _("answers"), "good"
    else:
        words, tone = _("does not answer"), "bad"
    return {"probe": row.probe, "last": last, "words": words, "tone": tone, "interval": INTERVALS[row.probe.interval_s]}


def _form(centres: list[Any], offerings: list[Any], data: Any) -> ProbeForm:
    form = ProbeForm(data, initial={"interval_s": 300})
    form.fields["data_centre"].choices = [(one.code, one.name) for one in centres]  # type: ignore[attr-defined]
    form.fields["offering"].choices = [  # type: ignore[attr-defined]
        ("", _("All of the data centre")),
        *((one.code, one.title) for one in offerings),
    ]
    return form


def _partner(request: HttpRequest) -> Any:
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise probing.NoSuchProbe
    return partner
