"""Writes: a contract is approved, delivered, suspended, resumed and ended; `opening` has how it begins."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from billing.contracts import capacity, changes, lifecycle, locks
from billing.contracts.acceptance import (
    accept_delivery,
    accept_overdue_inspections,
    decline_delivery,
    reject_delivery,
)
from billing.contracts.models import Contract
from billing.rules import periods
from listings.content import Content
from marketplace.organisations import actors, errors
from marketplace.procurement import operations as procurement
from marketplace.procurement.models import Approval
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery

__all__ = [
    "accept_delivery",
    "accept_overdue_inspections",
    "confirm_delivery",
    "decide_order",
    "decline_delivery",
    "end_contract",
    "end_due",
    "reject_delivery",
    "resume",
    "suspend",
]


class OrderCancelled(errors.Conflict):
    """Nothing is left of an order to approve."""


class InvalidText(errors.Refused):
    """A reason is missing or too long."""


class NoticeNeeded(errors.Conflict):
    """A buyer ends at once what was agreed to need notice, or to cost a fee."""


class ToBeChecked(errors.Conflict):
    """A buyer cancels what the provider has handed over already."""


@transaction.atomic
def decide_order(
    *, order_number: str, organisation_id: int, approve: bool, reason: str, actor: actors.Actor, now: datetime
) -> Approval:
    """Approve or reject a buyer's order: its deliveries may begin, or it is cancelled and gives its capacity back.

    Raises what `procurement.decide` raises, and OrderCancelled when there is nothing left to approve.
    """
    approval = procurement.decide(
        order_number=order_number, organisation_id=organisation_id, approve=approve, reason=reason, actor=actor, now=now
    )
    contracts = locks.lock_contracts_of_order(order_number=order_number, buyer_id=organisation_id)
    pending = [contract for contract in contracts if contract.status == Contract.Status.PENDING]
    if approve:
        if all(contract.status == Contract.Status.CANCELLED for contract in contracts):
            raise OrderCancelled(_("This order was cancelled. Reject it to take it off the list."))
        for contract in pending:
            fulfilment.clear(number=contract.number, actor=actor, now=now)
        return approval
    for contract in pending:
        lifecycle.move(contract=contract, step="cancel", reason=approval.reason, actor=actor, now=now)
        fulfilment.cancel(number=contract.number, reason="", actor=actor, now=now)
    capacity.give_back(contracts=pending, now=now)
    return approval


@transaction.atomic
def confirm_delivery(
    *,
    number: str,
    provider_organisation_id: int,
    resource_id: str,
    quantity: int | None = None,
    method: str = Delivery.Method.MANUAL,
    actor: actors.Actor,
    now: datetime,
) -> Contract:
    """The provider says in one call that the resource runs: accepted, set up and handed over, as far as it was not.

    The contract waits until its buyer has accepted, or let the inspection lapse. Confirming again the same changes
    nothing. Raises NoSuchContract and what `fulfilment.hand_over` raises.
    """
    contract = locks.lock_contract(number=number, side=actors.PROVIDER, organisation_id=provider_organisation_id)
    fulfilment.confirm(
        number=number,
        partner_id=contract.provider_id,
        resource_id=resource_id,
        quantity=quantity,
        method=method,
        actor=actor,
        now=now,
    )
    return contract


@transaction.atomic
def suspend(*, number: str, organisation_id: int | None, reason: str, actor: actors.Actor, now: datetime) -> Contract:
    """Stop the service for a while, by the provider or the platform; the capacity stays held.

    Raises NoSuchContract, WrongState, InvalidText (field `reason`).
    """
    reason = errors.check_reason(reason, refusal=InvalidText, is_required=True)
    contract = _lock_for(
        number=number, sides=(actors.PROVIDER, actors.PLATFORM), actor=actor, organisation_id=organisation_id
    )
    return lifecycle.move(contract=contract, step="suspend", reason=reason, actor=actor, now=now)


@transaction.atomic
def resume(*, number: str, organisation_id: int | None, reason: str, actor: actors.Actor, now: datetime) -> Contract:
    """Start a suspended service again. The term is not prolonged. Raises as `suspend`."""
    reason = errors.check_reason(reason, refusal=InvalidText, is_required=False)
    contract = _lock_for(
        number=number, sides=(actors.PROVIDER, actors.PLATFORM), actor=actor, organisation_id=organisation_id
    )
    return lifecycle.move(contract=contract, step="resume", reason=reason, actor=actor, now=now)


@transaction.atomic
def end_contract(
    *, number: str, organisation_id: int | None, reason: str, actor: actors.Actor, now: datetime
) -> Contract:
    """End a contract early, by the buyer or the platform, and give its capacity back.

    Today still counts in full: `end_date` (not included) is tomorrow in Shanghai. A contract that was never
    accepted is cancelled instead; what was handed over, a buyer accepts or rejects first.
    Where notice or a fee was agreed, a buyer terminates (`changes`).
    Raises NoSuchContract, WrongState, ToBeChecked, NoticeNeeded, InvalidText (field `reason`).
    """
    reason = errors.check_reason(reason, refusal=InvalidText, is_required=False)
    contract = _lock_for(
        number=number, sides=(actors.BUYER, actors.PLATFORM), actor=actor, organisation_id=organisation_id
    )
    if contract.status == Contract.Status.PENDING:
        _cancel(contract=contract, reason=reason, actor=actor, now=now)
    else:
        if actor.side == actors.BUYER and needs_notice(contract=contract):
            raise NoticeNeeded(
                _("Contract %(number)s is left with notice or a fee. Ask for its termination instead.")
                % {"number": number}
            )
        tomorrow = periods.civil_date(now) + timedelta(days=1)
        end = tomorrow if contract.end_date is None else min(contract.end_date, tomorrow)
        lifecycle.move(contract=contract, step="end", reason=reason, actor=actor, now=now, end_date=end)
        fulfilment.close(number=number, end_date=end, actor=actor, now=now)
        changes.drop_open(contract=contract, now=now)
    capacity.give_back(contracts=[contract], now=now)
    return contract


def needs_notice(*, contract: Contract) -> bool:
    """Whether the version that was bought asks for notice or a fee from a buyer who leaves before the end."""
    content = Content.from_json(contract.offering_version.content)
    return bool(content.exit_notice_days or content.exit_fee)


@transaction.atomic
def end_due(*, now: datetime, limit: int) -> int:
    """End the contracts whose term has run out, at most `limit`. Returns how many."""
    contracts = locks.claim_due(today=periods.civil_date(now), limit=limit)
    for contract in contracts:
        lifecycle.move(contract=contract, step="end", reason="", actor=actors.SYSTEM, now=now)
        end = contract.end_date or periods.civil_date(now)
        fulfilment.close(number=contract.number, end_date=end, actor=actors.SYSTEM, now=now)
        changes.drop_open(contract=contract, now=now)
    capacity.give_back(contracts=contracts, now=now)
    return len(contracts)


def _lock_for(*, number: str, sides: tuple[str, ...], actor: actors.Actor, organisation_id: int | None) -> Contract:
    """The contract, locked, if the actor's side may take this kind of step at all."""
    if actor.side not in sides:
        raise locks.NoSuchContract(number)
    return locks.lock_contract(number=number, side=actor.side, organisation_id=organisation_id)


def _cancel(*, contract: Contract, reason: str, actor: actors.Actor, now: datetime) -> None:
    """A locked contract that was not accepted yet will not be."""
    delivery = fulfilment.lock(number=contract.number)
    if actor.side == actors.BUYER and delivery.status == Delivery.Status.DELIVERED:
        raise ToBeChecked(
            _("The provider has handed over contract %(number)s. Accept it, or reject it with a reason, then cancel.")
            % {"number": contract.number}
        )
    fulfilment.cancel(number=contract.number, reason=reason, actor=actor, now=now)
    lifecycle.move(contract=contract, step="cancel", reason=reason, actor=actor, now=now)
