"""One provider as the operator sees it: qualifications, agreement, payout account."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import periods
from frontend.pages import onboarded
from frontend.pages.operator.applications import ReasonForm
from marketplace import clock
from marketplace.organisations import errors, gate
from providers.onboarding import payout, qualifications, queries, review

QUALIFICATION_TONES = {"claimed": "warn", "verified": "good", "refused": "bad"}


class AgreementForm(ReasonForm):
    """The next version of an agreement."""

    field_order = ("rate", "effective_date", "reason")
    rate = forms.DecimalField(label=gettext_lazy("Commission, %"), min_value=0, max_digits=4, decimal_places=2)
    effective_date = forms.DateField(
        label=gettext_lazy("In force from"),
        widget=onboarded.date_input(),
        help_text=gettext_lazy("At least 7 days ahead: the provider is told today."),
    )


class ReferenceForm(forms.Form):
    """The bank's reference of a small deposit."""

    bank_reference = forms.CharField(label=gettext_lazy("Bank reference"), max_length=80)


@gate.page(permission="providers.view", side="platform")
def show_provider(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything that was agreed with a provider and what it holds."""
    return _render(request, public_id)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def change_agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Announce the next version."""
    partner = queries.get_partner(public_id=public_id)
    form, status = AgreementForm(request.POST), 422
    if form.is_valid():
        try:
            review.change_agreement(
                partner=partner,
                effective_date=form.cleaned_data["effective_date"],
                commission_rate=form.cleaned_data["rate"] / 100,
                reason=form.cleaned_data["reason"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            status = onboarded.add_error(form, refusal)
        else:
            messages.success(request, _("The change is announced; the provider is told."))
            return redirect("operator:provider", public_id)
    return _render(request, public_id, agreement_form=form, status=status)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def renew_agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Go on for another term."""
    partner = queries.get_partner(public_id=public_id)
    try:
        qualifications.renew_agreement(
            partner=partner, years=review.AGREEMENT_TERM_YEARS, actor=gate.actor_of(request), now=clock.now()
        )
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The agreement is renewed."))
    return redirect("operator:provider", public_id)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def decide_qualification(request: HttpRequest, public_id: str, qualification_id: int) -> HttpResponse:
    """Verify a renewal, or refuse it with a reason."""
    is_verified = request.POST.get("verdict") == "verified"
    try:
        qualifications.decide(
            qualification_id=qualification_id,
            is_verified=is_verified,
            reason=request.POST.get("reason", ""),
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("It is verified.") if is_verified else _("It is refused; the provider is told."))
    return redirect("operator:provider", public_id)


@gate.page(permission="providers.review", side="platform", methods=("POST",))
def draw_deposit(request: HttpRequest, account_id: int) -> HttpResponse:
    """Draw the amount of a small deposit; the next page shows it with the account's full number."""
    try:
        payout.draw_deposit(account_id=account_id, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
        return redirect(f"{reverse('operator:applications')}?view=payout")
    return redirect("operator:deposit", account_id)


@gate.page(permission="providers.review", side="platform", methods=("GET", "POST"))
def send_deposit(request: HttpRequest, account_id: int) -> HttpResponse:
    """What to type into the bank's form; POST notes that it was sent."""
    account = queries.get_account(account_id=account_id)
    transfer = queries.read_transfer(account=account, actor=gate.actor_of(request))
    if transfer is None:
        return redirect(f"{reverse('operator:applications')}?view=payout")
    form, status = ReferenceForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        form = ReferenceForm(request.POST)
        if form.is_valid():
            try:
                payout.record_sent(
                    account_id=account_id,
                    bank_reference=form.cleaned_data["bank_reference"],
                    actor=gate.actor_of(request),
                    now=clock.now(),
                )
            except errors.Refused as refusal:
                status = onboarded.add_error(form, refusal)
            else:
                messages.success(request, _("It is noted; the provider is asked for the amount."))
                return redirect(f"{reverse('operator:applications')}?view=payout")
    crumbs = [(_("Providers"), f"{reverse('operator:applications')}?view=payout"), (account.organisation.name, None)]
    context = {"account": account, "transfer": transfer, "form": form, "crumbs": crumbs}
    answer = render(request, "operator/deposit.html", context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _render(
    request: HttpRequest, public_id: str, *, agreement_form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    partner = queries.get_partner(public_id=public_id)
    today = periods.civil_date(clock.now())
    application = queries.find_application(organisation_id=partner.organisation_id)
    account = queries.current_account(organisation_id=partner.organisation_id)
    lapsed = queries.qualifications_lapsed(on=today, partner_ids=[partner.pk]).get(partner.pk)
    rows: list[dict[str, Any]] = [
        {"row": one, "tone": QUALIFICATION_TONES[one.status], "is_waiting": one.status == "claimed"}
        for one in queries.list_qualifications(partner_id=partner.pk)
    ]
    context = {
        "partner": partner,
        "organisation": partner.organisation,
        "application": application,
        "lapsed": _(lapsed) if lapsed else "",
        "held": queries.list_held(partner_id=partner.pk, on=today),
        "rows": rows,
        "agreements": [
            {"row": one, "is_coming": one.effective_date > today}
            for one in queries.list_agreements(partner_id=partner.pk)
        ],
        "account": account,
        "account_tone": onboarded.ACCOUNT_TONES[account.state] if account else "",
        "agreement_form": agreement_form or AgreementForm(),
        "reason_form": ReasonForm(auto_id="refuse_%s"),
        "may_review": gate.actor_of(request).can("providers.review"),
        "crumbs": [(_("Providers"), f"{reverse('operator:applications')}?view=approved"), (partner.name, None)],
    }
    return render(request, "operator/provider.html", context, status=status)
