"""Deliveries of the cast's contracts; `factories` has them too, and is imported where it is needed only."""

from datetime import datetime, timedelta
from typing import Any

from billing.contracts import operations as contracts
from billing.contracts.models import Contract
from providers.fulfilment.models import Delivery


def delivery(contract: Contract, **fields: Any) -> Delivery:
    """The delivery of a contract, to be accepted by its provider."""
    return Delivery.objects.create(
        **{
            "number": contract.number,
            "runs_for": contract.number,
            "partner": contract.provider,
            "buyer": contract.buyer,
            "data_centre": contract.offering.data_centre,
            "offering_code": contract.offering.code,
            "offering_title": contract.offering_title,
            "plan_code": contract.plan.code,
            "quantity": contract.quantity,
            "status": Delivery.Status.WAITING,
            "opened_at": contract.placed_at,
            "accept_due_at": contract.placed_at + timedelta(days=1),
            "deliver_due_at": contract.placed_at + timedelta(days=1),
            **fields,
        }
    )


def deliver(contract: Contract, *, resource_id: str = "i-0001", quantity: int | None = None, now: datetime) -> Contract:
    """Hand a contract over in its provider's name and accept it in its buyer's: it is active from `now` on."""
    from tests import factories

    provider = contract.provider.organisation
    contracts.confirm_delivery(
        number=contract.number,
        provider_organisation_id=provider.pk,
        resource_id=resource_id,
        quantity=quantity,
        actor=factories.actor(provider, "operations"),
        now=now,
    )
    return accept(contract, quantity=quantity, now=now)


def accept(contract: Contract, *, quantity: int | None = None, now: datetime) -> Contract:
    """Accept in the buyer's name what was handed over."""
    from tests import factories

    return contracts.accept_delivery(
        number=contract.number,
        organisation_id=contract.buyer_id,
        quantity=quantity or contract.quantity,
        actor=factories.actor(contract.buyer, "buyer"),
        now=now,
    )
