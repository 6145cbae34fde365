"""Cases about documents: shares that add up, tax per rate, rounding, credit notes, commission, a balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from billing.rules import commission as commissions
from billing.rules import decimals, money, tax
from billing.rules.rate import times
from billing.rules.rate.reading import Answer, Case, InvalidCase, Row

_ZERO: Final = Decimal(0)
LINES: Final = ("line_totals", "lines", "weights", "ratios", "amounts", "shares", "fees")


def split(case: Case) -> Answer:
    """An amount over lines or weights, to the minor unit: largest remainder, the earlier first when they tie."""
    currency = case.text("currency", default="CNY")
    if case.has("commission_rate", "commission_percent"):
        return commission(case)
    weights = case.numbers(*LINES)
    if not weights:
        raise InvalidCase("line_totals", "is missing; give the lines, or weights, to share over")
    rule = "shares in proportion, cut to the minor unit; what is left goes to the largest remainders, the earlier first"
    discount = case.maybe("discount", "coupon")
    total = discount if discount is not None else case.number("payment", "total", "amount", "net", "paid")
    minor = _minor(total, currency, name=case.name_of("discount", "payment", "total", "amount"))
    parts = money.split(abs(minor), weights)
    shares = [_show(part if minor >= 0 else -part, currency) for part in parts]
    if discount is None:
        return Answer(total, rule, {"parts": shares})
    left = [decimals.add(line, -Decimal(share)) for line, share in zip(weights, shares, strict=True)]
    return Answer(decimals.add(*left), rule, {"parts": shares, "net_lines": [f"{one:f}" for one in left]})


def commission(case: Case) -> Answer:
    """What the platform keeps of what was collected with tax; VAT on it on top."""
    currency = case.text("currency", default="CNY")
    gross = case.number("gross", "collected", "total", "payment", "amount")
    rate = case.share("commission_rate", "commission_percent") or case.share("commission") or _ZERO
    vat = case.share("commission_vat_rate", "commission_vat_percent") or case.share("commission_tax") or _ZERO
    settled = commissions.settle(
        _minor(gross, currency, name="gross"), commission_rate=rate, commission_vat_rate=vat, currency=currency
    )
    own, on_it, net = (_show(one, currency) for one in (settled.commission_minor, settled.vat_minor, settled.net_minor))
    return Answer(
        Decimal(net),
        "commission = collected × rate, rounded; VAT on it rounded; the provider gets the rest",
        {
            "commission": own,
            "vat": on_it,
            "net": net,
            "parts": [own, net] if not settled.vat_minor else [own, on_it, net],
        },
    )


def credit_note(case: Case) -> Answer:
    """What is given back: each item net, rounded; tax per rate on their sum, rounded; total = net + tax."""
    currency = case.text("currency", default="CNY")
    rate = case.share("tax", "tax_rate_percent", "vat_percent")
    if rate is None:
        rate = case.maybe("tax_rate", "vat_rate") or _ZERO
    rows = case.rows("items", "lines", "fees")
    if rows is not None:
        nets = [_credited(row, currency) for row in rows]
        rates = [row.share("tax", "tax_rate_percent", "vat_percent") for row in rows]
    else:
        nets, rates = [_credited(case, currency)], [None]
    discount = case.maybe("discount", "coupon", "coupon_amount")
    if discount is not None:
        off = money.split(_minor(discount, currency, name="discount"), nets)
        nets = [net - part for net, part in zip(nets, off, strict=True)]
    taxes = tax.tax_by_rate(
        [(net, rate if own is None else own) for net, own in zip(nets, rates, strict=True)], currency=currency
    )
    net, on_it = sum(nets), sum(line.tax_minor for line in taxes)
    parts = {
        "net": _show(net, currency),
        "tax": _show(on_it, currency),
        "net_lines": [_show(n, currency) for n in nets],
    }
    return Answer(
        Decimal(_show(net + on_it, currency)),
        "net = paid × unused ÷ period, rounded per line; tax rounded once per rate; total = net + tax",
        parts,
    )


def _credited(case: Case, currency: str) -> int:
    paid = case.number("paid_net", "net", "amount", "credit_amount", "value", "paid")
    if case.has("period", "period_days", "days_in_period", "total_days"):
        part, whole = times.read_share(case)
        paid = decimals.divide(decimals.multiply(paid, Decimal(part)), whole)
    return money.round_to_minor(paid, currency=currency)


def tax_of(case: Case) -> Answer:
    """Tax on one document: once per rate on the sum of the lines of that rate, shared out to them."""
    currency = case.text("currency", default="CNY")
    rows = case.rows("lines", "items", "fees")
    if rows is None:
        raise InvalidCase("lines", "is missing; give each line's net and rate")
    common = case.share("tax", "tax_rate_percent", "vat_percent") or case.maybe("tax_rate", "vat_rate", "rate")
    pairs = [
        (money.round_to_minor(row.number("net", "amount", "value"), currency=currency), _rate(row, common))
        for row in rows
    ]
    lines = tax.tax_by_rate(pairs, currency=currency)
    net, on_it = sum(net for net, _rate in pairs), sum(line.tax_minor for line in lines)
    parts: dict[str, Any] = {
        "net": _show(net, currency),
        "tax": _show(on_it, currency),
        "tax_by_rate": {decimals.format_plain(line.rate): _show(line.tax_minor, currency) for line in lines},
        "tax_lines": [_show(one, currency) for one in tax.spread_tax(pairs, lines)],
    }
    return Answer(Decimal(_show(net + on_it, currency)), "tax is rounded once per rate, total = net + tax", parts)


def _rate(row: Row, common: Decimal | None) -> Decimal:
    own = row.share("tax", "tax_rate_percent", "vat_percent", "rate_percent")
    if own is None:
        own = row.maybe("tax_rate", "vat_rate", "rate")
    found = common if own is None else own
    if found is None:
        raise InvalidCase(f"{row.name}.tax_percent", "is missing; give it here or for all lines")
    return found


def rounding(case: Case) -> Answer:
    """An amount to the minor unit of its currency, or to `places`; several: rounded once, shared out."""
    amounts = case.numbers("amounts", "values", "lines")
    if amounts:
        currency = case.text("currency", default="CNY")
        parts = money.round_lines(amounts, currency=currency)
        return Answer(
            decimals.add(*amounts), "the sum is rounded once, half up", {"parts": [_show(p, currency) for p in parts]}
        )
    places = case.maybe("places", "decimals", "dp")
    if places is not None and not (places == int(places) and 0 <= places <= 18):
        raise InvalidCase("places", "must be a whole number from 0 to 18")
    return Answer(
        case.number("amount", "value", "quantity"),
        "half up: a tie goes away from zero",
        places=None if places is None else int(places),
    )


def prepaid(case: Case) -> Answer:
    """Charges paid from a balance in their order, as far as it reaches; amount = what is left to pay."""
    balance = case.number("balance", "prepaid_balance", "credits")
    charges = case.numbers("charges", "fees", "invoices")
    if charges is None:
        charges = [case.number("amount", "total", "charge")]
    left, drawn = balance, []
    for charge in charges:
        drawn.append(min(left, charge))
        left = decimals.add(left, -drawn[-1])
    due = decimals.add(*charges, *(-one for one in drawn))
    parts = {"drawn": [f"{one:f}" for one in drawn], "balance": f"{left:f}", "due": f"{due:f}"}
    return Answer(due, "the balance pays first, in the order of the charges, and never goes below 0", parts)


def _minor(amount: Decimal, currency: str, *, name: str) -> int:
    try:
        return money.Money.from_decimal(amount, currency).amount_minor
    except ValueError as error:
        raise InvalidCase(name, str(error)) from None


def _show(minor: int, currency: str) -> str:
    return f"{money.Money(minor, currency).to_decimal():f}"
