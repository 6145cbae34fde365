"""Forms for money that a bank statement shows: an amount in yuan, a reference, a day."""

import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.rules import money, periods

CURRENCY: Final = "CNY"
_AMOUNT: Final = re.compile(r"¥?\s*(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]{1,2})?")
LARGEST_MINOR: Final = 10**15  # ten trillion yuan: more is a slip of the hand


class YuanField(forms.CharField):
    """An amount written in yuan, read exactly: "1,234.50" → Money. Half fen and other signs are refused."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off", "placeholder": "1234.50"}
        super().__init__(widget=forms.TextInput(attrs=attributes), **kwargs)

    def clean(self, value: Any) -> money.Money:
        # A Chinese keyboard writes full-width figures and commas: NFKC makes them plain.
        text = unicodedata.normalize("NFKC", super().clean(value))
        if not _AMOUNT.fullmatch(text):
            raise forms.ValidationError(_("Write the amount in yuan with at most two decimals, such as 1234.50."))
        amount = money.Money.from_decimal(Decimal(text.strip("¥ ").replace(",", "")), CURRENCY)
        if amount.amount_minor > LARGEST_MINOR:
            raise forms.ValidationError(_("This amount is too large. Check its digits."))
        return amount


class ReceiptForm(forms.Form):
    """A transfer as it stands on the bank statement."""

    amount = YuanField(label=gettext_lazy("Amount received, in yuan"))
    bank_reference = forms.CharField(
        label=gettext_lazy("Bank reference"),
        max_length=80,
        help_text=gettext_lazy("As it stands in the bank's statement; it can be used once."),
    )
    received_at = forms.DateField(
        label=gettext_lazy("Received on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_received_at(self) -> datetime:
        """The first instant of the day in Shanghai: statements know days only."""
        day: date = self.cleaned_data["received_at"]
        return datetime.combine(day, time(), tzinfo=periods.SHANGHAI)


class TopUpForm(ReceiptForm):
    """A transfer to a buyer's prepaid balance."""

    field_order = ("organisation", "amount", "bank_reference", "received_at")
    organisation = forms.ChoiceField(label=gettext_lazy("Buyer"))

    def __init__(self, *args: Any, buyers: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a buyer")), *((str(pk), name) for pk, name in buyers)]
        self.fields["organisation"].choices = choices  # type: ignore[attr-defined]
