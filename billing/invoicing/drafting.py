"""Arithmetic of one invoice: charges in, lines and totals out. No database."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.rating.models import Charge
from billing.rules import money, tax
from billing.rules.periods import Month

DESCRIPTION_LENGTH = 300


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One charge, rounded; minor units."""

    charge: Charge
    description: str
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class DraftInvoice:
    """The lines in their order, the tax per rate, and sums that agree; minor units."""

    lines: tuple[DraftLine, ...]
    taxes: tuple[tax.TaxLine, ...]
    net_minor: int
    tax_minor: int
    prepaid_minor: int

    @property
    def total_minor(self) -> int:
        return self.net_minor + self.tax_minor


def draft_invoice(*, charges: Sequence[Charge], currency: str) -> DraftInvoice:
    """Round each charge once, the tax once per rate, and share the tax out to the lines.

    `charges` come with their contract, its plan and their component. What contracts on the prepaid balance
    contribute is `prepaid_minor`; corrections below zero never make it more than the total or less than nothing.
    """
    nets = [(money.round_to_minor(charge.amount, currency=currency), charge.vat_rate) for charge in charges]
    taxes = tax.tax_by_rate(nets, currency=currency)
    shares = tax.spread_tax(nets, taxes)
    lines = tuple(
        DraftLine(charge, describe(charge=charge), net_minor, tax_minor)
        for charge, (net_minor, _rate), tax_minor in zip(charges, nets, shares, strict=True)
    )
    net_minor = sum(line.net_minor for line in lines)
    tax_minor = sum(line.tax_minor for line in taxes)
    prepaid = sum(
        line.net_minor + line.tax_minor
        for line in lines
        if line.charge.contract.payment_method == line.charge.contract.PaymentMethod.PREPAID_BALANCE
    )
    return DraftInvoice(
        lines=lines,
        taxes=tuple(taxes),
        net_minor=net_minor,
        tax_minor=tax_minor,
        prepaid_minor=min(max(0, prepaid), max(0, net_minor + tax_minor)),
    )


def describe(*, charge: Charge) -> str:
    """What a line is for, in words of the contract and no language of ours: offering, plan, component, month."""
    contract = charge.contract
    month = str(Month.of_date(charge.period_start_date))
    revision = f" R{charge.revision}" if charge.revision else ""
    rest = f" · {contract.plan.name} · {charge.component.name} · {month}{revision}"
    return contract.offering_title[: DESCRIPTION_LENGTH - len(rest)] + rest
