"""A provider's data centres: what they claim and what proves it, their systems under MLPS, their meter readings."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.rules import periods
from billing.rules.periods import Month
from frontend.pages import onboarded, proof
from frontend.pages.provider import centre_forms, proof_forms
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.documents import operations as documents
from providers.evidence import energy, mlps, operations, queries


@gate.page(permission="listings.view", side="provider")
def list_data_centres(request: HttpRequest) -> HttpResponse:
    """All data centres with what is proven and what runs out."""
    today = periods.civil_date(clock.now())
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    centres = providers.list_data_centres(partner_id=partner.pk) if partner else []
    rows: dict[int, list[Any]] = {centre.pk: [] for centre in centres}
    for one in queries.list_evidence(data_centre_ids=list(rows)):
        rows[one.data_centre_id or 0].append(one)
    proven = providers.evidence_in_force(data_centre_ids=list(rows), on=today)
    context = {
        "centres": [
            {
                "centre": centre,
                "badges": proof.describe_evidence(proven.get(centre.pk, {}).values(), on=today),
                "waiting": sum(one.status == "claimed" for one in rows[centre.pk]),
            }
            for centre in centres
        ],
        "can_edit": partner is not None and gate.actor_of(request).can("evidence.record"),
        "lapsed": [one for pk, one in queries.lapsed_mlps(on=today).items() if pk in rows],
    }
    return render(request, "provider/data_centres.html", context)


@gate.page(permission="listings.view", side="provider")
def show_data_centre(request: HttpRequest, code: str) -> HttpResponse:
    """One data centre."""
    return render_page(request, _find(request, code))


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def add_evidence(request: HttpRequest, code: str) -> HttpResponse:
    """Claim something, with the document that proves it."""
    form = proof_forms.EvidenceForm(request.POST, request.FILES)

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        assessor = given.pop("assessor")
        operations.record_evidence(
            partner=centre.partner,
            data_centre=centre,
            document=_keep(given.pop("file"), given["kind"], centre, common),
            assessor=queries.find_assessor(assessor_id=int(assessor)) if assessor else None,
            **given,
            **common,
        )

    done = _("The claim is recorded; the platform looks at the document.")
    return _act(request, code, "evidence_form", form, act=act, done=done)


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def add_system(request: HttpRequest, code: str) -> HttpResponse:
    """Enter a system with its level."""
    form = proof_forms.SystemForm(request.POST)

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        mlps.grade_system(data_centre=centre, name=given["name"], level=int(given["level"]), **common)

    return _act(request, code, "system_form", form, act=act, done=_("The system is entered."))


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def file_system(request: HttpRequest, code: str, system_id: int) -> HttpResponse:
    """Filed with public security."""

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        mlps.file_system(system_id=system_id, **given, **common)

    return _act(
        request,
        code,
        "file_form",
        proof_forms.FileForm(request.POST),
        act=act,
        done=_("The filing is noted."),
        system_id=system_id,
    )


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def assess_system(request: HttpRequest, code: str, system_id: int) -> HttpResponse:
    """An assessment with its report."""
    form = proof_forms.AssessForm(request.POST, request.FILES)

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        assessor = queries.find_assessor(assessor_id=int(given.pop("assessor")))
        if assessor is None:
            raise errors.NotFound
        document = _keep(given.pop("file"), "mlps", centre, common)
        mlps.assess_system(system_id=system_id, assessor=assessor, document=document, **given, **common)

    done = _("The assessment is recorded; the platform looks at the report.")
    return _act(request, code, "assess_form", form, act=act, done=done, system_id=system_id)


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def remediate_system(request: HttpRequest, code: str, system_id: int) -> HttpResponse:
    """What has to be mended."""

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        mlps.remediate_system(system_id=system_id, **given, **common)

    form = proof_forms.ReasonForm(request.POST)
    return _act(
        request, code, "remediate_form", form, act=act, done=_("The system is being remediated."), system_id=system_id
    )


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def add_readings(request: HttpRequest, code: str) -> HttpResponse:
    """One month, or a file of months."""
    form = proof_forms.ReadingForm(request.POST, request.FILES)

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        if given["file"]:
            data = given["file"].read(energy.LARGEST_FILE_BYTES + 1)
            readings = energy.read_csv(data=data)
        else:
            readings = [energy.Given(Month.parse(given["month"]), given["facility_kwh"], given["it_kwh"])]
        energy.record_readings(data_centre=centre, readings=readings, **common)

    return _act(request, code, "reading_form", form, act=act, done=_("The readings are recorded."))


@gate.page(permission="evidence.record", side="provider", methods=("POST",))
def claim_pue(request: HttpRequest, code: str) -> HttpResponse:
    """Claim the year's PUE with the document that shows the meters."""
    form = proof_forms.PueForm(request.POST, request.FILES)

    def act(centre: Any, given: dict[str, Any], common: dict[str, Any]) -> None:
        energy.claim_measured_pue(
            data_centre=centre,
            until=Month.of(common["now"]).previous(),
            document=_keep(given.pop("file"), "pue", centre, common),
            **given,
            **common,
        )

    done = _("The measurement is claimed; the platform looks at the document.")
    return _act(request, code, "pue_form", form, act=act, done=done)


def _act(
    request: HttpRequest,
    code: str,
    name: str,
    form: forms.Form,
    *,
    act: Callable[[Any, dict[str, Any], dict[str, Any]], None],
    done: str,
    system_id: int | None = None,
) -> HttpResponse:
    centre = _find(request, code)
    if system_id is not None and all(one.pk != system_id for one in queries.list_systems(data_centre_id=centre.pk)):
        raise errors.NotFound
    status = 422
    if form.is_valid():
        try:
            act(centre, dict(form.cleaned_data), {"actor": gate.actor_of(request), "now": clock.now()})
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, done)
            return redirect("provider:data_centre", code)
    return render_page(request, centre, status=status, chosen=system_id, **{name: form})


def _keep(file: Any, kind: str, centre: Any, common: dict[str, Any]) -> Any:
    """The document, under the kind of documents that fits the kind of evidence."""
    return documents.keep(
        file=file,
        kind=kind if kind in proof_forms.DOCUMENT_KINDS else "other",
        organisation_id=centre.partner.organisation_id,
        **common,
    )


def _find(request: HttpRequest, code: str) -> Any:
    return queries.get_data_centre(code=code, organisation_id=gate.organisation_of(request))


def render_page(
    request: HttpRequest, centre: Any, *, status: int = 200, chosen: int | None = None, **bound: forms.Form
) -> HttpResponse:
    now = clock.now()
    today = periods.civil_date(now)
    rows = queries.latest_readings(data_centre_ids=[centre.pk])[centre.pk]
    systems = proof.describe_systems(queries.list_systems(data_centre_id=centre.pk))
    wanted = str(chosen) if chosen is not None else request.GET.get("system", "")
    context = {
        "centre": centre,
        "evidence": proof.facts_in_force(centre, now=now),
        "documents": proof.describe_evidence(queries.list_evidence(data_centre_ids=[centre.pk]), on=today),
        "systems": systems,
        "chosen": next((one for one in systems if str(one["system"].pk) == wanted), None),
        "intervals": queries.list_intervals(on=today),
        "energy": proof.describe_energy(rows, now=now),
        "pools": centre_forms.describe_pools(centre),
        "pool_form": centre_forms.PoolForm(centre=centre),
        "can_sell": gate.actor_of(request).can("capacity.edit"),
        "can_edit": gate.actor_of(request).can("evidence.record"),
        "lapse": queries.lapsed_mlps(on=today).get(centre.pk),
        "bound": next(iter(bound.values()), None),
        **proof_forms.empty_forms(),
        **bound,
        "crumbs": [(_("Data centres"), reverse("provider:data_centres")), (centre.name, None)],
    }
    return render(request, "provider/data_centre.html", context, status=status)
