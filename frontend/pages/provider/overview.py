"""A provider's console at a glance: what waits, what was earned, how full it is, what ends, what is silent."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from billing.contracts import sla
from billing.invoicing import queries as invoices
from billing.metering import queries as metering
from billing.rules import periods
from billing.rules.money import Money
from billing.rules.periods import Month
from frontend.pages import disturbances
from listings import wording
from marketplace import clock
from marketplace.organisations import errors, gate
from providers import queries as providers
from providers.fulfilment import queries as fulfilment
from providers.onboarding import queries as onboarding
from providers.service import queries as service

MONTHS: Final = 6
SHOWN: Final = 6  # lines of each list; its page shows all
ENDS_SOON: Final = timedelta(days=60)
NEARLY_FULL: Final = 90


class NotAProvider(errors.NotFound):
    """An organisation of the provider side that does not sell yet."""


@gate.page(permission="contracts.view", side="provider")
def show_overview(request: HttpRequest) -> HttpResponse:
    """Every figure comes from the query that its own page uses; how many there are does not depend on the data."""
    actor, now = gate.actor_of(request), clock.now()
    organisation_id = gate.organisation_of(request)
    partner = providers.find_partner(organisation_id=organisation_id)
    if partner is None:
        raise NotAProvider(organisation_id)
    today = periods.civil_date(now)
    waiting = fulfilment.list_deliveries(partner_id=partner.pk, statuses=fulfilment.TO_DO)
    incidents = service.list_incidents(partner_id=partner.pk)
    states = service.count_incidents(partner_id=partner.pk)
    ending = _ending(partner.pk, today)
    gaps = metering.gaps_of(provider_id=partner.pk, now=now, limit=SHOWN + 1)
    context = {
        "waiting": waiting.paginator.count,
        "orders": [_order(one, now) for one in list(waiting)[:SHOWN]],
        "levels": _levels(partner.pk),
        "incidents": disturbances.rows(list(incidents)[:SHOWN]),
        "lasting": states.get("confirmed", 0),
        "to_answer": states.get("reported", 0),
        "credits": sla.count_credits(provider_organisation_id=organisation_id).get("proposed", 0),
        "ending": ending[:SHOWN],
        "ending_count": len(ending),
        "gaps": gaps[:SHOWN],
        "has_more_gaps": len(gaps) > SHOWN,
        "gaps_count": f"{SHOWN}+" if len(gaps) > SHOWN else str(len(gaps)),
        **(_revenue(partner.pk, now) if actor.can("settlements.view") else {}),
    }
    return render(request, "provider/overview.html", context)


def _order(delivery: Any, now: datetime) -> dict[str, Any]:
    """A delivery that is to be done, and the deadline that comes next: for the word, or for the delivery itself."""
    due = delivery.accept_due_at if delivery.status == "waiting" else delivery.deliver_due_at
    return {"delivery": delivery, "due": due, "is_late": due is not None and due < now}


def _revenue(partner_id: int, now: datetime) -> dict[str, Any]:
    """What was invoiced without tax in the last months that are over."""
    last = first = Month.of(now).previous()
    for _n in range(MONTHS - 1):
        first = first.previous()
    billed = invoices.billed_by_month(provider_id=partner_id, first=first, last=last)
    yuan = [float(Money(one, "CNY").to_decimal()) for one in billed.values()]
    return {
        "billed_last": billed[last],
        "billed_month": str(last),
        "trend": list(billed.values()),
        "revenue": {
            "kind": "bar",
            "unit": _("CNY without tax"),
            "categories": [str(month) for month in billed],
            "series": [{"name": _("Invoiced"), "values": yuan}],
        },
    }


def _levels(partner_id: int) -> list[dict[str, Any]]:
    """The fullest pools, in per cent of what is for sale."""
    rows: list[dict[str, Any]] = []
    for pool in providers.list_pools(partner_id=partner_id):
        if pool.total:
            percent = int((pool.total - pool.available) * 100 / pool.total)
            name = wording.RESOURCES.get(pool.resource, pool.resource)
            rows.append({"pool": pool, "name": name, "percent": percent, "is_nearly_full": percent >= NEARLY_FULL})
    return sorted(rows, key=lambda row: -row["percent"])[:SHOWN]


def _ending(partner_id: int, today: date) -> list[dict[str, Any]]:
    """Evidence and qualifications that end within 60 days, the next first."""
    found = [
        {
            "name": one.get_kind_display(),
            "where": one.data_centre.name if one.data_centre else "",
            "until": one.valid_until,
        }
        for one in providers.evidence_ending(partner_id=partner_id, on=today, within=ENDS_SOON)
    ]
    found += [
        {"name": one.label, "where": "", "until": one.row.valid_until}
        for one in onboarding.list_held(partner_id=partner_id, on=today)
        if one.ends_soon or one.has_ended
    ]
    return sorted(found, key=lambda row: row["until"])
