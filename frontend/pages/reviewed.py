"""What the pages of reviews share: the forms, and a review as templates show it."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from listings.reviews import queries
from marketplace.organisations import errors

LONGEST_TITLE: Final = 60
LONGEST_TEXT: Final = 2000
SCORES: Final = [
    ("", gettext_lazy("Choose a score")),
    ("5", gettext_lazy("5 · very good")),
    ("4", gettext_lazy("4 · good")),
    ("3", gettext_lazy("3 · fair")),
    ("2", gettext_lazy("2 · poor")),
    ("1", gettext_lazy("1 · very poor")),
]


class ReviewForm(forms.Form):
    """A buyer's review, or its next version."""

    score = forms.TypedChoiceField(label=gettext_lazy("Service while it runs"), choices=SCORES, coerce=int)
    delivery_score = forms.TypedChoiceField(label=gettext_lazy("Delivery"), choices=SCORES, coerce=int)
    title = forms.CharField(label=gettext_lazy("In a few words"), max_length=LONGEST_TITLE)
    body = forms.CharField(
        label=gettext_lazy("What you found"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy(
            "Everyone reads it under your organisation's short name. It can be changed, not deleted."
        ),
    )
    after_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """The provider's reply, or its next version."""

    text = forms.CharField(
        label=gettext_lazy("Reply"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Everyone reads it below the review."),
    )
    after_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """Why a review is flagged, hidden or shown."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=errors.LONGEST_REASON)


def review_form(review: Any = None) -> ReviewForm:
    """The form as it is first shown: empty, or with the version that it would follow."""
    initial: dict[str, Any] = {"after_version": 0}
    if review is not None:
        names = ("score", "delivery_score", "title", "body")
        initial = {**{name: getattr(review, name) for name in names}, "after_version": review.version}
    return ReviewForm(initial=initial, auto_id="review_%s")


def refuse(form: forms.Form, error: errors.Refused) -> int:
    """Put a refusal beside its field; the answer's status."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
    return 409 if error.is_conflict else 422


def show(review: Any) -> dict[str, Any]:
    """A review with the name under which its buyer is shown."""
    return {"review": review, "by": queries.short_name(name=review.organisation.name)}
