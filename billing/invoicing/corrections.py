"""Writes: charges below zero of a buyer who owes a provider nothing more become credit notes.

A group (buyer, provider, currency) whose charges of a closed month come to less than zero has no invoice to put them
on. Its charges below zero are taken off the invoices they correct: first the lines of the same component and month,
then of the same contract and month, of the same contract, and of the group, always at the same VAT rate, the latest
first. Each invoice gets a note of its own. What the group has above zero is invoiced as usual afterwards.

A charge that finds too little left to be taken off waits whole, and its account is parked with that reason. A group
that comes to exactly zero waits for the next month: nobody owes anything.

Lock order: the series of invoices (who holds it alone decides what becomes of charges) → balances → series of notes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing import claims, crediting, drafting, numbering, parking
from billing.invoicing.claims import Group
from billing.invoicing.models import CreditedCharge, CreditNote, InvoiceBalance, InvoiceLine
from billing.rating.models import Charge
from billing.rules import credits, periods
from billing.rules.credits import Part
from billing.rules.periods import Month
from marketplace.organisations import actors
from marketplace.organisations import queries as organisation_queries

CLOCK: Final = actors.Actor(user_name="pipeline")


@dataclass(frozen=True, slots=True)
class _Whole:
    """The rows of one charge below zero, with their share of its rounded amount."""

    rows: tuple[tuple[Charge, int], ...]

    @property
    def net_minor(self) -> int:
        return sum(net_minor for _charge, net_minor in self.rows)

    @property
    def first(self) -> Charge:
        return self.rows[0][0]


def credit_group(*, group: Group, month: Month, now: datetime) -> int:
    """Take the group's charges below zero off its invoices. Returns how many notes that made."""
    with transaction.atomic():
        numbering.lock_series(issuer=organisation_queries.get_platform(), year=periods.civil_date(now).year)
        charges = claims.read_charges(groups=[group], month=month).get(group, [])
        if not charges or drafting.draft_invoice(charges=charges, currency=group.currency).total_minor >= 0:
            return 0
        balances = _lock_balances(group)
        candidates = _candidates(balances)
        taken: dict[int, list[crediting.Taken]] = defaultdict(list)
        credited, is_short = [], False
        for whole in _below_zero(charges, currency=group.currency):
            parts = _take(whole, candidates)
            if parts is None:
                is_short = True
                continue
            for one in parts:
                taken[one.line.invoice_id].append(one)
            credited += [
                CreditedCharge(charge=charge, net_minor=net_minor, credited_at=now) for charge, net_minor in whole.rows
            ]
        CreditedCharge.objects.bulk_create(credited)
        for invoice_id, parts in sorted(taken.items()):
            _write(balances[invoice_id], parts, now=now)
    if is_short:
        parking.park(
            group=group,
            month=month,
            reason=_("The group comes to less than zero, and its invoices have too little left to be credited."),
            now=now,
        )
    return len(taken)


def _below_zero(charges: Sequence[Charge], *, currency: str) -> list[_Whole]:
    wholes = [
        _Whole(tuple(drafting.round_charge(list(rows), currency=currency)))
        for _key, rows in groupby(charges, key=drafting.whole_of)
    ]
    return [one for one in wholes if one.net_minor < 0]


def _lock_balances(group: Group) -> dict[int, InvoiceBalance]:
    balances = (
        InvoiceBalance.objects.select_for_update(of=("self",))
        .select_related("invoice__provider", "invoice__issuer")
        .filter(invoice__buyer=group.buyer_id, invoice__provider=group.provider_id, invoice__currency=group.currency)
        .order_by("invoice_id")
    )
    return {one.invoice_id: one for one in balances}


@dataclass(slots=True)
class _Candidate:
    """A line with what is left of it, and the room of its invoice (shared by its lines)."""

    line: InvoiceLine
    left: Part
    room: list[int]


def _candidates(balances: dict[int, InvoiceBalance]) -> list[_Candidate]:
    """All lines of the group, the latest invoice first."""
    rooms = {pk: [one.total_minor - one.credited_minor - one.written_off_minor] for pk, one in balances.items()}
    lines = list(
        InvoiceLine.objects.filter(invoice__in=balances).select_related("charge").order_by("-invoice_id", "position")
    )
    left = crediting.left_of(lines=lines)
    return [_Candidate(line, left[line.pk], rooms[line.invoice_id]) for line in lines]


def _take(whole: _Whole, candidates: Sequence[_Candidate]) -> list[crediting.Taken] | None:
    """What is taken of which line; None, and nothing taken, if they do not reach."""
    missing, chosen = -whole.net_minor, []
    same_rate = [one for one in candidates if one.line.vat_rate == whole.first.vat_rate and one.left.net_minor > 0]
    for one in sorted(same_rate, key=lambda one: _distance(whole.first, one.line)):
        part = _fit(one, missing)
        if part is not None:
            chosen.append((one, part))
            missing -= part.net_minor
        if not missing:
            break
    if missing:
        for one, part in chosen:  # give it back
            one.left = Part(one.left.net_minor + part.net_minor, one.left.tax_minor + part.tax_minor, one.left.quantity)
            one.room[0] += part.gross_minor
        return None
    return [crediting.Taken(one.line, part, whole.first.pk) for one, part in chosen]


def _fit(candidate: _Candidate, missing: int) -> Part | None:
    """The part of a line that is taken, which its invoice has room for; it is taken off the candidate."""
    part = credits.take_net(candidate.left, net_minor=min(missing, candidate.left.net_minor)) if missing else Part(0, 0)
    if part.gross_minor > candidate.room[0]:  # an invoice with corrections on it came to less than its lines
        net_minor = (
            credits.take_gross(candidate.left, gross_minor=candidate.room[0]).net_minor if candidate.room[0] > 0 else 0
        )
        part = credits.take_net(candidate.left, net_minor=net_minor) if net_minor else Part(0, 0)
    if not part.net_minor or part.gross_minor > candidate.room[0]:
        return None
    candidate.left = candidate.left.less(part)
    candidate.room[0] -= part.gross_minor
    return part


def _distance(charge: Charge, line: InvoiceLine) -> int:
    """How far a line is from what the charge corrects: 0 is the same component and month."""
    if line.contract_id != charge.contract_id:
        return 3
    if line.charge.period_start_date != charge.period_start_date:
        return 2
    return 1 if line.charge.component_id != charge.component_id else 0


def _write(balance: InvoiceBalance, taken: Sequence[crediting.Taken], *, now: datetime) -> CreditNote:
    charge_ids = sorted({one.charge_id for one in taken if one.charge_id is not None})
    is_service = Charge.objects.filter(pk__in=charge_ids, kind=Charge.Kind.CREDIT).count() == len(charge_ids)
    return crediting.write(
        balance=balance,
        taken=taken,
        reason=CreditNote.Reason.SERVICE_LEVEL if is_service else CreditNote.Reason.CORRECTION,
        remark="",
        request=(f"charges:{balance.invoice.number}:{charge_ids[0]}", ""),
        actor=CLOCK,
        now=now,
    )
