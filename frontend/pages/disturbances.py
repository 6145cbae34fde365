"""What the provider's, the operator's and the buyer's pages of incidents share: tones, forms, timeline, the steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.organisations import actors, errors
from providers.service import operations, queries

TONES: Final = {"reported": "warn", "confirmed": "bad", "resolved": "good", "rejected": "neutral"}
IMPACT_TONES: Final = {"outage": "bad", "degraded": "warn"}


def moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class ReportForm(forms.Form):
    """What happened, since when; of which data centre or offering the page adds."""

    impact = forms.ChoiceField(label=gettext_lazy("Impact"), choices=queries.IMPACTS)
    starts_at = forms.DateTimeField(label=gettext_lazy("Began"), widget=moment_input())
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Ended"),
        widget=moment_input(),
        required=False,
        help_text=gettext_lazy("Leave it empty while it lasts."),
    )
    what = forms.CharField(label=gettext_lazy("What happened"), max_length=operations.LONGEST_WHAT)


class ConfirmForm(forms.Form):
    """The beginning and the impact that are right, and the first words to the public."""

    impact = forms.ChoiceField(label=gettext_lazy("Impact"), choices=queries.IMPACTS)
    starts_at = forms.DateTimeField(label=gettext_lazy("Began"), widget=moment_input())
    text = forms.CharField(label=gettext_lazy("What everyone reads"), max_length=operations.LONGEST_TEXT)


class TextForm(forms.Form):
    """One sentence: an update, or the reason of a rejection."""

    text = forms.CharField(label=gettext_lazy("What is said"), max_length=operations.LONGEST_TEXT)


class ResolveForm(forms.Form):
    """Since when the service is back."""

    ends_at = forms.DateTimeField(label=gettext_lazy("Ended"), widget=moment_input())
    text = forms.CharField(label=gettext_lazy("What everyone reads"), max_length=operations.LONGEST_TEXT)


FORMS: Final[dict[str, type[forms.Form]]] = {
    "confirm": ConfirmForm,
    "reject": TextForm,
    "update": TextForm,
    "resolve": ResolveForm,
}


def tabs(*, url_name: str, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    """The views of a list by state, with their counts."""
    url = reverse(url_name)
    every = {"label": _("All"), "url": url, "count": sum(counts.values()), "active": not chosen}
    return [
        every,
        *(
            {
                "label": words,
                "url": f"{url}?state={state}",
                "count": counts.get(state, 0),
                "active": state == chosen,
            }
            for state, words in queries.STATES
            if counts.get(state) or state == chosen
        ),
    ]


def describe_list(request: HttpRequest, *, url_name: str, partner_id: int | None) -> dict[str, Any]:
    """The context of a list of incidents; three queries."""
    state = request.GET.get("state", "")
    state = state if state in dict(queries.STATES) else ""
    counts = queries.count_incidents(partner_id=partner_id)
    page = queries.list_incidents(partner_id=partner_id, state=state, page=request.GET.get("page", 1))
    return {
        "page": page,
        "rows": rows(page),
        "tabs": tabs(url_name=url_name, counts=counts, chosen=state),
        "total": sum(counts.values()),
        "waiting": counts.get("reported", 0),
        "lasting": counts.get("confirmed", 0),
    }


def rows(incidents: Any) -> list[dict[str, Any]]:
    """Incidents with the tones of their badges."""
    return [{"incident": one, "tone": TONES[one.state], "impact_tone": IMPACT_TONES[one.impact]} for one in incidents]


def describe(
    *, incident: Any, actor: actors.Actor, now: datetime, failed: tuple[str, forms.Form] | None = None
) -> dict[str, Any]:
    """The context of one incident's page; `failed` is the step and the form that was refused."""
    started = timezone.localtime(incident.starts_at)
    initial: dict[str, dict[str, Any]] = {
        "confirm": {"impact": incident.impact, "starts_at": started},
        "resolve": {"ends_at": timezone.localtime(incident.ends_at or now)},
    }
    unbound = {step: form(initial=initial.get(step), auto_id=f"{step}_%s") for step, form in FORMS.items()}
    steps: dict[str, forms.Form] = {**unbound, **({failed[0]: failed[1]} if failed else {})}
    may = actor.can("incidents.report")
    is_platform = actor.side == actors.PLATFORM
    return {
        "incident": incident,
        "tone": TONES[incident.state],
        "impact_tone": IMPACT_TONES[incident.impact],
        "steps": timeline(incident.updates.all()),
        "confirm_form": steps["confirm"],
        "reject_form": steps["reject"],
        "update_form": steps["update"],
        "resolve_form": steps["resolve"],
        "can_decide": may and queries.may_decide(incident=incident, side=actor.side, now=now),
        "can_tell": may and incident.state == "confirmed",
        "can_correct": may and is_platform and incident.state == "resolved",
        "is_platform": is_platform,
    }


def timeline(updates: Any) -> list[dict[str, Any]]:
    """What was said, the newest first, for c-timeline."""
    words = dict(queries.STATES)
    return [
        {
            "title": one.text,
            "state": {"rejected": "failed", "resolved": "done"}.get(one.to_state, "done"),
            "at": one.happened_at,
            "text": f"{words[one.to_state]} · {one.by_name}",
        }
        for one in reversed(list(updates))
    ]


def take_step(
    request: HttpRequest, *, number: str, step: str, actor: actors.Actor, now: datetime
) -> tuple[forms.Form, int]:
    """Take one step of an incident; the form with what was refused, and the status (302: it was taken)."""
    if step not in FORMS:
        raise queries.NoSuchIncident(number)
    form = FORMS[step](request.POST, auto_id=f"{step}_%s")
    if not form.is_valid():
        return form, 422
    operation: dict[str, Callable[..., Any]] = {
        "confirm": operations.confirm,
        "reject": operations.reject,
        "update": operations.add_update,
        "resolve": operations.resolve,
    }
    values = dict(form.cleaned_data)
    if step == "reject":
        values["reason"] = values.pop("text")
    try:
        operation[step](number=number, actor=actor, now=now, **values)
    except errors.Refused as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return form, 409 if error.is_conflict else 422
    return form, 302
