"""Writes of the matching desk: a person says what a line pays, or takes it back.

Lock order: the line, then the invoices' balances by their ids, then the wallet. The line's own CHECK refuses to
spend it twice, and a payment has one reversal.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.invoicing.models import InvoiceBalance
from billing.ledger import operations as ledger
from billing.payments import allocation
from billing.payments import operations as payments
from billing.payments.models import Payment, PaymentAllocation, PaymentReversal
from billing.payments.statements import matching
from billing.payments.statements.models import KnownPayer, LineMatch, StatementLine
from billing.payments.statements.writing import Match, write_matches
from billing.rules.money import Money
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations
from marketplace.organisations import queries as organisation_queries
from marketplace.organisations.models import Organisation

SPENT_TWICE: Final = ("statement_line_matched_within_amount", "payment_reference_unique")


class NoSuchLine(errors.NotFound):
    """No line of a statement with this id, or no payment that was matched from one."""


class InvalidMatch(errors.Refused):
    """What a line is to pay is not above zero, is in another currency, or is no open invoice."""


class OverLine(errors.Conflict):
    """More is to be paid than is left of the line: somebody else may have matched it."""


class AlreadyReversed(errors.Conflict):
    """The match was taken back before."""


class SpentAlready(errors.Conflict):
    """The money of the match was refunded, or spent from the balance."""


@transaction.atomic
def match_line(
    *,
    line_id: int,
    invoices: Mapping[str, int],
    top_up_of: int | None = None,
    top_up_minor: int = 0,
    actor: actors.Actor,
    now: datetime,
) -> list[str]:
    """Let a line pay invoices (number → minor units), and top up a buyer's balance by `top_up_minor`.

    What is left of the line stays on suspense. The payer's account is learned. Returns the payments' numbers.
    Raises NoSuchLine, InvalidMatch, OverLine.
    """
    line = lock_line(line_id=line_id)
    total = sum(invoices.values()) + top_up_minor
    if total <= 0 or any(amount <= 0 for amount in invoices.values()) or top_up_minor < 0:
        raise InvalidMatch(_("Enter an amount above zero for what the line pays."), field="amount")
    if total > line.open_minor:
        raise OverLine(
            _("Only %(open)s is left of this line, but %(total)s is to be paid. Look at its matches again.")
            % {"open": Money(line.open_minor, line.currency), "total": Money(total, line.currency)},
            field="amount",
        )
    matches = [_match(line, balance, invoices) for balance in _lock_balances(line, invoices)]
    if top_up_minor:
        if not Organisation.objects.filter(pk=top_up_of or 0, side=Organisation.Side.BUYER).exists():
            raise payments.NotABuyer(_("Choose a buyer: only buyers have a prepaid balance."), field="buyer")
        matches.append(Match(line, None, int(top_up_of or 0), top_up_minor, LineMatch.Reason.PERSON))
    try:
        with transaction.atomic():
            numbers = write_matches(matches=matches, actor_id=actor.user_id, now=now)
    except IntegrityError as error:
        if not any(name in str(error) for name in SPENT_TWICE):
            raise
        raise OverLine(_("Somebody else has matched this line. Look at its matches again.")) from error
    _learn(line, {match.buyer_id for match in matches}, now=now)
    organisations.record(
        actor=actor,
        action="statement_line.matched",
        object_type="statement_line",
        object_id=line.reference,
        now=now,
        details={"payments": numbers, "amount_minor": total, "currency": line.currency},
    )
    return numbers


def _match(line: StatementLine, balance: InvoiceBalance, invoices: Mapping[str, int]) -> Match:
    amount_minor = invoices[balance.invoice.number]
    if amount_minor > balance.open_minor:
        raise InvalidMatch(
            _("Only %(open)s is open on invoice %(number)s.")
            % {
                "open": Money(balance.open_minor, line.currency),
                "number": balance.invoice.number,
            },
            field="amount",
        )
    return Match(line, balance, balance.invoice.buyer_id, amount_minor, LineMatch.Reason.PERSON)


def _lock_balances(line: StatementLine, invoices: Mapping[str, int]) -> list[InvoiceBalance]:
    balances = list(
        InvoiceBalance.objects.select_for_update(of=("self",))
        .select_related("invoice")
        .filter(invoice__number__in=list(invoices), invoice__currency=line.currency)
        .order_by("invoice_id")
    )
    missing = invoices.keys() - {balance.invoice.number for balance in balances}
    if missing:
        raise InvalidMatch(
            _("There is no invoice %(number)s in %(currency)s.")
            % {"number": ", ".join(sorted(missing)), "currency": line.currency},
            field="invoice",
        )
    return balances


def lock_line(*, line_id: int) -> StatementLine:
    """The line, locked until the commit; before any invoice. Raises NoSuchLine."""
    line = StatementLine.objects.select_for_update().filter(pk=line_id).first()
    if line is None:
        raise NoSuchLine(_("There is no such line."))
    return line


def _learn(line: StatementLine, buyers: set[int], *, now: datetime) -> None:
    """Remember whose account the money came from, if one buyer was paid for."""
    if line.payer_account and len(buyers) == 1:
        payer = KnownPayer(
            organisation_id=buyers.pop(), account=line.payer_account, name=line.payer_name, learned_at=now
        )
        KnownPayer.objects.bulk_create([payer], ignore_conflicts=True)


@transaction.atomic
def reverse_match(*, payment_number: str, reason: str, actor: actors.Actor, now: datetime) -> PaymentReversal:
    """Take a match back by a new entry: the invoice is open again, the money waits on suspense.

    Raises NoSuchLine, InvalidMatch (field `reason`), AlreadyReversed, SpentAlready.
    """
    reason = errors.check_reason(reason, refusal=InvalidMatch)
    match = LineMatch.objects.select_related("payment").filter(payment__number=payment_number).first()
    if match is None:
        raise NoSuchLine(_("No line of a statement was matched to payment %(number)s.") % {"number": payment_number})
    payment, line = match.payment, lock_line(line_id=match.line_id)
    reversal, is_new = PaymentReversal.objects.get_or_create(
        payment=payment, defaults={"reason": reason, "reversed_at": now, "reversed_by_id": actor.user_id}
    )
    if not is_new:
        raise AlreadyReversed(_("Payment %(number)s was taken back before.") % {"number": payment.number})
    kind = _undo(payment, now=now)
    platform_id = organisation_queries.get_platform().pk
    amount = Money(payment.amount_minor, payment.currency)
    ledger.post(
        business_key=f"reversal:{payment.number}",
        lines=[ledger.Line(kind, payment.organisation_id, amount), ledger.Line("suspense", platform_id, -amount)],
        description=f"{payment.number}: {reason}",
        now=now,
    )
    line.matched_minor -= payment.amount_minor
    line.status = StatementLine.Status.PARTLY if line.matched_minor else StatementLine.Status.UNMATCHED
    line.save(update_fields=["matched_minor", "status"])
    if payment.match.reason == LineMatch.Reason.PERSON and line.payer_account:
        KnownPayer.objects.filter(organisation_id=payment.organisation_id, account=line.payer_account).delete()
    organisations.record(
        actor=actor,
        action="payment.reversed",
        object_type="payment",
        object_id=payment.number,
        now=now,
        details={"reason": reason, "line": line.reference, "amount_minor": payment.amount_minor},
    )
    return reversal


def _undo(payment: Payment, *, now: datetime) -> str:
    """Take back what the payment did; the kind of account that it had credited."""
    if payment.purpose == Payment.Purpose.TOP_UP:
        wallet = payments.lock_wallet(organisation_id=payment.organisation_id, currency=payment.currency)
        if wallet.balance_minor < payment.amount_minor:
            raise SpentAlready(_("The balance has been spent: only what is left of it can be taken back."))
        wallet.balance_minor -= payment.amount_minor
        wallet.save(update_fields=["balance_minor"])
        return "buyer_balance"
    for one in payment.allocations.filter(kind=PaymentAllocation.Kind.PAYMENT).order_by("invoice_id"):
        balance = payments.lock_invoice_balance(invoice_id=one.invoice_id)
        if balance.refunded_minor or balance.credited_minor or balance.written_off_minor:
            raise SpentAlready(
                _("Invoice %(number)s was credited, written off or paid back meanwhile. Refund the buyer instead.")
                % {"number": balance.invoice.number}
            )
        allocation.take_back(allocation=one, balance=balance, kind=PaymentAllocation.Kind.REVERSAL, taken_at=now)
    return "receivable"


@transaction.atomic
def match_waiting(*, actor: actors.Actor, now: datetime, limit: int = 10_000) -> int:
    """Try the lines that wait once more, as after new invoices. Returns how many were matched."""
    waiting = StatementLine.objects.filter(status__in=[StatementLine.Status.UNMATCHED, StatementLine.Status.PARTLY])
    ids = list(waiting.order_by("booked_date", "id").values_list("id", flat=True)[:limit])
    matches = matching.match_lines(line_ids=ids, now=now)
    count = len({match.line.pk for match in matches})
    if count:
        organisations.record(
            actor=actor,
            action="statement_lines.matched",
            object_type="statement_line",
            object_id="",
            now=now,
            details={"lines": count},
        )
    return count
