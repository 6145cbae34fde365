"""The forms of what a provider states about a data centre: its facts, and a pool that it has not got yet."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from listings import wording
from providers import queries
from providers.evidence import queries as evidence
from providers.onboarding import queries as onboarding

GREY = gettext_lazy("A claim: shown in grey until a document proves it.")


class FactsForm(forms.Form):
    """The facts of a data centre; what is left empty is not stated."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    county_code = forms.ChoiceField(label=gettext_lazy("County"))
    status = forms.ChoiceField(label=gettext_lazy("Status"))
    gb50174_class = forms.ChoiceField(
        label=gettext_lazy("GB 50174 class"),
        required=False,
        choices=[("", "–"), ("A", "A"), ("B", "B"), ("C", "C")],
        help_text=GREY,
    )
    mlps_level = forms.TypedChoiceField(
        label=gettext_lazy("MLPS level"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "–"), *((str(level), str(level)) for level in range(1, 6))],
        help_text=GREY,
    )
    design_pue = forms.DecimalField(label=gettext_lazy("Design PUE"), required=False, max_digits=4, decimal_places=2)
    green_power_percent = forms.IntegerField(
        label=gettext_lazy("Share of green power, %"), required=False, help_text=GREY
    )
    rtt_to_beijing_ms = forms.IntegerField(label=gettext_lazy("Round trip to Beijing, ms"), required=False)
    lines = forms.CharField(
        label=gettext_lazy("Network lines"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Carriers and routes, as buyers should read them."),
    )
    racks = forms.IntegerField(label=gettext_lazy("Standard racks"))
    servers_capacity = forms.IntegerField(label=gettext_lazy("Servers planned"))
    servers_installed = forms.IntegerField(label=gettext_lazy("Servers installed"))
    servers_available = forms.IntegerField(label=gettext_lazy("Servers available"), required=False)

    def __init__(self, *args: Any, statuses: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["county_code"].choices = [("", "–"), *onboarding.list_counties()]
        words = evidence.status_words()
        fields["status"].choices = [(one, words[one]) for one in words if one in statuses]


class NewForm(FactsForm):
    """The facts, and the code that never changes."""

    field_order = ("code",)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"class": "code", "autocomplete": "off"}),
        help_text=gettext_lazy("Letters A to Z, digits and hyphens, e.g. CF-SS-01. It never changes."),
    )


class PoolForm(forms.Form):
    """A resource that the data centre has no pool of yet."""

    resource = forms.ChoiceField(label=gettext_lazy("Resource"))
    total = forms.DecimalField(label=gettext_lazy("For sale"), min_value=0, max_digits=18, decimal_places=3)
    overcommit_ratio = forms.DecimalField(
        label=gettext_lazy("Overcommit ratio"),
        initial="1.00",
        max_digits=5,
        decimal_places=2,
        help_text=gettext_lazy("Units sold for each physical one. Buyers can read it; 1 means none."),
    )

    def __init__(self, *args: Any, centre: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "pool_%s", **kwargs})
        taken = {pool.resource for pool in queries.list_pools(data_centre_id=centre.pk)}
        rows = [
            (code, f"{name} ({wording.write_unit(wording.RESOURCE_UNITS[code])})")
            for code, name in wording.RESOURCES.items()
            if code not in taken
        ]
        self.is_open = bool(rows)
        self.fields["resource"].choices = rows  # type: ignore[attr-defined]  # it is a choice field


def describe_pools(centre: Any) -> list[tuple[Any, Any]]:
    """The pools of a data centre with the names of their resources."""
    pools = queries.list_pools(data_centre_id=centre.pk)
    return [(wording.RESOURCES.get(pool.resource, pool.resource), pool) for pool in pools]
