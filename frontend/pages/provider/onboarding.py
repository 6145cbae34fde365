"""What a provider has to do to sell, and to go on selling: the list, renewals, payout account, recognition."""

from datetime import date
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
from frontend import navigation
from frontend.pages import onboarded
from frontend.pages.provider.application import FILE_HELP
from frontend.pages.receipts import YuanField
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.onboarding import payout, qualifications, queries, recognition

RENEWABLE: Final = {"business-licence": "business_licence", "telecom-licence": "telecom_licence"}


class RenewalForm(forms.Form):
    """A newer licence."""

    file = forms.FileField(label=gettext_lazy("New licence"), help_text=FILE_HELP, widget=onboarded.file_input())
    document_number = forms.CharField(label=gettext_lazy("Licence number"), max_length=60)
    valid_until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=onboarded.date_input(),
        help_text=gettext_lazy("Left empty for a business licence without end."),
    )


class AccountForm(forms.Form):
    """Where payouts go."""

    bank = forms.CharField(label=gettext_lazy("Bank and branch"), max_length=120)
    account_name = forms.CharField(label=gettext_lazy("Account name"), max_length=120)
    number = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=60,
        help_text=gettext_lazy("It is kept encrypted; pages show its last four digits."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": "code"}),
    )


class AmountForm(forms.Form):
    """What the small deposit was."""

    amount = YuanField(label=gettext_lazy("Amount that arrived, in yuan"))


class ManyFiles(forms.FileField):
    """Several files of one input, as a list."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [one for one in data or [] if one]
        if not files:
            raise forms.ValidationError(_("Choose at least one file."))
        return [super(ManyFiles, self).clean(one, initial) for one in files]


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class RecognitionForm(forms.Form):
    """Why a provider should be recognised, and what supports it."""

    statement = forms.CharField(
        label=gettext_lazy("Statement of the applicant"),
        max_length=recognition.LONGEST_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Team, data centres, own technology, customers: what the reviewers should weigh."),
    )
    files = ManyFiles(  # type: ignore[assignment]  # a field; the metaclass takes it off the class
        label=gettext_lazy("Documents"),
        help_text=FILE_HELP,
        widget=ManyFilesInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )


@gate.page(permission="providers.apply", side="provider")
def show_onboarding(request: HttpRequest) -> HttpResponse:
    """Every task with its state and what is missing."""
    organisation_id = gate.organisation_of(request)
    application = queries.find_application(organisation_id=organisation_id)
    partner = providers.find_partner(organisation_id=organisation_id)
    today = periods.civil_date(clock.now())
    held = queries.list_held(partner_id=partner.pk, on=today) if partner else []
    tasks = [
        _application_task(application, partner),
        *(_held_task(one) for one in held),
        _account_task(queries.current_account(organisation_id=organisation_id)),
        *(_selling_tasks(partner) if partner else []),
    ]
    last = application.steps.order_by("-pk").first() if application and application.state == "returned" else None
    context = {
        "application": application,
        "partner": partner,
        "agreement": _agreement(partner, today),
        "announced": [one for one in _agreements(partner) if one.effective_date > today],
        "tasks": tasks,
        "done": sum(one["tone"] == "good" for one in tasks),
        "returned": last,
        "remarks": onboarded.remarks(application) if application else [],
        "timeline": onboarded.timeline(application) if application else [],
        "lapsed": _lapsed(partner, today),
    }
    return render(request, "provider/onboarding.html", context)


@gate.page(permission="providers.apply", side="provider", methods=("GET", "POST"))
def renew(request: HttpRequest, kind: str) -> HttpResponse:
    """Hand in a newer licence."""
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None or kind not in RENEWABLE:
        raise errors.NotFound
    held = {one.kind: one for one in queries.list_held(partner_id=partner.pk, on=periods.civil_date(clock.now()))}
    form = RenewalForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                qualifications.renew(
                    partner=partner,
                    kind=RENEWABLE[kind],
                    actor=gate.actor_of(request),
                    now=clock.now(),
                    **form.cleaned_data,
                )
            except errors.Refused as refusal:
                status = onboarded.add_error(form, refusal)
            else:
                messages.success(request, _("The renewal is handed in. It counts once the operator has verified it."))
                return redirect("provider:onboarding")
    label = onboarded.LABELS[RENEWABLE[kind]]
    context = {"form": form, "label": label, "held": held.get(RENEWABLE[kind]), "crumbs": _crumbs(str(label))}
    return render(request, "provider/renew.html", context, status=status)


@gate.page(permission="providers.apply", side="provider", methods=("GET", "POST"))
def show_account(request: HttpRequest) -> HttpResponse:
    """The account that payouts go to; POST enters another one."""
    form = AccountForm(request.POST) if request.method == "POST" else _account_form(request)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            payout.enter_account(actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The account is entered. The operator sends a small deposit to it."))
            return redirect("provider:payout_account")
    return _render_account(request, form=form, amount_form=AmountForm(), status=status)


@gate.page(permission="providers.apply", side="provider", methods=("POST",))
def enter_amount(request: HttpRequest) -> HttpResponse:
    """Say what arrived."""
    form, status = AmountForm(request.POST), 422
    if form.is_valid():
        try:
            payout.enter_amount(
                amount_minor=form.cleaned_data["amount"].amount_minor, actor=gate.actor_of(request), now=clock.now()
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The account is verified. Payouts go to it from now on."))
            return redirect("provider:payout_account")
    return _render_account(request, form=_account_form(request), amount_form=form, status=status)


@gate.page(permission="providers.apply", side="provider", methods=("GET", "POST"))
def show_recognition(request: HttpRequest) -> HttpResponse:
    """The provider's applications for the recognition; POST applies."""
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise errors.NotFound
    form = RecognitionForm(request.POST or None, request.FILES or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                recognition.apply(partner=partner, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
            except errors.Refused as refusal:
                if refusal.field == "file":
                    refusal.field = "files"
                status = onboarded.add_error(form, refusal)
            else:
                messages.success(request, _("The application is handed in. An officer and an operator review it."))
                return redirect("provider:recognition")
    found = queries.list_recognitions(partner_id=partner.pk)
    context = {
        "form": form,
        "rows": [{"row": one, "tone": onboarded.RECOGNITION_TONES[one.state]} for one in found],
        "may_apply": all(one.state != "applied" for one in found),
        "crumbs": _crumbs(_("Recognition as a cloud enterprise")),
    }
    return render(request, "provider/recognition.html", context, status=status)


def _render_account(request: HttpRequest, *, form: forms.Form, amount_form: forms.Form, status: int) -> HttpResponse:
    account = queries.current_account(organisation_id=gate.organisation_of(request))
    context = {
        "account": account,
        "tone": onboarded.ACCOUNT_TONES[account.state] if account else "",
        "tries_left": queries.tries_left(account=account) if account else 0,
        "form": form,
        "amount_form": amount_form,
        "crumbs": _crumbs(_("Payout account")),
    }
    return render(request, "provider/payout_account.html", context, status=status)


def _account_form(request: HttpRequest) -> AccountForm:
    return AccountForm(initial={"account_name": gate.actor_of(request).organisation_name})


def _application_task(application: Any, partner: Any) -> dict[str, Any]:
    if application is None:
        state = {"tone": "good", "words": _("Not needed")} if partner else {"tone": "neutral", "words": _("To do")}
        text = _("Registered by the operator.") if partner else _("Say who you are and upload your licences.")
        url, action = ("", "") if partner else (reverse("provider:application"), _("Begin"))
        return {"title": _("Application"), "text": text, "url": url, "action": action, "begins": True, **state}
    texts = {
        "draft": _("Not yet submitted."),
        "submitted": _("The operator will take it in hand."),
        "in_review": _("The operator is reviewing it."),
        "returned": _("Mend what the reviewer remarked and submit again."),
        "approved": _("You are a provider of this marketplace."),
        "rejected": _("You may begin another application."),
    }
    is_open = application.state in ("draft", "returned", "rejected")
    return {
        "title": _("Application"),
        "text": texts[application.state],
        "url": reverse("provider:application") if is_open else "",
        "action": _("Go on") if application.state != "rejected" else _("Begin again"),
        "begins": application.state == "rejected",
        **onboarded.badge(application.state),
    }


def _held_task(one: Any) -> dict[str, Any]:
    renewal = {kind: slug for slug, kind in RENEWABLE.items()}.get(one.kind)
    until = _("Valid until %(day)s.") % {"day": one.row.valid_until} if one.row.valid_until else _("Without end.")
    if one.has_ended:
        state = {"tone": "bad", "words": _("Ended")}
    elif one.ends_soon:
        state = {"tone": "warn", "words": _("Ends in %(days)s days") % {"days": one.days_left}}
    else:
        state = {"tone": "good", "words": _("Valid")}
    text = " ".join([until, _("A renewal waits for verification.")]) if one.waiting else until
    url = reverse("provider:renew", args=[renewal]) if renewal and not one.waiting else ""
    return {"title": one.label, "text": text, "url": url, "action": _("Renew"), **state}


def _account_task(account: Any) -> dict[str, Any]:
    url, title = reverse("provider:payout_account"), _("Payout account")
    if account is None:
        text = _("Enter it; a small deposit verifies it.")
        return {
            "title": title, "text": text, "url": url, "action": _("Enter"), "tone": "neutral", "words": _("To do"),
        }  # fmt: skip
    texts = {
        "entered": _("A small deposit will be sent to it."),
        "drawn": _("A small deposit is being sent."),
        "sent": _("Enter the amount that arrived."),
        "verified": _("Payouts go to it."),
    }
    return {
        "title": title,
        "text": f"{account.bank} · **** {account.number_end} · {texts[account.state]}",
        "url": url,
        "action": _("Open it"),
        "tone": onboarded.ACCOUNT_TONES[account.state],
        "words": account.get_state_display(),
    }


def _selling_tasks(partner: Any) -> list[dict[str, Any]]:
    centres = len(providers.list_data_centres(partner_id=partner.pk))
    found = queries.list_recognitions(partner_id=partner.pk)
    current = found[0] if found else None
    return [
        {
            "title": _("Data centres"),
            "text": _("Registered: %(count)s.") % {"count": centres},
            "url": navigation.page_url("provider:data_centres") or "",
            "action": _("Open it"),
            "tone": "good" if centres else "neutral",
            "words": _("Done") if centres else _("To do"),
        },
        {
            "title": _("Recognition as a cloud enterprise"),
            "text": current.certificate_number or "" if current else _("Not required; buyers see it as a badge."),
            "url": reverse("provider:recognition"),
            "action": _("Open it"),
            "tone": onboarded.RECOGNITION_TONES[current.state] if current else "neutral",
            "words": current.get_state_display() if current else _("Optional"),
        },
    ]


def _agreements(partner: Any) -> list[Any]:
    return queries.list_agreements(partner_id=partner.pk) if partner else []


def _agreement(partner: Any, today: date) -> dict[str, Any] | None:
    in_force = [one for one in _agreements(partner) if one.effective_date <= today]
    newest = max(in_force, key=lambda one: (one.effective_date, one.version), default=None)
    return {"row": newest, "rate": Decimal(newest.commission_rate)} if newest else None


def _lapsed(partner: Any, today: date) -> str:
    reason = queries.qualifications_lapsed(on=today, partner_ids=[partner.pk]).get(partner.pk) if partner else None
    return _(reason) if reason else ""


def _crumbs(last: str) -> list[tuple[str, str | None]]:
    return [(_("Onboarding"), reverse("provider:onboarding")), (last, None)]
