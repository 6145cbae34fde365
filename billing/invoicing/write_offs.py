"""Writes: what is open of an invoice is given up as lost, by two people. The provider bears it: it is settled from
what was collected (docs/adr/0005)."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.invoicing import crediting
from billing.invoicing.models import WriteOff
from billing.rules import money
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations


class NoSuchWriteOff(errors.NotFound):
    """No write-off under this id."""


class NothingOpen(errors.Refused):
    """Nothing is open of the invoice, or not what was proposed."""


class InvalidReason(errors.Refused):
    """The reason is missing or too long."""


class ProposedAlready(errors.Conflict):
    """A write-off of this invoice waits for its approval, or is done."""


class DecidedAlready(errors.Conflict):
    """The write-off is decided."""


class OneAndTheSame(errors.Conflict):
    """Who proposed it cannot approve it."""


@transaction.atomic
def propose(*, invoice_number: str, reason: str, actor: actors.Actor, now: datetime) -> WriteOff:
    """Propose to give up all that is open of an invoice. Needs `write_offs.decide`.

    Raises crediting.NoSuchInvoice, NothingOpen, InvalidReason or ProposedAlready.
    """
    actor.require("write_offs.decide")
    if actor.user_id is None:
        raise ValueError("Only a person gives an invoice up.")
    reason = errors.check_reason(reason, refusal=InvalidReason)
    balance = crediting.lock_balance(invoice_number=invoice_number)
    if not balance.open_minor:
        raise NothingOpen(_("Nothing is open of invoice %(number)s.") % {"number": invoice_number})
    try:
        with transaction.atomic():
            made = WriteOff.objects.create(
                invoice=balance.invoice,
                amount_minor=balance.open_minor,
                reason=reason,
                proposed_at=now,
                proposed_by_id=actor.user_id,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "write_off_once"):
            raise
        raise ProposedAlready(_("A write-off of this invoice is proposed or done already.")) from error
    _record(made, "write_off.proposed", actor=actor, now=now)
    return made


@transaction.atomic
def approve(*, write_off_id: int, actor: actors.Actor, now: datetime) -> WriteOff:
    """Write it off: another person than the one who proposed it. What was paid meanwhile makes it refused.

    Needs `write_offs.decide`. Raises NoSuchWriteOff, DecidedAlready, OneAndTheSame or NothingOpen.
    """
    actor.require("write_offs.decide")
    made, balance = _lock(write_off_id)
    if made.proposed_by_id == actor.user_id:
        raise OneAndTheSame(_("You proposed this write-off. Another person of finance has to approve it."))
    if balance.open_minor != made.amount_minor:
        raise NothingOpen(
            _("%(open)s is open now, not what was proposed. Refuse this write-off and propose a new one.")
            % {"open": money.Money(balance.open_minor, balance.invoice.currency)}
        )
    balance.written_off_minor += made.amount_minor
    balance.tell_status()
    balance.save(update_fields=["written_off_minor", "status"])
    _decide(made, WriteOff.State.APPROVED, actor=actor, now=now)
    invoice = balance.invoice
    crediting.ask_for_less(
        invoice=invoice,
        amount_minor=made.amount_minor,
        business_key=f"write_off:{invoice.number}",
        description=f"Write-off {invoice.number}",
        now=now,
    )
    return made


@transaction.atomic
def refuse(*, write_off_id: int, actor: actors.Actor, now: datetime) -> WriteOff:
    """Keep asking for it. Needs `write_offs.decide`; who proposed it may take it back so."""
    actor.require("write_offs.decide")
    made, _balance = _lock(write_off_id)
    _decide(made, WriteOff.State.REFUSED, actor=actor, now=now)
    return made


def _lock(write_off_id: int) -> tuple[WriteOff, crediting.InvoiceBalance]:
    found = WriteOff.objects.select_related("invoice").filter(pk=write_off_id).first()
    if found is None:
        raise NoSuchWriteOff(_("There is no such write-off."))
    balance = crediting.lock_balance(invoice_number=found.invoice.number)
    found = WriteOff.objects.select_for_update(of=("self",)).select_related("invoice").get(pk=write_off_id)
    if found.state != WriteOff.State.PROPOSED:
        raise DecidedAlready(_("This write-off is decided already: %(state)s.") % {"state": found.get_state_display()})
    return found, balance


def _decide(made: WriteOff, state: str, *, actor: actors.Actor, now: datetime) -> None:
    made.state, made.decided_at, made.decided_by_id = state, now, actor.user_id
    made.save(update_fields=["state", "decided_at", "decided_by"])
    _record(made, f"write_off.{state}", actor=actor, now=now)


def _record(made: WriteOff, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="write_off",
        object_id=made.pk,
        now=now,
        details={"invoice": made.invoice.number, "amount_minor": made.amount_minor},
    )
