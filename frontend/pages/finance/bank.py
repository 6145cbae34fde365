"""The inbox of bank lines and the desk where they are matched. Everything is a plain form: no script is needed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.payments.statements import desk, queries
from frontend.pages import receipts
from frontend.templatetags import marketplace_ui
from marketplace import clock
from marketplace.organisations import errors, gate
from marketplace.organisations import queries as organisations

TONES = {"unmatched": "warn", "partly": "warn", "matched": "good", "by_hand": "neutral", "outgoing": "neutral"}
FIRST = "waiting"


class OptionalYuan(receipts.YuanField):
    """An amount that may be left out."""

    def clean(self, value: Any) -> Any:
        return super().clean(value) if str(value or "").strip() else None


class TopUpPart(forms.Form):
    """What of a line goes to a buyer's balance."""

    buyer = forms.ChoiceField(label=gettext_lazy("Buyer"), required=False, widget=forms.Select(attrs={"form": "desk"}))
    top_up = OptionalYuan(label=gettext_lazy("To the balance, in yuan"), required=False)

    def __init__(self, *args: Any, buyers: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("No buyer")), *((str(pk), name) for pk, name in buyers)]
        self.fields["buyer"].choices = choices  # type: ignore[attr-defined]
        self.fields["top_up"].widget.attrs["form"] = "desk"  # they stand below the table, outside the form's element


@gate.page(permission="payments.view", side="platform")
def list_lines(request: HttpRequest) -> HttpResponse:
    """Lines by state; those that wait come first."""
    status, text = request.GET.get("status", FIRST), request.GET.get("q", "").strip()[:80]
    if status not in ("", FIRST, *dict(queries.STATUSES)):
        status = FIRST
    lines = queries.list_lines(status=status, text=text, page=request.GET.get("page", 1))
    context = {
        "status": status,
        "text": text,
        "lines": lines,
        "rows": [{"line": line, "tone": TONES[line.status]} for line in lines],
        "tabs": _tabs(status, text),
        "suspense": queries.suspense(),
        "may_record": gate.actor_of(request).can("payments.record"),
        "has_account": bool(queries.list_accounts()),
    }
    return render(request, "bank/lines.html", context)


def _tabs(status: str, text: str) -> list[dict[str, object]]:
    counts = queries.count_lines()
    labels = [(FIRST, _("To be matched")), *queries.STATUSES[2:], ("", _("All"))]
    return [
        {
            "label": label,
            "url": f"{reverse('finance:bank_lines')}?{urlencode({'status': value} | ({'q': text} if text else {}))}",
            "count": counts.get(value, 0),
            "active": value == status,
        }
        for value, label in labels
    ]


@gate.page(permission="payments.view", side="platform", methods=("GET", "POST"))
def show_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """One line: what it may pay with the reasons, what it was matched to. POST matches and goes to the next one."""
    line = queries.get_line(line_id=line_id)
    buyers = [(one.pk, one.name) for one in organisations.list_organisations(side="buyer")]
    guess = queries.guess_buyer(line=line)
    form = TopUpPart(
        request.POST if request.method == "POST" else None,
        buyers=buyers,
        initial={"buyer": str(guess.pk) if guess else ""},
    )
    faults: list[str] = []
    if request.method == "POST":
        gate.actor_of(request).require("payments.record")
        invoices = _read_amounts(request, faults)
        if form.is_valid() and not faults:
            try:
                _match(request, line_id, invoices, form)
            except errors.Refused as error:
                faults.append(error.message)
            else:
                following = queries.next_waiting(line_id=line_id)
                return redirect("finance:bank_line", following) if following else redirect("finance:bank_lines")
    text = request.GET.get("q", "").strip()[:80]
    suggestions = queries.suggest(line=line, text=text) if line.open_minor else []
    context = {
        "line": line,
        "tone": TONES[line.status],
        "form": form,
        "faults": faults,
        "text": text,
        "rows": [{"one": one, "value": _value(request, one)} for one in suggestions],
        "matches": queries.list_matches(line_id=line_id),
        "differences": queries.list_differences(line_id=line_id),
        "following": queries.next_waiting(line_id=line_id),
        "may_record": gate.actor_of(request).can("payments.record"),
        "crumbs": [(_("Bank receipts"), reverse("finance:bank_lines")), (line.reference, None)],
    }
    return render(request, "bank/line.html", context, status=422 if faults or form.errors else 200)


def _value(request: HttpRequest, one: queries.Suggestion) -> str:
    """What stands in the field: what was typed, or what is proposed."""
    typed = request.POST.get(f"pay-{one.balance.invoice.number}")
    if typed is not None:
        return typed
    return f"{one.amount_minor / 100:.2f}" if one.is_chosen else ""


def _read_amounts(request: HttpRequest, faults: list[str]) -> dict[str, int]:
    """Invoice number → minor units, from the fields that are filled in."""
    field, found = receipts.YuanField(required=False), {}
    for name, text in request.POST.items():
        number = name.removeprefix("pay-")
        if number == name or not str(text).strip():
            continue
        try:
            found[number] = field.clean(text).amount_minor
        except forms.ValidationError as error:
            faults.append(f"{number}: {error.messages[0]}")
    return found


def _match(request: HttpRequest, line_id: int, invoices: dict[str, int], form: TopUpPart) -> None:
    top_up = form.cleaned_data["top_up"]
    numbers = desk.match_line(
        line_id=line_id,
        invoices=invoices,
        top_up_of=int(form.cleaned_data["buyer"] or 0),
        top_up_minor=top_up.amount_minor if top_up else 0,
        actor=gate.actor_of(request),
        now=clock.now(),
    )
    told = ngettext(
        "The line is matched by %(count)s payment.", "The line is matched by %(count)s payments.", len(numbers)
    )
    messages.success(request, told % {"count": len(numbers)})


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def reverse_match(request: HttpRequest, line_id: int) -> HttpResponse:
    """Take a match back, with the reason."""
    try:
        reversal = desk.reverse_match(
            payment_number=request.POST.get("payment", ""),
            reason=request.POST.get("reason", ""),
            actor=gate.actor_of(request),
            now=clock.now(),
        )
    except errors.Refused as error:
        messages.error(request, error.message)
    else:
        amount = marketplace_ui.money(reversal.payment.amount_minor, reversal.payment.currency)
        messages.success(request, _("The match is taken back: %(amount)s wait on suspense.") % {"amount": amount})
    return redirect("finance:bank_line", line_id)


@gate.page(permission="payments.record", side="platform", methods=("POST",))
def match_again(request: HttpRequest) -> HttpResponse:
    """Try the lines that wait once more."""
    count = desk.match_waiting(actor=gate.actor_of(request), now=clock.now())
    told = ngettext("%(count)s line was matched.", "%(count)s lines were matched.", count)
    messages.info(request, told % {"count": count})
    return redirect("finance:bank_lines")
