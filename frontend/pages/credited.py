"""What the pages of service level credits share: tones, tabs, the steps of a table in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.contracts import credit_tables, sla
from billing.rules import availability
from billing.rules.availability import Step
from billing.rules.periods import InvalidMonth, Month

TONES: Final = {"proposed": "warn", "agreed": "good", "disputed": "bad", "decided": "neutral", "withdrawn": "neutral"}


def describe_list(request: HttpRequest, *, url_name: str, provider_organisation_id: int | None) -> dict[str, Any]:
    """The context of a list of credits; three queries."""
    states = dict(sla.State.choices)
    state = request.GET.get("state", "")
    state = state if state in states else ""
    counts = sla.count_credits(provider_organisation_id=provider_organisation_id)
    page = sla.list_credits(
        provider_organisation_id=provider_organisation_id, state=state, page=request.GET.get("page", 1)
    )
    url = reverse(url_name)
    tabs = [{"label": _("All"), "url": url, "count": sum(counts.values()), "active": not state}]
    tabs += [
        {"label": words, "url": f"{url}?state={key}", "count": counts.get(key, 0), "active": key == state}
        for key, words in states.items()
        if counts.get(key) or key == state
    ]
    return {"page": page, "rows": rows(page), "tabs": tabs, "total": sum(counts.values())}


def rows(credits: Any) -> list[dict[str, Any]]:
    """Credits with their month, what is shown of their availability, and the tone of their badge."""
    return [
        {
            "credit": one,
            "month": str(Month.of_date(one.period_start_date)),
            "reached": availability.show(one.availability),
            "percent": f"{one.percent.normalize():f}",
            "promised": f"{one.promised.normalize():f}",
            "tone": TONES[one.state],
        }
        for one in credits
    ]


def steps_in_words(table: Any) -> list[tuple[str, str]]:
    """The steps of the standard table: below what, and how much of the month's charges."""
    return _in_words(credit_tables.steps_of(table))


def table_of(content: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """What a breach of an offering's version earns, for `service/credit_table.html`; one query."""
    table, own = credit_tables.table_in_force(on=on), credit_tables.own_steps(content)
    return {
        "table": table,
        "steps": _in_words(own) if own else steps_in_words(table),
        "is_own": bool(own),
        "floor": steps_in_words(table) if own and table.is_floor else [],
    }


def own_in_words(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The steps that a version states itself; no query."""
    return _in_words(credit_tables.own_steps(content))


def _in_words(steps: Sequence[Step]) -> list[tuple[str, str]]:
    return [(_below(step.below), f"{step.percent.normalize():f} %") for step in steps]


def _below(bound: Decimal | None) -> str:
    if bound is None:
        return _("below what was promised")
    return _("below %(below)s %%") % {"below": f"{bound:f}"}


def month_in_address(text: str) -> Month:
    """The month of a credit's address. Raises NoSuchCredit."""
    try:
        return Month.parse(text)
    except InvalidMonth:
        raise sla.NoSuchCredit(text) from None
