"""Arithmetic of one invoice: charges in, lines and totals out. No database."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from billing.rating.models import Charge
from billing.rules import availability, money, tax, tiers
from billing.rules.periods import Month
from listings.prices import words

DESCRIPTION_LENGTH: Final = 300
UNIT_LENGTH: Final = 30
PRICE_STEP: Final = Decimal(1).scaleb(-8)


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
    """Round each component's charge once, the tax once per rate, and share both out to the lines.

    A charge of several rows (tiers, minimum, maximum) is rounded as a whole. `charges` come with their contract, its
    plan and their component, the rows of one charge together. What contracts on the prepaid balance contribute is
    `prepaid_minor`; corrections below zero never make it more than the total or less than nothing.
    """
    nets = [
        (net_minor, charge.vat_rate)
        for _key, rows in groupby(charges, key=whole_of)
        for charge, net_minor in round_charge(list(rows), currency=currency)
    ]
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


def whole_of(charge: Charge) -> tuple[object, ...]:
    """What the rows of one charge have in common. A credit's rows stand alone: each has a VAT rate of its own."""
    alone = charge.row if charge.component is None else ""
    return charge.contract_id, charge.component_id, charge.period_start_date, charge.revision, alone


def round_charge(rows: Sequence[Charge], *, currency: str) -> list[tuple[Charge, int]]:
    """The rows of one charge with their share of its rounded amount."""
    return list(zip(rows, money.round_lines([row.amount for row in rows], currency=currency), strict=True))


def shown_price(*, charge: Charge) -> Decimal:
    """The unit price as the line keeps it; one that is a difference of amounts is cut to the decimals of a price."""
    return charge.unit_price.quantize(PRICE_STEP, rounding=ROUND_HALF_UP)


def shown_unit(*, charge: Charge) -> str:
    """What the quantity of a line counts: units, packages of them, or nothing where it is an amount of its own."""
    component, part = charge.component, charge.explanation.get("part", tiers.UNITS)
    if component is None:
        return ""
    if part == tiers.PACKAGES:
        return words.name_package(size=component.package_size, unit=component.unit)[:UNIT_LENGTH]
    if part in (tiers.MINIMUM, tiers.MAXIMUM, tiers.EXIT_FEE) or (
        part == tiers.FLAT_PART and charge.explanation.get("tier")
    ):
        return ""
    return component.unit


def describe(*, charge: Charge) -> str:
    """What a line is for, in the language of the contracts: offering, plan, component, tier, month, revision."""
    contract = charge.contract
    part = _name_part(charge)
    revision = f" R{charge.revision}" if charge.revision else ""
    of = [
        contract.plan.name,
        charge.component.name if charge.component else _name_credit(charge),
        *([part] if part else []),
        str(Month.of_date(charge.period_start_date)),
    ]
    rest = "".join(f" · {one}" for one in of) + revision
    return contract.offering_title[: DESCRIPTION_LENGTH - len(rest)] + rest


def _name_part(charge: Charge) -> str:
    """The tier or part of the price that a row is for; "" for a plain price."""
    why = charge.explanation
    if charge.component is None or "part" not in why:
        return ""
    with translation.override(settings.LANGUAGE_CODE):
        return words.name_part(
            part=why["part"],
            tier=why["tier"],
            above=Decimal(why["above"]),
            up_to=None if why["up_to"] is None else Decimal(why["up_to"]),
            unit=charge.component.unit,
        )


def _name_credit(charge: Charge) -> str:
    """A credit's line says what was reached, promised and granted."""
    why = charge.explanation
    with translation.override(settings.LANGUAGE_CODE):
        return _("Service level credit %(percent)s %% (availability %(reached)s %%, promised %(promised)s %%)") % {
            "percent": why["percent"],
            "reached": f"{availability.show(Decimal(why['availability'])):f}",
            "promised": why["promised"],
        }
