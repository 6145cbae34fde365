"""Writes: a buyer's objection to a line, the provider's answer, and finance's decision.

While a dispute is open, what is open of its line is held: payments leave it for last, balances are not drawn for it,
dunning leaves it out and what was collected of it is not settled. Lock order: the invoice's balance → the dispute.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.invoicing import crediting
from billing.invoicing.models import CreditNote, Dispute, Invoice
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations

OPENED = gettext_noop("%(buyer)s disputes a line of invoice %(invoice)s: %(reason)s")
DECIDED = gettext_noop("Your dispute of a line of invoice %(invoice)s is decided: %(decision)s")


class NoSuchDispute(errors.NotFound):
    """No dispute of this number, or not one of this organisation."""


class InvalidReason(errors.Refused):
    """The reason or answer is missing or too long."""


class NothingInDispute(errors.Refused):
    """The line is a correction below zero, or credited in full."""


class OpenAlready(errors.Conflict):
    """The line has an open dispute."""


class DecidedAlready(errors.Conflict):
    """The dispute is closed."""


@transaction.atomic
def open_dispute(*, invoice_number: str, position: int, reason: str, actor: actors.Actor, now: datetime) -> Dispute:
    """Dispute a line of an invoice of one's own. Needs `disputes.open`.

    Raises crediting.NoSuchInvoice, crediting.NoSuchLine, InvalidReason, NothingInDispute or OpenAlready.
    """
    actor.require("disputes.open")
    reason = errors.check_reason(reason, refusal=InvalidReason)
    if not Invoice.objects.filter(number=invoice_number, buyer_id=actor.organisation_id).exists():
        raise crediting.NoSuchInvoice(_("There is no invoice %(number)s.") % {"number": invoice_number})
    invoice = crediting.lock_balance(invoice_number=invoice_number).invoice
    line = invoice.lines.filter(position=position).first()
    if line is None:
        raise crediting.NoSuchLine(_("The invoice has no line %(position)s.") % {"position": position}, field="line")
    if crediting.left_of(lines=[line])[line.pk].gross_minor <= 0:
        raise NothingInDispute(
            _("Nothing of this line is left to be disputed: it is credited or a correction."), field="line"
        )
    try:
        with transaction.atomic():
            dispute = Dispute.objects.create(
                number=organisations.random_number(prefix="YY"),  # 异议
                line=line,
                reason=reason,
                opened_at=now,
                opened_by_name=actor.user_name,
            )
    except IntegrityError as error:
        if not errors.breaks(error, "dispute_one_open"):
            raise
        raise OpenAlready(_("This line is in dispute already. Wait for the decision."), field="line") from error
    _record(dispute, "dispute.opened", actor=actor, now=now)
    values = {"buyer": invoice.buyer_name, "invoice": invoice.number, "reason": reason}
    for organisation_id, permission in (
        (invoice.issuer_id, "disputes.decide"),
        (invoice.provider.organisation_id, "disputes.answer"),
    ):
        notices.notify(
            organisation_id=organisation_id,
            key=f"dispute:{dispute.number}",
            permission=permission,
            text=OPENED,
            values=values,
            now=now,
        )
    return dispute


@transaction.atomic
def answer(*, number: str, text: str, actor: actors.Actor, now: datetime) -> Dispute:
    """What the provider says to it; once more replaces it until it is decided. Needs `disputes.answer`."""
    actor.require("disputes.answer")
    text = errors.check_reason(text, refusal=InvalidReason)
    dispute = _lock(number)
    if dispute.line.invoice.provider.organisation_id != actor.organisation_id:
        raise NoSuchDispute(_("There is no dispute %(number)s.") % {"number": number})
    _require_open(dispute)
    dispute.provider_answer = text
    dispute.provider_answered_at = now
    dispute.save(update_fields=["provider_answer", "provider_answered_at"])
    _record(dispute, "dispute.answered", actor=actor, now=now)
    return dispute


@transaction.atomic
def uphold(*, number: str, gross_minor: int | None, decision: str, actor: actors.Actor, now: datetime) -> Dispute:
    """Agree with the buyer: a credit note for `gross_minor` of the line, or for all that is left of it.

    Needs `disputes.decide`. Raises NoSuchDispute, InvalidReason, DecidedAlready, or what a credit note refuses.
    """
    actor.require("disputes.decide")
    decision = errors.check_reason(decision, refusal=InvalidReason)
    dispute = _lock(number)
    _require_open(dispute)
    note = crediting.issue(
        invoice_number=dispute.line.invoice.number,
        lines=[crediting.LineRequest(dispute.line.position, gross_minor=gross_minor)],
        reason=CreditNote.Reason.DISPUTE,
        remark=decision,
        request_key=f"dispute:{dispute.number}",
        body=[gross_minor, decision],
        actor=actor,
        now=now,
    )
    _close(dispute, Dispute.State.UPHELD, decision=decision, note=note, actor=actor, now=now)
    return dispute


@transaction.atomic
def reject(*, number: str, decision: str, actor: actors.Actor, now: datetime) -> Dispute:
    """Disagree, with the reason: the line is asked for again. Needs `disputes.decide`."""
    actor.require("disputes.decide")
    decision = errors.check_reason(decision, refusal=InvalidReason)
    dispute = _lock(number)
    _require_open(dispute)
    _close(dispute, Dispute.State.REJECTED, decision=decision, note=None, actor=actor, now=now)
    return dispute


@transaction.atomic
def withdraw(*, number: str, actor: actors.Actor, now: datetime) -> Dispute:
    """The buyer takes it back. Needs `disputes.open`."""
    actor.require("disputes.open")
    dispute = _lock(number)
    if dispute.line.invoice.buyer_id != actor.organisation_id:
        raise NoSuchDispute(_("There is no dispute %(number)s.") % {"number": number})
    _require_open(dispute)
    _close(dispute, Dispute.State.WITHDRAWN, decision="", note=None, actor=actor, now=now)
    return dispute


def _lock(number: str) -> Dispute:
    found = Dispute.objects.select_related("line__invoice").filter(number=number).first()
    if found is None:
        raise NoSuchDispute(_("There is no dispute %(number)s.") % {"number": number})
    crediting.lock_balance(invoice_number=found.line.invoice.number)
    return (
        Dispute.objects.select_for_update(of=("self",))
        .select_related("line__invoice__provider", "line__invoice__buyer")
        .get(pk=found.pk)
    )


def _require_open(dispute: Dispute) -> None:
    if dispute.state != Dispute.State.OPEN:
        raise DecidedAlready(
            _("Dispute %(number)s is closed: %(state)s.")
            % {"number": dispute.number, "state": dispute.get_state_display()}
        )


def _close(
    dispute: Dispute, state: str, *, decision: str, note: CreditNote | None, actor: actors.Actor, now: datetime
) -> None:
    dispute.state, dispute.decision, dispute.credit_note = state, decision, note
    dispute.decided_at, dispute.decided_by_name = now, actor.user_name
    dispute.save(update_fields=["state", "decision", "credit_note", "decided_at", "decided_by_name"])
    _record(dispute, f"dispute.{state}", actor=actor, now=now)
    if state == Dispute.State.WITHDRAWN:
        return
    notices.notify(
        organisation_id=dispute.line.invoice.buyer_id,
        key=f"dispute:{dispute.number}:decided",
        permission="invoices.view",
        text=DECIDED,
        values={"invoice": dispute.line.invoice.number, "decision": decision},
        now=now,
    )


def _record(dispute: Dispute, action: str, *, actor: actors.Actor, now: datetime) -> None:
    organisations.record(
        actor=actor,
        action=action,
        object_type="dispute",
        object_id=dispute.number,
        now=now,
        details={"line": dispute.line_id},
    )
