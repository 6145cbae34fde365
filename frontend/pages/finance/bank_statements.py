"""Statements of the platform's bank accounts: upload, dry run, progress, problems; the form of each account's files."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.payments.statements import operations, queries
from marketplace import clock
from marketplace.organisations import errors, gate

STOP_POLLING = 286
TONES = {"queued": "neutral", "running": "info", "done": "good", "failed": "bad"}
NEW = "new"


class UploadForm(forms.Form):
    """A statement and the account it is of."""

    account = forms.ChoiceField(label=gettext_lazy("Bank account"))
    file = forms.FileField(
        label=gettext_lazy("CSV, XLSX or CAMT.053 file"),
        help_text=gettext_lazy("At most 50 MB and 150,000 rows. CSV in UTF-8 or GBK."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,.xml"}),
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[
            ("try", gettext_lazy("Only try: show what would happen, keep nothing")),
            ("import", gettext_lazy("Import: keep the lines and match what is certain")),
        ],
        initial="try",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = [(one.code, f"{one.code} · {one.bank} · {one.number}") for one in queries.list_accounts()]
        self.fields["account"].choices = accounts  # type: ignore[attr-defined]


class AccountForm(forms.Form):
    """An account, and the headings under which its bank writes what we need."""

    code = forms.CharField(label=gettext_lazy("Short name"), max_length=20)
    number = forms.CharField(label=gettext_lazy("Account number"), max_length=40)
    bank = forms.CharField(label=gettext_lazy("Bank"), max_length=120)
    currency = forms.CharField(label=gettext_lazy("Currency"), max_length=3, initial="CNY")
    date_form = forms.ChoiceField(
        label=gettext_lazy("How the day is written"), choices=list(queries.DATE_FORMS.items())
    )
    header_row = forms.IntegerField(label=gettext_lazy("Row of the headings"), initial=1, min_value=1, max_value=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, usual) in queries.COLUMNS.items():
            self.fields[f"column_{name}"] = forms.CharField(
                label=label,
                required=False,
                max_length=60,
                widget=forms.TextInput(attrs={"placeholder": usual[0]}),
            )

    def columns(self) -> list[Any]:
        """The fields that name columns, for the template."""
        return [self[f"column_{name}"] for name in queries.COLUMNS]


@gate.page(permission="payments.view", side="platform", methods=("GET", "POST"))
def show_statements(request: HttpRequest) -> HttpResponse:
    """The form, the accounts, the files; POST queues a file."""
    actor = gate.actor_of(request)
    form = UploadForm()
    if request.method == "POST":
        actor.require("payments.record")
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            upload = form.cleaned_data["file"]
            try:
                statement = operations.queue_statement(
                    account_code=form.cleaned_data["account"],
                    file=upload,
                    file_name=upload.name,
                    is_dry_run=form.cleaned_data["mode"] == "try",
                    actor=actor,
                    now=clock.now(),
                )
            except errors.Refused as error:
                form.add_error("file", error.message)
            else:
                return redirect("finance:bank_statement", statement.number)
    files = queries.list_statements(page=request.GET.get("page", 1))
    context = {
        "form": form,
        "may_record": actor.can("payments.record"),
        "accounts": queries.list_accounts(),
        "files": files,
        "rows": [{"file": file, "tone": TONES[file.status]} for file in files],
        "crumbs": _crumbs((_("Statements"), None)),
    }
    return render(request, "bank/statements.html", context, status=422 if form.errors else 200)


@gate.page(permission="payments.view", side="platform", methods=("GET", "POST"))
def show_statement(request: HttpRequest, number: str) -> HttpResponse:
    """How far a file is and what it brought; with `?part` only what moves. POST imports what was only tried."""
    actor = gate.actor_of(request)
    statement = queries.get_statement(number=number)
    if request.method == "POST":
        actor.require("payments.record")
        made = operations.repeat_statement(statement=statement, actor=actor, now=clock.now())
        return redirect("finance:bank_statement", made.number)
    is_moving = statement.finished_at is None
    context = {
        "file": statement,
        "tone": TONES[statement.status],
        "is_moving": is_moving,
        "percent": 100 * statement.rows_done // statement.rows_total if statement.rows_total else 0,
        "may_record": actor.can("payments.record"),
        "crumbs": _crumbs((_("Statements"), reverse("finance:bank_statements")), (number, None)),
    }
    if "part" in request.GET:
        return render(request, "bank/progress.html", context, status=200 if is_moving else STOP_POLLING)
    return render(request, "bank/statement.html", context)


@gate.page(permission="payments.record", side="platform", methods=("GET", "POST"))
def edit_account(request: HttpRequest, code: str) -> HttpResponse:
    """Open an account (`new`) or change the form of its statements."""
    initial: dict[str, Any] = {}
    if code != NEW:
        account = queries.get_account(code=code)
        columns = account.mapping.get("columns", {})
        initial = {name: getattr(account, name) for name in ("code", "number", "bank", "currency")}
        initial |= {name: account.mapping.get(name) for name in ("date_form", "header_row")}
        initial |= {f"column_{name}": heading for name, heading in columns.items()}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial)
    if code != NEW:
        form.fields["code"].disabled = form.fields["currency"].disabled = True
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            operations.save_account(
                columns={name: facts[f"column_{name}"] for name in queries.COLUMNS},
                **{name: facts[name] for name in ("code", "number", "bank", "currency", "date_form", "header_row")},
                actor=gate.actor_of(request),
                now=clock.now(),
            )
        except errors.Refused as error:
            field = error.field if error.field in form.fields else f"column_{error.field}"
            form.add_error(field if field in form.fields else None, error.message)
        else:
            messages.success(request, _("The bank account is saved."))
            return redirect("finance:bank_statements")
    context = {
        "form": form,
        "is_new": code == NEW,
        "crumbs": _crumbs((_("Statements"), reverse("finance:bank_statements")), (_("Bank account"), None)),
    }
    return render(request, "bank/account.html", context, status=422 if form.errors else 200)


def _crumbs(*items: tuple[str, str | None]) -> list[tuple[str, str | None]]:
    return [(_("Bank receipts"), reverse("finance:bank_lines")), *items]
