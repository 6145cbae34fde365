"""What stands in each kind of file: columns, rows, and the sums that the database expects."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.exports.models import ExportRun
from billing.exports.writers.cells import Cell, Column, Kind
from billing.rules import money, periods
from billing.settlement import queries as settlements
from billing.settlement.models import Settlement, SettlementLine
from marketplace.organisations import actors

Sums = dict[str, dict[str, Decimal]]  # currency → heading of the column → sum


@dataclass(frozen=True)
class Content:
    """One file's content. `rows` is read once; `currency_at` is the place of the currency in a row."""

    title: str
    columns: list[Column]
    rows: Iterator[list[Cell]]
    currency_at: int
    count: int
    expected: Sums


def read_content(*, run: ExportRun) -> Content:
    """The content of a run, in the active language, limited to what its organisation may see."""
    is_platform = run.organisation.side == actors.PLATFORM
    provider_id = None if is_platform else run.organisation_id
    month = periods.Month.of_date(run.period_start_date)
    if run.kind == ExportRun.Kind.SETTLEMENT_SUMMARY:
        return _summary(month, provider_id)
    return _detail(month, run.settlement_number, provider_id)


def _summary(month: periods.Month, provider_id: int | None) -> Content:
    gross, commission = _("Collected"), _("Commission")
    vat, net, orders = _("VAT on the commission"), _("Payable"), _("Orders")
    columns = [
        Column(_("Settlement number"), Kind.CODE, 18),
        Column(_("Provider"), width=30),
        Column(_("Provider's credit code"), Kind.CODE, 22),
        Column(_("Month"), Kind.CODE, 10),
        Column(_("Currency"), width=8),
        Column(orders, Kind.COUNT, 8),
        Column(gross, Kind.MONEY),
        Column(_("Commission rate"), Kind.RATE, 12),
        Column(commission, Kind.MONEY),
        Column(vat, Kind.MONEY),
        Column(net, Kind.MONEY),
        Column(_("State"), width=12),
        Column(_("Due"), Kind.DATE, 12),
        Column(_("Approved on"), Kind.DATE, 12),
        Column(_("Paid on"), Kind.DATE, 12),
        Column(_("Bank reference"), Kind.CODE, 24),
    ]
    totals = settlements.sum_settlements(month=month, provider_organisation_id=provider_id)
    expected = {
        one.currency: {
            orders: Decimal(one.orders),
            gross: _major(one.gross_minor, one.currency),
            commission: _major(one.commission_minor, one.currency),
            vat: _major(one.commission_vat_minor, one.currency),
            net: _major(one.net_minor, one.currency),
        }
        for one in totals
    }
    rows = settlements.stream_settlements(month=month, provider_organisation_id=provider_id)
    return Content(
        title=_("Settlements"),
        columns=columns,
        rows=(_summary_row(row) for row in rows),
        currency_at=4,
        count=sum(one.count for one in totals),
        expected=expected,
    )


def _summary_row(row: Settlement) -> list[Cell]:
    payout = getattr(row, "payout", None)
    return [
        row.number,
        row.provider.organisation.name,
        row.provider.organisation.uscc,
        f"{row.period_start_date:%Y-%m}",
        row.currency,
        row.orders_count,
        _major(row.gross_minor, row.currency),
        row.commission_rate,
        _major(row.commission_minor, row.currency),
        _major(row.commission_vat_minor, row.currency),
        _major(row.net_minor, row.currency),
        str(row.get_status_display()),
        row.due_date,
        _day(row.approved_at),
        _day(row.paid_at),
        payout.bank_reference if payout else "",
    ]


def _detail(month: periods.Month, number: str, provider_id: int | None) -> Content:
    gross = _("Collected")
    columns = [
        Column(_("Settlement number"), Kind.CODE, 18),
        Column(_("Provider"), width=30),
        Column(_("Provider's credit code"), Kind.CODE, 22),
        Column(_("Invoice number"), Kind.CODE, 18),
        Column(_("Contract number"), Kind.CODE, 16),
        Column(_("Buyer"), width=30),
        Column(_("Buyer's credit code"), Kind.CODE, 22),
        Column(_("Description"), width=40),
        Column(_("Month of the invoice"), Kind.CODE, 10),
        Column(_("Currency"), width=8),
        Column(gross, Kind.MONEY),
        Column(_("Collected on"), Kind.DATE, 12),
    ]
    totals = settlements.sum_lines(month=month, number=number, provider_organisation_id=provider_id)
    rows = settlements.stream_lines(month=month, number=number, provider_organisation_id=provider_id)
    return Content(
        title=_("Settlement lines"),
        columns=columns,
        rows=(_detail_row(row) for row in rows),
        currency_at=9,
        count=sum(one.count for one in totals),
        expected={one.currency: {gross: _major(one.gross_minor, one.currency)} for one in totals},
    )


def _detail_row(row: SettlementLine) -> list[Cell]:
    settlement, line = row.settlement, row.collection.line
    provider = settlement.provider.organisation
    return [
        settlement.number,
        provider.name,
        provider.uscc,
        line.invoice.number,
        line.contract.number,
        line.invoice.buyer_name,
        line.invoice.buyer_uscc,
        line.description,
        f"{line.invoice.period_start_date:%Y-%m}",
        settlement.currency,
        _major(row.gross_minor, settlement.currency),
        _day(row.collection.collected_at),
    ]


def _major(amount_minor: int, currency: str) -> Decimal:
    return money.Money(amount_minor, currency).to_decimal()


def _day(moment: datetime | None) -> Cell:
    return None if moment is None else periods.civil_date(moment)
