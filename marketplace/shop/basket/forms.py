"""What the purchase list's forms send."""

from django import forms
from django.utils.translation import gettext_lazy as _

from listings.prices import pricing


class QuantityForm(forms.Form):
    """A new quantity for a line."""

    quantity = forms.IntegerField(
        label=_("Quantity"),
        min_value=1,
        max_value=pricing.MAX_QUANTITY,
        widget=forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"}),
    )


class AddForm(QuantityForm):
    """A plan, a quantity and a term: the form stands on the offering's page."""

    plan = forms.IntegerField(label=_("Plan"), min_value=1, max_value=2**62)
    term_months = forms.IntegerField(label=_("Months"), min_value=1, max_value=60)
