"""The price books of one offering: in force, announced, drafts, and those agreed with single buyers."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.rules import periods
from frontend.pages.provider import price_forms
from listings import queries, wording
from listings.prices import drafts, operations, table
from listings.prices import queries as prices
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.organisations import queries as organisations

# Fields of the refusals of an agreement → where its form shows them.
BUYER_FIELDS: Final = {
    "buyer": "buyer",
    "organisation": "buyer",
    "basis": "basis",
    "effective_date": "effective_date",
    "valid_until": "valid_until",
}
TONES: Final = {"draft": "neutral", "announced": "info", "published": "good", "retired": "neutral"}


@gate.page(permission="listings.view", side="provider", methods=("GET",))
def show_prices(request: HttpRequest, code: str) -> HttpResponse:
    """Every book of the offering, the newest first."""
    return _show(request, _own_offering(request, code))


@gate.page(permission="listings.edit", side="provider", methods=("GET", "POST"))
def draft_prices(request: HttpRequest, code: str) -> HttpResponse:
    """The next list prices, from those in force, as a draft."""
    return _write(request, _own_offering(request, code), agreement=False)


@gate.page(permission="listings.edit", side="provider", methods=("GET", "POST"))
def agree_prices(request: HttpRequest, code: str) -> HttpResponse:
    """Prices agreed with one buyer: only that buyer will see them."""
    return _write(request, _own_offering(request, code), agreement=True)


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def announce_prices(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Make a draft known as the price from a later day on."""
    product = _own_offering(request, code)
    book = _own_book(product, version)
    form = price_forms.DateForm(request.POST)
    if form.is_valid():
        try:
            operations.announce_price_book(
                price_book=book,
                effective_date=form.cleaned_data["effective_date"],
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as refusal:
            form.add_error("effective_date", refusal.message)
        else:
            messages.success(request, _("Version %(version)s is announced.") % {"version": version})
            return redirect("provider:prices", code)
    return _show(request, product, refused=(version, form))


@gate.page(permission="listings.edit", side="provider", methods=("POST",))
def call_off_prices(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Take an announcement back."""
    product = _own_offering(request, code)
    book = _own_book(product, version)
    try:
        operations.call_off_announcement(price_book=book, actor=gate.actor_of(request), now=clock.now())
    except errors.Refused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Version %(version)s is called off.") % {"version": version})
    return redirect("provider:prices", code)


def _show(request: HttpRequest, product: Any, *, refused: tuple[int, Any] | None = None) -> HttpResponse:
    books = prices.list_books(product_id=product.pk)
    waiting = prices.waiting_version(product_id=product.pk)
    in_review = waiting.price_book_id if waiting else None
    context = {
        "product": product,
        "title": wording.choose(product.title, product.title_en),
        "books": [_describe(book, refused, is_waiting=book.pk == in_review) for book in books],
        "may_edit": gate.actor_of(request).can("listings.edit"),
        "waiting": waiting,
        "notice": operations.NOTICE_OF_INCREASE_DAYS,
        "crumbs": _crumbs(product, None),
    }
    return render(request, "provider/prices.html", context, status=422 if refused else 200)


def _write(request: HttpRequest, product: Any, *, agreement: bool) -> HttpResponse:
    rows = (
        prices.plans_for(products=[product])[product.pk] if agreement else prices.plans_to_revise(product_id=product.pk)
    )
    start = [drafts.read_draft(plan=plan) for plan in rows]
    data = request.POST if request.method == "POST" else None
    book = price_forms.BookForms(data, plans=start)
    buyer = _agreement_form(data) if agreement else None
    refusal, status = "", 200 if data is None else 422
    if not book.is_to_save:
        status, buyer = 200, buyer and _agreement_form(None, given=data)
    elif data is not None and all([book.is_valid(), buyer is None or buyer.is_valid()]):
        try:
            _save(request, product, book=book, buyer=buyer)
        except errors.Refused as error:
            status = 409 if error.is_conflict else 422
            if buyer is not None and error.field in BUYER_FIELDS:
                buyer.add_error(BUYER_FIELDS[error.field], error.message)
            elif not (isinstance(error, drafts.InvalidPriceBook) and book.refuse(error)):
                refusal = error.message
        else:
            return redirect("provider:prices", product.code)
    words = _("Prices agreed with one buyer") if agreement else _("Next list prices")
    context = {
        "product": product,
        "words": words,
        "book": book,
        "buyer": buyer,
        "refusal": refusal,
        "is_refused": status != 200,
        "crumbs": _crumbs(product, words),
    }
    return render(request, "provider/price_form.html", context, status=status)


def _save(request: HttpRequest, product: Any, *, book: price_forms.BookForms, buyer: Any) -> None:
    actor, now = gate.actor_of(request), clock.now()
    if buyer is None:
        saved = operations.draft_price_book(product=product, plans=book.to_drafts(), actor=actor, now=now)
        messages.success(request, _("Version %(version)s is saved as a draft.") % {"version": saved.version})
        return
    given = buyer.cleaned_data
    organisation = organisations.find_organisation(code=given["buyer"].strip().upper())
    if organisation is None:
        raise errors.Refused(_("No organisation here has this code. Ask the buyer to join first."), field="buyer")
    saved = operations.negotiate_price_book(
        product=product,
        organisation=organisation,
        plans=book.to_drafts(),
        basis=given["basis"],
        effective_date=given["effective_date"],
        valid_until=given["valid_until"],
        actor=actor,
        now=now,
    )
    messages.success(request, _("The agreed prices are kept as version %(version)s.") % {"version": saved.version})


def _agreement_form(data: Any, *, given: Any = None) -> price_forms.AgreementForm:
    """`given`: what was sent before the page was drawn again, not to be judged yet."""
    start = {"effective_date": periods.civil_date(clock.now())}
    if given is not None:
        start = {name: given.get(name, "") for name in price_forms.AgreementForm.base_fields}
    return price_forms.AgreementForm(data, initial=start)


def _describe(book: Any, refused: tuple[int, Any] | None, *, is_waiting: bool) -> dict[str, Any]:
    form = None
    if book.status == "draft" and not is_waiting and book.organisation_id is None:
        form = (
            refused[1]
            if refused and refused[0] == book.version
            else price_forms.DateForm(auto_id=f"v{book.version}_%s")
        )
    return {
        "book": book,
        "tone": "info" if is_waiting else TONES[book.status],
        "state": wording.STATES["in_review"] if is_waiting else book.get_status_display(),
        "form": form,
        "plans": [
            {
                "plan": plan,
                "version": _("Version %(version)s") % {"version": book.version},  # tells tables of one page apart
                "name": wording.choose(plan.name, plan.name_en),
                "parts": table.describe_plan(plan=plan),
                "terms": [],
            }
            for plan in book.plans.all()
        ],
    }


def _own_offering(request: HttpRequest, code: str) -> Any:
    """The offering, if it is the provider's own."""
    product = queries.find_offering(code=code)
    if product is None or product.partner is None or product.partner.organisation_id != gate.organisation_of(request):
        raise errors.NotFound
    return product


def _own_book(product: Any, version: int) -> Any:
    book = next((one for one in prices.list_books(product_id=product.pk) if one.version == version), None)
    if book is None:
        raise errors.NotFound
    return book


def _crumbs(product: Any, here: str | None) -> list[tuple[str, str | None]]:
    way: list[tuple[str, str | None]] = [
        (_("Listings"), reverse("provider:listings")),
        (wording.choose(product.title, product.title_en), reverse("provider:listing", args=[product.code])),
    ]
    if here is None:
        return [*way, (_("Prices"), None)]
    return [*way, (_("Prices"), reverse("provider:prices", args=[product.code])), (here, None)]
