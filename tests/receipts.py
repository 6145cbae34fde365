"""Money that came in, written straight into the tables: what settlement reads, without walking the river."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction

from billing.contracts.models import Contract
from billing.invoicing.models import Invoice, InvoiceBalance, InvoiceLine
from billing.payments.models import LineCollection, Payment, PaymentAllocation
from billing.rating.models import Charge
from billing.rules import money, periods
from marketplace.organisations import operations
from tests import factories

ISSUED_AT = datetime(2026, 10, 3, 1, 0, tzinfo=UTC)
COLLECTED_AT = datetime(2026, 10, 15, 2, 30, tzinfo=UTC)
_serial = itertools.count(1)


@transaction.atomic
def invoice(lines: Sequence[tuple[Contract, int]], *, issued_at: datetime = ISSUED_AT) -> Invoice:
    """An issued invoice of one buyer to one provider: a line per contract with its gross (6 % VAT inside).

    The first is September's; each further one of the same two is a month older, as there is one a month.
    """
    earlier = Invoice.objects.filter(buyer=lines[0][0].buyer, provider=lines[0][0].provider).count()
    month = periods.add_months(date(2026, 9, 1), -earlier)
    first, issuer, number = lines[0][0], factories.platform(), next(_serial)
    parties = {"buyer": first.buyer, "provider": first.provider, "currency": first.currency}
    while Invoice.objects.filter(period_start_date=month, **parties).exists():
        month = periods.add_months(month, -1)  # a buyer has one invoice per provider and month
    shares = [(contract, *money.split(gross, [100, 6])) for contract, gross in lines]
    net, tax = sum(part[1] for part in shares), sum(part[2] for part in shares)
    made = Invoice.objects.create(
        number=f"FP-2026-{number:06d}",
        issuer=issuer,
        buyer=first.buyer,
        provider=first.provider,
        buyer_name=first.buyer.name,
        buyer_uscc=first.buyer.uscc,
        issuer_name=issuer.name,
        issuer_uscc=issuer.uscc,
        period_start_date=month,
        currency=first.currency,
        net_minor=net,
        tax_minor=tax,
        total_minor=net + tax,
        issued_at=issued_at,
        due_date=periods.civil_date(issued_at),
    )
    InvoiceBalance.objects.create(invoice=made, total_minor=net + tax)
    for position, (contract, line_net, line_tax) in enumerate(shares, start=1):
        _line(made, contract, line_net, line_tax, position=position)
    return made


def _line(made: Invoice, contract: Contract, net: int, tax: int, *, position: int) -> None:
    charge = Charge.objects.create(
        contract=contract,
        component=contract.plan.components.first(),
        period_start_date=made.period_start_date,
        revision=next(_serial),
        quantity=Decimal(1),
        unit_price=Decimal(net).scaleb(-2),
        amount=Decimal(net).scaleb(-2),
        vat_rate=Decimal("0.06"),
        rated_at=made.issued_at,
    )
    InvoiceLine.objects.create(
        invoice=made,
        charge=charge,
        contract=contract,
        description=contract.offering_title,
        unit="台·月",
        quantity=Decimal(1),
        unit_price=Decimal(net).scaleb(-2),
        vat_rate=Decimal("0.06"),
        net_minor=net,
        tax_minor=tax,
        position=position,
    )


@transaction.atomic
def pay(made: Invoice, amount_minor: int | None = None, *, at: datetime = COLLECTED_AT) -> Payment:
    """A bank receipt for the invoice, all of what is open or a part, spread over its lines."""
    balance = InvoiceBalance.objects.select_for_update().get(invoice=made)
    amount = balance.total_minor - balance.paid_minor if amount_minor is None else amount_minor
    payment = Payment.objects.create(
        number=operations.random_number(prefix="SK"),
        organisation=made.buyer,
        gateway="bank",
        purpose="invoice",
        reference=f"bank-{next(_serial)}",
        amount_minor=amount,
        currency=made.currency,
        received_at=at,
        recorded_at=at,
    )
    allocation = PaymentAllocation.objects.create(payment=payment, invoice=made, amount_minor=amount)
    lines = list(made.lines.all())
    open_minor = [line.gross_minor - sum(line.collections.values_list("amount_minor", flat=True)) for line in lines]
    for line, share in zip(lines, money.split(amount, open_minor), strict=True):
        if share:
            LineCollection.objects.create(allocation=allocation, line=line, amount_minor=share, collected_at=at)
    balance.paid_minor += amount
    balance.status = "paid" if balance.paid_minor == balance.total_minor else "partly_paid"
    balance.save()
    return payment


def collect(contract: Contract, gross_minor: int, *, at: datetime = COLLECTED_AT) -> Invoice:
    """An invoice of one line, paid in full."""
    made = invoice([(contract, gross_minor)])
    pay(made, at=at)
    return made
