"""The public status page: data centres now and over 90 days, incidents with what was said, announced maintenance."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from billing.rules import availability, periods
from frontend.pages import credited, disturbances
from marketplace import clock
from marketplace.organisations import gate
from providers.service import queries

NOW: Final[dict[str, tuple[str, Promise]]] = {
    "good": ("good", gettext_lazy("Working")),
    "maintenance": ("info", gettext_lazy("Maintenance")),
    "degraded": ("warn", gettext_lazy("Degraded")),
    "outage": ("bad", gettext_lazy("Interrupted")),
}


@gate.page(permission=None)
def show_status(request: HttpRequest) -> HttpResponse:
    """How the services run; the number of queries does not depend on how much there is."""
    now = clock.now()
    since = periods.midnight(periods.civil_date(now) - timedelta(days=queries.SHOWN_DAYS - 1))
    incidents = queries.public_incidents(since=since)
    centres = [_describe(one) for one in queries.status_of_centres(now=now, incidents=incidents)]
    windows = sorted((one for row in centres for one in row["status"].windows), key=lambda one: one.starts_at)
    context = {
        "centres": centres,
        "open": [_told(one) for one in incidents if one.ends_at is None or one.ends_at > now],
        "past": [_told(one) for one in incidents if one.ends_at is not None and one.ends_at <= now],
        "windows": [{"window": one, "has_begun": one.starts_at <= now} for one in windows],
        "worst": _worst(centres),
        "days": queries.SHOWN_DAYS,
        "at": now,
        **credited.table_of({}, on=periods.civil_date(now)),
    }
    return render(request, "public/status.html", context)


def _describe(status: queries.CentreStatus) -> dict[str, Any]:
    tone, words = NOW[status.state]
    counts = Counter(day.state for day in status.days)
    return {
        "status": status,
        "tone": tone,
        "words": words,
        "reached": availability.show(status.availability),
        "counts": [(NOW[state][1], counts[state]) for state in queries.WORST if counts[state]],
        "notable": [
            {"day": day, "tone": NOW[day.state][0], "words": NOW[day.state][1]}
            for day in reversed(status.days)
            if day.state != "good"
        ],
    }


def _told(incident: Any) -> dict[str, Any]:
    return {
        "incident": incident,
        "tone": disturbances.IMPACT_TONES[incident.impact],
        "steps": disturbances.timeline(incident.public_updates),
        "minutes": _minutes(incident.starts_at, incident.ends_at),
    }


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else -(-(end - start) // timedelta(minutes=1))


def _worst(centres: list[dict[str, Any]]) -> str:
    states = {row["status"].state for row in centres}
    return next((state for state in queries.WORST if state in states), "good")
