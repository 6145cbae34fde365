"""Writes: money that came in, and what it paid.

Lock order, in every operation: the payment's reference (its unique constraint makes a second writer wait), then
the invoice's balance, then the wallet.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing.models import InvoiceBalance
from billing.ledger import operations as ledger
from billing.payments import allocation, queries
from billing.payments.models import BankReference, Payment, Wallet
from billing.rules import money
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries
from marketplace.organisations.models import Organisation

LONGEST_REFERENCE: Final = 80


class InvalidAmount(errors.Refused):
    """An amount is not above zero, or not in the currency that is owed."""


class InvalidReference(errors.Refused):
    """A bank reference is empty or too long."""


class NotReceivedYet(errors.Refused):
    """The date of receipt lies in the future."""


class NotABuyer(errors.Refused):
    """Only buyers have a prepaid balance."""


class OverOpenAmount(errors.Refused):
    """A transfer is more than what is open on its invoice."""


class ReferenceUsed(errors.Conflict):
    """The bank reference belongs to another receipt already."""


class NoSuchInvoice(errors.NotFound):
    """No invoice of this number."""


@transaction.atomic
def record_top_up(
    *,
    organisation_id: int,
    amount: Money,
    bank_reference: str,
    received_at: datetime,
    actor: actors.Actor,
    now: datetime,
) -> Payment:
    """Add a bank receipt to a buyer's prepaid balance. The same receipt again changes nothing and gives the first.

    Raises InvalidAmount, InvalidReference, NotReceivedYet, NotABuyer, or ReferenceUsed for another receipt.
    """
    reference = _check_receipt(amount=amount, bank_reference=bank_reference, received_at=received_at, now=now)
    if not Organisation.objects.filter(pk=organisation_id, side=Organisation.Side.BUYER).exists():
        raise NotABuyer(_("Choose a buyer: only buyers have a prepaid balance."), field="organisation")
    payment, is_new = enter(
        gateway=Payment.Gateway.BANK,
        purpose=Payment.Purpose.TOP_UP,
        reference=reference,
        organisation_id=organisation_id,
        amount=amount,
        received_at=received_at,
        actor=actor,
        now=now,
    )
    if not is_new:
        return payment
    wallet = lock_wallet(organisation_id=organisation_id, currency=amount.currency)
    wallet.balance_minor += amount.amount_minor
    wallet.save(update_fields=["balance_minor"])
    platform = organisation_queries.get_platform()
    post_payment(
        payment=payment, debit=("bank_client_money", platform.pk), credit=("buyer_balance", organisation_id), now=now
    )
    record_payment(payment=payment, action="payment.topped_up", actor=actor, now=now)
    return payment


@transaction.atomic
def confirm_bank_transfer(
    *,
    invoice_number: str,
    amount: Money,
    bank_reference: str,
    received_at: datetime,
    actor: actors.Actor,
    now: datetime,
) -> Payment:
    """Record a bank receipt that pays an invoice, all of it or a part. The same receipt again gives the first.

    Raises NoSuchInvoice, InvalidAmount, InvalidReference, NotReceivedYet, OverOpenAmount, or ReferenceUsed.
    """
    reference = _check_receipt(amount=amount, bank_reference=bank_reference, received_at=received_at, now=now)
    found = InvoiceBalance.objects.select_related("invoice").filter(invoice__number=invoice_number).first()
    if found is None:
        raise NoSuchInvoice(_("There is no invoice %(number)s.") % {"number": invoice_number})
    invoice = found.invoice
    if amount.currency != invoice.currency:
        raise InvalidAmount(_("This invoice is in %(currency)s.") % {"currency": invoice.currency}, field="amount")
    payment, is_new = enter(
        gateway=Payment.Gateway.BANK,
        purpose=Payment.Purpose.INVOICE,
        reference=reference,
        organisation_id=invoice.buyer_id,
        amount=amount,
        received_at=received_at,
        actor=actor,
        now=now,
        is_same=lambda former: former.allocations.filter(invoice=invoice).exists(),
    )
    if not is_new:
        return payment
    balance = lock_invoice_balance(invoice_id=invoice.pk)
    open_amount = Money(balance.open_minor, invoice.currency)
    if amount > open_amount:
        raise OverOpenAmount(
            _("Only %(amount)s is open on this invoice. Record that much here and the rest as a top-up.")
            % {"amount": open_amount},
            field="amount",
        )
    allocation.allocate(payment=payment, balance=balance, collected_at=received_at)
    platform = organisation_queries.get_platform()
    post_payment(
        payment=payment, debit=("bank_client_money", platform.pk), credit=("receivable", invoice.buyer_id), now=now
    )
    record_payment(payment=payment, action="payment.confirmed", actor=actor, now=now, invoice=invoice.number)
    return payment


def collect_due(*, now: datetime, limit: int) -> int:
    """Draw what invoices may take from prepaid balances, up to `limit` invoices, the oldest first.

    An invoice takes what its contracts on the balance ask for, as far as it is open and the balance reaches.
    Returns how many were drawn for. Each is a transaction of its own; an invoice that someone holds is left for
    the next run.
    """
    return sum(_draw(invoice_id=invoice_id, now=now) for invoice_id in queries.find_drawable(limit=limit))


@transaction.atomic
def _draw(*, invoice_id: int, now: datetime) -> bool:
    balance = lock_invoice_balance(invoice_id=invoice_id, skip_locked=True)
    if balance is None:
        return False
    invoice = balance.invoice
    drawn = queries.drawn_minor(invoice_id=invoice_id)
    disputed = allocation.disputed_minor(balance=balance)
    wallet = lock_wallet(organisation_id=invoice.buyer_id, currency=invoice.currency)
    amount_minor = min(invoice.prepaid_minor - drawn.amount_minor, balance.open_minor - disputed, wallet.balance_minor)
    if amount_minor <= 0:
        return False
    draw(balance=balance, wallet=wallet, amount_minor=amount_minor, times=drawn.times, actor=actors.VISITOR, now=now)
    return True


def draw(
    *, balance: InvoiceBalance, wallet: Wallet, amount_minor: int, times: int, actor: actors.Actor, now: datetime
) -> Payment:
    """Pay a part of an invoice from a wallet; both are locked and hold as much. `times` is how often it drew before."""
    invoice = balance.invoice
    payment, _is_new = enter(
        gateway=Payment.Gateway.BALANCE,
        purpose=Payment.Purpose.INVOICE,
        reference=f"{invoice.number}/{times + 1}",
        organisation_id=invoice.buyer_id,
        amount=Money(amount_minor, invoice.currency),
        received_at=now,
        actor=actor,
        now=now,
    )
    allocation.allocate(payment=payment, balance=balance, collected_at=now)
    wallet.balance_minor -= amount_minor
    wallet.save(update_fields=["balance_minor"])
    post_payment(
        payment=payment, debit=("buyer_balance", invoice.buyer_id), credit=("receivable", invoice.buyer_id), now=now
    )
    record_payment(payment=payment, action="payment.drawn", actor=actor, now=now, invoice=invoice.number)
    return payment


def lock_invoice_balance(*, invoice_id: int, skip_locked: bool = False) -> Any:
    """The invoice's balance with its invoice, locked until the commit; None only if skipped. Before any wallet."""
    balances = InvoiceBalance.objects.select_for_update(of=("self",), skip_locked=skip_locked)
    return balances.select_related("invoice").filter(invoice_id=invoice_id).first()


def lock_wallet(*, organisation_id: int, currency: str) -> Wallet:
    """A buyer's wallet, opened if it has none, locked until the commit. After any invoice balance."""
    Wallet.objects.bulk_create([Wallet(organisation_id=organisation_id, currency=currency)], ignore_conflicts=True)
    return Wallet.objects.select_for_update().get(organisation_id=organisation_id, currency=currency)


def _check_receipt(*, amount: Money, bank_reference: str, received_at: datetime, now: datetime) -> str:
    """The reference as it is kept: what a bank prints has no meaning in its blanks."""
    reference = "".join(bank_reference.split())
    if amount.amount_minor <= 0:
        raise InvalidAmount(_("Enter an amount above zero."), field="amount")
    if not reference:
        raise InvalidReference(_("Enter the bank's reference of the transfer."), field="bank_reference")
    if len(reference) > LONGEST_REFERENCE:
        raise InvalidReference(
            _("The bank reference has at most %(count)s characters.") % {"count": LONGEST_REFERENCE},
            field="bank_reference",
        )
    if received_at > now:
        raise NotReceivedYet(
            _("The date of receipt lies in the future. Enter the day of the bank statement."), field="received_at"
        )
    return reference


def enter(
    *,
    gateway: str,
    purpose: str,
    reference: str,
    organisation_id: int,
    amount: Money,
    received_at: datetime,
    actor: actors.Actor,
    now: datetime,
    is_same: Callable[[Payment], bool] = lambda former: True,
) -> tuple[Payment, bool]:
    """Enter a payment under its reference, once: (payment, True), or (the one entered before, False).

    The unique constraint decides; a second writer waits for the first. Raises ReferenceUsed if the payment that
    has the reference is another one.
    """
    if gateway == Payment.Gateway.BANK:
        _claim_reference(reference)
    payment, is_new = Payment.objects.get_or_create(
        gateway=gateway,
        reference=reference,
        defaults={
            "number": organisations.random_number(prefix="SK"),
            "purpose": purpose,
            "organisation_id": organisation_id,
            "amount_minor": amount.amount_minor,
            "currency": amount.currency,
            "received_at": received_at,
            "recorded_at": now,
            "recorded_by_id": actor.user_id,
        },
    )
    same = (payment.purpose, payment.organisation_id, payment.amount_minor, payment.currency, payment.received_at) == (
        purpose,
        organisation_id,
        amount.amount_minor,
        amount.currency,
        received_at,
    )
    if not is_new and not (same and is_same(payment)):
        raise ReferenceUsed(
            _("The bank reference %(reference)s belongs to payment %(number)s already. Check the bank statement.")
            % {"reference": reference, "number": payment.number},
            field="bank_reference",
        )
    return payment, is_new


def _claim_reference(reference: str) -> None:
    """Make the bank's reference ours to enter by hand. Raises ReferenceUsed if a statement has brought it."""
    claims = [BankReference(reference=reference)]
    BankReference.objects.bulk_create(claims, ignore_conflicts=True)  # waits for whoever enters it now
    account = BankReference.objects.values_list("statement_account", flat=True).get(reference=reference)
    if account:
        raise ReferenceUsed(
            _("The bank reference %(reference)s came with the statement of account %(account)s: match it there.")
            % {"reference": reference, "account": account},
            field="bank_reference",
        )


def post_payment(*, payment: Payment, debit: tuple[str, int], credit: tuple[str, int], now: datetime) -> None:
    """Post a payment to the ledger, under its number."""
    amount = money.Money(payment.amount_minor, payment.currency)
    ledger.post(
        business_key=f"payment:{payment.number}",
        lines=[ledger.Line(*debit, amount), ledger.Line(*credit, -amount)],
        description=f"{payment.number} {payment.reference}",
        now=now,
    )


def record_payment(*, payment: Payment, action: str, actor: actors.Actor, now: datetime, invoice: str = "") -> None:
    """Write the audit row of a payment."""
    organisations.record(
        actor=actor,
        action=action,
        object_type="payment",
        object_id=payment.number,
        now=now,
        details={
            "organisation": payment.organisation_id,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "reference": payment.reference,
        }
        | ({"invoice": invoice} if invoice else {}),
    )
