"""Every table of docs/rounding.md, computed by the rules and compared to the letter."""

import decimal
from datetime import date
from decimal import Decimal as D
from pathlib import Path

from billing.rules import commission, credits, money, pricing, tax
from billing.rules.periods import Month
from billing.rules.pricing import METERED, ONE_TIME, RECURRING, Component

PAGE = (Path(__file__).parents[2] / "docs" / "rounding.md").read_text(encoding="utf-8")
CNY = "CNY"
DISCOUNT = D("0.1")

PLAN = [
    # name on the page, component, quantity, first day
    ("Set-up, once", Component("setup", ONE_TIME, D("199.99"), D("0.06"), "", None), D(1), None),
    (
        "Rack, per month",
        Component("rack", RECURRING, D("3000.00"), D("0.13"), "rack", None),
        D(1),
        date(2026, 10, 15),
    ),
    (
        "Disk, per month",
        Component("disk", RECURRING, D("58.80"), D("0.06"), "disk", None),
        D(3),
        date(2026, 9, 1),
    ),
    (
        "vCPU·h, measured",
        Component("vcpu", METERED, D("0.17640000"), D("0.06"), "vCPU·h", "vcpu_hours"),
        D("1234.567891"),
        None,
    ),
    (
        "Egress GiB, measured",
        Component("egress", METERED, D("0.02210005"), D("0.06"), "GiB", "egress_gib"),
        D("57321.100005"),
        None,
    ),
]


def rate(component: Component, quantity: D, first: date | None) -> pricing.Rated:
    if component.kind == ONE_TIME:
        return pricing.rate_one_time(component, quantity=quantity)
    if component.kind == METERED:
        return pricing.rate_metered(component, quantity=quantity)
    return pricing.rate_recurring(
        component,
        quantity=quantity,
        month=Month(2026, 10),
        active_from=first,
        active_until=None,
        term_discount=DISCOUNT,
    )


def yuan(minor: int) -> str:
    return f"{money.Money(minor, CNY).to_decimal():,}"


def cut(amount: D, places: int) -> str:
    """The first decimals of an amount, with … where there are more."""
    short = amount.quantize(D(1).scaleb(-places), rounding=decimal.ROUND_DOWN)
    return f"{amount.normalize():f}" if short == amount else f"{short}…"


def table_under(heading: str, *, number: int = 0) -> list[str]:
    """The body rows of the table with that number below a heading of the page."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    tables = [block for block in section.split("\n\n") if block.strip().startswith("|")]
    return tables[number].strip().splitlines()[2:]


RATED = [rate(component, quantity, first) for _, component, quantity, first in PLAN]
NETS = [money.round_to_minor(rated.amount, currency=CNY) for rated in RATED]
LINES = [(net, component.vat_rate) for net, (_, component, _, _) in zip(NETS, PLAN, strict=True)]
TAX_LINES = tax.tax_by_rate(LINES, currency=CNY)
TAXES = tax.spread_tax(LINES, TAX_LINES)
GROSS = [net + share for net, share in zip(NETS, TAXES, strict=True)]
PAYMENT = 2_000_07


def test_the_invoice():
    assert table_under("One invoice, October 2026 (31 days), CNY") == [
        f"| {name} | {rated.formula} | {cut(rated.amount, 8)} | {yuan(net)} "
        f"| {component.vat_rate * 100:.0f} % | {yuan(share)} | {yuan(gross)} |"
        for (name, component, _, _), rated, net, share, gross in zip(PLAN, RATED, NETS, TAXES, GROSS, strict=True)
    ]
    assert [(net, share) for net, share in zip(NETS, TAXES, strict=True)] == [
        (199_99, 12_00),
        (1480_65, 192_48),
        (158_76, 9_52),
        (217_78, 13_07),
        (1266_80, 76_01),
    ]


def test_the_tax_table():
    rows = []
    for line in TAX_LINES:
        alone = sum(
            money.round_to_minor(net * vat_rate / 100, currency=CNY) for net, vat_rate in LINES if vat_rate == line.rate
        )
        exact = (line.net_minor * line.rate / 100).normalize()
        rows.append(
            f"| {line.rate * 100:.0f} % | {yuan(line.net_minor)} | {exact} | {yuan(line.tax_minor)} | {yuan(alone)} |"
        )
    assert table_under("One invoice, October 2026 (31 days), CNY", number=1) == rows
    net, vat = sum(NETS), sum(line.tax_minor for line in TAX_LINES)
    assert f"Net {yuan(net)} + tax {yuan(vat)} = **{yuan(net + vat)}**" in PAGE
    assert (net, vat, sum(GROSS)) == (3323_98, 303_08, 3627_06)


def test_the_partial_payment():
    paid = money.split(PAYMENT, GROSS)
    assert table_under("The buyer pays 2,000.07 of it") == [
        f"| {name} | {yuan(gross)} | {cut(D(PAYMENT) * gross / sum(GROSS) / 100, 4)} "
        f"| {yuan(part)} | {yuan(gross - part)} |"
        for (name, _, _, _), gross, part in zip(PLAN, GROSS, paid, strict=True)
    ]
    assert sum(paid) == PAYMENT
    still_owed = [gross - part for gross, part in zip(GROSS, paid, strict=True)]
    assert money.split(sum(still_owed), still_owed) == still_owed


def test_the_settlement():
    settled = commission.settle(PAYMENT, commission_rate=D("0.085"), commission_vat_rate=D("0.06"), currency=CNY)
    assert table_under("The settlement of what was collected") == [
        f"| {yuan(settled.gross_minor)} | {yuan(settled.commission_minor)} "
        f"| {yuan(settled.vat_minor)} | {yuan(settled.net_minor)} |"
    ]
    assert (settled.commission_minor, settled.vat_minor, settled.net_minor) == (170_01, 10_20, 1819_86)


def test_the_term_price():
    # Each row of the plan has a quantity of its own, so each is quoted by itself.
    quotes = [
        pricing.committed_amount([component], quantity=quantity, months=12, term_discount=DISCOUNT, currency=CNY)
        for _, component, quantity, _ in PLAN
    ]
    names = {component.code: name for name, component, _, _ in PLAN}
    lines = [line for quote in quotes for line in quote.lines]
    assert table_under("The term price shown before ordering: the same plan, 12 months") == [
        f"| {names[line.code]} | {yuan(line.net_minor)} | {line.times} | {yuan(line.term_net_minor)} |"
        for line in lines
    ]
    net = sum(line.term_net_minor for line in lines)
    six, thirteen = tax.tax_by_rate([(line.term_net_minor, line.vat_rate) for line in lines], currency=CNY)
    assert (
        f"Term net {yuan(net)}; tax {yuan(six.tax_minor)} at 6 % and {yuan(thirteen.tax_minor)} at 13 %; "
        f"gross **{yuan(net + six.tax_minor + thirteen.tax_minor)}**." in PAGE
    )
    assert (net, six.tax_minor, thirteen.tax_minor) == (34_505_11, 126_31, 4_212_00)


def test_credit_notes_on_the_racks_line():
    left = credits.Part(NETS[1], tax.spread_tax(LINES, tax.tax_by_rate(LINES, currency=CNY))[1], D(3))
    rows = []
    for name, formula, take in (
        (
            "113.00 with VAT",
            f"{D(left.net_minor).scaleb(-2)} × 113.00/{D(left.gross_minor).scaleb(-2)}",
            lambda part: credits.take_gross(part, gross_minor=113_00),
        ),
        (
            "a third of the quantity",
            "{net} × 1/3",
            lambda part: credits.take_quantity(part, quantity=D(1)),
        ),
        (
            "0.05 with VAT",
            "{net} × 0.05/{gross}",
            lambda part: credits.take_gross(part, gross_minor=5),
        ),
        ("the rest", "all that is left", credits.take_all),
    ):
        written = formula.format(net=D(left.net_minor).scaleb(-2), gross=D(left.gross_minor).scaleb(-2))
        taken = take(left)
        left = left.less(taken)
        figures = [yuan(one) for one in (taken.net_minor, taken.tax_minor, left.net_minor, left.tax_minor)]
        rows.append(f"| {name} | {written} | {' | '.join(figures)} |")
    assert rows == table_under("Credit notes on the rack's line")
