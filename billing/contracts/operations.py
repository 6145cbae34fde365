"""Writes: a contract is approved, delivered, suspended, resumed and ended; `opening` has how it begins."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.contracts import lifecycle, locks
from billing.contracts.models import Contract, ContractCapacity
from billing.rules import periods
from marketplace.organisations import actors, errors
from marketplace.procurement import operations as procurement
from marketplace.procurement import queries as approvals
from marketplace.procurement.models import Approval
from providers import operations as providers

LONGEST_REASON: Final = 300
LONGEST_RESOURCE_ID: Final = 100
# Who acts when a term has run out: nobody's organisation, and no person.
SYSTEM: Final = actors.Actor(side=actors.PLATFORM)


class NotApproved(errors.Conflict):
    """Delivery before a second person at the buyer said yes."""


class AlreadyDelivered(errors.Conflict):
    """Delivered before, as another resource."""


class OrderCancelled(errors.Conflict):
    """Nothing is left of an order to approve."""


class InvalidText(errors.Refused):
    """A reason or a resource id is missing or too long; `field` says which."""


@transaction.atomic
def decide_order(
    *, order_number: str, organisation_id: int, approve: bool, reason: str, actor: actors.Actor, now: datetime
) -> Approval:
    """Approve or reject a buyer's order. A rejected one is cancelled and gives its capacity back.

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
        return approval
    for contract in pending:
        lifecycle.move(contract=contract, step="cancel", reason=approval.reason, actor=actor, now=now)
    _give_back(contracts=pending, now=now)
    return approval


@transaction.atomic
def confirm_delivery(
    *, number: str, provider_organisation_id: int, resource_id: str, actor: actors.Actor, now: datetime
) -> Contract:
    """The provider says that the resource runs: the contract is active from today's date in Shanghai.

    `resource_id` is the provider's own name for it. Confirming again with the same one changes nothing.
    Raises NoSuchContract, NotApproved, AlreadyDelivered, WrongState, InvalidText (field `resource_id`).
    """
    resource_id = resource_id.strip()
    if not 1 <= len(resource_id) <= LONGEST_RESOURCE_ID:
        raise InvalidText(
            _("Give the resource's id in your system, at most %(most)s characters.") % {"most": LONGEST_RESOURCE_ID},
            field="resource_id",
        )
    contract = locks.lock_contract(number=number, side=actors.PROVIDER, organisation_id=provider_organisation_id)
    if contract.status == Contract.Status.ACTIVE:
        if contract.resource_id == resource_id:
            return contract
        raise AlreadyDelivered(
            _("Contract %(number)s was delivered already, as %(resource)s.")
            % {"number": number, "resource": contract.resource_id},
            field="resource_id",
        )
    if contract.status == Contract.Status.PENDING and not approvals.is_cleared(order_number=contract.order_number):
        raise NotApproved(_("The buyer has not approved this order yet. Deliver it once it is approved."))
    start = periods.civil_date(now)
    return lifecycle.move(
        contract=contract,
        step="deliver",
        actor=actor,
        now=now,
        resource_id=resource_id,
        activated_at=now,
        start_date=start,
        end_date=periods.add_months(start, contract.term_months),
    )


@transaction.atomic
def suspend(*, number: str, organisation_id: int | None, reason: str, actor: actors.Actor, now: datetime) -> Contract:
    """Stop the service for a while, by the provider or the platform; the capacity stays held.

    Raises NoSuchContract, WrongState, InvalidText (field `reason`).
    """
    reason = _check_reason(reason, is_required=True)
    contract = _lock_for(
        number=number, sides=(actors.PROVIDER, actors.PLATFORM), actor=actor, organisation_id=organisation_id
    )
    return lifecycle.move(contract=contract, step="suspend", reason=reason, actor=actor, now=now)


@transaction.atomic
def resume(*, number: str, organisation_id: int | None, reason: str, actor: actors.Actor, now: datetime) -> Contract:
    """Start a suspended service again. The term is not prolonged. Raises as `suspend`."""
    reason = _check_reason(reason, is_required=False)
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
    delivered is cancelled instead. Raises NoSuchContract, WrongState, InvalidText (field `reason`).
    """
    reason = _check_reason(reason, is_required=False)
    contract = _lock_for(
        number=number, sides=(actors.BUYER, actors.PLATFORM), actor=actor, organisation_id=organisation_id
    )
    if contract.status == Contract.Status.PENDING:
        lifecycle.move(contract=contract, step="cancel", reason=reason, actor=actor, now=now)
    else:
        tomorrow = periods.civil_date(now) + timedelta(days=1)
        end = tomorrow if contract.end_date is None else min(contract.end_date, tomorrow)
        lifecycle.move(contract=contract, step="end", reason=reason, actor=actor, now=now, end_date=end)
    _give_back(contracts=[contract], now=now)
    return contract


@transaction.atomic
def end_due(*, now: datetime, limit: int) -> int:
    """End the contracts whose term has run out, at most `limit`. Returns how many."""
    contracts = locks.claim_due(today=periods.civil_date(now), limit=limit)
    for contract in contracts:
        lifecycle.move(contract=contract, step="end", reason="", actor=SYSTEM, now=now)
    _give_back(contracts=contracts, now=now)
    return len(contracts)


def _lock_for(*, number: str, sides: tuple[str, ...], actor: actors.Actor, organisation_id: int | None) -> Contract:
    """The contract, locked, if the actor's side may take this kind of step at all."""
    if actor.side not in sides:
        raise locks.NoSuchContract(number)
    return locks.lock_contract(number=number, side=actor.side, organisation_id=organisation_id)


def _give_back(*, contracts: Collection[Contract], now: datetime) -> None:
    """Release what locked contracts hold: summed by pool, so that the pools are locked once and in their order."""
    held = ContractCapacity.objects.filter(contract__in=contracts, released_at=None)
    totals = held.order_by("pool_id").values("pool_id").annotate(total=Sum("quantity"))
    allocations = [providers.Allocation(pool_id=row["pool_id"], quantity=row["total"]) for row in totals]
    held.update(released_at=now)
    providers.release(allocations=allocations)


def _check_reason(reason: str, *, is_required: bool) -> str:
    reason = reason.strip()
    if is_required and not reason:
        raise InvalidText(_("Give the reason; the other side reads it."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise InvalidText(_("Shorten the reason to %(most)s characters.") % {"most": LONGEST_REASON}, field="reason")
    return reason
