"""Writes: credit notes. What is taken back of invoices, once per request, never more than is left of a line.

Lock order: balances of invoices by id → the series of credit notes.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing import numbering
from billing.invoicing.models import (
    CreditedLine,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceBalance,
    InvoiceLine,
    NumberSeries,
)
from billing.ledger import operations as ledger
from billing.rules import credits, money, periods
from billing.rules.credits import Part
from marketplace.organisations import actors, errors
from marketplace.organisations import operations as organisations

LONGEST_KEY: Final = 80
BY_PEOPLE: Final = (CreditNote.Reason.MISTAKE, CreditNote.Reason.GOODWILL)


class NoSuchInvoice(errors.NotFound):
    """No invoice of this number."""


class NoSuchLine(errors.Refused):
    """The invoice has no line at this position."""


class NothingToCredit(errors.Refused):
    """The request names no line, or nothing is left of what it names."""


class InvalidAmount(errors.Refused):
    """A quantity or an amount is not above zero, or has parts of a minor unit."""


class MoreThanLeft(errors.Conflict):
    """A credit is more than what is left of the line, or of the invoice."""


class InvalidRequest(errors.Refused):
    """The request has no key, or its reason is missing, too long or not one that people give."""


class RequestUsed(errors.Conflict):
    """The key belongs to another request already."""


@dataclass(frozen=True, slots=True)
class LineRequest:
    """What of a line: all that is left, a quantity of it, or an amount with tax in minor units."""

    position: int
    quantity: Decimal | None = None
    gross_minor: int | None = None

    def describe(self) -> list[Any]:
        """The request in JSON, so that its repetition is recognised."""
        return [self.position, None if self.quantity is None else str(self.quantity.normalize()), self.gross_minor]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a note takes of a line, and the charge that asked for it."""

    line: InvoiceLine
    part: Part
    charge_id: int | None = None


@transaction.atomic
def credit_invoice(
    *,
    invoice_number: str,
    lines: Sequence[LineRequest] | None,
    reason: str,
    remark: str,
    request_key: str,
    actor: actors.Actor,
    now: datetime,
) -> CreditNote:
    """Issue a credit note for `lines` of an invoice; None takes back all that is left of it, corrections included.

    The same `request_key` with the same request gives the first note. Needs `credit_notes.issue`. Raises
    NoSuchInvoice, NoSuchLine, NothingToCredit, InvalidAmount, InvalidRequest, MoreThanLeft or RequestUsed.
    """
    actor.require("credit_notes.issue")
    if reason not in BY_PEOPLE:
        raise InvalidRequest(_("Choose a mistake in the invoice or goodwill as the reason."), field="reason")
    remark = errors.check_reason(remark, refusal=InvalidRequest)
    body = [invoice_number, None if lines is None else [one.describe() for one in lines], reason, remark]
    return issue(
        invoice_number=invoice_number,
        lines=lines,
        reason=CreditNote.Reason(reason),
        remark=remark,
        request_key=_check_key(request_key),
        body=body,
        actor=actor,
        now=now,
    )


@transaction.atomic
def issue(
    *,
    invoice_number: str,
    lines: Sequence[LineRequest] | None,
    reason: CreditNote.Reason,
    remark: str,
    request_key: str,
    body: Sequence[Any],
    actor: actors.Actor,
    now: datetime,
) -> CreditNote:
    """As `credit_invoice`, for rooms of invoicing: of any reason, without asking for a permission."""
    balance = lock_balance(invoice_number=invoice_number)
    digest = hashlib.sha256(json.dumps(list(body), ensure_ascii=False).encode()).hexdigest()
    former = CreditNote.objects.filter(request_key=request_key).first()
    if former is not None:
        if former.request_hash != digest:
            raise RequestUsed(
                _("This request was used for credit note %(number)s already. Begin a new one.")
                % {"number": former.number}
            )
        return former
    taken = _take(balance, lines)
    return write(
        balance=balance,
        taken=taken,
        reason=reason,
        remark=remark,
        request=(request_key, digest),
        actor=actor,
        now=now,
    )


def lock_balance(*, invoice_number: str) -> InvoiceBalance:
    """The invoice's balance with its invoice, held until the commit. Raises NoSuchInvoice."""
    found = (
        InvoiceBalance.objects.select_for_update(of=("self",))
        .select_related("invoice__provider", "invoice__issuer")
        .filter(invoice__number=invoice_number)
        .first()
    )
    if found is None:
        raise NoSuchInvoice(_("There is no invoice %(number)s.") % {"number": invoice_number})
    return found


def left_of(*, lines: Collection[InvoiceLine]) -> dict[int, Part]:
    """Line id → what is left of it after its credits; one query. The invoices' balances are held locked."""
    credited = {one.line_id: one for one in CreditedLine.objects.filter(line__in=[line.pk for line in lines])}
    left = {}
    for line in lines:
        whole = Part(line.net_minor, line.tax_minor, line.quantity)
        gone = credited.get(line.pk)
        left[line.pk] = whole.less(Part(gone.net_minor, gone.tax_minor, gone.quantity)) if gone else whole
    return left


def _take(balance: InvoiceBalance, requests: Sequence[LineRequest] | None) -> list[Taken]:
    lines = {line.position: line for line in balance.invoice.lines.all()}
    left = left_of(lines=lines.values())
    if requests is None:
        taken = [Taken(line, credits.take_all(left[line.pk])) for line in lines.values()]
    else:
        if len({one.position for one in requests}) != len(requests):
            raise InvalidRequest(_("Name each line once."), field="lines")
        taken = [
            Taken(lines[one.position], _take_one(one, left[lines[one.position].pk])) for one in _known(requests, lines)
        ]
    taken = [one for one in taken if one.part.net_minor or one.part.tax_minor]
    if sum(one.part.gross_minor for one in taken) <= 0:
        raise NothingToCredit(
            _("Nothing is left to be credited here. Choose lines with an amount left."), field="lines"
        )
    return taken


def _known(requests: Sequence[LineRequest], lines: Mapping[int, InvoiceLine]) -> Sequence[LineRequest]:
    for one in requests:
        if one.position not in lines:
            raise NoSuchLine(_("The invoice has no line %(position)s.") % {"position": one.position}, field="lines")
    return requests


def _take_one(request: LineRequest, left: Part) -> Part:
    place = {"position": request.position}
    try:
        if request.quantity is not None:
            return credits.take_quantity(left, quantity=request.quantity)
        if request.gross_minor is not None:
            return credits.take_gross(left, gross_minor=request.gross_minor)
        if left.gross_minor <= 0:
            raise credits.NothingLeft
        return credits.take_all(left)
    except credits.NotAboveZero:
        raise InvalidAmount(_("Line %(position)s: enter a figure above zero.") % place, field="lines") from None
    except credits.NothingLeft:
        raise NothingToCredit(_("Line %(position)s has nothing left to be credited.") % place, field="lines") from None
    except credits.MoreThanLeft:
        raise MoreThanLeft(
            _("Line %(position)s: this is more than what is left of it. Enter less.") % place, field="lines"
        ) from None


def write(
    *,
    balance: InvoiceBalance,
    taken: Sequence[Taken],
    reason: CreditNote.Reason,
    remark: str,
    request: tuple[str, str],
    actor: actors.Actor,
    now: datetime,
) -> CreditNote:
    """Number, store and post a note on an invoice whose balance is held locked. Raises MoreThanLeft."""
    invoice = balance.invoice
    total = sum(one.part.gross_minor for one in taken)
    room = balance.total_minor - balance.credited_minor - balance.written_off_minor
    if total > room:
        raise MoreThanLeft(
            _("Only %(amount)s is left of this invoice. Credit less.")
            % {"amount": money.Money(room, invoice.currency)},
            field="lines",
        )
    series = numbering.lock_series(
        issuer=invoice.issuer, year=periods.civil_date(now).year, kind=NumberSeries.Kind.CREDIT_NOTE
    )
    net = sum(one.part.net_minor for one in taken)
    note = CreditNote.objects.create(
        number=numbering.next_number(series),
        invoice=invoice,
        reason=reason,
        remark=remark,
        net_minor=net,
        tax_minor=total - net,
        total_minor=total,
        request_key=request[0],
        request_hash=request[1],
        issued_at=now,
        issued_by_id=actor.user_id,
    )
    series.save(update_fields=["last"])
    _store(note, taken)
    balance.credited_minor += total
    balance.tell_status()
    balance.save(update_fields=["credited_minor", "status"])
    _post(note, now=now)
    organisations.record(
        actor=actor,
        action="credit_note.issued",
        object_type="credit_note",
        object_id=note.number,
        now=now,
        details={"invoice": invoice.number, "total_minor": total, "currency": invoice.currency, "reason": str(reason)},
    )
    return note


def _store(note: CreditNote, taken: Sequence[Taken]) -> None:
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(
            credit_note=note,
            line=one.line,
            charge_id=one.charge_id,
            quantity=one.part.quantity,
            net_minor=one.part.net_minor,
            tax_minor=one.part.tax_minor,
            position=position,
        )
        for position, one in enumerate(taken, start=1)
    )
    rates: dict[Decimal, Part] = {}
    for one in taken:
        before = rates.get(one.line.vat_rate, Part(0, 0))
        rates[one.line.vat_rate] = Part(before.net_minor + one.part.net_minor, before.tax_minor + one.part.tax_minor)
    CreditNoteTax.objects.bulk_create(
        CreditNoteTax(credit_note=note, vat_rate=rate, net_minor=part.net_minor, tax_minor=part.tax_minor)
        for rate, part in sorted(rates.items())
    )
    _note_on_lines(taken)


def _note_on_lines(taken: Sequence[Taken]) -> None:
    """Add to what is credited of each line; `credited_within_line` refuses what the lock should have prevented."""
    lines = {one.line.pk: one.line for one in taken}
    CreditedLine.objects.bulk_create(
        [
            CreditedLine(
                line=line,
                line_net_minor=line.net_minor,
                line_tax_minor=line.tax_minor,
                line_quantity=line.quantity,
            )
            for _pk, line in sorted(lines.items())
        ],
        ignore_conflicts=True,
    )
    kept = {one.line_id: one for one in CreditedLine.objects.filter(line__in=lines)}
    for one in taken:
        row = kept[one.line.pk]
        row.net_minor += one.part.net_minor
        row.tax_minor += one.part.tax_minor
        row.quantity += one.part.quantity
    CreditedLine.objects.bulk_update(kept.values(), ["net_minor", "tax_minor", "quantity"])


def _post(note: CreditNote, *, now: datetime) -> None:
    invoice = note.invoice
    ask_for_less(
        invoice=invoice,
        amount_minor=note.total_minor,
        business_key=f"credit_note:{note.number}",
        description=f"{note.number} {invoice.number}",
        now=now,
    )


def ask_for_less(*, invoice: Invoice, amount_minor: int, business_key: str, description: str, now: datetime) -> None:
    """The buyer owes less, and less is held for the provider: of a credit note, and of a write-off."""
    amount = money.Money(amount_minor, invoice.currency)
    ledger.post(
        business_key=business_key,
        lines=[
            ledger.Line("provider_clearing", invoice.provider.organisation_id, amount),
            ledger.Line("receivable", invoice.buyer_id, -amount),
        ],
        description=description,
        now=now,
    )


def _check_key(request_key: str) -> str:
    key = request_key.strip()
    if not key or len(key) > LONGEST_KEY:
        raise InvalidRequest(
            _("Give the request a key of 1 to %(most)s characters, so that it is done once.") % {"most": LONGEST_KEY},
            field="request_key",
        )
    return key
