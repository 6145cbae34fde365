"""The forms of a data centre's page: claims with their documents, steps of MLPS systems, meter readings."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from frontend.pages import onboarded
from providers.evidence import queries

DOCUMENT_KINDS: Final = ("mlps", "pue", "assessment")
KINDS: Final = (
    ("assessment", gettext_lazy("Third-party assessment")),
    ("green_power", gettext_lazy("Share of green power")),
    ("gb50174", gettext_lazy("GB 50174 class")),
    ("mlps", gettext_lazy("MLPS assessment of the data centre as a whole")),
)
LEVELS: Final = [(str(level), str(level)) for level in range(1, 6)]
FILE_HELP: Final = gettext_lazy("PDF, PNG or JPEG, at most 10 MB. It is kept privately; only reviewers open it.")


def document_field() -> forms.FileField:
    """The file that proves something."""
    return forms.FileField(label=gettext_lazy("Document"), help_text=FILE_HELP, widget=onboarded.file_input())


class AssessorMixin(forms.Form):
    """Fills the choice of assessors from the register."""

    assessor = forms.ChoiceField(label=gettext_lazy("Assessor"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assessor"]
        rows = [(str(one.pk), one.name) for one in queries.list_assessors()]
        field.choices = [("", "–"), *rows]  # type: ignore[attr-defined]  # it is a choice field


class EvidenceForm(AssessorMixin):
    """A claim with its document."""

    field_order = ("kind", "value", "assessor", "signed_by", "document_number", "issued_date", "valid_from")
    kind = forms.ChoiceField(label=gettext_lazy("What it proves"), choices=KINDS)
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=12,
        help_text=gettext_lazy("The share in %, the class A to C, or the level; empty for an assessment."),
    )
    assessor = forms.ChoiceField(label=gettext_lazy("Assessor"), required=False)
    signed_by = forms.CharField(label=gettext_lazy("Who signed"), required=False, max_length=60)
    document_number = forms.CharField(label=gettext_lazy("Document number"), max_length=60)
    issued_date = forms.DateField(label=gettext_lazy("Issued on"), widget=onboarded.date_input())
    valid_from = forms.DateField(label=gettext_lazy("Valid from"), widget=onboarded.date_input())
    valid_until = forms.DateField(
        label=gettext_lazy("Valid until, included"), required=False, widget=onboarded.date_input()
    )
    file = document_field()

    def clean_value(self) -> Decimal | None:
        text = self.cleaned_data["value"].strip().upper().removesuffix("%")
        if not text:
            return None
        if text in ("A", "B", "C"):
            return Decimal("ABC".index(text) + 1)
        try:
            value = Decimal(text)
        except ArithmeticError:
            raise forms.ValidationError(_("Give a number, or A, B or C for the class.")) from None
        if not value.is_finite() or abs(value) > 1000 or value != round(value, 3):
            raise forms.ValidationError(_("Give a number, or A, B or C for the class."))
        return value


class SystemForm(forms.Form):
    """A system with its level."""

    name = forms.CharField(label=gettext_lazy("System"), max_length=80)
    level = forms.ChoiceField(label=gettext_lazy("MLPS level"), choices=LEVELS, initial="3")


class FileForm(forms.Form):
    """A filing with public security."""

    filing_number = forms.CharField(label=gettext_lazy("Filing number"), max_length=40)
    filed_with = forms.CharField(label=gettext_lazy("Filed with"), max_length=80)
    filed_date = forms.DateField(label=gettext_lazy("Filed on"), widget=onboarded.date_input())


class AssessForm(AssessorMixin):
    """An assessment of one system."""

    field_order = ("assessor", "signed_by", "document_number", "assessed_date", "file")
    signed_by = forms.CharField(label=gettext_lazy("Who signed"), max_length=60)
    document_number = forms.CharField(label=gettext_lazy("Document number"), max_length=60)
    assessed_date = forms.DateField(label=gettext_lazy("Assessed on"), widget=onboarded.date_input())
    file = document_field()


class ReasonForm(forms.Form):
    """What has to be mended."""

    reason = forms.CharField(label=gettext_lazy("What has to be mended"), max_length=200)


class ReadingForm(forms.Form):
    """One month by hand, or a file."""

    month = forms.RegexField(
        r"^\d{4}-\d{2}$",
        label=gettext_lazy("Month"),
        required=False,
        max_length=7,
        help_text=gettext_lazy("Such as 2026-10."),
    )
    facility_kwh = forms.DecimalField(
        label=gettext_lazy("Whole facility, kWh"), required=False, min_value=0, max_digits=15, decimal_places=3
    )
    it_kwh = forms.DecimalField(
        label=gettext_lazy("IT equipment, kWh"), required=False, min_value=0, max_digits=15, decimal_places=3
    )
    file = forms.FileField(
        label=gettext_lazy("Or a CSV file"),
        required=False,
        help_text=gettext_lazy("Columns: month,facility_kwh,it_kwh. A month that is known gets its next revision."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        parts = ("month", "facility_kwh", "it_kwh")
        if not self.errors and not given.get("file") and any(given.get(name) in (None, "") for name in parts):
            raise forms.ValidationError(_("Give the month with both figures, or choose a file."))
        if not self.errors and given.get("month") and not 1 <= int(given["month"][5:]) <= 12:
            self.add_error("month", _("Write the month like 2026-10."))
        if not self.errors and given.get("month") and not 1970 <= int(given["month"][:4]) <= 9998:
            self.add_error("month", _("Write the month like 2026-10."))
        return given


class PueForm(forms.Form):
    """The document that shows the meters of a year."""

    document_number = forms.CharField(label=gettext_lazy("Document number"), max_length=60)
    issuer = forms.CharField(label=gettext_lazy("Issued by"), max_length=120)
    file = document_field()


def empty_forms() -> dict[str, forms.Form]:
    """All forms of the page, with ids of their own."""
    return {
        "evidence_form": EvidenceForm(auto_id="evidence_%s"),
        "system_form": SystemForm(auto_id="system_%s"),
        "file_form": FileForm(),
        "assess_form": AssessForm(),
        "remediate_form": ReasonForm(),
        "reading_form": ReadingForm(auto_id="reading_%s"),
        "pue_form": PueForm(auto_id="pue_%s"),
    }
