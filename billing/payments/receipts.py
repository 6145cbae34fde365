"""Writes: money that a payment service has captured, and what a buyer pays from the prepaid balance at once.

What was captured is ours, whatever became of the invoice meanwhile: it pays the invoice if it fits into what is open;
else all of it goes to the buyer's balance and the invoice takes from there what it can. Lock order as in `operations`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing.models import InvoiceBalance
from billing.payments import allocation, operations, queries
from billing.payments.models import Payment
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.organisations import queries as organisations


class NothingToPay(errors.Conflict):
    """The invoice is paid, or the balance is empty."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What a service took. `reference` is unique at the service and in its mode."""

    gateway: str
    reference: str
    organisation_id: int
    invoice_id: int | None
    amount: Money
    received_at: datetime


@transaction.atomic
def take_in(*, captured: Captured, now: datetime) -> Payment:
    """Enter what a service captured, once. The same reference again changes nothing and gives the first payment.

    Raises ReferenceUsed if the reference stands on another payment: then nothing is done and a person must look.
    """
    former = Payment.objects.filter(gateway=captured.gateway, reference=captured.reference).first()
    if former:
        return _require_same(former, captured)
    balance = None
    if captured.invoice_id is not None:
        balance = operations.lock_invoice_balance(invoice_id=captured.invoice_id)
    fits = balance if balance is not None and captured.amount.amount_minor <= balance.open_minor else None
    payment, is_new = operations.enter(
        gateway=captured.gateway,
        purpose=Payment.Purpose.INVOICE if fits else Payment.Purpose.TOP_UP,
        reference=captured.reference,
        organisation_id=captured.organisation_id,
        amount=captured.amount,
        received_at=captured.received_at,
        actor=actors.SYSTEM,
        now=now,
    )
    if not is_new:
        return payment
    owner, platform = captured.organisation_id, organisations.get_platform().pk
    clearing = (f"{captured.gateway}_clearing", platform)
    if fits:
        allocation.allocate(payment=payment, balance=fits, collected_at=now)
        operations.post_payment(payment=payment, debit=clearing, credit=("receivable", owner), now=now)
    else:
        wallet = operations.lock_wallet(organisation_id=owner, currency=captured.amount.currency)
        wallet.balance_minor += captured.amount.amount_minor
        wallet.save(update_fields=["balance_minor"])
        operations.post_payment(payment=payment, debit=clearing, credit=("buyer_balance", owner), now=now)
        if balance is not None and balance.open_minor:
            _draw(balance=balance, most_minor=captured.amount.amount_minor, actor=actors.SYSTEM, now=now)
    number = balance.invoice.number if balance is not None else ""
    operations.record_payment(payment=payment, action="payment.captured", actor=actors.SYSTEM, now=now, invoice=number)
    return payment


@transaction.atomic
def pay_from_balance(*, invoice_id: int, actor: actors.Actor, now: datetime) -> Payment:
    """Pay what is open of an invoice from the buyer's balance, as far as it reaches. Raises NothingToPay."""
    balance = operations.lock_invoice_balance(invoice_id=invoice_id)
    payment = _draw(balance=balance, most_minor=balance.total_minor, actor=actor, now=now)
    if payment is None:
        raise NothingToPay(_("Nothing was taken: the invoice is paid, or the balance is empty."))
    return payment


def _draw(*, balance: InvoiceBalance, most_minor: int, actor: actors.Actor, now: datetime) -> Payment | None:
    invoice = balance.invoice
    wallet = operations.lock_wallet(organisation_id=invoice.buyer_id, currency=invoice.currency)
    amount_minor = min(balance.open_minor, wallet.balance_minor, most_minor)
    if amount_minor <= 0:
        return None
    drawn = queries.drawn_minor(invoice_id=invoice.pk)
    return operations.draw(
        balance=balance, wallet=wallet, amount_minor=amount_minor, times=drawn.times, actor=actor, now=now
    )


def _require_same(former: Payment, captured: Captured) -> Payment:
    if (former.organisation_id, former.amount_minor, former.currency) != (
        captured.organisation_id,
        captured.amount.amount_minor,
        captured.amount.currency,
    ):
        raise operations.ReferenceUsed(
            _("The reference %(reference)s stands on payment %(number)s already, with another amount or buyer.")
            % {"reference": captured.reference, "number": former.number}
        )
    return former
