"""Rated months, written straight into the tables: what invoicing reads, without walking the river."""

from datetime import UTC, date, datetime
from decimal import Decimal

from billing.contracts.models import Contract
from billing.invoicing import operations as invoicing
from billing.invoicing.models import Invoice
from billing.rating.models import Charge, RatedPeriod
from billing.rules.periods import Month
from tests import factories

OCTOBER = Month(2026, 10)
RATED_AT = factories.PLACED_AT
ISSUED_AT = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def charge(
    contract: Contract,
    amount: str,
    *,
    code: str = "c0",
    month: Month = OCTOBER,
    revision: int = 0,
    quantity: str = "1",
    rated_at: datetime = RATED_AT,
) -> Charge:
    """A charge of a component of the contract's plan, in yuan without tax, unrounded."""
    component = contract.plan.components.get(code=code)
    return Charge.objects.create(
        contract=contract,
        component=component,
        period_start_date=month.first_date,
        revision=revision,
        quantity=Decimal(quantity),
        unit_price=component.unit_price,
        amount=Decimal(amount),
        vat_rate=component.vat_rate,
        explanation={
            "formula": f"{quantity} × {component.unit_price.normalize():f} = {amount}",
            "kind": component.kind,
            "unit": component.unit,
            "unit_price": f"{component.unit_price.normalize():f}",
            "quantity": quantity,
            "amount": amount,
        },
        rated_at=rated_at,
    )


def rated(contract: Contract, *, month: Month = OCTOBER) -> None:
    """Mark a contract's month as rated."""
    RatedPeriod.objects.create(contract=contract, period_start_date=month.first_date, usage_batch=0, rated_at=RATED_AT)


def rated_contract(amount: str = "212.70", *, month: Month = OCTOBER, start: date | None = None, **fields) -> Contract:
    """A contract on the plan by the month with one rated charge; `buyer` and `product` may be given."""
    buyer = fields.pop("buyer", None) or factories.foods()
    product = fields.pop("product", None) or factories.offering(factories.data_centre(factories.hongshan()))
    made = factories.contract(buyer, product, start=start or month.first_date, **fields)
    charge(made, amount, month=month)
    rated(made, month=month)
    return made


def issued_invoice(amount: str = "100", **fields) -> Invoice:
    """The invoice of October with one line of `amount` without tax (6 % on top)."""
    contract = rated_contract(amount, **fields)
    factories.platform()
    invoicing.issue_due(now=ISSUED_AT, limit=10)
    return Invoice.objects.get(buyer=contract.buyer, provider=contract.provider)
