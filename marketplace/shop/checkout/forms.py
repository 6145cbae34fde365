"""What the checkout asks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.contracts import queries as contracts
from marketplace.procurement import adviser
from marketplace.shop.checkout import operations, terms


class CheckoutForm(forms.Form):
    """Contact, payment and terms; hidden: which list, and the total that was shown."""

    contact_name = forms.CharField(
        label=_("Contact person"),
        max_length=operations.LONGEST_NAME,
        help_text=_("Who the provider calls about the delivery."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    contact_phone = forms.RegexField(
        r"^\+?[0-9][0-9 ()\-]{4,}$",
        label=_("Telephone"),
        max_length=operations.LONGEST_PHONE,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        error_messages={"invalid": _("Give a telephone number in digits, such as 0476-8330000.")},
    )
    payment_method = forms.ChoiceField(
        label=_("Payment method"), choices=contracts.PAYMENT_METHODS, widget=forms.RadioSelect
    )
    accepted_terms = forms.BooleanField(
        label=_("I have read and accept the contract terms"),
        error_messages={"required": _("Read and accept the contract terms to order.")},
    )
    information_class = forms.ChoiceField(
        label=_("Information"), choices=list(adviser.INFORMATION.items()), widget=forms.RadioSelect, required=False
    )
    business_class = forms.ChoiceField(
        label=_("Business"), choices=list(adviser.BUSINESS.items()), widget=forms.RadioSelect, required=False
    )
    is_state_secret = forms.BooleanField(label=_("It is about state secrets"), required=False)
    advice_reason = forms.CharField(
        label=_("Reason for what does not fit"),
        help_text=_("Needed where an offering's deployment model does not fit; the approver reads it."),
        max_length=adviser.LONGEST_REASON,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    terms_version = forms.CharField(widget=forms.HiddenInput, max_length=20)
    basket = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)
    seen_gross_minor = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62)

    def __init__(self, *args: Any, asks: bool = False, **kwargs: Any) -> None:
        """`asks`: whether the buyer is one of those who say what the purchase is for."""
        super().__init__(*args, **kwargs)
        for name in ("information_class", "business_class"):
            self.fields[name].required = asks

    def answers(self) -> dict[str, Any]:
        """What `operations.place_order` takes."""
        found = self.cleaned_data
        return {
            "basket_id": found["basket"],
            "seen_gross_minor": found["seen_gross_minor"],
            "contact_name": found["contact_name"],
            "contact_phone": found["contact_phone"],
            "payment_method": found["payment_method"],
            "statement": self.statement(),
            "accepted_terms": found["terms_version"] if found["accepted_terms"] else "",
        }

    def statement(self) -> adviser.Statement | None:
        """What an agency says the purchase is for; None if it said nothing."""
        found = self.cleaned_data
        if not found["information_class"] and not found["business_class"] and not found["is_state_secret"]:
            return None
        return adviser.Statement(
            information=found["information_class"],
            business=found["business_class"],
            is_state_secret=found["is_state_secret"],
            reason=found["advice_reason"],
        )


def first_answers(*, basket_id: int, gross_minor: int) -> dict[str, Any]:
    """What a fresh form holds."""
    return {
        "payment_method": contracts.PAYMENT_METHODS[0][0],
        "terms_version": terms.VERSION,
        "basket": basket_id,
        "seen_gross_minor": gross_minor,
    }
