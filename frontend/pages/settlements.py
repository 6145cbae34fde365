"""What the settlement pages of finance and of providers share: both show the same figures, to different eyes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.exports import queries as exports
from billing.rules import periods
from billing.settlement import queries
from frontend.pages import exports as export_pages
from frontend.pages import months
from marketplace import clock
from marketplace.organisations import actors, gate

SERVICE_MODELS = {"iaas": "IaaS", "paas": "PaaS", "saas": "SaaS", "value_added": gettext_lazy("Value-added")}
TONES = {"draft": "warn", "approved": "info", "paid": "good"}
TEN_THOUSAND_MINOR = 1_000_000  # a chart of yuan is read in 万元


def show_month(request: HttpRequest, *, console: str) -> dict[str, Any]:
    """The context of a month's list: figures, chart, progress, tabs, rows, files being written."""
    actor: actors.Actor = gate.actor_of(request)
    owner = None if actor.side == actors.PLATFORM else actor.organisation_id
    now = clock.now()
    settled = queries.list_months(provider_organisation_id=owner)
    month = months.choose_month(request, settled, now=now)
    status = request.GET.get("status", "")
    if status not in dict(queries.STATUSES):
        status = ""
    summary = queries.month_summary(month=month, provider_organisation_id=owner)
    listing = queries.list_settlements(
        provider_organisation_id=owner, month=month, status=status, page=request.GET.get("page", 1)
    )
    return {
        "console": console,
        "is_platform": owner is None,
        "month": month,
        "month_name": months.month_name(month),
        "last_date": month.end_date - timedelta(days=1),
        "month_options": months.month_options({month, *settled}),
        "summary": summary,
        "figures": [(totals, describe_change(totals)) for totals in summary.totals or [queries.Totals("CNY")]],
        "steps": month_steps(summary),
        "progress_state": progress_state(summary),
        "chart": build_chart(month, owner),
        "tabs": build_tabs(summary, status, month=month),
        "status": status,
        "listing": listing,
        "rows": [describe(row, today=periods.civil_date(now)) for row in listing.rows],
        "runs": export_pages.fresh_runs(
            exports.list_recent(organisation_id=actor.organisation_id, month=month), now=now
        ),
        "may_export": actor.can("exports.request"),
    }


def describe(settlement: Any, *, today: date) -> dict[str, Any]:
    """A settlement as a list shows it: tone of its state, names of its service types, whether it is late."""
    return {
        "settlement": settlement,
        "tone": TONES[settlement.status],
        "types": [SERVICE_MODELS.get(part.service_model, part.service_model) for part in settlement.parts.all()],
        "is_overdue": settlement.status != "paid" and settlement.due_date < today,
    }


def describe_change(totals: queries.Totals) -> dict[str, str]:
    """How the month's gross moved against the month before, for a KPI's note; empty without a month before."""
    before = totals.previous_gross_minor
    if not before:
        return {"note": _("no month before"), "direction": ""} if totals.count else {"note": "", "direction": ""}
    share = Decimal(totals.gross_minor - before) * 100 / before
    return {
        "note": _("%(percent)s%% on the month before") % {"percent": f"{abs(share):.1f}"},
        "direction": "up" if share >= 0 else "down",
    }


def build_tabs(summary: queries.MonthSummary, status: str, *, month: periods.Month) -> list[dict[str, Any]]:
    """One tab for all, one for each state, with counts."""
    tabs = [("", _("All"), summary.count)]
    tabs += [(value, str(label), summary.counts.get(value, 0)) for value, label in queries.STATUSES]
    return [
        {
            "label": label,
            "url": f"?month={month}" + (f"&status={value}" if value else ""),
            "count": count,
            "active": value == status,
        }
        for value, label, count in tabs
    ]


def month_steps(summary: queries.MonthSummary) -> list[dict[str, Any]]:
    """What happened to the month's settlements, for the timeline."""
    count, counts = summary.count, summary.counts
    approved, paid = counts.get("approved", 0) + counts.get("paid", 0), counts.get("paid", 0)
    due = date_format(summary.due_date, "MONTH_DAY_FORMAT") if summary.due_date else ""
    done_of = _("%(done)s of %(count)s")
    return [
        {"title": _("Month closed"), "state": "done" if count else "current", "at": summary.month.end_at},
        {
            "title": _("Settlements drafted"),
            "state": "done" if count else "",
            "at": summary.drafted_at,
            "text": _("%(count)s settlements") % {"count": count}
            if count
            else _("by the clock, after the month's end"),
        },
        {
            "title": _("Approved"),
            "state": _state(approved, of=count, after=bool(count)),
            "at": summary.approved_at,
            "text": done_of % {"done": approved, "count": count} if count else "",
        },
        {
            "title": _("Paid out"),
            "state": _state(paid, of=count, after=bool(count) and approved == count),
            "at": summary.paid_at,
            "text": _join(
                done_of % {"done": paid, "count": count} if count else "",
                _("due %(day)s") % {"day": due} if due and paid < count else "",
            ),
        },
    ]


def _state(done: int, *, of: int, after: bool) -> str:
    if of and done == of:
        return "done"
    return "current" if after else ""


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def progress_state(summary: queries.MonthSummary) -> tuple[str, str]:
    """Tone and word for the month as a whole."""
    if not summary.count:
        return "neutral", _("Nothing to settle")
    if summary.counts.get("draft"):
        return "warn", _("To be approved")
    if summary.counts.get("approved"):
        return "info", _("To be paid")
    return "good", _("Paid out")


def build_chart(month: periods.Month, owner: int | None) -> dict[str, Any]:
    """Twelve months of gross by service type, in ten thousand yuan with every fen."""
    totals = queries.monthly_totals(until=month, provider_organisation_id=owner)
    present = {code for one in totals for code, amount in one.by_service_model.items() if amount}
    shown = [code for code in SERVICE_MODELS if code in present or code != "value_added"]
    return {
        "kind": "stacked",
        "unit": _("10,000 CNY"),
        "categories": [f"{one.month.year % 100:02d}/{one.month.month:02d}" for one in totals],
        "series": [
            {
                "name": str(SERVICE_MODELS[code]),
                "values": [one.by_service_model.get(code, 0) / TEN_THOUSAND_MINOR for one in totals],
            }
            for code in shown
        ],
    }


def show_detail(request: HttpRequest, *, number: str, console: str) -> dict[str, Any]:
    """The context of one settlement. Raises NotFound for another organisation's."""
    actor: actors.Actor = gate.actor_of(request)
    now = clock.now()
    settlement = queries.get_settlement(number=number, organisation_id=actor.organisation_id, side=actor.side)
    month = periods.Month.of_date(settlement.period_start_date)
    is_platform = actor.side == actors.PLATFORM
    return {
        "console": console,
        "is_platform": is_platform,
        "payout": getattr(settlement, "payout", None),
        "month": month,
        "month_name": months.month_name(month),
        "crumbs": [
            (_("Settlements"), f"{reverse(f'{console}:settlements')}?month={month}"),
            (settlement.number, None),
        ],
        **describe(settlement, today=periods.civil_date(now)),
        "parts": [
            (SERVICE_MODELS.get(part.service_model, part.service_model), part.gross_minor)
            for part in settlement.parts.all()
        ],
        "lines": queries.list_lines(settlement_id=settlement.pk, page=request.GET.get("page", 1)),
        "steps": settlement_steps(settlement, names_people=is_platform),
        "postings": list_postings(number) if is_platform else [],
        "runs": export_pages.fresh_runs(
            exports.list_recent(organisation_id=actor.organisation_id, month=month, settlement_number=number), now=now
        ),
        "may_export": actor.can("exports.request"),
        "may_approve": settlement.status == "draft" and actor.can("settlements.approve"),
        "may_pay": settlement.status == "approved" and actor.can("settlements.pay"),
    }


def list_postings(number: str) -> list[dict[str, Any]]:
    """The entries of a settlement, posting by posting, with debit and credit in columns of their own."""
    return [
        {
            "entry": entry,
            "posting": posting,
            "debit_minor": posting.amount_minor if posting.amount_minor > 0 else None,
            "credit_minor": -posting.amount_minor if posting.amount_minor < 0 else None,
        }
        for entry in queries.list_entries(number=number)
        for posting in entry.postings.all()
    ]


def settlement_steps(settlement: Any, *, names_people: bool) -> list[dict[str, Any]]:
    """What happened to one settlement, for the timeline; providers do not read the names of our people."""
    approver = settlement.approved_by.get_full_name() if settlement.approved_by and names_people else ""
    payout = getattr(settlement, "payout", None)
    due = _("due %(day)s") % {"day": date_format(settlement.due_date, "SHORT_DATE_FORMAT")}
    return [
        {"title": _("Drafted"), "state": "done", "at": settlement.drafted_at},
        {
            "title": _("Approved"),
            "state": "current" if settlement.status == "draft" else "done",
            "at": settlement.approved_at,
            "text": approver,
        },
        {
            "title": _("Paid out"),
            "state": {"draft": "", "approved": "current", "paid": "done"}[settlement.status],
            "at": settlement.paid_at,
            "text": payout.bank_reference if payout else due,
        },
    ]
