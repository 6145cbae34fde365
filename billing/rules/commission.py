"""What the platform keeps of the money it collected for a provider."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from billing.rules import decimals, money, tax


@dataclass(frozen=True, slots=True)
class Commission:
    """All in minor units; gross = commission + VAT on the commission + net, always."""

    gross_minor: int
    commission_minor: int
    vat_minor: int
    net_minor: int

    def __post_init__(self) -> None:
        if self.gross_minor != self.commission_minor + self.vat_minor + self.net_minor:
            raise ValueError("gross_minor must equal commission_minor + vat_minor + net_minor.")


def settle(gross_minor: int, *, commission_rate: Decimal, commission_vat_rate: Decimal, currency: str) -> Commission:
    """Divide `gross_minor` between the platform and the provider.

    The base is the amount that was collected from the buyer, *including* the VAT the
    provider charged. Commission = base × rate, half up. VAT is charged on top of that
    rounded commission, half up. The provider gets the rest. A refund is a negative
    base and gives exactly the opposite of the payment.
    """
    amount = money.Money(gross_minor, currency).amount_minor
    rate = tax.require_rate(commission_rate, name="commission_rate")
    vat_rate = tax.require_rate(commission_vat_rate, name="commission_vat_rate")
    commission = decimals.half_up(decimals.multiply(Decimal(amount), rate))
    vat = decimals.half_up(decimals.multiply(Decimal(commission), vat_rate))
    return Commission(amount, commission, vat, amount - commission - vat)
