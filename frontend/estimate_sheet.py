"""An estimate as a spreadsheet: what each line is made of, by component and tier, and what all cost together; typed."""

from collections.abc import Iterator
from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext as _

from billing.exports.writers import grid
from billing.exports.writers.grid import Cell
from frontend.comparison_sheet import MONEY, RATE, XLSX
from listings import wording
from listings.prices import pricing
from marketplace.procurement import estimates

QUANTITY: Final = "#,##0.######"
SHARE: Final = "0.##%"


def respond(priced: estimates.Priced) -> HttpResponse:
    """The file, to be saved."""
    content = grid.write(
        sheets=[
            grid.Sheet(
                title=_("Cost estimate"),
                rows=list(_rows(priced)),
                widths=[34, 22, 28, 14, 14, 12, 16, 16, 16],
            )
        ]
    )
    return HttpResponse(
        content,
        content_type=XLSX,
        headers={"Content-Disposition": 'attachment; filename="estimate.xlsx"', "Cache-Control": "no-store"},
    )


def _rows(priced: estimates.Priced) -> Iterator[list[Cell]]:
    yield [Cell(_("Cost estimate"), is_heading=True)]
    yield [Cell(_("Your organisation's prices") if priced.has_own_prices else _("List prices"))]
    for line in priced.lines:
        if line.quote is None or line.product is None or line.plan is None:
            continue
        yield []
        title = wording.choose(line.product.title, line.product.title_en)
        yield [
            Cell(text, is_heading=True)
            for text in (title, str(line.product.partner), wording.choose(line.plan.name, line.plan.name_en))
        ]
        yield [
            Cell(_("Quantity")),
            Cell(line.quote.quantity, "#,##0"),
            Cell(_("Months")),
            Cell(line.quote.term_months, "0"),
        ]
        yield [
            Cell(text, is_heading=True)
            for text in (
                _("Component"),
                _("Kind"),
                _("Tier"),
                _("Quantity"),
                _("Unit price without tax"),
                _("VAT rate"),
                _("Without tax"),
            )
        ]
        for part in line.quote.lines:
            yield [
                Cell(wording.choose(part.component.name, part.component.name_en)),
                Cell(str(part.component.get_kind_display())),
                Cell(part.tier),
                Cell(part.quantity, QUANTITY),
                Cell(part.unit_price, RATE),
                Cell(part.vat_rate, SHARE),
                Cell(part.net.to_decimal(), MONEY),
            ]
        yield from _amounts(
            one_time=line.quote.one_time,
            monthly=line.quote.monthly,
            usage=line.quote.usage_monthly,
            term=line.quote.term_total,
        )
    for total in priced.totals:
        yield []
        yield [Cell(_("All lines"), is_heading=True), Cell(total.currency, is_heading=True)]
        yield from _amounts(one_time=total.one_time, monthly=total.monthly, usage=total.usage_monthly, term=total.term)


def _amounts(
    *, one_time: pricing.Amount, monthly: pricing.Amount, usage: pricing.Amount, term: pricing.Amount
) -> Iterator[list[Cell]]:
    yield [Cell("")] + [Cell(text, is_heading=True) for text in (_("Without tax"), _("VAT"), _("Tax included"))]
    for label, amount in (
        (_("Once"), one_time),
        (_("Per month, fixed"), monthly),
        (_("Per month, expected use"), usage),
        (_("Whole term"), term),
    ):
        yield [Cell(label)] + [Cell(one.to_decimal(), MONEY) for one in (amount.net, amount.tax, amount.gross)]
