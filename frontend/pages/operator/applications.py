"""The operator's review desk of providers: what waits, one application beside its findings, and the decision."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend.pages import onboarded
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.onboarding import queries, review, steps

REASON_HELP: Final = gettext_lazy("The applicant reads it.")


class ReasonForm(forms.Form):
    """Why an application is rejected, or what was decided of it."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=steps.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=REASON_HELP,
    )


class ReturnForm(ReasonForm):
    """Why an application is returned, and what to mend field by field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field, label in onboarded.LABELS.items():
            if field in review.REMARKABLE:
                self.fields[f"remark_{field}"] = forms.CharField(label=label, required=False, max_length=200)

    def remark_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("remark_")]

    def remarks(self) -> dict[str, str]:
        """What was written beside fields."""
        found = {name.removeprefix("remark_"): text for name, text in self.cleaned_data.items()}
        return {field: text for field, text in found.items() if field in review.REMARKABLE and text}


class ApprovalForm(forms.Form):
    """The commission that is agreed, in per cent."""

    rate = forms.DecimalField(
        label=gettext_lazy("Commission, %"), min_value=0, max_digits=4, decimal_places=2, required=False
    )


class TelecomForm(ReasonForm):
    """Whether this applicant needs a telecom licence."""

    field_order = ("is_required", "reason")
    is_required = forms.ChoiceField(
        label=gettext_lazy("Telecom licence"),
        choices=[
            ("", gettext_lazy("As the services say")),
            ("yes", gettext_lazy("Needed")),
            ("no", gettext_lazy("Not needed")),
        ],
        required=False,
    )


@gate.page(permission="providers.view", side="platform")
def show_queue(request: HttpRequest) -> HttpResponse:
    """Applications by state, renewals that wait, and payout accounts to verify."""
    counts = queries.count_applications()
    claimed, accounts = queries.list_claimed(), queries.list_accounts_to_prove()
    views = {
        **{state: (str(onboarded.STATES[state]), counts[state]) for state in queries.QUEUE},
        "renewals": (_("Renewals"), len(claimed)),
        "payout": (_("Payout accounts"), len(accounts)),
    }
    chosen = request.GET.get("view", "submitted") if request.GET.get("view") in views else "submitted"
    url, now = reverse("operator:applications"), clock.now()
    context = {
        "tabs": [
            {"label": label, "url": f"{url}?view={name}", "count": count, "active": name == chosen}
            for name, (label, count) in views.items()
        ],
        "view": chosen,
        "rows": [_row(one, now) for one in queries.list_applications(state=chosen)] if chosen in counts else [],
        "renewals": claimed if chosen == "renewals" else [],
        "accounts": [{"account": one, "tone": onboarded.ACCOUNT_TONES[one.state]} for one in accounts]
        if chosen == "payout"
        else [],
        "total": counts["submitted"] + counts["in_review"] + len(claimed) + len(accounts),
    }
    return render(request, "operator/applications.html", context)


@gate.page(permission="providers.view", side="platform")
def show_application(request: HttpRequest, number: str) -> HttpResponse:
    """One application as a reviewer sees it."""
    return _render(request, number)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def take(request: HttpRequest, number: str) -> HttpResponse:
    """Take the application, or take it over from a colleague."""
    is_takeover = request.POST.get("over") == "1"

    def act(**common: Any) -> None:
        review.take(is_takeover=is_takeover, **common)

    return _decide(request, number, act=act, done=_("You have this application in review."))


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """Make the applicant a provider at the rate in the form."""
    form = ApprovalForm(request.POST)

    def act(**common: Any) -> None:
        rate = form.cleaned_data["rate"]
        review.approve(commission_rate=None if rate is None else rate / Decimal(100), **common)

    return _decide(request, number, act=act, done=_("The applicant is a provider now."), approval=form)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def return_application(request: HttpRequest, number: str) -> HttpResponse:
    """Give it back with a reason and remarks."""
    form = ReturnForm(request.POST)

    def act(**common: Any) -> None:
        review.return_application(reason=form.cleaned_data["reason"], remarks=form.remarks(), **common)

    return _decide(request, number, act=act, done=_("The application is returned."), returning=form)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def reject(request: HttpRequest, number: str) -> HttpResponse:
    """Close it for good."""
    form = ReasonForm(request.POST, auto_id="reject_%s")

    def act(**common: Any) -> None:
        review.reject(reason=form.cleaned_data["reason"], **common)

    return _decide(request, number, act=act, done=_("The application is rejected."), rejection=form)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def decide_telecom(request: HttpRequest, number: str) -> HttpResponse:
    """Say for this case whether a telecom licence is needed."""
    form = TelecomForm(request.POST, auto_id="telecom_%s")

    def act(**common: Any) -> None:
        is_required = {"yes": True, "no": False}.get(form.cleaned_data["is_required"])
        review.require_telecom_licence(is_required=is_required, reason=form.cleaned_data["reason"], **common)

    return _decide(request, number, act=act, done=_("It is noted."), telecom=form)


def _decide(
    request: HttpRequest, number: str, *, act: Callable[..., None], done: str, **bound: forms.Form
) -> HttpResponse:
    """Do it and go back to the application; else show it again with what is wrong."""
    queries.get_application(number=number)
    status = 422
    if all(form.is_valid() for form in bound.values()):
        try:
            act(number=number, actor=gate.actor_of(request), now=clock.now())
        except errors.Refused as refusal:
            messages.error(request, refusal.message)
            status = 409 if refusal.is_conflict else 422
        else:
            messages.success(request, done)
            return redirect("operator:application", number)
    return _render(request, number, status=status, **bound)


def _render(request: HttpRequest, number: str, *, status: int = 200, **bound: forms.Form) -> HttpResponse:
    application = queries.get_application(number=number)
    reviewer = queries.reviewer_of(application=application) if application.state == "in_review" else None
    may_review = gate.actor_of(request).can("providers.review")
    is_mine = reviewer is not None and reviewer == gate.person_of(request)
    standard = queries.standard_commission(on=periods.civil_date(clock.now()))
    rate = application.requested_rate or (standard.commission_rate if standard else None)
    steps_taken = queries.list_steps(application=application)
    context = {
        "application": application,
        "state": onboarded.badge(application.state),
        "findings": onboarded.found(application),
        "facts": onboarded.facts(application),
        "timeline": onboarded.timeline(application),
        "standard": standard,
        "needs_telecom": queries.needs_telecom_licence(application=application),
        "can_take": may_review and application.state == "submitted",
        "can_take_over": may_review and application.state == "in_review" and not is_mine,
        "can_decide": may_review and application.state == "in_review" and is_mine,
        "reviewer_name": next((one.user.get_full_name() for one in steps_taken if one.user_id == reviewer), ""),
        "approval": bound.get("approval") or ApprovalForm(initial={"rate": f"{rate * 100:.2f}" if rate else ""}),
        "returning": bound.get("returning") or ReturnForm(),
        "rejection": bound.get("rejection") or ReasonForm(auto_id="reject_%s"),
        "telecom": bound.get("telecom") or TelecomForm(auto_id="telecom_%s"),
        "crumbs": [(_("Providers"), reverse("operator:applications")), (application.number, None)],
    }
    return render(request, "operator/application.html", context, status=status)


def _row(application: Any, now: Any) -> dict[str, Any]:
    found = onboarded.found(application)
    return {
        "application": application,
        "days": (now - application.submitted_at).days if application.submitted_at else 0,
        "notes": len(found),
        "is_approved": application.state == "approved",
        **onboarded.badge(application.state),
    }
