"""Changes of a running contract, asked for by its buyer: renewal, termination, another quantity, another plan.

A contract is never rewritten. On the day a change comes into force, the contract ends and a successor begins, with the
plan, quantity and price that were shown; what it holds of the pools goes over in the same transaction. A termination
has no successor. One-time prices are not charged again (`rating`).

Each kind in one place: `_terms_of` says what follows from when, `put_due_in_force` does it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.contracts import capacity, lifecycle, locks
from billing.contracts.models import ChangeRequest, Contract
from billing.rules import periods
from billing.rules.money import Money
from listings.content import Content
from listings.prices import pricing
from listings.prices import queries as prices
from marketplace.organisations import actors, errors, notices
from marketplace.organisations import operations as organisations
from providers.fulfilment import operations as fulfilment

Kind, Status = ChangeRequest.Kind, ChangeRequest.Status
OPEN: Final = (Status.REQUESTED, Status.CONFIRMED)
BY_PROVIDER: Final = frozenset({Kind.RESIZE, Kind.SWITCH})  # what it has to confirm
RUNNING: Final = (Contract.Status.ACTIVE, Contract.Status.SUSPENDED)


class NotRunning(errors.Conflict):
    """Only a contract that runs can be changed."""


class ChangeOpen(errors.Conflict):
    """One change at a time: another one waits."""


class NoOpenChange(errors.Conflict):
    """Nothing waits that could be decided or withdrawn."""


class PriceChanged(errors.Conflict):
    """Not the price that the buyer saw."""


class InvalidChange(errors.Refused):
    """A change that changes nothing, comes too late, or is not offered; `field` says where."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change means, before anybody asks for it. Amounts with tax; measured use comes on top.

    `effective_date` is the first day of what follows; of a termination, the first day that is not paid for.
    `term` is what a renewal commits to; `exit_fee` is without tax.
    """

    kind: str
    effective_date: date
    plan: Any
    quantity: int
    term_months: int
    term_discount: Decimal
    before: Money
    after: Money
    term: Money | None
    exit_fee: Decimal | None

    @property
    def difference(self) -> Money:
        return self.after - self.before

    @property
    def seen_minor(self) -> int:
        """What a buyer agrees to in one number: if it has changed, the page is shown again."""
        fee = int((self.exit_fee or Decimal(0)) * 100)
        return self.after.amount_minor + fee + (self.term.amount_minor if self.term else 0)


def preview(
    *, contract: Contract, kind: str, months: int = 0, quantity: int = 0, plan_id: int = 0, on: date
) -> Preview:
    """What a change would mean if it were asked for on a day.

    Raises NotRunning, InvalidChange (`kind`, `quantity`, `plan`), pricing.UnknownTerm, pricing.InvalidQuantity.
    """
    if contract.status not in RUNNING or contract.end_date is None or contract.end_date <= on:
        raise NotRunning(_("Only a contract that runs can be changed."))
    wanted = _Wanted(months=months, quantity=quantity, plan_id=plan_id)
    effective, plan, count, term_months = _terms_of(contract=contract, kind=kind, wanted=wanted, on=on)
    before = _monthly(plan=contract.plan, quantity=contract.quantity, term_months=contract.term_months)
    if kind == Kind.TERMINATE:
        fee = Content.from_json(contract.offering_version.content).exit_fee or None
        return Preview(kind, effective, plan, count, term_months, contract.term_discount, before, before, None, fee)
    quote = pricing.quote(plan=plan, quantity=count, term_months=term_months)
    for one in (contract.plan, plan):
        _refuse_prepaid(plan=one)
    return Preview(
        kind=kind,
        effective_date=effective,
        plan=plan,
        quantity=count,
        term_months=term_months,
        term_discount=quote.discount,
        before=before,
        after=quote.monthly.gross,
        # Amounts of a renewal's months, each rounded as it is billed; no one-time price is charged again.
        term=quote.monthly.times(term_months).gross if kind == Kind.RENEW else None,
        exit_fee=None,
    )


@transaction.atomic
def request_change(
    *,
    number: str,
    organisation_id: int,
    kind: str,
    months: int = 0,
    quantity: int = 0,
    plan_id: int = 0,
    seen_minor: int,
    actor: actors.Actor,
    now: datetime,
) -> ChangeRequest:
    """Ask for a change as it was shown (`Preview.seen_minor`). Renewal and termination are agreed at once.

    Raises NoSuchContract, ChangeOpen, PriceChanged, and what `preview` raises.
    """
    contract = locks.lock_contract(number=number, side=actors.BUYER, organisation_id=organisation_id)
    shown = preview(
        contract=contract,
        kind=kind,
        months=months,
        quantity=quantity,
        plan_id=plan_id,
        on=periods.civil_date(now),
    )
    if shown.seen_minor != seen_minor:
        raise PriceChanged(_("The price has changed since you opened this page. Look at it and ask again."))
    change = ChangeRequest(
        contract=contract,
        kind=kind,
        status=Status.REQUESTED if kind in BY_PROVIDER else Status.CONFIRMED,
        effective_date=shown.effective_date,
        plan=shown.plan,
        quantity=shown.quantity,
        term_months=shown.term_months,
        term_discount=shown.term_discount,
        monthly_before_minor=shown.before.amount_minor,
        monthly_after_minor=shown.after.amount_minor,
        exit_fee=shown.exit_fee,
        requested_by_name=actor.organisation_name,
        requested_at=now,
        decided_at=None if kind in BY_PROVIDER else now,
    )
    try:
        with transaction.atomic():
            change.save()
    except IntegrityError as error:
        if not errors.breaks(error, "change_one_open"):
            raise
        raise ChangeOpen(_("Another change of this contract waits. Withdraw it first.")) from error
    text = gettext_noop("The buyer asks for a change of %(number)s, %(title)s. Look at it.")
    _note(change=change, step="asked", text=text, to_buyer=False, actor=actor, now=now)
    return change


@transaction.atomic
def withdraw(*, number: str, organisation_id: int, actor: actors.Actor, now: datetime) -> ChangeRequest:
    """The buyer takes an open change back: before the provider's yes; a renewal or termination, before its day.

    Raises NoSuchContract, NoOpenChange.
    """
    contract = locks.lock_contract(number=number, side=actors.BUYER, organisation_id=organisation_id)
    change = _lock_open(contract=contract)
    if change.kind in BY_PROVIDER and change.status == Status.CONFIRMED:
        raise NoOpenChange(_("The provider has agreed already. Ask for another change once this one is in force."))
    change.status, change.decided_at = Status.WITHDRAWN, now
    change.save(update_fields=["status", "decided_at"])
    text = gettext_noop("The buyer took the change of %(number)s, %(title)s, back.")
    _note(change=change, step="withdrawn", text=text, to_buyer=False, actor=actor, now=now)
    return change


@transaction.atomic
def decide(
    *, number: str, provider_organisation_id: int, confirm: bool, reason: str = "", actor: actors.Actor, now: datetime
) -> ChangeRequest:
    """The provider agrees to another quantity or plan, or declines with a reason.

    More capacity is taken at once, so that it is there on the day. Raises NoSuchContract, NoOpenChange, InvalidChange
    (field `reason`), providers.OutOfCapacity.
    """
    contract = locks.lock_contract(number=number, side=actors.PROVIDER, organisation_id=provider_organisation_id)
    change = _lock_open(contract=contract)
    if change.status != Status.REQUESTED:
        raise NoOpenChange(_("This change is agreed already."))
    if confirm:
        if change.quantity > contract.quantity:
            capacity.grow(contract=contract, quantity=change.quantity)
        tomorrow = periods.civil_date(now) + timedelta(days=1)
        change.status, change.effective_date = Status.CONFIRMED, max(change.effective_date, tomorrow)
        if contract.end_date is not None and change.effective_date >= contract.end_date:
            raise NotRunning(_("The contract ends before this change could come into force. Decline it."))
        text = gettext_noop("The provider agreed to the change of %(number)s, %(title)s.")
    else:
        change.status, change.reason = Status.DECLINED, errors.check_reason(reason, refusal=InvalidChange)
        text = gettext_noop("The provider declined the change of %(number)s, %(title)s: %(reason)s")
    change.decided_at = now
    change.save(update_fields=["status", "effective_date", "reason", "decided_at"])
    _note(change=change, step=change.status, text=text, to_buyer=True, actor=actor, now=now)
    return change


@transaction.atomic
def put_due_in_force(*, now: datetime, limit: int) -> int:
    """Put agreed changes in force whose day has come, at most `limit`. Returns how many.

    However late this comes, what follows begins on the day that was agreed.
    """
    contracts = locks.claim_changing(today=periods.civil_date(now), limit=limit)
    for contract in contracts:
        change = _lock_open(contract=contract)
        change.status, change.in_force_at = Status.IN_FORCE, now
        change.save(update_fields=["status", "in_force_at"])
        if change.kind == Kind.TERMINATE:
            _terminate(contract=contract, change=change, now=now)
        else:
            _succeed(contract=contract, change=change, now=now)
        text = gettext_noop("The change of %(number)s, %(title)s, is in force from %(day)s.")
        for to_buyer in (True, False):
            _note(change=change, step="in_force", text=text, to_buyer=to_buyer, actor=actors.SYSTEM, now=now)
    return len(contracts)


def drop_open(*, contract: Contract, now: datetime) -> None:
    """A locked contract ends early: a change that waited for it is off."""
    ChangeRequest.objects.filter(contract=contract, status__in=OPEN).update(status=Status.WITHDRAWN, decided_at=now)


@dataclass(frozen=True, slots=True)
class _Wanted:
    months: int
    quantity: int
    plan_id: int


def _terms_of(*, contract: Contract, kind: str, wanted: _Wanted, on: date) -> tuple[date, Any, int, int]:
    """From when, which plan, how many, for how many months."""
    tomorrow, end = on + timedelta(days=1), contract.end_date or on
    if kind == Kind.RENEW:
        plan = _plan_in_force(contract=contract, code=contract.plan.code)
        return end, plan, contract.quantity, wanted.months
    if kind == Kind.TERMINATE:
        notice = Content.from_json(contract.offering_version.content).exit_notice_days or 0
        day = tomorrow + timedelta(days=notice)
        if day >= end:
            raise InvalidChange(
                _("With %(days)s days of notice it would not end before its term does, on %(day)s.")
                % {"days": notice, "day": end.isoformat()},
                field="kind",
            )
        return day, contract.plan, contract.quantity, contract.term_months
    if tomorrow >= end:
        raise InvalidChange(_("The contract ends too soon to be changed. Renew it first."), field="kind")
    if kind == Kind.RESIZE:
        if wanted.quantity == contract.quantity:
            raise InvalidChange(_("Give another quantity than the present one."), field="quantity")
        return tomorrow, contract.plan, wanted.quantity, contract.term_months
    if kind == Kind.SWITCH:
        plans = prices.plans_for(products=[contract.offering_id], organisation_id=contract.buyer_id)
        chosen = [plan for plan in plans[contract.offering_id] if plan.pk == wanted.plan_id]
        if not chosen or chosen[0].pk == contract.plan_id:
            raise InvalidChange(_("Choose another plan of this offering that is for sale to you."), field="plan")
        return tomorrow, chosen[0], contract.quantity, contract.term_months
    raise InvalidChange(_("Choose what to change."), field="kind")


def _plan_in_force(*, contract: Contract, code: str) -> Any:
    """The plan of the same code that is for sale to the buyer today."""
    for plan in prices.plans_for(products=[contract.offering_id], organisation_id=contract.buyer_id)[
        contract.offering_id
    ]:
        if plan.code == code:
            return plan
    raise InvalidChange(_("This plan is not sold any more. Order another one before this contract ends."), field="kind")


def _refuse_prepaid(*, plan: Any) -> None:
    """A plan that is paid once for its whole term cannot be followed: nothing would be charged again."""
    kinds = {component.kind for component in plan.components.all()}
    if "one_time" in kinds and "recurring" not in kinds:
        raise InvalidChange(
            _("This plan is paid once for its whole term and cannot be changed. Order it anew instead."), field="kind"
        )


def _monthly(*, plan: Any, quantity: int, term_months: int) -> Money:
    return pricing.quote(plan=plan, quantity=quantity, term_months=term_months).monthly.gross


def _lock_open(*, contract: Contract) -> ChangeRequest:
    """The open change of a locked contract: the contract's lock is the change's."""
    change = ChangeRequest.objects.filter(contract=contract, status__in=OPEN).first()
    if change is None:
        raise NoOpenChange(_("No change of this contract waits."))
    return change


def _terminate(*, contract: Contract, change: ChangeRequest, now: datetime) -> None:
    end = change.effective_date
    lifecycle.move(
        contract=contract, step="end", actor=actors.SYSTEM, now=now, end_date=end, exit_fee=change.exit_fee or None
    )
    fulfilment.close(number=contract.number, end_date=end, actor=actors.SYSTEM, now=now)
    capacity.give_back(contracts=[contract], now=now)


def _succeed(*, contract: Contract, change: ChangeRequest, now: datetime) -> None:
    """End a locked contract on the day of its change, and begin the one that follows, with what it holds."""
    start, status = change.effective_date, contract.status
    is_renewal = change.kind == Kind.RENEW
    end = periods.add_months(start, change.term_months) if is_renewal else contract.end_date
    lifecycle.move(contract=contract, step="end", actor=actors.SYSTEM, now=now, end_date=start)
    successor = Contract.objects.create(
        number=organisations.random_number(prefix="HT"),
        predecessor=contract,
        buyer_id=contract.buyer_id,
        provider_id=contract.provider_id,
        order_number=contract.order_number,
        offering_id=contract.offering_id,
        offering_version_id=contract.offering_version_id,
        offering_title=contract.offering_title,
        plan_id=change.plan_id,
        quantity=change.quantity,
        term_months=change.term_months,
        term_discount=change.term_discount,
        currency=contract.currency,
        payment_method=contract.payment_method,
        contact_name=contract.contact_name,
        contact_phone=contract.contact_phone,
        resource_id=contract.resource_id,
        status=status,
        placed_at=change.requested_at,
        activated_at=now,
        start_date=start,
        end_date=end,
    )
    lifecycle.write_transition(contract=successor, before="", reason=contract.number, actor=actors.SYSTEM, now=now)
    if change.quantity < contract.quantity:
        capacity.shrink(contract=contract, quantity=change.quantity)
    capacity.hand_on(contract=contract, successor=successor, now=now)
    fulfilment.hand_on(
        number=contract.number, to_number=successor.number, reason=change.kind, actor=actors.SYSTEM, now=now
    )


def _note(*, change: ChangeRequest, step: str, text: str, to_buyer: bool, actor: actors.Actor, now: datetime) -> None:
    """The audit row (once a step), and one side's notice."""
    contract = change.contract
    if not (step == "in_force" and to_buyer):
        organisations.record(
            actor=actor,
            action=f"change.{step}",
            object_type="contract",
            object_id=contract.number,
            now=now,
            details={"kind": change.kind, "from": change.effective_date.isoformat(), "quantity": change.quantity},
        )
    notices.notify(
        organisation_id=contract.buyer_id if to_buyer else contract.provider.organisation_id,
        key=f"change:{change.pk}:{step}",
        permission="contracts.change",
        text=text,
        values={
            "number": contract.number,
            "title": contract.offering_title,
            "reason": change.reason,
            "day": change.effective_date.isoformat(),
        },
        path=f"/{'buyer' if to_buyer else 'provider'}/contracts/{contract.number}/",
        is_urgent=step == "asked" and change.kind in BY_PROVIDER,
        now=now,
    )
