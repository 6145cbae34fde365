"""The provider's listing desk: its offerings, each with its versions, steps, findings and what the reviewer said."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import listed
from listings import content, life, operations, steps
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.organisations import operations as organisations
from providers import queries as providers

SHORTEST_SEARCH: Final = 80


class ReasonForm(forms.Form):
    """Why an offering is withdrawn, or a version taken back."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=steps.LONGEST_REASON,
        help_text=gettext_lazy("It stands in the timeline of the listing."),
    )


class NewForm(forms.Form):
    """What a new offering needs before it can be saved as a draft."""

    title = forms.CharField(label=gettext_lazy("Title"), help_text=gettext_lazy("In Chinese; it can be changed later."))
    category = forms.ChoiceField(label=gettext_lazy("Category"))
    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        help_text=gettext_lazy("Your own code for it. Left empty, one is made."),
    )


@gate.page(permission="listings.view", side="provider")
def list_listings(request: HttpRequest) -> HttpResponse:
    """The provider's offerings, by state."""
    partner_id = partner_of(request)
    view = request.GET.get("view", "") if request.GET.get("view") in life.VIEWS else ""
    words = request.GET.get("q", "").strip()[:SHORTEST_SEARCH]
    page = life.list_own(partner_id=partner_id, view=view, words=words, page=request.GET.get("page", 1))
    counts = life.count_own(partner_id=partner_id)
    context = {
        "page": page,
        "rows": [{"product": one, **listed.badges(one)} for one in page],
        "tabs": listed.tabs(counts=counts, chosen=view, url=reverse("provider:listings")),
        "total": counts["all"],
        "words": words,
        "can_edit": gate.actor_of(request).can("listings.edit"),
    }
    return render(request, "provider/listings.html", context)


@gate.page(permission="listings.edit", side="provider", methods=("GET", "POST"))
def create_listing(request: HttpRequest) -> HttpResponse:
    """The first page of a new offering; what follows is the wizard."""
    partner_id = partner_of(request)
    form = _new_form(request, partner_id=partner_id)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        partner = providers.find_partner(organisation_id=gate.organisation_of(request))
        centre = providers.find_data_centre(code=wanted["data_centre"])
        if partner is None or centre is None:
            raise errors.NotFound
        try:
            product = operations.create_offering(
                code=wanted["code"] or organisations.random_number(prefix="FW", length=8),
                title=wanted["title"],
                partner=partner,
                data_centre=centre,
                category_slug=wanted["category"],
                offering_specs={},
                draws={},
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
        else:
            return redirect("provider:listing_edit", product.code)
    return render(
        request,
        "provider/listing_new.html",
        {"form": form, "crumbs": crumbs(_("New offering"))},
        status=422 if form.is_bound else 200,
    )


@gate.page(permission="listings.view", side="provider")
def show_listing(request: HttpRequest, code: str) -> HttpResponse:
    """One offering: where it stands, what was found, what differs from the version before, and its timeline."""
    return _render(request, code)


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def draft_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Begin a new version; the one in force stays in force."""
    product = life.get_listing(code=code, partner_id=partner_of(request))
    try:
        operations.draft_version(product=product, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
        return redirect("provider:listing", code)
    return redirect("provider:listing_edit", code)


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def submit_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Hand the draft in; what the checks found stands on the wizard's last page."""
    product = life.get_listing(code=code, partner_id=partner_of(request))
    version = life.list_versions(product_id=product.pk)[0]
    try:
        operations.submit(version=version, actor=gate.actor_of(request), now=clock.now())
    except operations.ChecksFailed:
        messages.error(request, _("Mend what the checks found, then submit again."))
        return redirect(f"{reverse('provider:listing_edit', args=[code])}?step=submit")
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(code)s is submitted. The operator reviews it.") % {"code": code})
    return redirect("provider:listing", code)


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def take_back_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Take back what waits for review, with a reason, and go on with a draft of the same content."""

    def act(product: Any, **common: Any) -> None:
        operations.take_back(version=life.list_versions(product_id=product.pk)[0], **common)

    done = _("%(code)s is taken back. Change the draft, then submit it again.") % {"code": code}
    return _act_with_reason(request, code, name="back", act=act, done=done, following="provider:listing_edit")


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def withdraw_listing(request: HttpRequest, code: str) -> HttpResponse:
    """Take the offering out, with a reason."""

    def act(product: Any, **common: Any) -> None:
        operations.withdraw(product=product, **common)

    done = _("%(code)s is withdrawn. Running contracts go on.") % {"code": code}
    return _act_with_reason(request, code, name="withdraw", act=act, done=done, following="provider:listing")


def _act_with_reason(
    request: HttpRequest, code: str, *, name: str, act: Callable[..., None], done: str, following: str
) -> HttpResponse:
    """One step with its reason: done, or the page again with what was refused, at the form of this name."""
    product = life.get_listing(code=code, partner_id=partner_of(request))
    form, status = ReasonForm(request.POST, auto_id=f"{name}_%s"), 422
    if form.is_valid():
        try:
            act(product, reason=form.cleaned_data["reason"], actor=gate.actor_of(request), now=clock.now())
        except errors.Refused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)
            status = 409 if refusal.is_conflict else 422
        else:
            messages.success(request, done)
            return redirect(following, code)
    return _render(request, code, forms={name: form}, status=status)


def partner_of(request: HttpRequest) -> int:
    """The provider that the person acts for. An organisation that is none yet has nothing here."""
    partner = providers.find_partner(organisation_id=gate.organisation_of(request))
    if partner is None:
        raise errors.NotFound
    return int(partner.pk)


def crumbs(*words: str) -> list[tuple[str, str | None]]:
    """The way to a page of the desk."""
    return [(_("Listings"), reverse("provider:listings")), *((one, None) for one in words)]


def _new_form(request: HttpRequest, *, partner_id: int) -> NewForm:
    form = NewForm(request.POST if request.method == "POST" else None)
    centres = providers.list_data_centres(partner_id=partner_id)
    form.fields["category"].choices = listed.category_choices()  # type: ignore[attr-defined]
    form.fields["data_centre"].choices = [(one.code, one.name) for one in centres]  # type: ignore[attr-defined]
    form.fields["title"].widget.attrs["maxlength"] = content.LONGEST_TITLE
    return form


def _render(
    request: HttpRequest, code: str, *, forms: Mapping[str, ReasonForm] | None = None, status: int = 200
) -> HttpResponse:
    product = life.get_listing(code=code, partner_id=partner_of(request))
    versions = life.list_versions(product_id=product.pk)
    may_edit = gate.actor_of(request).can("listings.edit")
    is_draft = versions[0].state == "draft"
    edit_url = reverse("provider:listing_edit", args=[code]) if may_edit and is_draft else ""
    context: dict[str, Any] = {
        **listed.describe(request, product=product, versions=versions, edit_url=edit_url),
        **{f"{name}_form": ReasonForm(auto_id=f"{name}_%s") for name in ("back", "withdraw")},
        **{f"{name}_form": form for name, form in (forms or {}).items()},
        "can_edit": may_edit and is_draft,
        "can_draft": may_edit and versions[0].state not in steps.OPEN_STATES,
        "can_take_back": may_edit and versions[0].state in steps.WAITING_STATES,
        "can_withdraw": may_edit and product.state != "withdrawn",
        "crumbs": crumbs(product.code),
    }
    return render(request, "provider/listing.html", context, status=status)
