"""A buyer's review of what was delivered, from the contract's page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from frontend.pages import reviewed
from frontend.pages.buyer import contracts
from listings.reviews import operations
from marketplace import clock
from marketplace.organisations import errors, gate


@gate.page(permission="reviews.write", side="buyer", methods=("POST",))
def write_review(request: HttpRequest, number: str) -> HttpResponse:
    """Review an accepted delivery, or write the review anew."""
    form, status = reviewed.ReviewForm(request.POST, auto_id="review_%s"), 422
    if form.is_valid():
        try:
            operations.write_review(number=number, actor=gate.actor_of(request), now=clock.now(), **form.cleaned_data)
        except errors.Refused as error:
            status = reviewed.refuse(form, error)
        else:
            messages.success(request, _("Thank you: your review stands on the offering's page."))
            return redirect("buyer:contract", number)
    return contracts.render_contract(request, number, review_form=form, status=status)
