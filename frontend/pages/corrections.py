"""Forms and rows that the buyer's and finance's pages of credit notes, disputes and write-offs share."""

import secrets
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.invoicing import queries as invoicing
from billing.rules import money
from marketplace.organisations import actors, errors, gate

TONES: Final = {"open": "warn", "upheld": "good", "rejected": "neutral", "withdrawn": "neutral"}
KINDS: Final = (("mistake", gettext_lazy("Mistake in the invoice")), ("goodwill", gettext_lazy("Goodwill")))


class ReasonForm(forms.Form):
    """A reason that the other side reads."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=errors.LONGEST_REASON)


class DisputeForm(ReasonForm):
    """Which line is wrong, and why."""

    line = forms.ChoiceField(label=gettext_lazy("Line"))

    field_order = ["line", "reason"]

    def __init__(self, *args: Any, lines: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = line_choices(lines)  # type: ignore[attr-defined]


class DecisionForm(ReasonForm):
    """How a dispute ends: with a credit of an amount (all of the line where it is left out), or without."""

    amount = forms.DecimalField(
        label=gettext_lazy("Credit with VAT"),
        required=False,
        min_value=0,
        decimal_places=2,
        max_digits=14,
        help_text=gettext_lazy("Leave it out to credit all that is left of the line."),
    )

    field_order = ["amount", "reason"]


class CreditForm(DecisionForm):
    """What finance credits: a line, an amount of it, and why. `request_key` lets a second click do nothing."""

    line = forms.ChoiceField(label=gettext_lazy("Line"))
    kind = forms.ChoiceField(label=gettext_lazy("Why"), choices=KINDS)
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=80)

    field_order = ["line", "amount", "kind", "reason", "request_key"]

    def __init__(self, *args: Any, lines: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].choices = [("all", _("All lines")), *line_choices(lines)]  # type: ignore[attr-defined]
        self.initial.setdefault("request_key", secrets.token_hex(16))


def line_choices(lines: Any) -> list[tuple[str, str]]:
    """A choice for each line: its place and what it is for."""
    return [(str(line.position), f"{line.position}. {line.description}") for line in lines]


def minor(form: forms.Form, *, currency: str) -> int | None:
    """The form's amount in minor units; None where it was left out. Raises errors.Refused for parts of a unit."""
    amount = form.cleaned_data.get("amount")
    if amount is None:
        return None
    try:
        return money.Money.from_decimal(amount, currency).amount_minor
    except ValueError:
        raise errors.Refused(
            _("%(currency)s has fewer decimals than that.") % {"currency": currency}, field="amount"
        ) from None


def of_invoice(request: HttpRequest, *, invoice: Any, console: str) -> dict[str, Any]:
    """Credit notes and disputes of one invoice, for its page."""
    actor: actors.Actor = gate.actor_of(request)
    reach = {"organisation_id": actor.organisation_id, "side": actor.side, "invoice_id": invoice.pk}
    disputes = invoicing.list_disputes(**reach)
    return {
        "notes": list(invoicing.list_credit_notes(**reach)),
        "disputes": [{"one": one, "tone": TONES[one.state]} for one in disputes],
        "paper_url": reverse(f"{console}:paper", args=[invoice.number]),
    }


def credit_notes(request: HttpRequest, *, console: str) -> dict[str, Any]:
    """The context of a list of credit notes."""
    actor: actors.Actor = gate.actor_of(request)
    page = invoicing.list_credit_notes(
        organisation_id=actor.organisation_id, side=actor.side, page=request.GET.get("page", 1)
    )
    return {"console": console, "is_platform": actor.side == actors.PLATFORM, "page": page}
