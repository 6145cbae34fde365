"""The officer's side of the recommended catalogue: prepare an edition, decide, sign, publish, watch what lapses."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from billing.rules import periods
from listings.recommended import operations, publication, queries, wording
from marketplace import clock
from marketplace.organisations import errors, gate

TAB_LABELS: Final = {
    "included": pgettext_lazy("decision", "Included"),
    "excluded": gettext_lazy("Left out"),
    "fails": gettext_lazy("Does not meet the criteria"),
}
ROLE_LABELS: Final = {
    "officer": gettext_lazy("Procurement officer"),
    "operator": gettext_lazy("Operator"),
    "owner": gettext_lazy("Owner"),
}
LARGEST_PK: Final = 2**31


class EditionForm(forms.Form):
    """Which criteria an edition stands on, and the period it is meant for."""

    criteria = forms.ChoiceField(label=gettext_lazy("Criteria"))
    period_start_date = forms.DateField(
        label=gettext_lazy("For the period from"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    period_end_date = forms.DateField(
        label=gettext_lazy("to, included"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["criteria"].choices = [  # type: ignore[attr-defined]
            (str(one.version), _("Version %(version)s: %(title)s") % {"version": one.version, "title": one.title})
            for one in queries.list_criteria_sets()
        ]


class DecisionForm(forms.Form):
    """In or out, and why."""

    product = forms.IntegerField(min_value=1, max_value=LARGEST_PK)
    decision = forms.ChoiceField(choices=[("include", ""), ("exclude", "")])
    note = forms.CharField(max_length=operations.LONGEST_NOTE)


@gate.page(permission="recommended.sign")
def show_catalogue(request: HttpRequest) -> HttpResponse:
    """The edition in force, what is being prepared, what is about to lapse, and the form that opens an edition."""
    return _render_catalogue(request, form=None)


@gate.page(permission="recommended.edit", methods=("POST",))
def open_edition(request: HttpRequest) -> HttpResponse:
    """Open an edition and go to its candidates."""
    form = EditionForm(request.POST)
    if form.is_valid():
        try:
            edition = operations.open_edition(
                criteria_version=int(form.cleaned_data["criteria"]),
                period_start_date=form.cleaned_data["period_start_date"],
                period_end_date=form.cleaned_data["period_end_date"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return redirect("officer:edition", edition.pk)
    return _render_catalogue(request, form=form, status=422)


@gate.page(permission="recommended.sign")
def show_edition(request: HttpRequest, edition_id: int) -> HttpResponse:
    """The candidates of an edition with the verdict for each criterion, its signatures and its next step."""
    return _render_edition(request, edition_id)


@gate.page(permission="recommended.edit", methods=("POST",))
def decide(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Take a candidate in or leave it out, with a note."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _render_edition(
            request, edition_id, error=_("Say why in the note: it is kept with the entry."), status=422
        )
    write = operations.include if form.cleaned_data["decision"] == "include" else operations.exclude
    try:
        entry = write(
            edition_id=_known(edition_id),
            product_id=form.cleaned_data["product"],
            note=form.cleaned_data["note"],
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        return _render_refused(request, edition_id, error)
    messages.success(
        request,
        _("%(title)s: %(decision)s.") % {"title": entry.shown["title"], "decision": entry.get_decision_display()},
    )
    tab = request.GET.get("tab", "")
    return redirect(reverse("officer:edition", args=[edition_id]) + (f"?tab={tab}" if tab in queries.TABS else ""))


@gate.page(permission="recommended.edit", methods=("POST",))
def evaluate_again(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Evaluate all offerings as they are now."""
    return _step(request, edition_id, operations.evaluate_again, done=_("All offerings were evaluated again."))


@gate.page(permission="recommended.edit", methods=("POST",))
def send_to_sign(request: HttpRequest, edition_id: int) -> HttpResponse:
    """The officer is done; two people sign."""
    return _step(request, edition_id, operations.send_to_sign, done=_("The edition waits for two signatures."))


@gate.page(permission="recommended.sign", methods=("POST",))
def sign(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Sign in one of one's roles."""
    return _step(
        request, edition_id, operations.sign, done=_("Your signature is recorded."), role=request.POST.get("role", "")
    )


@gate.page(permission="recommended.edit", methods=("POST",))
def publish(request: HttpRequest, edition_id: int) -> HttpResponse:
    """Put the edition in force, and show it as everyone sees it."""
    try:
        edition = publication.publish_edition(
            edition_id=_known(edition_id), actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as error:
        return _render_refused(request, edition_id, error)
    messages.success(request, _("Edition %(number)s is in force.") % {"number": edition.number})
    return redirect("recommended_edition", edition.number)


def _known(edition_id: int) -> int:
    """An id that the database can hold; another one exists for nobody."""
    if edition_id > LARGEST_PK:
        raise operations.NoSuchEdition
    return edition_id


def _step(
    request: HttpRequest, edition_id: int, operation: Callable[..., Any], *, done: str, **more: Any
) -> HttpResponse:
    """One operation on an edition; a refusal is shown on its page."""
    try:
        operation(edition_id=_known(edition_id), actor=gate.actor_of(request), now=clock.now(), **more)
    except errors.Refused as error:
        return _render_refused(request, edition_id, error)
    messages.success(request, done)
    return redirect("officer:edition", edition_id)


def _render_catalogue(request: HttpRequest, *, form: EditionForm | None, status: int = 200) -> HttpResponse:
    today = periods.civil_date(clock.now())
    lapses = queries.list_lapses(on=today)
    within = next((days for days in queries.NOTICE_DAYS if request.GET.get("within") == str(days)), 60)
    actor = gate.actor_of(request)
    first = {"period_start_date": today, "period_end_date": today + timedelta(days=180)}
    in_force = queries.edition_in_force()
    context = {
        "edition": in_force,
        "figures": queries.count_entries(edition=in_force) if in_force else None,
        "preparing": queries.list_editions_in_preparation(),
        "editions": queries.list_editions(),
        "criteria": queries.criteria_in_force(on=today),
        "lapses": [one for one in lapses if one.days <= within],
        "tabs": [
            {
                "label": _("within %(days)s days") % {"days": days},
                "url": f"?within={days}#lapses",
                "count": sum(1 for one in lapses if one.days <= days),
                "active": days == within,
            }
            for days in reversed(queries.NOTICE_DAYS)
        ],
        "form": form or EditionForm(initial=first),
        "may_edit": actor.can("recommended.edit"),
    }
    return render(request, "officer/catalogue.html", context, status=status)


def _render_refused(request: HttpRequest, edition_id: int, refusal: errors.Refused) -> HttpResponse:
    return _render_edition(request, edition_id, error=refusal.message, status=409 if refusal.is_conflict else 422)


def _render_edition(request: HttpRequest, edition_id: int, *, error: str = "", status: int = 200) -> HttpResponse:
    edition = queries.get_edition_in_preparation(edition_id=_known(edition_id))
    counts = queries.count_candidates(edition=edition)
    tab = request.GET.get("tab", "")
    tab = tab if tab in queries.TABS else "included"
    actor = gate.actor_of(request)
    signatures = queries.list_signatures(edition=edition)
    context = {
        "edition": edition,
        "error": error,
        "crumbs": [
            (_("Recommended catalogue"), reverse("officer:catalogue")),
            (edition.number or _("Edition in preparation"), None),
        ],
        "tab": tab,
        "tabs": [
            {"label": TAB_LABELS[name], "url": f"?tab={name}", "count": counts[name], "active": name == tab}
            for name in queries.TABS
        ],
        "counts": counts,
        "page": queries.list_candidates(edition=edition, tab=tab, page=request.GET.get("page", 1)),
        "heads": [wording.write_short(one) for one in edition.criteria_set.criteria],
        "rules": [wording.write_rule(one) for one in edition.criteria_set.criteria],
        "signatures": signatures,
        "sign_as": [
            (role, ROLE_LABELS[role])
            for role in queries.may_sign_as(edition=edition, user_id=actor.user_id, roles=actor.roles)
        ],
        "is_open": edition.number is None,
        "may_edit": edition.number is None and actor.can("recommended.edit"),
        "steps": _steps(edition, signatures),
    }
    return render(request, "officer/edition.html", context, status=status)


def _steps(edition: Any, signatures: list[Any]) -> list[dict[str, Any]]:
    """Where the edition stands, for the timeline."""
    is_draft, is_published = edition.state == "draft", edition.number is not None
    return [
        {"title": _("Candidates evaluated"), "state": "done", "at": edition.evaluated_at},
        {"title": _("Officer decides"), "state": "current" if is_draft else "done", "at": None},
        {
            "title": _("Two people sign"),
            "state": "done" if is_published else "" if is_draft else "current",
            "at": None,
            "text": "、".join(f"{one.user.get_full_name()} ({one.get_role_display()})" for one in signatures),
        },
        {"title": _("Published"), "state": "done" if is_published else "", "at": edition.published_at},
    ]
