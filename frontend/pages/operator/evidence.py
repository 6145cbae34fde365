"""The operator's desk of evidence: claims with their documents, what runs out, assessors and their ties."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend.pages import onboarded, proof
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.evidence import assessors, centres, operations, queries

TIES = (
    ("ownership", gettext_lazy("One owns the other")),
    ("group", gettext_lazy("Same group of companies")),
    ("people", gettext_lazy("Same legal representative or directors")),
    ("contract", gettext_lazy("Advises or supplies the provider")),
)


class RevokeForm(forms.Form):
    """Why a document no longer stands."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("Everyone can read it.")
    )


class OpeningForm(forms.Form):
    """Why a data centre does not open yet."""

    reason = forms.CharField(
        label=gettext_lazy("Why not yet"),
        required=False,
        max_length=errors.LONGEST_REASON,
        help_text=gettext_lazy("Needed to refuse; the provider reads it."),
    )


class AssessorForm(forms.Form):
    """An assessor for the register."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    code = forms.CharField(label=gettext_lazy("Unified social credit code"), max_length=18)
    accreditation = forms.CharField(label=gettext_lazy("Accreditation number"), max_length=60)


class TieForm(forms.Form):
    """What ties an assessor to a provider."""

    assessor = forms.ChoiceField(label=gettext_lazy("Assessor"))
    provider = forms.ChoiceField(label=gettext_lazy("Provider"))
    kind = forms.ChoiceField(label=gettext_lazy("Tie"), choices=TIES)
    since_date = forms.DateField(label=gettext_lazy("Since"), widget=onboarded.date_input())
    end_date = forms.DateField(label=gettext_lazy("Until, included"), required=False, widget=onboarded.date_input())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        self.assessors = {str(one.pk): one for one in queries.list_assessors()}
        self.partners = {str(one.pk): one for one in providers.list_partners()}
        fields["assessor"].choices = [(key, one.name) for key, one in self.assessors.items()]
        fields["provider"].choices = [(key, one.name) for key, one in self.partners.items()]


@gate.page(permission="evidence.verify", side="platform")
def show_desk(request: HttpRequest) -> HttpResponse:
    """What waits, what runs out within 60 days, what was decided."""
    today = periods.civil_date(clock.now())
    groups: dict[str, tuple[str, list[Any]]] = {
        "waiting": (_("Waiting"), queries.list_waiting()),
        "expiring": (_("Running out"), queries.list_expiring(on=today, days=proof.SOON_DAYS)),
        "decided": (_("Decided"), queries.list_decided()),
    }
    view = request.GET.get("view", "") if request.GET.get("view") in groups else "waiting"
    url = reverse("operator:evidence")
    context = {
        "tabs": [
            {
                "label": words,
                "url": f"{url}?view={name}",
                "count": None if name == "decided" else len(rows),
                "active": name == view,
            }
            for name, (words, rows) in groups.items()
        ],
        "view": view,
        "rows": proof.describe_evidence(groups[view][1], on=today),
        "opening": queries.list_opening(),
    }
    return render(request, "operator/evidence.html", context)


@gate.page(permission="evidence.verify", side="platform", methods=("GET", "POST"))
def decide_opening(request: HttpRequest, code: str) -> HttpResponse:
    """A data centre with its facts, proof and pools; POST opens it, or says why not yet."""
    centre = queries.get_data_centre(code=code)
    form, status = OpeningForm(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        status, is_open = 422, request.POST.get("decision") == "open"
        if form.is_valid():
            try:
                centres.decide_opening(
                    data_centre_id=centre.pk,
                    is_open=is_open,
                    reason=form.cleaned_data["reason"],
                    actor=gate.actor_of(request),
                    now=clock.now(),
                )
            except errors.Refused as refusal:
                status = onboarded.add_error(form, refusal)
            else:
                messages.success(request, _("It is open.") if is_open else _("The provider is told why not."))
                return redirect("operator:evidence")
    today = periods.civil_date(clock.now())
    context = {
        "centre": centre,
        "evidence": proof.facts_in_force(centre, now=clock.now()),
        "documents": proof.describe_evidence(queries.list_evidence(data_centre_ids=[centre.pk]), on=today),
        "pools": [
            (wording.RESOURCES.get(pool.resource, pool.resource), pool)
            for pool in providers.list_pools(data_centre_id=centre.pk)
        ],
        "form": form,
        "crumbs": [(_("Evidence"), reverse("operator:evidence")), (centre.name, None)],
    }
    return render(request, "operator/opening.html", context, status=status)


@gate.page(permission="evidence.verify", side="platform")
def show_evidence(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """One document, with what the data centre claims and what was recorded before."""
    return _render(request, evidence_id)


@gate.page(permission="evidence.verify", side="platform", methods=("POST",))
def verify(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """The document was seen and says what is claimed."""
    try:
        operations.verify_evidence(evidence_id=evidence_id, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
        return _render(request, evidence_id, status=409 if refusal.is_conflict else 422)
    messages.success(request, _("It is verified and shown as a badge."))
    return redirect("operator:evidence")


@gate.page(permission="evidence.verify", side="platform", methods=("POST",))
def revoke(request: HttpRequest, evidence_id: int) -> HttpResponse:
    """It does not stand, or not any more, and why."""
    form, status = RevokeForm(request.POST), 422
    row = queries.get_evidence(evidence_id=evidence_id)
    if row is not None and row.kind == "recognition":
        messages.error(request, _("A certificate is revoked on the page of recognitions, which tells its holder."))
        return redirect("operator:evidence_item", evidence_id)
    if form.is_valid():
        try:
            operations.revoke_evidence(
                evidence_id=evidence_id, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("It is revoked; everyone can read why."))
            return redirect("operator:evidence_item", evidence_id)
    return _render(request, evidence_id, form=form, status=status)


@gate.page(permission="evidence.verify", side="platform", methods=("GET", "POST"))
def show_assessors(request: HttpRequest) -> HttpResponse:
    """The register of assessors; POST takes one in."""
    form = AssessorForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            assessors.register_assessor(**form.cleaned_data, actor=gate.actor_of(request), now=clock.now())
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The assessor is in the register."))
            return redirect("operator:assessors")
    return _render_assessors(request, form=form, status=status)


@gate.page(permission="evidence.verify", side="platform", methods=("POST",))
def tie_assessor(request: HttpRequest) -> HttpResponse:
    """Note that an assessor and a provider belong together."""
    form, status = TieForm(request.POST), 422
    if form.is_valid():
        given = form.cleaned_data
        try:
            assessors.tie_assessor(
                assessor=form.assessors[given["assessor"]],
                partner=form.partners[given["provider"]],
                kind=given["kind"],
                since_date=given["since_date"],
                end_date=given["end_date"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The tie is noted: it may not assess that provider."))
            return redirect("operator:assessors")
    return _render_assessors(request, tie_form=form, status=status)


def _render_assessors(
    request: HttpRequest,
    *,
    form: AssessorForm | None = None,
    tie_form: TieForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "assessors": queries.list_assessors(),
        "ties": queries.list_ties(),
        "intervals": queries.list_intervals(on=periods.civil_date(clock.now())),
        "form": form or AssessorForm(),
        "tie_form": tie_form or TieForm(auto_id="tie_%s"),
        "crumbs": [(_("Evidence"), reverse("operator:evidence")), (_("Assessors"), None)],
    }
    return render(request, "operator/assessors.html", context, status=status)


def _render(
    request: HttpRequest, evidence_id: int, *, form: RevokeForm | None = None, status: int = 200
) -> HttpResponse:
    row = queries.get_evidence(evidence_id=evidence_id)
    if row is None:
        raise errors.NotFound
    now = clock.now()
    today = periods.civil_date(now)
    centre = queries.get_data_centre(code=row.data_centre.code) if row.data_centre else None
    others = (
        queries.list_evidence(data_centre_ids=[centre.pk])
        if centre
        else queries.list_evidence(partner_id=row.partner_id)
    )
    (described,) = proof.describe_evidence([row], on=today)
    context = {
        "one": described,
        "row": row,
        "centre": centre,
        "evidence": proof.facts_in_force(centre, now=now) if centre else {},
        "documents": proof.describe_evidence([one for one in others if one.pk != row.pk], on=today),
        "energy": proof.describe_energy(queries.latest_readings(data_centre_ids=[centre.pk])[centre.pk], now=now)
        if centre and row.kind == "pue"
        else None,
        "form": form or RevokeForm(),
        "crumbs": [(_("Evidence"), reverse("operator:evidence")), (row.get_kind_display(), None)],
    }
    return render(request, "operator/evidence_item.html", context, status=status)
