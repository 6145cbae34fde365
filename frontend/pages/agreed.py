"""What the buyer's and the provider's pages of a contract share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.contracts import queries as contracts
from billing.contracts import timeline
from billing.metering import queries as metering
from billing.rating import explanations
from billing.rules import aggregation
from billing.rules.periods import InvalidMonth, Month
from frontend.pages import months
from listings import wording
from listings.prices import table, words
from providers.fulfilment import deadlines
from providers.fulfilment import queries as fulfilment

TONES = {"pending": "warn", "active": "good", "suspended": "bad", "ended": "neutral", "cancelled": "neutral"}


def status_tabs(*, url_name: str, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    """The views of a list by status, each with its count; statuses without contracts are left out."""
    url = reverse(url_name)
    tabs = [{"label": _("All"), "url": url, "count": sum(counts.values()), "active": not chosen}]
    for status, label in contracts.STATUSES:
        if counts.get(status) or status == chosen:
            tabs.append(
                {
                    "label": label,
                    "url": f"{url}?status={status}",
                    "count": counts.get(status, 0),
                    "active": status == chosen,
                }
            )
    return tabs


def chosen_status(request: HttpRequest) -> str:
    """The status in the query; an unknown one counts as none."""
    status = request.GET.get("status", "")
    return status if status in dict(contracts.STATUSES) else ""


def with_tones(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Contracts with the tone of their badge."""
    return [{"contract": one, "tone": TONES[one.status]} for one in rows]


def describe(request: HttpRequest, *, contract: Any, side: str, now: datetime) -> dict[str, Any]:
    """The context of a contract's page: what was agreed, what is held, what happened, what was used."""
    approval = contracts.find_approval_of(contract=contract, side=side)
    delivery = fulfilment.find_delivery(number=contract.number)
    choices = months_of(contract=contract, now=now)
    month = chosen_month(request, months=choices)
    return {
        "contract": contract,
        "tone": TONES[contract.status],
        "monthly": contracts.monthly_of(contract=contract),
        "change": contracts.open_change_of(contract=contract),
        "committed": contracts.committed_of(contract=contract),
        "components": table.describe_plan(plan=contract.plan),
        "capacity": list(contract.capacity.all()),
        "delivery": delivery,
        "inspect_until": deadlines.last_day(delivery.inspect_due_at) if delivery and delivery.inspect_due_at else None,
        "milestones": timeline.of_contract(contract=contract, approval=approval, delivery=delivery),
        "approval": approval,
        "months": [(str(one), str(one)) for one in choices],
        "month": month,
        "usage": describe_usage(contract=contract, month=month) if month else None,
    }


def describe_charges(request: HttpRequest, *, contract: Any, console: str, now: datetime) -> dict[str, Any]:
    """The context of the page that explains a month's charges, for one of the two consoles."""
    choices = months_of(contract=contract, now=now)
    month = chosen_month(request, months=choices)
    address = reverse(f"{console}:contract", args=[contract.number])
    return {
        "contract": contract,
        "months": [(str(one), str(one)) for one in choices],
        "month": month,
        "month_name": months.month_name(month) if month else "",
        "charges": explanations.explain_month(contract=contract, month=month) if month else [],
        "crumbs": [
            (_("Contracts"), reverse(f"{console}:contracts")),
            (contract.number, address),
            (_("Charges"), None),
        ],
    }


def months_of(*, contract: Any, now: datetime) -> list[Month]:
    """The months in which a contract ran, latest first; none before its delivery."""
    if contract.start_date is None:
        return []
    month, last = Month.of_date(contract.start_date), Month.of(now)
    if contract.end_date is not None:
        last = min(last, Month.of_date(contract.end_date))
    found = []
    while month <= last:
        found.append(month)
        month = month.next()
    return found[::-1]


def chosen_month(request: HttpRequest, *, months: list[Month]) -> Month | None:
    """The month in the query if the contract ran in it, else the latest one."""
    try:
        wanted = Month.parse(request.GET.get("month", ""))
    except InvalidMonth:
        wanted = None
    return wanted if wanted in months else next(iter(months), None)


@dataclass(frozen=True, slots=True)
class MeterColumn:
    """One meter of a plan: what its events come to ("" for a plain sum), and in which unit."""

    meter: str
    name: str
    unit: str
    counted: str


def describe_usage(*, contract: Any, month: Month) -> dict[str, Any]:
    """Days and meters as a table: heads, rows of quantities in their order, and what the month comes to.

    Only a sum or level × hours is what its days add up to, so the month's figures are asked for.
    """
    prices = [one for one in contract.plan.components.all() if one.meter]
    keys = [(one.meter, one.aggregation) for one in prices]
    days: dict[Any, dict[Any, Any]] = {}
    for row in metering.usage_by_day(contract_id=contract.pk, month=month):
        days.setdefault(row.day, {})[row.meter, row.aggregation] = row.quantity
    found = metering.usage_by_month(contract_ids=[contract.pk], first=month.first_date, end=month.end_date)
    totals = {(row.meter, row.aggregation): row.quantity for row in found}
    return {
        "meters": [column_of(price=one) for one in prices],
        "rows": [(day, [used.get(key) for key in keys]) for day, used in days.items()],
        "totals": [totals.get(key) for key in keys],
        "is_sum": all(one.aggregation == aggregation.SUM for one in prices),
    }


def column_of(*, price: Any) -> MeterColumn:
    """A metered price as the head of its quantities, in the reader's language."""
    counted = "" if price.aggregation == aggregation.SUM else str(words.AGGREGATIONS[price.aggregation])
    name = wording.choose(price.name, price.name_en)
    return MeterColumn(price.meter, name, wording.write_unit(price.unit), counted)
