"""The end of a delivery, as the contract sees it: accepted (billing begins), sent back, or declined.

Locks: the contract, then its delivery, then the pools.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from billing.contracts import capacity, lifecycle, locks
from billing.contracts.models import Contract
from billing.rules import periods
from marketplace.organisations import actors
from providers.fulfilment import operations as fulfilment
from providers.fulfilment.models import Delivery


@transaction.atomic
def accept_delivery(
    *, number: str, organisation_id: int, quantity: int, actor: actors.Actor, now: datetime
) -> Contract:
    """The buyer accepts what was handed over: the contract is active, and billed, from today's date in Shanghai.

    `quantity` is what the buyer saw as handed over. If it is less than was ordered, the contract becomes that
    small and the rest of its capacity goes back; who wants the rest sends the part back instead. Accepting again
    changes nothing. Raises NoSuchContract, fulfilment.WrongState, fulfilment.DeliveryChanged.
    """
    contract = locks.lock_contract(number=number, side=actors.BUYER, organisation_id=organisation_id)
    if contract.status == Contract.Status.ACTIVE and contract.quantity == quantity:
        return contract
    fulfilment.complete(number=number, quantity=quantity, actor=actor, now=now)
    return _activate(contract=contract, accepted_at=now, actor=actor, now=now)


@transaction.atomic
def reject_delivery(*, number: str, organisation_id: int, reason: str, actor: actors.Actor, now: datetime) -> Contract:
    """The buyer sends the delivery back with a reason; the provider sets it up again and the contract waits.

    Raises NoSuchContract, fulfilment.WrongState, fulfilment.InvalidDelivery (field `reason`).
    """
    contract = locks.lock_contract(number=number, side=actors.BUYER, organisation_id=organisation_id)
    fulfilment.reject(number=number, reason=reason, actor=actor, now=now)
    return contract


@transaction.atomic
def decline_delivery(
    *, number: str, provider_organisation_id: int, reason: str, actor: actors.Actor, now: datetime
) -> Contract:
    """The provider will not deliver: the contract is cancelled and its capacity goes back.

    Declining again changes nothing. Raises NoSuchContract, fulfilment.NotCleared, fulfilment.WrongState,
    fulfilment.InvalidDelivery (field `reason`).
    """
    contract = locks.lock_contract(number=number, side=actors.PROVIDER, organisation_id=provider_organisation_id)
    delivery = fulfilment.decline(number=number, partner_id=contract.provider_id, reason=reason, actor=actor, now=now)
    if contract.status == Contract.Status.CANCELLED:
        return contract
    reason = delivery.steps.latest("pk").reason
    lifecycle.move(contract=contract, step="cancel", reason=reason, actor=actor, now=now)
    capacity.give_back(contracts=[contract], now=now)
    return contract


@transaction.atomic
def accept_overdue_inspections(*, now: datetime, limit: int) -> int:
    """Accept what buyers have neither accepted nor rejected in time (`deadlines.INSPECTION_DAYS`), at most `limit`.

    Only what was handed over is accepted, a part included. The contract runs from the moment at which the period
    ended, however late this stage comes. Returns how many.
    """
    overdue = Delivery.objects.filter(
        number=OuterRef("number"), status=Delivery.Status.DELIVERED, inspect_due_at__lte=now
    )
    contracts = locks.claim_pending(condition=Exists(overdue), limit=limit)
    done = 0
    for contract in contracts:
        delivery = fulfilment.lock(number=contract.number)
        # More may have been handed over since we looked, which begins the inspection anew.
        ended_at = delivery.inspect_due_at
        if delivery.status != Delivery.Status.DELIVERED or ended_at is None or ended_at > now:
            continue
        fulfilment.complete(
            number=contract.number, quantity=delivery.delivered_quantity, is_lapsed=True, actor=actors.SYSTEM, now=now
        )
        _activate(contract=contract, accepted_at=ended_at, actor=actors.SYSTEM, now=now)
        done += 1
    return done


def _activate(*, contract: Contract, accepted_at: datetime, actor: actors.Actor, now: datetime) -> Contract:
    """A locked contract whose delivery was just completed begins, in the quantity that was handed over."""
    delivery = fulfilment.lock(number=contract.number)
    if delivery.delivered_quantity < contract.quantity:
        capacity.shrink(contract=contract, quantity=delivery.delivered_quantity)
    start = periods.civil_date(accepted_at)
    return lifecycle.move(
        contract=contract,
        step="accept",
        actor=actor,
        now=now,
        quantity=delivery.delivered_quantity,
        resource_id=delivery.resource_id,
        activated_at=accepted_at,
        start_date=start,
        end_date=periods.add_months(start, contract.term_months),
    )
